"""The street as SVG geometry: a feeder, what hangs on it, and the houses in a row, each with its windows.

    feeder --- recloser --- transformer        a branch: from the trunk to the device its homes hang on
                                 |
               +--------+--------+-----+       the wire of a row of houses
              /\\       /\\              |##|
             |  |     |  |            |##|     one house a home; one building where a gateway speaks for several

In go the branches with their homes, each home already judged and put into words; out come numbers, path strings and
classes, from which a template writes the elements. Nothing is told by colour alone: a home that cannot be verified is
hatched and bears a question mark, a dead wire is dashed, and under every house stands its state in a word.

Two drawings are made, a wide and a narrow one, because text inside a picture that is scaled down cannot be read. What
does not fit into a row stands in the next; a home is placed once, so the work grows with their number and not faster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

MAX_FLOORS: Final = 6
"""Homes in one drawn building; a larger house is drawn as several."""

_TOP: Final = 34
_BRANCH_TO_ROW: Final = 62
_BRANCH_GAP: Final = 34
_DROP: Final = 16
_LINE: Final = 16
_ROW_GAP: Final = 18
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

SYMBOLS: Final = {
    "feeder": "M-9 -9h18v18h-18zM-4 -4h8M-4 0h8M-4 4h8",
    "switch": "M-9 -9h18v18h-18zM-5 5L5 -5",
    "fuse": "M-11 -6h22v12h-22zM-11 0h22",
    "transformer": "M-5 -8a8 8 0 1 0 .01 0zM5 -8a8 8 0 1 0 .01 0z",
}
"""Each kind of device as strokes around a centre."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A device on the way to the homes; `outage` is the name of the open outage that stands there.

    It `is_dead` until power was proven back below it.
    """

    id: str
    kind: str
    outage: str | None = None
    is_dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """The devices from below the feeder to where the houses hang, and the houses; several homes make a building."""

    stations: tuple[Station, ...]
    houses: tuple[tuple[Dwelling, ...], ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A device in its place; the same one is drawn again where another branch comes through it, too."""

    station: Station
    x: float
    y: float
    label: Text
    outage: Text | None = None
    is_again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Street:
    """Everything a template needs to write the picture."""

    name: str
    width: int
    height: int
    wires: str
    dead_wires: str
    ground: str
    symbols: tuple[Symbol, ...]
    buildings: tuple[Building, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What the picture is drawn on: its width, where rows begin, how wide a house's place is, how far devices stand."""

    name: str
    width: int
    trunk: int
    left: int
    place: int
    step: int

    @property
    def places(self) -> int:
        """How many houses stand in a row."""
        return (self.width - self.left) // self.place


WIDE: Final = Paper(name="wide", width=1040, trunk=22, left=72, place=121, step=150)
NARROW: Final = Paper(name="narrow", width=330, trunk=14, left=42, place=96, step=104)


def draw(feeder: Station, branches: Sequence[Branch], paper: Paper) -> Street:
    """The street on this paper."""
    pen = _Pen(paper=paper)
    pen.place_feeder(feeder)
    y: float = _TOP
    for branch in branches:
        y = pen.draw_branch(branch, y, is_dead=feeder.is_dead)
    return Street(
        name=paper.name,
        width=paper.width,
        height=round(y),
        wires="".join(pen.wires),
        dead_wires="".join(pen.dead_wires),
        ground="".join(pen.ground),
        symbols=tuple(pen.symbols),
        buildings=tuple(pen.buildings),
    )


@dataclass(slots=True, kw_only=True)
class _Pen:
    """Draws from top to bottom and keeps what it drew."""

    paper: Paper
    wires: list[str] = field(default_factory=list)
    dead_wires: list[str] = field(default_factory=list)
    ground: list[str] = field(default_factory=list)
    symbols: list[Symbol] = field(default_factory=list)
    placed: set[str] = field(default_factory=set)
    buildings: list[Building] = field(default_factory=list)

    def place_feeder(self, feeder: Station) -> None:
        trunk = self.paper.trunk
        label = Text(x=trunk - 10, y=_TOP - 16, text=feeder.id, is_strong=True)
        outage = None if feeder.outage is None else Text(x=trunk + 62, y=_TOP - 16, text=feeder.outage)
        self.symbols.append(Symbol(station=feeder, x=trunk, y=_TOP, label=label, outage=outage))

    def draw_branch(self, branch: Branch, y: float, *, is_dead: bool) -> float:
        """The branch below `y`; returns where it ends."""
        line_y = y + (0 if len(self.symbols) == 1 else _BRANCH_GAP)
        x: float = self.paper.trunk
        if line_y > _TOP:
            self._wire(f"M{x} {_TOP}V{line_y}", is_dead=is_dead)
        step = min(self.paper.step, (self.paper.width - x - 84) / max(len(branch.stations), 1))
        for station in branch.stations:
            self._wire(f"M{x:.0f} {line_y:.0f}H{x + step:.0f}", is_dead=is_dead)
            is_dead = is_dead or station.is_dead
            x += step
            self._place(station, x, line_y)
        return self._rows(branch.houses, x, line_y, is_dead=is_dead)

    def _place(self, station: Station, x: float, y: float) -> None:
        label = Text(x=x - 14, y=y - 18, text=station.id, is_strong=True)
        outage = None if station.outage is None else Text(x=x + 22, y=y + 5, text=station.outage)
        is_again = station.id in self.placed
        self.placed.add(station.id)
        self.symbols.append(Symbol(station=station, x=x, y=y, label=label, outage=outage, is_again=is_again))

    def _rows(self, houses: Sequence[tuple[Dwelling, ...]], x: float, line_y: float, *, is_dead: bool) -> float:
        """The houses in rows, hung on the device at `x`; the wire of a further row comes down at the left."""
        rows = list(_in_rows(houses, self.paper.places))
        riser, top = x, line_y
        for index, row in enumerate(rows):
            wire_y = top + (_ROW_GAP if index else _BRANCH_TO_ROW)
            self._wire(f"M{riser:.0f} {top:.0f}V{wire_y:.0f}", is_dead=is_dead)
            base_y = wire_y + _DROP + max(map(_height, row))
            side = self.paper.left - 12
            self._row(row, (riser, side) if len(rows) > 1 else (riser,), wire_y, base_y, is_dead=is_dead)
            lines = max((len(house[0].words) for house in row if len(house) == 1), default=0)
            riser, top = side, base_y + 6 + lines * _LINE
            if index + 1 < len(rows):
                self._wire(f"M{riser:.0f} {wire_y:.0f}V{top:.0f}", is_dead=is_dead)
        return top + 10

    def _row(
        self,
        row: Sequence[tuple[Dwelling, ...]],
        risers: tuple[float, ...],
        wire_y: float,
        base_y: float,
        *,
        is_dead: bool,
    ) -> None:
        """One row of houses, each hung on the wire above them, which reaches to the risers."""
        at: float = self.paper.left
        drops = []
        for house in row:
            is_detached, is_cut = len(house) == 1, all(home.is_cut for home in house)
            x = at + (self.paper.place - _HOUSE) / 2 if is_detached else at + 8
            drops.append(x + (_HOUSE if is_detached else _BLOCK) / 2)
            self._wire(f"M{drops[-1]:.0f} {wire_y:.0f}V{base_y - _height(house):.0f}", is_dead=is_dead or is_cut)
            self.buildings.append(_detached(house[0], x, base_y) if is_detached else _apartments(house, x, base_y))
            at += _span(house) * self.paper.place
        self._wire(f"M{min(*drops, *risers):.0f} {wire_y:.0f}H{max(*drops, *risers):.0f}", is_dead=is_dead)
        self.ground.append(f"M{self.paper.left - 8} {base_y:.0f}H{min(at, self.paper.width):.0f}")

    def _wire(self, path: str, *, is_dead: bool) -> None:
        (self.dead_wires if is_dead else self.wires).append(path)


def _in_rows(houses: Sequence[tuple[Dwelling, ...]], places: int) -> Iterator[list[tuple[Dwelling, ...]]]:
    """The houses, as many in a row as have a place there; a house too large for one building is several."""
    row: list[tuple[Dwelling, ...]] = []
    used = 0
    for house in _in_buildings(houses):
        if row and used + _span(house) > places:
            yield row
            row, used = [], 0
        row.append(house)
        used += _span(house)
    if row:
        yield row


def _in_buildings(houses: Sequence[tuple[Dwelling, ...]]) -> Iterator[tuple[Dwelling, ...]]:
    for house in houses:
        for first in range(0, len(house), MAX_FLOORS):
            yield house[first : first + MAX_FLOORS]


def _span(house: tuple[Dwelling, ...]) -> int:
    """How many places a house takes: the words of an apartment house stand beside it."""
    return 1 if len(house) == 1 else 2


def _height(house: tuple[Dwelling, ...]) -> int:
    return _BODY + _ROOF if len(house) == 1 else _FLOOR * len(house) + _PARAPET


def _detached(home: Dwelling, x: float, base_y: float) -> Building:
    width, height = _WINDOW
    eaves, centre = base_y - _BODY, x + _HOUSE / 2
    texts = tuple(
        Text(x=centre, y=base_y + _LINE * line, text=word, is_strong=line == 1)
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


def _apartments(house: tuple[Dwelling, ...], x: float, base_y: float) -> Building:
    top = base_y - _height(house)
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
        Text(x=x + _BLOCK + 8, y=y + _LINE * line - 3, text=word, is_strong=line == 1)
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
