"""The tables of the grid: which device hangs below which, and which home below which device.

Every row knows its feeder, so that a home's feeder and a feeder's tree are each one look into an index. A home has one
place in the grid, or none while nobody told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Row, Table, Text, delete, insert, select

from cloud.grid.model import Device, Kind, Service, Tree
from cloud.kernel.db import metadata, rows_named
from cloud.kernel.ids import DeviceId, UsagePointId

device_table = Table(
    "grid_device",
    metadata,
    Column("id", Text, primary_key=True),
    Column("feeder", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("parent", Text),
    Column("phases", Text, nullable=False),
)
service_table = Table(
    "grid_service",
    metadata,
    Column("usage_point", Text, primary_key=True),
    Column("feeder", Text, nullable=False),
    Column("device", ForeignKey("grid_device.id"), nullable=False),
    Column("phases", Text, nullable=False),
)
_d = device_table.c
_s = service_table.c
Index("ix_grid_device_feeder", _d.feeder)
Index("ix_grid_service_feeder", _s.feeder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Which feeder each device and each home is on."""

    feeder_of: Mapping[str, DeviceId]
    homes: frozenset[UsagePointId]
    feeders: frozenset[DeviceId]


def keep_trees(connection: Connection, told: Sequence[Tree]) -> None:
    """Let these feeders stand as told and nothing else of them; other feeders stay as they are.

    A feeder that is told to be a device of another one now goes up in that one.
    Raises IntegrityError when a device or a home stands on a feeder that is not among these.
    """
    named = {device.id for tree in told for device in tree.devices}
    replaced = [feeder for feeder in feeders(connection) if feeder in named]
    for feeder in replaced:
        connection.execute(delete(service_table).where(_s.feeder == feeder))
    for feeder in replaced:
        connection.execute(delete(device_table).where(_d.feeder == feeder))
    for tree in told:
        connection.execute(insert(device_table), [_device_row(tree.feeder, device) for device in tree.devices])
        if tree.services:
            connection.execute(insert(service_table), [_service_row(tree.feeder, each) for each in tree.services])


def standing(connection: Connection) -> Standing:
    """All that is on the grid now."""
    devices = {row.id: DeviceId(row.feeder) for row in connection.execute(select(_d.id, _d.feeder))}
    homes = {row.usage_point: DeviceId(row.feeder) for row in connection.execute(select(_s.usage_point, _s.feeder))}
    return Standing(
        feeder_of=devices | homes,
        homes=frozenset(map(UsagePointId, homes)),
        feeders=frozenset(devices.values()),
    )


def feeder_of(connection: Connection, usage_point: UsagePointId) -> DeviceId | None:
    """The feeder a home hangs on; None while nobody told."""
    feeder = connection.execute(select(_s.feeder).where(_s.usage_point == usage_point)).scalar_one_or_none()
    return None if feeder is None else DeviceId(feeder)


def tree(connection: Connection, feeder: DeviceId) -> Tree:
    """The tree of a feeder; raises KeyError when there is none of this name."""
    devices = connection.execute(select(device_table).where(_d.feeder == feeder).order_by(_d.id)).all()
    services = connection.execute(select(service_table).where(_s.feeder == feeder).order_by(_s.usage_point))
    if not devices:
        raise KeyError(feeder)
    return Tree(devices=tuple(map(_device, devices)), services=tuple(map(_service, services)))


def feeders(connection: Connection) -> list[DeviceId]:
    """Every feeder that is known, in the order of their names."""
    statement = select(_d.id).where(_d.parent.is_(None)).order_by(_d.id)
    return [DeviceId(name) for name in connection.execute(statement).scalars()]


def devices_named(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are devices of the grid."""
    return frozenset(row.id for row in rows_named(connection, select(_d.id), _d.id, names))


def _device_row(feeder: DeviceId, device: Device) -> dict[str, str | None]:
    place = {"id": device.id, "feeder": feeder, "kind": device.kind.value, "phases": device.phases}
    return place | {"parent": device.parent}


def _service_row(feeder: DeviceId, service: Service) -> dict[str, str]:
    place = {"usage_point": service.usage_point, "feeder": feeder, "device": service.device}
    return place | {"phases": service.phases}


def _device(row: Row[Any]) -> Device:
    parent = None if row.parent is None else DeviceId(row.parent)
    return Device(id=DeviceId(row.id), kind=Kind(row.kind), parent=parent, phases=row.phases)


def _service(row: Row[Any]) -> Service:
    return Service(usage_point=UsagePointId(row.usage_point), device=DeviceId(row.device), phases=row.phases)
