"""One house of the street as SVG geometry: its body, its roof, and a window, a name and a state for each home in it.

      /\\        a home that stands alone is a house: its words stand below it, centred
     |##|
               ____
              | ## |  UP-3     an apartment house is one building for the homes of which one gateway speaks:
              | ## |  UP-2     each has a floor, and its words stand beside its window

In go the homes of a house, each already judged and put into words, and where its foot stands; out come numbers, path
strings and classes. Nothing is told by colour alone: the window of a home that cannot be verified is hatched and bears
a question mark. Where a house stands, and what wire it hangs on, is the street's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

MAX_FLOORS: Final = 6
"""Homes in one drawn building; a larger house is drawn as several."""

WORD_LINE: Final = 16
"""How far apart two lines of words stand."""

_HOUSE: Final = 72
_BODY: Final = 50
_ROOF: Final = 26
_BLOCK: Final = 84
_FLOOR: Final = 36
_PARAPET: Final = 12
_WINDOW: Final = (34, 28)
_PANE: Final = (26, 20)
_HATCH: Final = 6


class Light(StrEnum):
    """How a home's windows are drawn."""

    LIT = "lit"
    DARK = "dark"
    UNSURE = "unsure"


class Badge(StrEnum):
    """What else is known of a home or its gateway."""

    UNPLUGGED = "unplugged"
    HEAD_OFF = "head off"
    SWITCHED_OFF = "switched off"
    OWN_BREAKER = "own breaker"
    SILENT = "not heard"


ICONS: Final = {
    Badge.UNPLUGGED: "M-8 0h3M-5 -4v8h3a4 4 0 0 0 0-8zM4 -2.5h4M4 2.5h4",
    Badge.HEAD_OFF: "M-6 6a6 5 0 0 1 12 0zM-3 -7h6v5h-6z",
    Badge.SWITCHED_OFF: "M-8 4h4M4 4h4M-4 4L4 -5",
    Badge.OWN_BREAKER: "M-5 -8h10v16h-10zM0 0v5M-2.5 5h5",
    Badge.SILENT: "M-7 -2a10 10 0 0 1 14 0M-4 2a6 6 0 0 1 8 0M0 6v.5M-7 8L7 -8",
}
"""Each badge as strokes around a centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dwelling:
    """A home to be drawn: `words` stand beside it, `name` is what is read out for its link.

    It `is_cut` where its own service is what failed, so that the wire to it is dead and no other.
    """

    usage_point: str
    light: Light
    words: tuple[str, ...]
    name: str
    badges: tuple[Badge, ...] = ()
    is_cut: bool = False


House: TypeAlias = tuple[Dwelling, ...]
"""The homes of one house, the lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A word in the picture."""

    x: float
    y: float
    text: str
    is_strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A badge in its place."""

    badge: Badge
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One home's part of a building: its link, its window, its words."""

    usage_point: str
    name: str
    light: Light
    x: float
    y: float
    width: float
    height: float
    panes: str
    hatch: str
    mark: Text | None
    texts: tuple[Text, ...]
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """A house, or an apartment house with several units; `light` is that of all its homes, if they agree."""

    body: str
    roof: str
    light: Light
    anchor: str
    units: tuple[Unit, ...]


def in_buildings(houses: Sequence[House]) -> Iterator[House]:
    """The houses as they are built: one too large for one building is several."""
    for house in houses:
        for first in range(0, len(house), MAX_FLOORS):
            yield house[first : first + MAX_FLOORS]


def is_detached(house: House) -> bool:
    """Whether it is one home's alone."""
    return len(house) == 1


def places_of(house: House) -> int:
    """How many places it takes in its row: the words of an apartment house stand beside it."""
    return 1 if is_detached(house) else 2


def width_of(house: House) -> int:
    """How wide its walls, or its eaves, are."""
    return _HOUSE if is_detached(house) else _BLOCK


def height_of(house: House) -> int:
    """How high it is above its foot."""
    return _BODY + _ROOF if is_detached(house) else _FLOOR * len(house) + _PARAPET


