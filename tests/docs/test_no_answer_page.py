"""The page for a meter that does not answer: what it quotes is said, what it orders can be ordered."""

import re
import shlex
from pathlib import Path

import pytest

from gateway.cli import words_of as gateway_words
from simulators.meter.faults import Faults

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "no-answer.md").read_text(encoding="utf-8")
QUOTED = [
    words for words in re.findall(r"^\| ([a-z][^|`]*) \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE) if words != "it says"
]
READS = [shlex.split(line)[1:] for line in re.findall(r"^\$ (lamplight-gateway .*)$", PAGE, re.MULTILINE)]
ORDERS = [words.split() for words in re.findall(r"(?:`fault |meter\.sock fault )([a-z][^`\n]*)", PAGE)]
SETTINGS = re.findall(r"`(\w+)(?: = [^`]+)?` under `\[(\w+)\]`", PAGE)
SOURCE = " ".join(
    file.read_text(encoding="utf-8") for folder in ("gateway", "runtime") for file in (ROOT / folder).rglob("*.py")
)


def test_every_failure_it_explains_is_told_in_these_words() -> None:
    # Numbers are the program's own to fill in.
    said = re.sub(r"\{[^{}]*\}", "100", SOURCE)

    assert len(QUOTED) > 20
    assert [words for words in QUOTED if words not in SOURCE and words not in said] == []


@pytest.mark.parametrize("words", READS, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    assert gateway_words().parse_args(words)


@pytest.mark.parametrize("words", ORDERS, ids=" ".join)
def test_every_fault_it_names_is_known_to_the_meter(words: list[str]) -> None:
    faults = Faults()

    faults.command(words, 0.0)

    assert faults.status()


def test_every_setting_it_names_is_one_of_a_profile() -> None:
    assert len(SETTINGS) > 3
    assert [name for name, _table in SETTINGS if f"    {name}: " not in SOURCE] == []
