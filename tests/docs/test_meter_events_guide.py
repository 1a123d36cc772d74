"""The page on meter events: its commands can be said, its codes load, and no kind of event is missing."""

import re
import shlex
from pathlib import Path

import pytest

from gateway.adapters.event_code_files import load_event_codes
from gateway.adapters.profile_files import load_profile
from gateway.cli import words_of
from wire.meter_log import MeterEventKind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "meter-events.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line)[1:] for line in re.findall(r"^\$ (lamplight-gateway .*)$", PAGE, re.MULTILINE)]
KINDS = re.findall(r"^\| [^|]+ \| `([\w-]+)` \| (alarm|diagnostics) \|", PAGE, re.MULTILINE)
PROFILES = re.findall(r"^\| `([\w-]+)` \| ([\w-]+) \| [^|]+ \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    assert words_of().parse_args(words)


def test_every_kind_of_event_stands_there_with_its_lane() -> None:
    lanes = {
        kind.name.lower().replace("_", "-"): "alarm" if kind.is_alarm else "diagnostics" for kind in MeterEventKind
    }

    assert dict(KINDS) == lanes


def test_the_codes_it_shows_are_taken(tmp_path: Path) -> None:
    (example,) = re.findall(r"<!-- example -->\n```toml\n(.*?)```\n<!-- end -->", PAGE, re.DOTALL)
    own = tmp_path / "our-codes.toml"
    own.write_text(example)

    codes = load_event_codes(own)

    assert codes.meaning("dsmr", "fraud", 46).words == "our fitter's badge"
    assert codes.meaning("dsmr", "standard", 4711).kind is MeterEventKind.TAMPER_OTHER


@pytest.mark.parametrize(("name", "family"), PROFILES)
def test_every_profile_it_names_has_logs_of_that_family(name: str, family: str) -> None:
    assert family in {log.family for log in load_profile(name).logs}
