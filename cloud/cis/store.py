"""The tables of drops: which files were taken in, and which rows of them wait for a person.

A refused row is known by its entity and its own name, so that a later drop that tells the same row rightly takes it out
of here, and one that tells it wrongly again takes its place. Rows whose name could not be read are known by their file
and number, and leave when somebody says so.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, Integer, Table, Text, and_, bindparam, delete, func, select

from cloud.cis.drop import Place, Refused
from cloud.cis.manifest import Entity, Listed, Manifest
from cloud.kernel.db import UtcInstant, metadata, upsert

MAX_REFUSED: Final = 100_000
_MAX_WHY_CHARS: Final = 500

file_table = Table(
    "cis_file",
    metadata,
    Column("drop", Text, primary_key=True),
    Column("made_at", UtcInstant, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("imported_at", UtcInstant, nullable=False),
)
refused_table = Table(
    "cis_refused",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("drop", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, primary_key=True, index=True),
    Column("row", Integer, primary_key=True),
    Column("column", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("refused_at", UtcInstant, nullable=False),
)
_f = file_table.c
_r = refused_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A refused row as it waits for a person."""

    entity: Entity
    key: str
    drop: str
    file: str
    row: int
    column: str
    why: str
    refused_at: datetime

    def facts(self) -> dict[str, str | int]:
        """All of it in plain values, for JSON."""
        return {
            "entity": str(self.entity),
            "key": self.key,
            "drop": self.drop,
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "why": self.why,
            "refused_at": self.refused_at.isoformat(),
        }


def taken(connection: Connection, drop: Manifest) -> frozenset[str]:
    """The checksums of the files of this very drop that were taken in before."""
    of = select(_f.sha256).where(_f.drop == drop.drop, _f.made_at == drop.made_at)
    return frozenset(connection.execute(of).scalars())


def last_made_at(connection: Connection) -> datetime | None:
    """When the latest drop was made that was taken in."""
    found: datetime | None = connection.execute(select(func.max(_f.made_at))).scalar_one()
    return found


def keep_files(connection: Connection, drop: Manifest, now: datetime) -> None:
    """Remember that the files of a drop were taken in."""
    rows = (
        {
            "drop": drop.drop, "made_at": drop.made_at, "sha256": file.sha256, "name": file.name,
            "entity": str(file.entity), "imported_at": now,
        }
        for file in drop.files
    )  # fmt: skip
    upsert(connection, file_table, rows)


def waiting_of(connection: Connection, file: Listed) -> frozenset[int]:
    """The rows of a file that were refused and have not been told since."""
    return frozenset(connection.execute(select(_r.row).where(_r.sha256 == file.sha256)).scalars())


def keep_refused(connection: Connection, drop: str, refused: Sequence[Refused], now: datetime) -> None:
    """Let these rows wait for a person, and no earlier ones of their names."""
    release(connection, [each.place for each in refused])
    rows = (
        {
            "entity": str(each.place.file.entity), "key": each.place.key, "drop": drop,
            "file": each.place.file.name, "sha256": each.place.file.sha256, "row": each.place.row,
            "column": each.column, "why": each.why[:_MAX_WHY_CHARS], "refused_at": now,
        }
        for each in refused
    )  # fmt: skip
    upsert(connection, refused_table, rows)


def release(connection: Connection, places: Sequence[Place]) -> None:
    """Rows of these names were told anew: those before wait no more."""
    if places and count(connection):
        gone = delete(refused_table).where(and_(_r.entity == bindparam("of"), _r.key == bindparam("named")))
        connection.execute(gone, [{"of": str(place.file.entity), "named": place.key} for place in places])


def count(connection: Connection) -> int:
    """How many rows wait."""
    waiting: int = connection.execute(select(func.count()).select_from(refused_table)).scalar_one()
    return waiting


def newest(connection: Connection, *, limit: int) -> Iterator[Waiting]:
    """The rows refused last, those of one drop in its order."""
    rows = select(refused_table).order_by(_r.refused_at.desc(), _r.file, _r.row).limit(limit)
    for row in connection.execute(rows):
        yield Waiting(
            entity=Entity(row.entity),
            key=row.key,
            drop=row.drop,
            file=row.file,
            row=row.row,
            column=row.column,
            why=row.why,
            refused_at=row.refused_at,
        )


def forget(connection: Connection, drop: str) -> int:
    """Let the rows refused of a drop go; how many there were."""
    return connection.execute(delete(refused_table).where(_r.drop == drop)).rowcount
