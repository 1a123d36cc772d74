"""Values that outlive the process."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import pytest

from gateway.core.remembered import Forgotten, passing, recall, remember
from tests.fakes_gateway import T0


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat:
    lives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dog:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    pet: Cat | Dog | None = None
    colour: Colour = Colour.RED
    built_at: datetime = T0
    rooms: tuple[int, ...] = ()
    door: tuple[str, bool] = ("front", True)
    weather: str | None = passing(None)


@pytest.mark.parametrize("pet", [None, Cat(lives=9), Dog(name="Argos")])
def test_a_value_comes_back_as_it_was(pet: Cat | Dog | None) -> None:
    home = Home(pet=pet, rooms=(3, 4), built_at=T0.replace(microsecond=7))

    assert recall(Home, remember(home)) == home


def test_what_passes_is_not_kept() -> None:
    assert recall(Home, remember(Home(weather="rain"))) == Home()
    assert remember(Home(weather="rain")) == remember(Home(weather="sun"))


def test_an_older_line_gets_the_defaults_of_what_it_does_not_have() -> None:
    assert recall(Home, '{"is":"Home","rooms":[1]}') == Home(rooms=(1,))


def test_what_a_newer_program_added_is_passed_over() -> None:
    assert recall(Home, '{"is":"Home","garden":true}') == Home()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "null",
        "7",
        '{"is":"Cat","lives":9}',
        '{"is":"Home","rooms":[1.5]}',
        '{"is":"Home","rooms":7}',
        '{"is":"Home","colour":"BLUE"}',
        '{"is":"Home","built_at":"yesterday"}',
        '{"is":"Home","pet":{"is":"Snake"}}',
        '{"is":"Home","door":["front"]}',
        '{"is":"Home","pet":{"is":"Cat"}}',
    ],
)
def test_what_cannot_be_read_back_is_forgotten(line: str) -> None:
    with pytest.raises(Forgotten):
        recall(Home, line)


def test_what_has_no_stored_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError):
        remember(Home(rooms=(b"1",)))  # type: ignore[arg-type]  # the mistake


@pytest.mark.parametrize("level", [0.1, -0.0, 1e300, 5e-324, 2 / 3])
def test_a_float_comes_back_with_the_same_bits(level: float) -> None:
    recalled = recall(Tank, remember(Tank(level=level)))

    assert recalled.level.hex() == level.hex()


@pytest.mark.parametrize("level", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_stored(level: float) -> None:
    with pytest.raises(TypeError):
        remember(Tank(level=level))
