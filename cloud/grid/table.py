"""The grid file: feeders, the devices along them and the homes at their ends, with whoever lives there.

    id,kind,parent,phases,meter,customer,name,email,language,time_zone,address
    F-01,feeder,,ABC,,,,,,,
    T-0101,transformer,F-01,ABC,,,,,,,
    UP-0001,usage_point,T-0101,A,LMP00000001,C-1,Ana Souza,ana@example.com,pt-BR,America/Sao_Paulo,Rua das Flores 12

An outage that is located on a wrong tree is told to the wrong street. So the file is read whole or not at all, and
everything that is wrong with it is named by row and column: rows that hang below nothing or below themselves, homes
that something hangs below, phases a parent does not have, and all that the customer file is refused for. One file may
hold several feeders. In go bytes; out come trees and homes that need no second look, or `SheetRefused`.
"""

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.customers import table as customers
from cloud.customers.table import Row
from cloud.grid import topology
from cloud.grid.model import Device, Kind, Service, Tree, trees
from cloud.grid.topology import Node
from cloud.kernel import sheet
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import Fault, Record

USAGE_POINT: Final = "usage_point"
"""The kind of a row that is a home; every other kind is a device's."""

_PLACE: Final = ("id", "kind", "parent", "phases")
_HOME: Final = tuple(column for column in customers.COLUMNS if column != USAGE_POINT)
COLUMNS: Final = (*_PLACE, *_HOME)
_KINDS: Final = (*map(str, Kind), USAGE_POINT)
_NEUTRAL: Final = "N"
MAX_DEPTH: Final = 500
"""How many devices a supply may come through; each home of a page is drawn with all of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFile:
    """What a grid file says; `rows` is where each device stands in it, for whoever finds more faults."""

    trees: tuple[Tree, ...]
    homes: tuple[Row, ...]
    rows: Mapping[DeviceId, int]


def is_meant(heading: Sequence[str]) -> bool:
    """Whether a file with this heading is meant as a grid file, if perhaps a faulty one."""
    return not set(_PLACE).isdisjoint(heading)


def parse(data: bytes) -> GridFile:
    """What a grid file says; raises SheetRefused with every fault found."""
    records, faults = sheet.read(data, COLUMNS)
    devices: dict[int, Device] = {}
    services: list[Service] = []
    homes: list[Row] = []
    for record in records:
        faults += _misplaced(record)
        if record["kind"] == USAGE_POINT:
            values, found = sheet.values(record, _READERS_OF_HOME)
            if not found:
                services.append(_service(values))
                homes.append(_home(record.number, values))
        else:
            values, found = sheet.values(record, _READERS_OF_DEVICE)
            found += _inhabited(record) if "kind" in values else ()
            if not found:
                devices[record.number] = Device(**values)  # type: ignore[arg-type] # each reader gives its field's type
        faults += found
    faults += _tangled(records)
    faults += customers.contradictions(homes)
    sheet.refuse(faults)
    rows = {device.id: row for row, device in devices.items()}
    feeders = trees(devices.values(), services)
    sheet.refuse([fault for tree in feeders for fault in _too_deep(tree, rows)])
    return GridFile(trees=feeders, homes=tuple(homes), rows=rows)


def _misplaced(record: Record) -> Iterator[Fault]:
    """A feeder has nothing above it, and everything else has something."""
    is_head = record["kind"] == Kind.FEEDER
    if is_head and record["parent"]:
        yield record.fault("parent", "a feeder has nothing above it: leave the cell empty")
    if not is_head and not record["parent"]:
        yield record.fault("parent", "it is empty; only a feeder has nothing above it")


def _inhabited(record: Record) -> Iterator[Fault]:
    for column in _HOME:
        if record[column]:
            yield record.fault(column, f"only a {USAGE_POINT} has one: leave the cell empty")


def _tangled(records: Sequence[Record]) -> Iterator[Fault]:
    """What is wrong between rows: with names, with the tree, with phases."""
    nodes = [Node(row=each.number, name=each["id"], parent=each["parent"]) for each in records]
    yield from topology.faults(nodes, "id")
    above = {
        record["id"]: record for record in reversed(records) if record["id"]
    }  # of those that stand twice, the first counts
    if not any(record["kind"] == Kind.FEEDER for record in records):
        yield Fault(row=sheet.HEADING_ROW + 1, column="kind", what="no row of this file is a feeder")
    for record in records:
        parent = above.get(record["parent"])
        if parent is not None and parent["kind"] == USAGE_POINT:
            what = f"{record['parent'][:40]!r} is a {USAGE_POINT}: nothing hangs below one"
            yield record.fault("parent", what)
        elif parent is not None and (strange := _phases_beyond(record["phases"], parent["phases"])):
            what = f"{strange} is not among the phases {parent['phases']} of {record['parent'][:40]!r}, its parent"
            yield record.fault("phases", what)


def _too_deep(tree: Tree, rows: Mapping[DeviceId, int]) -> Iterator[Fault]:
    """The first device too many of each line."""
    depths: dict[DeviceId, int] = {}
    for device in tree.top_down():
        depth = depths[device.id] = 1 if device.parent is None else depths[device.parent] + 1
        if depth == MAX_DEPTH + 1:
            what = f"{MAX_DEPTH} devices are above {device.id!r}: leave out those that neither open nor fail"
            yield Fault(row=rows[device.id], column="parent", what=what)


def _phases_beyond(phases: str, above: str) -> str:
    """The phases a parent does not have; none while either cell is faulty itself."""
    try:
        return "".join(phase for phase in _phases(phases) if phase not in _phases(above))
    except ValueError:
        return ""


def _service(values: Mapping[str, object]) -> Service:
    place = {"usage_point": values["id"], "device": values["parent"], "phases": values["phases"]}
    return Service(**place)  # type: ignore[arg-type] # each reader gives its field's type


def _home(number: int, values: Mapping[str, object]) -> Row:
    home = {column: values[column] for column in _HOME}
    return Row(number=number, usage_point=values["id"], **home)  # type: ignore[arg-type] # as above


def _kind(cell: str) -> Kind:
    try:
        return Kind(cell)
    except ValueError:
        near = difflib.get_close_matches(cell[:40].casefold(), _KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"one of: {', '.join(_KINDS)}"
        raise ValueError(f"{cell[:40]!r} is not a kind; {hint}") from None


def _phases(cell: str) -> str:
    """Some of A, B and C, in this order; the neutral may be named, and is in every line anyway."""
    phases = cell.replace(_NEUTRAL, "", 1)
    if not phases or len(set(phases)) != len(phases) or not set(phases) <= set("ABC"):
        raise ValueError(f"{cell[:40]!r} are no phases; write some of A, B and C, as in 'ABC' or 'B'")
    return "".join(sorted(phases))


def _parent(cell: str) -> DeviceId | None:
    return DeviceId.parse(cell) if cell else None


_READERS_OF_DEVICE: Final[Mapping[str, Callable[[str], object]]] = {
    "id": DeviceId.parse,
    "kind": _kind,
    "parent": _parent,
    "phases": _phases,
}
_READERS_OF_HOME: Final[Mapping[str, Callable[[str], object]]] = {
    "id": UsagePointId.parse,
    "parent": _parent,
    "phases": _phases,
    **{column: customers.READERS[column] for column in _HOME},
}
