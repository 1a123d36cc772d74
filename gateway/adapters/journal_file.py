"""The journal's file: its tables, how it is opened, and what SQLite's errors mean to a technician.

WAL with synchronous=FULL: a commit that returned is on the disk. (NORMAL loses acknowledged rows at a power cut.)
The journal of one generation is one file; `gen` rises when a file is lost and a new one begins. A new file remembers
which it follows (BEGUN_ANEW), until its first alarm has said so.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.core.errors import JournalDamaged, JournalFull, JournalUnavailable
from runtime.durable import sync_folder, write_atomically
from runtime.errors import InputRefused
from wire.events import JournalBegunAnew
from wire.ids import GatewayId

_LAYOUT, _OLDEST_LAYOUT = 2, 1
_BUSY_TIMEOUT_S = 5.0
USUAL_WAL_PAGES, LEAST_WAL_PAGES = 256, 8  # 1 MB: what lies on the disk beside the file in any case
_WORTH_WHILE_BYTES = 65_536
_BESIDE = ("-wal", "-shm", "-journal")
_DAMAGED_KEPT = 3
BEGUN_ANEW = "journal/begun-anew"  # the name of its line
_LANE = "lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2), seq INTEGER NOT NULL CHECK (seq > 0)"
_HASH = "hash BLOB NOT NULL CHECK (length(hash) = 16)"
# Strict, so that the check at opening sees a value that cannot be, too, and not only a page that cannot be read.
_TABLES = f"""
CREATE TABLE identity (
    gateway TEXT NOT NULL, gen INTEGER NOT NULL, boots INTEGER NOT NULL, refused INTEGER NOT NULL
) STRICT;
CREATE TABLE outbox ({_LANE}, {_HASH}, envelope BLOB NOT NULL, PRIMARY KEY (lane, seq)) STRICT;
CREATE TABLE head ({_LANE}, {_HASH}, PRIMARY KEY (lane)) STRICT;
CREATE TABLE receipt ({_LANE}, {_HASH}, at_ms INTEGER NOT NULL, envelope BLOB NOT NULL, PRIMARY KEY (lane)) STRICT;
CREATE TABLE remembered (name TEXT PRIMARY KEY, line TEXT NOT NULL) STRICT;
"""
_TABLES_OF_LAYOUT_2 = f"""
CREATE TABLE hole (
    lane INTEGER NOT NULL CHECK (lane BETWEEN 0 AND 2),
    first_seq INTEGER NOT NULL CHECK (first_seq > 0), last_seq INTEGER NOT NULL CHECK (last_seq >= first_seq),
    {_HASH}, reason INTEGER NOT NULL, told_seq INTEGER NOT NULL, PRIMARY KEY (lane, first_seq)
) STRICT;
CREATE TABLE set_aside (
    number INTEGER PRIMARY KEY, lane INTEGER NOT NULL, seq INTEGER, code INTEGER NOT NULL, reason INTEGER NOT NULL,
    at_ms INTEGER NOT NULL, content BLOB NOT NULL
) STRICT;
"""
_DO = {
    sqlite3.SQLITE_FULL: "free some space on its disk; a gateway that runs goes on by itself",
    sqlite3.SQLITE_READONLY: "make its folder writable again (mount -o remount,rw, or check its owner)",
    sqlite3.SQLITE_CANTOPEN: "check that its folder exists and belongs to the gateway's user",
    sqlite3.SQLITE_IOERR: "check the memory card (dmesg); replace it if it fails",
    sqlite3.SQLITE_BUSY: "stop the other program that has it open",
}
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)  # the last: a table is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose journal this is."""

    gateway: GatewayId
    gen: int
    boots: int
    refused: int


def create(path: Path, gateway: GatewayId, *, gen: int, begun_anew: JournalBegunAnew | None = None) -> None:
    """Make an empty journal in one step; raises InputRefused when there is one, EnvironmentRefused as the disk says.

    `begun_anew` is what its first alarm is to say.
    """
    if path.exists():
        raise InputRefused("there is a journal already", where=str(path))
    for suffix in _BESIDE:  # what an older file left beside it would be played into the new one
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.executescript(f"{_TABLES} {_TABLES_OF_LAYOUT_2} PRAGMA user_version={_LAYOUT};")
        connection.execute("INSERT INTO identity VALUES (?, ?, 0, 0)", (gateway, gen))
        if begun_anew is not None:
            line = f"{begun_anew.previous_gen} {begun_anew.reason.name}"
            connection.execute("INSERT INTO remembered VALUES (?, ?)", (BEGUN_ANEW, line))
        write_atomically(path, connection.serialize())
    finally:
        connection.close()


