"""Feeders as research publishes them: a table of nodes, most of them bends of a line, with customers counted at each.

    node,parent,device,customers
    150,,,0
    149,150,switch,0
    1,149,,2

An outage can be located on such a feeder without anybody's name. So a row whose `device` says something becomes that
device, the source becomes the feeder, every other node is merged into the nearest device above it, and the customers
of node 1 become the usage points 1:1 and 1:2. A word for a device that is not known counts as a switch: whatever it
is, it can open. The table counts phases and does not name them, so none are known here.

Node names are spelled as names are here: signs a name cannot hold become dashes, and those in front are dropped. In
goes the table; out comes a tree, or `SheetRefused` with every fault.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cloud.grid import topology
from cloud.grid.model import Device, Kind, Service, Tree
from cloud.grid.topology import Node
from cloud.kernel import sheet
from cloud.kernel.errors import IdentifierRefused
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import Fault, Record

COLUMNS: Final = ("node", "parent", "device", "customers")
"""Those that are read; a table may have more."""
MAX_CUSTOMERS: Final = 1_000_000
"""How many a table may count altogether."""

_FOREIGN_SIGN: Final = re.compile(r"[^A-Za-z0-9._:-]")
_KNOWN: Final[Mapping[str, Kind]] = {
    "transformer": Kind.TRANSFORMER,
    "service_transformer": Kind.TRANSFORMER,
    "substation_transformer": Kind.TRANSFORMER,
    "fuse": Kind.FUSE,
    "assumed_fuse": Kind.FUSE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Point:
    """A node that is a device or has customers, or both."""

    record: Record
    device: DeviceId | None
    homes: tuple[UsagePointId, ...]


def parse(data: bytes) -> Tree:
    """The feeder of a table; raises SheetRefused with every fault found."""
    records, faults = sheet.read(data, COLUMNS, takes_more=True)
    nodes = [Node(row=each.number, name=each["node"], parent=each["parent"]) for each in records]
    faults += topology.faults(nodes, "node")
    faults += _root_faults(records)
    counts, found = _counts(records)
    sheet.refuse([*faults, *found])
    points, found = _points(records, counts)
    sheet.refuse([*found, *_spelled_alike(points)])
    return _tree(records, points)


def spelled(node: str) -> str:
    """The name of a node as names are spelled here."""
    return _FOREIGN_SIGN.sub("-", node).lstrip("._:-")


def _root_faults(records: Sequence[Record]) -> Iterator[Fault]:
    roots = [record for record in records if not record["parent"]]
    if not roots:
        yield Fault(row=sheet.HEADING_ROW + 1, column="parent", what="no node is without a parent: there is no source")
    for record in roots[1:]:
        yield record.fault("parent", f"it is empty; the source is {roots[0]['node'][:40]!r} in row {roots[0].number}")


def _counts(records: Sequence[Record]) -> tuple[dict[int, int], list[Fault]]:
    """How many customers each row counts, by its number."""
    counts: dict[int, int] = {}
    faults = []
    for record in records:
        cell = record["customers"]
        if cell.isascii() and cell.isdigit() and len(cell) <= len(str(MAX_CUSTOMERS)):
            counts[record.number] = int(cell)
        else:
            faults.append(record.fault("customers", f"{cell[:40]!r} is not a number of customers"))
    if sum(counts.values()) > MAX_CUSTOMERS:
        what = f"more than {MAX_CUSTOMERS:,} customers altogether"
        faults.append(Fault(row=sheet.HEADING_ROW, column="customers", what=what))
    return counts, faults


def _points(records: Sequence[Record], counts: Mapping[int, int]) -> tuple[list[_Point], list[Fault]]:
    points = []
    faults = []
    for record in records:
        is_device = bool(record["device"]) or not record["parent"]
        count = counts[record.number]
        if not is_device and not count:
            continue
        name = spelled(record["node"])
        try:
            homes = tuple(UsagePointId.parse(f"{name}:{number}") for number in range(1, count + 1))
            points.append(_Point(record=record, device=DeviceId.parse(name) if is_device else None, homes=homes))
        except IdentifierRefused as refused:
            faults.append(record.fault("node", f"{refused.what}, {refused.do}"))
    return points, faults


def _spelled_alike(points: Sequence[_Point]) -> Iterator[Fault]:
    """Nodes whose names differ in the table and not here."""
    names = (
        (point.record.number, str(name))
        for point in points
        for name in (point.device, *point.homes)
        if name is not None
    )
    yield from sheet.doubled(names, "node")


def _tree(records: Sequence[Record], points: Sequence[_Point]) -> Tree:
    device_of = {point.record["node"]: point.device for point in points if point.device is not None}
    nearest = _nearest_devices({record["node"]: record["parent"] for record in records}, device_of)
    devices = [_device(point.record, point.device, nearest) for point in points if point.device is not None]
    services = [
        Service(usage_point=home, device=nearest[point.record["node"]], phases="")
        for point in points
        for home in point.homes
    ]
    return Tree(devices=tuple(devices), services=tuple(services))


def _device(record: Record, device: DeviceId, nearest: Mapping[str, DeviceId]) -> Device:
    if not record["parent"]:
        return Device(id=device, kind=Kind.FEEDER, parent=None, phases="")
    kind = _KNOWN.get(record["device"].casefold(), Kind.SWITCH)
    return Device(id=device, kind=kind, parent=nearest[record["parent"]], phases="")


def _nearest_devices(above: Mapping[str, str], device_of: Mapping[str, DeviceId]) -> dict[str, DeviceId]:
    """For every node the device it is merged into: itself, or the first one above it."""
    nearest = dict(device_of)
    for node in above:
        steps = [node]
        while steps[-1] not in nearest:
            steps.append(above[steps[-1]])
        device = nearest[steps[-1]]
        nearest.update(dict.fromkeys(steps, device))
    return nearest
