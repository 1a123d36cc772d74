"""Taking in a drop of the utility's customer system: all files as listed, or none of it; each row by itself.

Everything is read and checked against its manifest before the database is touched, and kept in one transaction. The
same drop again changes nothing but to try once more what was refused of it: what those rows hung on may be there now.
A later drop corrects what an earlier one told; so a drop that is made earlier than the last one taken in is refused,
because it would undo what was said since.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Connection

from cloud.billing import accounts_store
from cloud.billing.accounts import UtilityBill
from cloud.cis import drop, folder, intake, store
from cloud.cis.drop import Place, Refused, Rows
from cloud.cis.manifest import DropRefused, Entity, Manifest
from cloud.kernel.db import Database
from runtime.clock import Clock

MAX_REFUSED: Final = 10_000
"""How many rows of one drop may be refused by themselves; past this, it was not meant for us."""
_CLOCKS_DIFFER_BY: Final = timedelta(days=1)

BillsTold: TypeAlias = Callable[[Connection, Sequence[str], datetime], None]
"""Hears, in the transaction it is given, the names of the bills that are new or otherwise than before a drop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropImported:
    """A drop was taken in: how many rows of each entity were kept, and how many stood from before; what was refused."""

    drop: str
    kept: Mapping[Entity, int]
    unchanged: Mapping[Entity, int]
    refused: tuple[Refused, ...]

    @property
    def is_whole(self) -> bool:
        """Whether every row of it stands."""
        return not self.refused


def import_drop(
    database: Database, path: Path, clock: Clock, on_bills: BillsTold = lambda _connection, _bills, _now: None
) -> DropImported:
    """Keep what can stand of the drop in a folder.

    Raises: DropRefused when it is not what its manifest says, InputRefused when it cannot be read, DatabaseError.
    Nothing of it is kept then.
    """
    now = clock.now()
    try:
        with folder.opened(path) as opened:
            told = opened.manifest()
            rows = Rows()
            for listed in told.files:
                drop.read(listed, opened.read(listed.name), rows)
        with database.transaction() as connection:
            unchanged = _leave_out_what_stands(connection, told, rows, now)
            before = _bills(connection, (bill.place.key for bill in rows.told[Entity.BILLS]))
            kept = intake.take(connection, rows, now)
            _keep_refused(connection, told, rows.refused, now)
            store.keep_files(connection, told, now)
            after = _bills(connection, kept[Entity.BILLS])
            on_bills(connection, [name for name, bill in after.items() if before.get(name) != bill], now)
    except DropRefused as refused:
        raise DropRefused(refused.what, where=str(path / refused.where) if refused.where else str(path)) from refused
    return DropImported(
        drop=told.drop,
        kept={entity: len(names) for entity, names in kept.items()},
        unchanged=unchanged,
        refused=tuple(sorted(rows.refused, key=lambda each: (each.place.file.name, each.place.row))),
    )


def _leave_out_what_stands(connection: Connection, told: Manifest, rows: Rows, now: datetime) -> Counter[Entity]:
    """Take out of the rows what this very drop told before, but for what is still refused; how many those are."""
    taken = store.taken(connection, told)
    new = [file for file in told.files if file.sha256 not in taken]
    last = store.last_made_at(connection)
    if new and last is not None and told.made_at < last:
        raise DropRefused(f"it was made before the last drop taken in, of {last:%Y-%m-%d %H:%M:%S} UTC")
    if told.made_at > now + _CLOCKS_DIFFER_BY:
        raise DropRefused(f"it says it is made on {told.made_at:%Y-%m-%d %H:%M:%S} UTC, which is still to come")
    unchanged: Counter[Entity] = Counter()
    waiting = {file: store.waiting_of(connection, file) for file in told.files if file.sha256 in taken}

    def is_open(place: Place) -> bool:
        return place.file not in waiting or place.row in waiting[place.file]

    rows.refused[:] = [each for each in rows.refused if is_open(each.place)]
    for entity in {file.entity for file in waiting}:
        before = rows.told[entity]
        rows.told[entity] = [each for each in before if is_open(each.place)]
        unchanged[entity] = len(before) - len(rows.told[entity])
    return unchanged


def _bills(connection: Connection, names: Iterable[str]) -> dict[str, UtilityBill]:
    return {bill.id: bill for bill in accounts_store.bills_near(connection, contracts=(), bills=names)}


def _keep_refused(connection: Connection, told: Manifest, refused: Sequence[Refused], now: datetime) -> None:
    if len(refused) > MAX_REFUSED:
        raise DropRefused(f"{len(refused)} of its rows cannot be taken, the first being {refused[0]}")
    store.keep_refused(connection, told.drop, refused, now)
    if (waiting := store.count(connection)) > store.MAX_REFUSED:
        raise DropRefused(f"{waiting} refused rows would wait for a person; see `lamplight-cloud import-refused`")
