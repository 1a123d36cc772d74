"""Taking in the utility's customer file: read, check against what stands, keep all of it or nothing."""

from pathlib import Path

from cloud.customers import store, table
from cloud.customers.table import CustomerFileRefused, Fault
from cloud.kernel.db import Database
from runtime.clock import Clock
from runtime.errors import InputRefused
from runtime.reading import read_at_most


def import_csv(database: Database, path: Path, clock: Clock) -> int:
    """Keep every home and person of the file at `path`; how many homes it held.

    Homes the file does not speak of stay as they are; handing the same file in again changes nothing but its date.
    Raises: CustomerFileRefused with every fault, InputRefused when the file cannot be read, DatabaseError.
    """
    try:
        rows = table.parse(read_at_most(path, table.MAX_BYTES))
    except OSError as error:
        raise InputRefused(f"cannot read the customer file: {error.strerror}", where=str(path)) from error
    except CustomerFileRefused as refused:
        raise CustomerFileRefused(list(refused.faults), where=str(path)) from refused
    now = clock.now()
    with database.transaction() as connection:
        taken = store.meters_elsewhere(connection, rows)
        faults = [
            Fault(row=row.number, column="meter", what=f"{row.meter!r} already measures {taken[row.meter]!r}")
            for row in rows
            if row.meter in taken
        ]
        if faults:
            raise CustomerFileRefused(faults, where=str(path))
        store.release_meters(connection, rows)
        store.keep(connection, rows, now)
    return len(rows)
