"""The cloud's database: one SQLite file, one writer at a time, and an answer that stands once it is given.

Everything Lamplight promises rests on one sentence: what was committed survives the next power cut. So the journal is
a write-ahead log with `synchronous=FULL`, every writing transaction begins IMMEDIATE (a deferred one that turns into a
writer half-way loses updates without an error), and foreign keys are enforced.

In goes a path; out come two kinds of connections. `transaction()` is for whoever writes: it commits at the end of the
block or leaves nothing behind. `read()` is for whoever looks: a consistent snapshot that never waits for the writer.
A service opens one of them and hands the connection to the stores, which know tables but no transactions.

Instants are aware UTC and nothing else. SQLite has no type for them and the usual one drops the offset in silence, so
`UtcInstant` keeps whole milliseconds and refuses a naive or a foreign-zone value at the door.

Refused: a file of another program or of a newer Lamplight, a file that is damaged or cannot be written (all
`DatabaseUnusable`), a full disk (`StorageFull`), and a database another program will not let go (`DatabaseBusy`).
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    MetaData,
    Row,
    Select,
    Table,
    create_engine,
    event,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, sort_tables
from sqlalchemy.types import TypeDecorator

from cloud.kernel.errors import DatabaseBusy, DatabaseError, DatabaseUnusable, StorageFull
from wire.instants import from_unix_ms, unix_ms

SCHEMA_VERSION: Final = 3
"""Rises when a table changes in a way an older program cannot live with; kept in the file's `user_version`."""

_APPLICATION_ID: Final = 0x4C4D504C  # "LMPL": tells our file from any other SQLite file
_BUSY_TIMEOUT_S: Final = 10.0
_ROWS_AT_ONCE: Final = 5_000

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every feature's store adds its tables here when it is imported."""


class UtcInstant(TypeDecorator[datetime]):
    """An aware UTC instant, kept as integer milliseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else unix_ms(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        return None if value is None else from_unix_ms(value)


def upsert(connection: Connection, table: Table, rows: Iterable[Mapping[str, object]]) -> None:
    """Let these rows stand: one whose primary key stands already gives that row its values.

    All rows name the same columns. They are taken as they come, so that a long file is never here twice.
    """
    rows = iter(rows)
    key = [column.name for column in table.primary_key]
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        new = insert(table)
        told = {name: new.excluded[name] for name in some[0] if name not in key}
        connection.execute(new.on_conflict_do_update(index_elements=key, set_=told), some)


def rows_named(
    connection: Connection, rows: Select[Any], column: ColumnElement[str], names: Iterable[str]
) -> Iterator[Row[Any]]:
    """Those of the rows whose column holds one of the names, of which there may be any number."""
    left = iter(dict.fromkeys(names))
    while some := list(islice(left, _ROWS_AT_ONCE)):
        yield from connection.execute(rows.where(column.in_(some)))


class Database:
    """One open database file, safe to share between threads."""

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine = engine
        self._path = path
        self._writer = threading.RLock()  # hands the pen over at once, where SQLite's own lock is polled for

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file at `path`, making it if it is not there, and check that it is ours and can be written.

        Raises: DatabaseUnusable, DatabaseBusy, StorageFull.
        """
        connect = {"timeout": _BUSY_TIMEOUT_S}
        engine = create_engine(f"sqlite:///{path}", connect_args=connect, hide_parameters=True)  # errors are logged
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        database = cls(engine, path)
        try:
            database._claim()
        except DatabaseError:
            database.close()
            raise
        return database

    @property
    def path(self) -> Path:
        return self._path

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The one writer's connection: committed, and on the disk, when the block ends; undone if the block raises.

        Raises: DatabaseBusy, StorageFull, DatabaseUnusable. Constraint violations come through as SQLAlchemy's
        IntegrityError, because only the store that caused one knows what it means.
        """
        with self._writer, self._translated(), self._engine.connect() as connection:
            connection.execution_options(immediate=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot for reading: consistent to the end of the block, neither waiting for the writer nor stopping it.

        Raises: DatabaseBusy, DatabaseUnusable.
        """
        with self._translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    def create_tables(self) -> None:
        """Make every table of `metadata` that does not stand yet."""
        with self.transaction() as connection:
            for statement in _statements(tuple(metadata.tables.values())):
                connection.exec_driver_sql(statement)

    def close(self) -> None:
        """Close every pooled connection; the write-ahead log is folded into the file by the last one."""
        self._engine.dispose()

    def _claim(self) -> None:
        with self.transaction() as connection:
            owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if owner == 0 and connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one() == 0:
                connection.exec_driver_sql(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
                return
        if owner != _APPLICATION_ID:
            raise self._unusable("the file is a database of another program", "name another folder, or move the file")
        if version != SCHEMA_VERSION:
            raise self._unusable(
                f"the database has schema {version} and this program knows schema {SCHEMA_VERSION}",
                "run the version of Lamplight that wrote it, or start with a new folder",
            )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if (ours := self._ours(error.orig)) is None:
                raise
            raise ours from error

    def _ours(self, cause: BaseException | None) -> DatabaseError | None:
        """What SQLite's result code means for the catcher; None for mistakes in our own statements."""
        if not isinstance(cause, sqlite3.DatabaseError) or isinstance(cause, sqlite3.IntegrityError):
            return None
        match cause.sqlite_errorcode & 0xFF:  # the low byte is the primary code, the rest says more than we need
            case sqlite3.SQLITE_FULL:
                what, do = "the disk is full", "free some space; nothing was lost, and work goes on by itself"
                return StorageFull(what, where=str(self._path), do=do)
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                what, do = "another program keeps the database locked", "close that program and try again"
                return DatabaseBusy(what, where=str(self._path), do=do)
            case sqlite3.SQLITE_NOTADB:
                return self._unusable("the file is not a database", "name another folder, or move the file")
            case sqlite3.SQLITE_CORRUPT:
                return self._unusable("the database is damaged", "restore the file from a copy")
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_CANTOPEN:
                return self._unusable(
                    "the database cannot be opened for writing", "check that its folder is there and yours"
                )
            case sqlite3.SQLITE_IOERR:
                return self._unusable("the disk failed while the database was used", "check the disk and its cable")
            case _:
                return None

    def _unusable(self, what: str, do: str) -> DatabaseUnusable:
        return DatabaseUnusable(what, where=str(self._path), do=do)


@cache
def _statements(tables: tuple[Table, ...]) -> tuple[str, ...]:
    """What makes these tables and their indexes where they do not stand."""
    texts: list[str] = []
    for table in sort_tables(tables):
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        texts.append(_text(CreateTable(table, if_not_exists=True)))
        texts.extend(_text(CreateIndex(index, if_not_exists=True)) for index in indexes)
    return tuple(texts)


def _text(statement: DDLElement) -> str:
    return str(statement.compile(dialect=sqlite.dialect()))


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 must not begin transactions behind our back; `_begin` does it
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
