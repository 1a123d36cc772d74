"""The street as SVG geometry: a feeder, what hangs on it, and the houses in a row.

    feeder --- recloser --- transformer        a branch: from the trunk to the device its homes hang on
                                 |
               +--------+--------+-----+       the wire of a row of houses
              /\\       /\\              |##|
             |  |     |  |            |##|     one house a home; one building where a gateway speaks for several

In go the branches with their houses (`street_house` draws each of those); out come numbers, path strings and classes,
from which a template writes the elements. Nothing is told by colour alone: a dead wire is dashed.

Two drawings are made, a wide and a narrow one, because text inside a picture that is scaled down cannot be read. What
does not fit into a row stands in the next; a home is placed once, so the work grows with their number and not faster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from cloud.web import street_house
from cloud.web.street_house import WORD_LINE, Building, House, Text

_TOP: Final = 34
_BRANCH_TO_ROW: Final = 62
_BRANCH_GAP: Final = 34
_DROP: Final = 16
_ROW_GAP: Final = 18

SYMBOLS: Final = {
    "feeder": "M-9 -9h18v18h-18zM-4 -4h8M-4 0h8M-4 4h8",
    "switch": "M-9 -9h18v18h-18zM-5 5L5 -5",
    "fuse": "M-11 -6h22v12h-22zM-11 0h22",
    "transformer": "M-5 -8a8 8 0 1 0 .01 0zM5 -8a8 8 0 1 0 .01 0z",
}
"""Each kind of device as strokes around a centre."""


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
    houses: tuple[House, ...]


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

    def _rows(self, houses: Sequence[House], x: float, line_y: float, *, is_dead: bool) -> float:
        """The houses in rows, hung on the device at `x`; the wire of a further row comes down at the left."""
        rows = list(_in_rows(houses, self.paper.places))
        riser, top = x, line_y
        for index, row in enumerate(rows):
            wire_y = top + (_ROW_GAP if index else _BRANCH_TO_ROW)
            self._wire(f"M{riser:.0f} {top:.0f}V{wire_y:.0f}", is_dead=is_dead)
            base_y = wire_y + _DROP + max(map(street_house.height_of, row))
            side = self.paper.left - 12
            self._row(row, (riser, side) if len(rows) > 1 else (riser,), wire_y, base_y, is_dead=is_dead)
            lines = max(map(street_house.words_below, row))
            riser, top = side, base_y + 6 + lines * WORD_LINE
            if index + 1 < len(rows):
                self._wire(f"M{riser:.0f} {wire_y:.0f}V{top:.0f}", is_dead=is_dead)
        return top + 10

    def _row(
        self,
        row: Sequence[House],
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
            width, top = street_house.width_of(house), base_y - street_house.height_of(house)
            x = at + (self.paper.place - width) / 2 if street_house.is_detached(house) else at + 8
            drops.append(x + width / 2)
            is_cut = all(home.is_cut for home in house)
            self._wire(f"M{drops[-1]:.0f} {wire_y:.0f}V{top:.0f}", is_dead=is_dead or is_cut)
            self.buildings.append(street_house.build(house, x, base_y))
            at += street_house.places_of(house) * self.paper.place
        self._wire(f"M{min(*drops, *risers):.0f} {wire_y:.0f}H{max(*drops, *risers):.0f}", is_dead=is_dead)
        self.ground.append(f"M{self.paper.left - 8} {base_y:.0f}H{min(at, self.paper.width):.0f}")

    def _wire(self, path: str, *, is_dead: bool) -> None:
        (self.dead_wires if is_dead else self.wires).append(path)


def _in_rows(houses: Sequence[House], places: int) -> Iterator[list[House]]:
    """The houses, as many in a row as have a place there; a house too large for one building is several."""
    row: list[House] = []
    used = 0
    for house in street_house.in_buildings(houses):
        if row and used + street_house.places_of(house) > places:
            yield row
            row, used = [], 0
        row.append(house)
        used += street_house.places_of(house)
    if row:
        yield row
