"""The page for the meter cupboard: its commands can be said, and its verdicts are the program's own."""

import re
import shlex
from pathlib import Path

import pytest

from gateway.cli import words_of as gateway_words
from gateway.core.trace.verdict import KeyVerdict, Layer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "technician.md").read_text(encoding="utf-8")
TYPED = [shlex.split(line) for line in re.findall(r"^\$ (lamplight-gateway .*)$", PAGE, re.MULTILINE)]


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    assert gateway_words().parse_args(words[1:])


def test_every_layer_a_verdict_may_name_is_explained() -> None:
    explained = re.findall(r"^\| `([\w-]+)` \| [^|`]+ \|$", PAGE, re.MULTILINE)

    assert explained == list(Layer)


def test_every_verdict_on_keys_is_explained() -> None:
    assert [verdict for verdict in KeyVerdict if f"`{verdict}`" not in PAGE] == []
