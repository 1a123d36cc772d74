"""The page about the simulated meter: every option and every order it names is one, and none is missing."""

import re
from pathlib import Path

import pytest

from simulators.commands.meter import _parser
from simulators.meter.clock_object import Manner
from simulators.meter.device import Meter
from simulators.meter.makes import MAKES
from tests.fakes_simulators import a_life, moment

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "simulated-meter.md").read_text(encoding="utf-8")
FIRST_CELLS = re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
ORDERS = [
    order
    for cell in FIRST_CELLS
    for order in re.findall(r"`([a-z][^`]*)`", cell)[:1]
    if "WORD" not in order and "..." not in order
]


def test_the_options_of_the_page_are_those_of_the_program() -> None:
    known = {word for action in _parser()._actions for word in action.option_strings if word.startswith("--")}

    assert set(re.findall(r"`(--[a-z-]+)`", "\n".join(FIRST_CELLS))) == known - {"--help"}


def test_the_models_of_the_page_are_those_there_are() -> None:
    [row] = [line for line in PAGE.splitlines() if line.startswith("| `--model`")]

    assert set(re.findall(r"`([a-z0-9]+)`", row)) == set(MAKES)


@pytest.mark.parametrize("order", ORDERS)
def test_an_order_of_the_page_is_obeyed(order: str) -> None:
    status = Meter(a_life(), keep=lambda _: None).command(order.split(), moment())

    assert status["serial"] == "LMP10000001"


@pytest.mark.parametrize("manner", re.search(r"badly: (.*?) \|", PAGE)[1].replace(" again", "").split(", ")[:7])  # type: ignore[index]
def test_a_manner_of_the_page_is_one(manner: str) -> None:
    meter, word = Meter(a_life(), keep=lambda _: None), manner.split("`")[1]

    meter.command(["clock", "manner", word], moment())

    assert meter.clock.manner == Manner(word)
