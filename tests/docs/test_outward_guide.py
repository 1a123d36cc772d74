"""The page on events for other systems: its commands can be said, its settings are, its codes and its check hold."""

import re
import shlex
import time
import tomllib
from pathlib import Path

import pytest

from cloud.cli import words_of
from cloud.config import CloudSettings
from cloud.outward import signature
from cloud.outward.cim_types import cim_type
from runtime import settings
from runtime.secret import Secret
from wire.events import CATALOGUE, InterruptionAssessed, JournalBegunAnew
from wire.terms import Cause, Grade, JournalLoss, Stage

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "outward.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line)[1:] for line in re.findall(r"^\$ (lamplight-cloud .*)$", PAGE, re.MULTILINE)]
CODES = re.findall(r"^\| (\w+)(?:, (\w+))?(?:: [^|]*)? \| ([\d.]+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    assert words_of().parse_args(words)


def test_the_settings_it_shows_are_taken(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    found = settings.from_table(CloudSettings, tomllib.loads(example), tmp_path / "cloud.toml")

    found.check()
    assert found.outward.is_on


def _codes() -> set[tuple[str, str, str]]:
    verdicts = {
        cause: InterruptionAssessed(began_at_ms=0, cause=cause, stage=Stage.CONFIRMED, grade=Grade.FAIR, evidence=())
        for cause in Cause
    }
    lost = {reason: JournalBegunAnew(previous_gen=0, reason=reason) for reason in JournalLoss}
    told = {("InterruptionAssessed", cause.name, cim_type(event) or "") for cause, event in verdicts.items()}
    told |= {("JournalBegunAnew", reason.name, cim_type(event) or "") for reason, event in lost.items()}
    plain = {cls.__name__: cim_type(object.__new__(cls)) for cls in _plain()}
    return told | {(name, "", code) for name, code in plain.items() if code}


def _plain() -> list[type]:
    """The events whose code hangs on nothing they hold."""
    by_content = {
        "InterruptionAssessed",
        "JournalBegunAnew",
        "MeterAlarmLogged",
        "MeterEventLogged",
        "VoltageOutOfBand",
    }
    return [cls for cls in CATALOGUE.values() if cls.__name__ not in by_content]


def test_every_code_it_names_is_the_one_that_is_written() -> None:
    assert set(CODES) == _codes()


def test_the_check_it_shows_takes_our_posts_and_no_others() -> None:
    (code,) = re.findall(r"<!-- check the post -->\n```python\n(.*?)```\n<!-- end -->", PAGE, re.DOTALL)
    shown: dict[str, object] = {}
    exec(code, shown)
    is_ours = shown["is_ours"]
    secret, body, now_s = "whsec_" + "c2VjcmV0" * 5, b'{"id":"1"}', int(time.time())
    headers = signature.headers([Secret(b"secret" * 5)], "B9X7HK54/1/0/1", now_s, body)
    old = signature.headers([Secret(b"secret" * 5)], "B9X7HK54/1/0/1", now_s - 301, body)

    assert callable(is_ours)
    assert is_ours(headers, body, secret)
    assert not is_ours(headers, body + b" ", secret)
    assert not is_ours(old, body, secret)
    assert not is_ours({**headers, "webhook-id": "B9X7HK54/1/0/2"}, body, secret)