def words_below(house: House) -> int:
    """How many lines of words stand below its foot."""
    return len(house[0].words) if is_detached(house) else 0


def build(house: House, x: float, base_y: float) -> Building:
    """The building that begins at `x` and stands on `base_y`."""
    return _detached(house[0], x, base_y) if is_detached(house) else _apartments(house, x, base_y)


def _detached(home: Dwelling, x: float, base_y: float) -> Building:
    width, height = _WINDOW
    eaves, centre = base_y - _BODY, x + _HOUSE / 2
    texts = tuple(
        Text(x=centre, y=base_y + WORD_LINE * line, text=word, is_strong=line == 1)
        for line, word in enumerate(home.words, start=1)
    )
    pins = tuple(
        Pin(badge=badge, x=x + _HOUSE - 4, y=eaves - 12 + 26 * index) for index, badge in enumerate(home.badges)
    )
    unit = _unit(home, centre - width / 2, eaves + 9, width, height, texts=texts, pins=pins)
    body = f"V{eaves:.0f}L{centre:.0f} {eaves - _ROOF + 4:.0f}L{x + _HOUSE - 6:.0f} {eaves:.0f}V{base_y:.0f}z"
    return Building(
        body=f"M{x + 6:.0f} {base_y:.0f}{body}",
        roof=f"M{x:.0f} {eaves + 3:.0f}L{centre:.0f} {eaves - _ROOF:.0f}L{x + _HOUSE:.0f} {eaves + 3:.0f}",
        light=home.light,
        anchor="middle",
        units=(unit,),
    )


def _apartments(house: House, x: float, base_y: float) -> Building:
    top = base_y - height_of(house)
    units = tuple(_floor(home, x, top + _PARAPET + _FLOOR * floor) for floor, home in enumerate(reversed(house)))
    lights = {home.light for home in house}
    return Building(
        body=f"M{x:.0f} {base_y:.0f}V{top:.0f}H{x + _BLOCK:.0f}V{base_y:.0f}z",
        roof=f"M{x - 4:.0f} {top:.0f}H{x + _BLOCK + 4:.0f}",
        light=lights.pop() if len(lights) == 1 else Light.UNSURE,
        anchor="start",
        units=tuple(reversed(units)),
    )


def _floor(home: Dwelling, x: float, y: float) -> Unit:
    """One home of an apartment house; its name and its state stand beside its window."""
    width, height = _PANE
    texts = [
        Text(x=x + _BLOCK + 8, y=y + WORD_LINE * line - 3, text=word, is_strong=line == 1)
        for line, word in enumerate(home.words[:2], start=1)
    ]
    pins = tuple(Pin(badge=badge, x=x + 52 + 20 * index, y=y + 14) for index, badge in enumerate(home.badges[:2]))
    return _unit(home, x + 10, y + 4, width, height, texts=tuple(texts), pins=pins)


def _unit(
    home: Dwelling, x: float, y: float, width: float, height: float, *, texts: tuple[Text, ...], pins: tuple[Pin, ...]
) -> Unit:
    is_unsure = home.light is Light.UNSURE
    return Unit(
        usage_point=home.usage_point,
        name=home.name,
        light=home.light,
        x=x,
        y=y,
        width=width,
        height=height,
        panes=f"M{x + width / 2:.1f} {y:.1f}v{height}M{x:.1f} {y + height / 2:.1f}h{width}",
        hatch=_hatch(x, y, width, height) if is_unsure else "",
        mark=Text(x=x + width / 2, y=y + height / 2 + 6, text="?") if is_unsure else None,
        texts=texts,
        pins=pins,
    )


def _hatch(x: float, y: float, width: float, height: float) -> str:
    """Slanting strokes that fill a window."""
    strokes = []
    for start in range(_HATCH, int(width + height), _HATCH):
        x0, y0 = (x + start, y) if start <= width else (x + width, y + start - width)
        x1, y1 = (x, y + start) if start <= height else (x + start - height, y + height)
        strokes.append(f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}")
    return "".join(strokes)
