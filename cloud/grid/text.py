"""The grid in words, for whoever imports a file or wants to see what was understood of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from cloud.grid.model import Kind, Tree
from cloud.grid.service import CustomersImported, GridImported

_PLURAL: Final[Mapping[Kind, str]] = {
    Kind.FEEDER: "feeders",
    Kind.SWITCH: "switches",
    Kind.FUSE: "fuses",
    Kind.TRANSFORMER: "transformers",
}
_MOST_NAMED: Final = 20
_INDENT: Final = "  "


def said_of(told: CustomersImported | GridImported) -> str:
    """What an import did, in words."""
    if isinstance(told, CustomersImported):
        return f"{_counted(told.homes, 'home', 'homes')} imported"
    counts = [_counted(told.devices[kind], str(kind), _PLURAL[kind]) for kind in Kind if told.devices[kind]]
    counts.append(_counted(told.usage_points, "usage point", "usage points"))
    counts.append(_counted(told.customers, "customer", "customers"))
    lines = [f"{', '.join(counts)} imported"]
    if told.dropped:
        lines.append(f"kept, but no longer on the grid: {_named(told.dropped)}")
    if told.moved:
        lines.append(f"on another feeder than before: {_named(told.moved)}")
    return "\n".join(lines)


def facts_of(told: CustomersImported | GridImported) -> dict[str, Any]:
    """The same in plain values, for JSON."""
    if isinstance(told, CustomersImported):
        return {"homes": told.homes}
    counts: dict[str, Any] = {_PLURAL[kind]: told.devices[kind] for kind in Kind}
    counts |= {"usage_points": told.usage_points, "customers": told.customers}
    return counts | {"dropped": list(told.dropped), "moved": list(told.moved)}


def drawn(tree: Tree) -> Iterator[str]:
    """The tree line by line, everything right below the device it hangs on and a step further in.

    >>> from cloud.grid.model import Device, Service
    >>> from cloud.kernel.ids import DeviceId, UsagePointId
    >>> head = Device(id=DeviceId("F-01"), kind=Kind.FEEDER, parent=None, phases="ABC")
    >>> line = Service(usage_point=UsagePointId("UP-1"), device=head.id, phases="A")
    >>> print(*drawn(Tree(devices=(head,), services=(line,))), sep="\\n")
    F-01  feeder  ABC
      UP-1  A
    """
    depths: dict[str, int] = {}
    for device in tree.top_down():
        depth = depths[device.id] = 0 if device.parent is None else depths[device.parent] + 1
        yield f"{_INDENT * depth}{device.id}  {device.kind}  {device.phases}".rstrip()
        for home in tree.at(device.id):
            yield f"{_INDENT * (depth + 1)}{home}  {tree.service(home).phases}".rstrip()


def facts_of_tree(tree: Tree) -> dict[str, Any]:
    """The tree in plain values, flat as the file is, for JSON."""
    services = [tree.service(home) for device in tree.top_down() for home in tree.at(device.id)]
    return {
        "feeder": tree.feeder,
        "devices": [
            {"id": device.id, "kind": str(device.kind), "parent": device.parent, "phases": device.phases}
            for device in tree.top_down()
        ],
        "usage_points": [
            {"id": service.usage_point, "parent": service.device, "phases": service.phases} for service in services
        ],
    }


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
