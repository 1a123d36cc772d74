"""The page on certificates at the broker: its commands can be said, and what it quotes is the programs' own words."""

import re
import shlex
from pathlib import Path

import pytest

from cloud.broker.settings import BrokerSettings
from cloud.cli import words_of as cloud_words
from gateway.cli import words_of as gateway_words

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "broker.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line) for line in re.findall(r"^\$ (lamplight-(?:gateway|cloud) .*)$", PAGE, re.MULTILINE)]
PARSERS = {"lamplight-gateway": gateway_words, "lamplight-cloud": cloud_words}
REFUSALS = re.findall(r"^\| `([a-z ]+)", PAGE, re.MULTILINE)
EVENTS = re.findall(r"`(certificate_\w+)`", PAGE)
SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("gateway", "cloud") for file in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    program, *arguments = words

    assert PARSERS[program]().parse_args(arguments)


def test_what_it_quotes_stands_in_the_code() -> None:
    assert len(TYPED) > 5
    assert len(REFUSALS) == 3
    assert [words for words in REFUSALS if words.rstrip() not in SOURCE] == []
    assert len(EVENTS) == 3
    assert [event for event in EVENTS if f'"{event}"' not in SOURCE] == []


def test_the_days_it_names_are_the_default() -> None:
    days = BrokerSettings().certificate_days

    assert f"`broker.certificate_days` ({days}): day {days * 2 // 3}" in PAGE
