"""The page about drops: its example is taken whole, and what it says of commands and columns is so."""

import re
import shlex
from pathlib import Path

import pytest

from cloud.billing import weather_table
from cloud.cis.forms import FORMS
from cloud.cis.manifest import Entity
from cloud.cis.service import import_drop
from cloud.cis.text import said_of
from cloud.cli import words_of as cloud_words
from simulators.cis.mischief import Fault
from simulators.commands.cis import _parser as simulator_words
from tests.fakes_cloud import HandClock, fresh_database

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "cis.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))
TYPED = [shlex.split(line) for line in re.findall(r"^\$ (lamplight-.*)$", PAGE, re.MULTILINE)]


def test_the_example_is_a_drop_that_stands_whole_and_is_answered_as_shown(tmp_path: Path) -> None:
    (tmp_path / "drop").mkdir()
    for name, text in FILES.items():
        (tmp_path / "drop" / name).write_text(text, encoding="utf-8")

    with fresh_database(tmp_path) as database:
        told = import_drop(database, tmp_path / "drop", HandClock())

    assert told.is_whole
    assert "\n".join(said_of(told)) in PAGE


def test_every_table_is_shown_with_all_its_columns() -> None:
    shown = {name.removesuffix(".csv"): text.splitlines()[0] for name, text in FILES.items() if name.endswith(".csv")}

    assert shown == {str(entity): ",".join([*FORMS[entity].columns, *FORMS[entity].optional]) for entity in Entity}


def test_the_weather_it_shows_is_taken() -> None:
    (text,) = re.findall(r"```csv\n(station,.*?)```", PAGE, re.DOTALL)

    assert [day.mean_temp_c for day in weather_table.parse(text.encode())] == [11.4, 9.8]


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_it_shows_can_be_said(words: list[str]) -> None:
    parser, arguments = {
        "lamplight-cloud": (cloud_words, words[1:]),
        "lamplight-sim": (simulator_words, words[2:]),
    }[words[0]]

    assert parser().parse_args(arguments)


def test_every_fault_is_named() -> None:
    assert [fault for fault in Fault if f"`{fault}`" not in PAGE] == []
