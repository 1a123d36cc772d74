"""Taking in the utility's files: the grid file here, the customer file through the feature it belongs to.

A grid file speaks for whole feeders: what it leaves out of one is no longer there. A home it leaves out stays a home,
with its meter, its people and its history; it has no place on the grid until a file gives it one, and whoever imports
is told so, because its outages are then found one by one. Nothing changes its feeder unseen: a device or a home that
stands on another feeder is moved only by a file that speaks for both, and the move is told.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Connection

from cloud.customers import service as customers
from cloud.customers import store as homes
from cloud.grid import store, table
from cloud.grid.model import Kind
from cloud.grid.store import Standing
from cloud.grid.table import GridFile
from cloud.kernel import sheet
from cloud.kernel.db import Database
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import Fault, SheetRefused
from runtime.clock import Clock

FeedersChanged: TypeAlias = Callable[[Connection, Collection[DeviceId], datetime], None]
"""Hears, in the transaction it is given, which feeders were told anew, or are no feeders any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersImported:
    """A customer file was kept."""

    homes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GridImported:
    """A grid file was kept: what it held, who has no place any more, and what is on another feeder than before."""

    devices: Mapping[Kind, int]
    usage_points: int
    customers: int
    dropped: tuple[UsagePointId, ...]
    moved: tuple[str, ...]


def import_file(
    database: Database, path: Path, clock: Clock, on_feeders_changed: FeedersChanged
) -> CustomersImported | GridImported:
    """Keep all of a file or nothing of it, as `import_data` does; raises InputRefused when it cannot be read, too."""
    try:
        return import_data(database, sheet.read_file(path), clock, on_feeders_changed)
    except SheetRefused as refused:
        raise refused.of(path) from refused


def import_data(
    database: Database, data: bytes, clock: Clock, on_feeders_changed: FeedersChanged
) -> CustomersImported | GridImported:
    """Keep all of a grid file or a customer file, told apart by their headings, or nothing of it.

    `on_feeders_changed` is called once the file is kept, in its transaction.
    Raises: SheetRefused with every fault, DatabaseError.
    """
    if table.is_meant(sheet.heading(data)):
        return _import_grid(database, table.parse(data), clock, on_feeders_changed)
    return CustomersImported(homes=customers.import_data(database, data, clock))


def _import_grid(database: Database, file: GridFile, clock: Clock, on_feeders_changed: FeedersChanged) -> GridImported:
    with database.transaction() as connection:
        now, before = clock.now(), store.standing(connection)
        sheet.refuse([*customers.clashes(connection, file.homes), *_clashes(connection, file, before)])
        customers.keep(connection, file.homes, now)
        store.keep_trees(connection, file.trees)
        told = {tree.feeder for tree in file.trees}
        on_feeders_changed(connection, sorted(told | before.feeders & file.rows.keys()), now)
    return _imported(file, before)


def _clashes(connection: Connection, file: GridFile, before: Standing) -> Iterator[Fault]:
    """What stands already and cannot stand beside this file."""
    replaced = before.feeders & file.rows.keys()
    elsewhere = {name: feeder for name, feeder in before.feeder_of.items() if feeder not in replaced}
    people = homes.names(connection)
    for name, row in file.rows.items():
        if name in people:
            yield Fault(row=row, column="id", what=f"{name!r} is a usage point already")
        elif name in elsewhere:
            yield _on_another_feeder(row, name, elsewhere[name])
    for home in file.homes:
        if home.usage_point in elsewhere:
            yield _on_another_feeder(home.number, home.usage_point, elsewhere[home.usage_point])


def _on_another_feeder(row: int, name: str, feeder: DeviceId) -> Fault:
    what = f"{name!r} stands on feeder {feeder!r}; to move it, import both feeders in one file"
    return Fault(row=row, column="id", what=what)


def _imported(file: GridFile, before: Standing) -> GridImported:
    now = {name: tree.feeder for tree in file.trees for name in tree.names()}
    replaced = before.feeders & file.rows.keys()
    dropped = (home for home in before.homes if before.feeder_of[home] in replaced and home not in now)
    return GridImported(
        devices=Counter(device.kind for tree in file.trees for device in tree.devices),
        usage_points=len(file.homes),
        customers=len({home.customer for home in file.homes}),
        dropped=tuple(sorted(dropped)),
        moved=tuple(sorted(name for name, feeder in now.items() if before.feeder_of.get(name, feeder) != feeder)),
    )
