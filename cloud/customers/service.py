"""Taking in the utility's customer file: read, check against what stands, keep all of it or nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from cloud.customers import store, table
from cloud.customers.table import Row
from cloud.kernel import sheet
from cloud.kernel.db import Database
from cloud.kernel.sheet import Fault
from runtime.clock import Clock


def import_data(database: Database, data: bytes, clock: Clock) -> int:
    """Keep every home and person of a file; how many homes it held.

    Homes the file does not speak of stay as they are; handing the same file in again changes nothing but its date.
    Raises: SheetRefused with every fault, DatabaseError.
    """
    rows = table.parse(data)
    with database.transaction() as connection:
        sheet.refuse(clashes(connection, rows))
        keep(connection, rows, clock.now())
    return len(rows)


def clashes(connection: Connection, rows: Sequence[Row]) -> list[Fault]:
    """What stands already and cannot stand beside these rows: meters at homes they do not speak of."""
    taken = store.meters_elsewhere(connection, rows)
    return [
        Fault(row=row.number, column="meter", what=f"{row.meter!r} already measures {taken[row.meter]!r}")
        for row in rows
        if row.meter in taken
    ]


def keep(connection: Connection, rows: Sequence[Row], now: datetime) -> None:
    """Let these homes and people stand as told; two homes may exchange their meters."""
    store.release_meters(connection, {row.usage_point: row.meter for row in rows})
    store.keep(connection, rows, now)
