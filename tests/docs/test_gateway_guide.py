"""The technician's page: its commands can be said, and the refusals it explains are the program's own words."""

import re
import shlex
from pathlib import Path

import pytest

from cloud.cli import words_of as cloud_words
from gateway.cli import words_of as gateway_words
from gateway.core.validation import Doubt

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "gateway.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line) for line in re.findall(r"^\$ (lamplight-(?:gateway|cloud) .*)$", PAGE, re.MULTILINE)]
PARSERS = {"lamplight-gateway": gateway_words, "lamplight-cloud": cloud_words}
REFUSALS = re.findall(r"^\| ([a-z][^|`]*) \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
EVENTS = re.findall(r"^\| `(\w+)", PAGE, re.MULTILINE)
SOURCE = "\n".join(
    file.read_text(encoding="utf-8") for folder in ("gateway", "runtime") for file in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    program, *arguments = words

    assert PARSERS[program]().parse_args(arguments)


def test_every_refusal_it_explains_stands_in_the_code() -> None:
    explained = [refusal for refusal in REFUSALS if refusal != "it says"]

    assert len(explained) > 15
    assert [refusal for refusal in explained if refusal not in SOURCE] == []


def test_every_line_of_the_log_it_explains_is_written() -> None:
    presences = {f"{what}_gone" for what in re.findall(r'Presence\(log, "(\w+)"', SOURCE)}

    assert len(EVENTS) > 8
    assert [event for event in EVENTS if f'"{event}"' not in SOURCE and event not in presences] == []


def test_every_doubt_it_explains_is_one() -> None:
    doubts = set(re.findall(r"doubt=([\w-]+)", PAGE))

    assert doubts
    assert doubts <= set(Doubt)
