"""The page about push ports: its commands can be said, its profile is one, and the refusals it explains are real."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from gateway.adapters import push_ports
from gateway.cli import words_of as gateway_words
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.profile_settings import PushSettings
from gateway.core.push import pushes
from gateway.service.push_watch import UNKNOWN_METER
from runtime.settings import from_table
from simulators.commands.meter import _parser as meter_words

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "push-ports.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line) for line in re.findall(r"^\$ lamplight-gateway (.*)$", PAGE, re.MULTILINE)]
PLAYED = [shlex.split(line) for line in re.findall(r"^\$ lamplight-sim meter (.*)$", PAGE, re.MULTILINE)]
KNOWN = {*CaptureKind, pushes.REPLAYED, pushes.OTHER_METER, pushes.NAMELESS, pushes.UNPROVED_GASP, UNKNOWN_METER}


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    assert gateway_words().parse_args(words)


@pytest.mark.parametrize("words", PLAYED, ids=" ".join)
def test_every_meter_it_plays_can_be_played(words: list[str]) -> None:
    assert meter_words().parse_args(words)


def test_the_profile_it_shows_is_one_and_shows_the_defaults() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    settings = from_table(PushSettings, tomllib.loads(block)["push"], Path("page.toml"))

    assert settings == from_table(PushSettings, {}, Path("page.toml"))


def test_every_refusal_it_explains_is_one() -> None:
    rows = re.findall(
        r"^\| (`[^|]+) \| [^|]+ \|$", PAGE.partition("| refused |")[2].partition("| in the log |")[0], re.MULTILINE
    )
    explained = set(re.findall(r"`([\w-]+)`", " ".join(rows)))
    source = Path(push_ports.__file__).read_text(encoding="utf-8")

    assert len(explained) > 8
    assert {reason for reason in explained - KNOWN if f'"{reason}"' not in source} == set()


def test_every_line_of_the_log_it_explains_is_written() -> None:
    folder = Path(push_ports.__file__).parents[1] / "service"
    source = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.py"))
    presences = {
        f"{what}_{turn}" for what in re.findall(r'Presence\(log, "(\w+)"', source) for turn in ("here", "gone")
    }
    rows = re.findall(r"^\| (`push_[^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE)
    explained = set(re.findall(r"`(\w+)`", " ".join(rows)))

    assert len(explained) == 5
    assert {line for line in explained if line not in presences and f'"{line}"' not in source} == set()