def put_damaged_aside(path: Path) -> Path | None:
    """Give a damaged journal another name, with what lies beside it; None where the disk does not let that happen.

    The newest few are kept. What lies beside it goes first: left behind, it would be played into the next journal.
    """
    number = 1 + max((_number_of(each) for each in path.parent.glob(_aside_name(path, "*"))), default=0)
    aside = path.with_name(_aside_name(path, str(number)))
    try:
        for suffix in (*_BESIDE, ""):
            beside = path.with_name(path.name + suffix)
            if beside.exists():
                beside.rename(aside.with_name(aside.name + suffix))
        for old in path.parent.glob(_aside_name(path, "*")):
            if _number_of(old) <= number - _DAMAGED_KEPT:
                old.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError:
        return None
    return aside


def _aside_name(path: Path, number: str) -> str:
    return f"{path.stem}.damaged-{number}{path.suffix}{'*' if number == '*' else ''}"


def _number_of(aside: Path) -> int:
    number = aside.name.partition(".damaged-")[2].partition(".")[0]
    return int(number) if number.isascii() and number.isdecimal() else 0


def open_to_write(path: Path) -> sqlite3.Connection:
    """The journal after its own check; raises JournalDamaged, JournalUnavailable or InputRefused (a newer layout)."""
    with disk_refusals(path):
        connection = _connect(path, "rw")
        with closed_on_error(connection):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            checkpoint_every(connection, USUAL_WAL_PAGES)
            connection.execute("PRAGMA cache_size=-512")  # KiB: rows are read in order, and a Pi has little memory
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise damaged(path, verdict)
            _bring_up_to_date(connection, path)
    return connection


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """The tables that an older gateway's journal has not got."""
    if _layout_of(connection) < _LAYOUT:
        with transaction(connection, path):
            for table in filter(str.strip, _TABLES_OF_LAYOUT_2.split(";")):
                connection.execute(table)
            connection.execute(f"PRAGMA user_version={_LAYOUT}")


def open_to_read(path: Path) -> sqlite3.Connection:
    """The journal for looking at, while the gateway may be writing it."""
    if not path.exists():
        raise InputRefused(
            "there is no journal",
            where=str(path),
            do="give the folder that `init` made, or with --file a file that is there",
        )
    with disk_refusals(path):
        connection = _connect(path, "ro")
        with closed_on_error(connection):
            if _layout_of(connection) < _LAYOUT:
                do = "start the gateway once, which brings it up to date"
                raise InputRefused("the journal is an older gateway's", where=str(path), do=do)
        return connection


def identity_of(connection: sqlite3.Connection, path: Path) -> Identity:
    """Whose journal this is, by its own word."""
    with disk_refusals(path):
        found = connection.execute("SELECT gateway, gen, boots, refused FROM identity").fetchone()
    if found is None:
        raise damaged(path, "it does not say whose it is")
    gateway, gen, boots, refused = found
    return Identity(gateway=GatewayId(gateway), gen=gen, boots=boots, refused=refused)


def recall(connection: sqlite3.Connection, path: Path, name: str) -> str | None:
    """The line last stored under `name`."""
    with disk_refusals(path):
        row = connection.execute("SELECT line FROM remembered WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def checkpoint_every(connection: sqlite3.Connection, pages: int) -> None:
    """How far the WAL grows before what is in it goes into the file itself: on a full disk, not far."""
    connection.execute(f"PRAGMA wal_autocheckpoint={pages}")


def squeeze(connection: sqlite3.Connection, path: Path) -> bool:
    """Give the WAL's room back to the disk; whether that was worth while. A disk may be too full even for that."""
    wal = path.with_name(f"{path.name}-wal")
    try:
        before = wal.stat().st_size
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return before - wal.stat().st_size >= _WORTH_WHILE_BYTES
    except (OSError, sqlite3.DatabaseError):
        return False


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """All or nothing; raises JournalUnavailable when the disk says no, and then nothing of it is kept."""
    with disk_refusals(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def disk_refusals(path: Path) -> Iterator[None]:
    """Say what SQLite says in words that tell what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the rest tells variants apart
        if code in _DAMAGED:
            raise damaged(path, str(error)) from error
        do = _DO.get(code, "see the gateway's log; if it stays so, restart it")
        refusal = JournalFull if code == sqlite3.SQLITE_FULL else JournalUnavailable
        raise refusal(f"the journal cannot be used: {error}", where=str(path), do=do) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S)
    with closed_on_error(connection):
        layout = _layout_of(connection)
        if layout > _LAYOUT:
            what = f"the journal was written by a newer gateway (layout {layout})"
            raise InputRefused(what, where=str(path), do="update this gateway")
        if layout < _OLDEST_LAYOUT:
            raise damaged(path, "it is empty, or of another program")
    return connection


def _layout_of(connection: sqlite3.Connection) -> int:
    (layout,) = connection.execute("PRAGMA user_version").fetchone()
    return int(layout)


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Let a connection go that turns out not to be usable."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def damaged(path: Path, verdict: str) -> JournalDamaged:
    """That the journal cannot be trusted, and what a person does then."""
    do = "start the gateway again: it sets this file aside, begins the next generation and tells the cloud"
    return JournalDamaged(f"the journal is damaged: {verdict}", where=str(path), do=do)
