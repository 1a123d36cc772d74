"""The stores whose power is cut: what each writes while it is traced, and what must be there afterwards.

    python -m benchmarks.power_cut_stores STORE FOLDER KEY

writes into FOLDER and says after each acknowledged write, in FOLDER/acks, one line of what is safe from then on.
Afterwards `STORES[name].check` is given a folder as a power cut left it and those lines, and says what is lost.

The journal is the gateway's own, with all it does: alarms at once, readings in tens, receipts that free rows, caps that
drop rows, rows set aside, a stop and a start. Beside it a table in SQLite with synchronous=NORMAL, and TinyDB with its
default storage and with the gateway's.
"""

import json
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tinydb import TinyDB
from tinydb.storages import JSONStorage, Storage

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.registry import AtomicStorage
from gateway.core.errors import JournalDamaged, JournalUnavailable
from gateway.core.outbox import Change, Entry
from runtime import logs
from runtime.clock import SystemClock
from runtime.errors import LamplightError
from wire.envelope import link_hash, parse
from wire.events import RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.receipts import Receipt
from wire.record import decode_record
from wire.terms import DropReason, Lane, SetAsideReason
from wire.units import Quantity

ACKS = "acks"
_ROUNDS = 150
_ROWS_AT_ONCE = 10
_ROWS_REMEMBERED = 10_000
_CAPS = Caps(readings_bytes=100_000, history_rows=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a power cut did: whether the store can still be read, and how many acknowledged rows are gone."""

    is_corrupt: bool = False
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """One kind of store: what it writes, and how it is looked at after a cut."""

    write: Callable[[Path, SoftwareSigner, Callable[[object], None]], None]
    check: Callable[[Path, SoftwareSigner, Sequence[str]], Outcome]


def _alarm(number: int) -> Entry:
    return Entry(subject="LAM00012345678", event=SupplyLost(began_at_ms=number, input_mv=412))


def _reading(number: int) -> Entry:
    values = tuple((quantity, number) for quantity in list(Quantity)[:6])
    return Entry(subject="LAM00012345678", event=RegisterReadings(at_ms=number, values=values))


def write_journal(folder: Path, signer: SoftwareSigner, acknowledge: Callable[[object], None]) -> None:
    """Everything a journal does in its life, in two lives."""
    path, gateway = folder / "journal.sqlite", gateway_id_of(signer.public.spki)
    journal_file.create(path, gateway, gen=1)
    for life in range(2):
        with closing(Journal.open(path, gateway, signer, SystemClock(), _CAPS)) as journal:
            for number in range(_ROUNDS):
                _one_round(journal, life * _ROUNDS + number)
                acknowledge([(head.lane, head.seq, head.head.hex()) for head in journal.heads()])


def _one_round(journal: Journal, number: int) -> None:
    if number % 3 == 0:
        journal.commit(Change(entries=(_alarm(number),), remembered={"supply/1": f"lost {number}"}))
    else:
        rows = tuple(_reading(number * _ROWS_AT_ONCE + row) for row in range(_ROWS_AT_ONCE))
        journal.commit(Change(entries=rows, remembered={"intervals/1": str(number)}))
    if number % 40 == 39:
        journal.set_aside(Lane.READINGS, journal.oldest_waiting(Lane.READINGS, 3)[-1].seq, SetAsideReason.TOO_LARGE)
    if number % 10 == 9 and number % 100 < 60:  # for a while the cloud is away, and the cap is reached
        for lane in (Lane.ALARM, Lane.READINGS):
            row = journal.oldest_waiting(lane, 90)[-1]
            head = link_hash(parse(row.envelope))
            receipt = Receipt(gateway=journal.gateway, gen=1, lane=lane, seq=row.seq, head=head, at_ms=number)
            journal.apply(receipt, b"its proof")


def check_journal(folder: Path, signer: SoftwareSigner, acks: Sequence[str]) -> Outcome:
    """Opened as the gateway opens it; every lane is where it was, and every row follows the one before it."""
    path, gateway = folder / "journal.sqlite", gateway_id_of(signer.public.spki)
    if not path.exists():
        return Outcome(lost=len(acks))
    safe: list[tuple[int, int, str]] = json.loads(acks[-1]) if acks else []
    try:
        with closing(Journal.open(path, gateway, signer, SystemClock(), _CAPS)) as journal:
            heads = {head.lane: head.seq for head in journal.heads()}
        with closing(journal_file.open_to_read(path)) as connection:
            is_whole = _is_whole(connection)
            lost = sum(_lost_of(connection, lane, seq, hash_, heads[Lane(lane)]) for lane, seq, hash_ in safe)
    except (JournalDamaged, JournalUnavailable):
        return Outcome(is_corrupt=True)
    return Outcome(is_corrupt=not is_whole, lost=lost)


def _lost_of(connection: sqlite3.Connection, lane: int, seq: int, hash_: str, head_seq: int) -> int:
    """How many of a lane's rows are gone behind where the journal ends; all of them where it says something else."""
    found = connection.execute("SELECT hash FROM outbox WHERE lane = ? AND seq = ?", (lane, seq)).fetchone()
    is_another = found is not None and found[0] != bytes.fromhex(hash_)
    return seq if is_another else max(0, seq - head_seq)


def _is_whole(connection: sqlite3.Connection) -> bool:
    """Every row is what its hash says and follows the one before it, and opening it missed none."""
    rows = connection.execute("SELECT lane, seq, hash, envelope FROM outbox ORDER BY lane, seq").fetchall()
    holes = connection.execute("SELECT lane, last_seq, hash, reason FROM hole").fetchall()
    known = {(lane, seq): hash_ for lane, seq, hash_, _ in (*rows, *holes)}
    links = ((lane, seq, hash_, *_links(envelope)) for lane, seq, hash_, envelope in rows)
    return all(
        own_hash == hash_ and prev == known.get((lane, seq - 1), prev) for lane, seq, hash_, own_hash, prev in links
    ) and not any(reason == DropReason.MISSING for _, _, _, reason in holes)


@lru_cache(maxsize=_ROWS_REMEMBERED)  # one trace, hundreds of cuts: the same rows are met again and again
def _links(envelope: bytes) -> tuple[bytes, bytes]:
    """The row's own hash, and the one it names."""
    parsed = parse(envelope)
    return link_hash(parsed), decode_record(parsed.payload).link.prev


def write_sqlite_normal(folder: Path, _signer: SoftwareSigner, acknowledge: Callable[[object], None]) -> None:
    """A row in each transaction, as many programs have it."""
    with closing(sqlite3.connect(folder / "rows.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, content BLOB NOT NULL)")
        for number in range(1, _ROUNDS * 4):
            connection.execute("INSERT INTO event VALUES (?, ?)", (number, random.Random(number).randbytes(300)))
            acknowledge(number)


def check_sqlite_normal(folder: Path, _signer: SoftwareSigner, acks: Sequence[str]) -> Outcome:
    """How many of the numbers that were acknowledged are there."""
    try:
        with closing(sqlite3.connect(folder / "rows.sqlite")) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'event'").fetchall()
            rows = connection.execute("SELECT max(number) FROM event").fetchone()[0] if known else 0
    except sqlite3.DatabaseError:
        return Outcome(is_corrupt=True)
    return Outcome(is_corrupt=verdict != "ok", lost=max(0, len(acks) - (rows or 0)))


def _write_tinydb(storage: type[Storage]) -> Callable[[Path, SoftwareSigner, Callable[[object], None]], None]:
    def write(folder: Path, _signer: SoftwareSigner, acknowledge: Callable[[object], None]) -> None:
        chance = random.Random(1)
        rows = TinyDB(folder / "rows.json", storage=storage).table("event", cache_size=0)
        for number in range(1, _ROUNDS):
            rows.insert({"number": number, "text": chance.randbytes(150).hex()})
            if number % 4 == 0:  # what was sent is taken out, and the file grows shorter
                rows.remove(doc_ids=[number - 3, number - 2])
            acknowledge([row.doc_id for row in rows.all()])

    return write


def _check_tinydb(storage: type[Storage]) -> Callable[[Path, SoftwareSigner, Sequence[str]], Outcome]:
    def check(folder: Path, _signer: SoftwareSigner, acks: Sequence[str]) -> Outcome:
        try:
            with closing(TinyDB(folder / "rows.json", storage=storage)) as database:
                there = {row.doc_id for row in database.table("event")}
        except (ValueError, LamplightError):
            return Outcome(is_corrupt=True)
        safe: list[int] = json.loads(acks[-1]) if acks else []
        newest = max(safe, default=0)
        being_removed = {newest - 2, newest - 1} if (newest + 1) % 4 == 0 else set()
        return Outcome(lost=len(set(safe) - there - being_removed))

    return check


STORES = {
    "journal": Store(write=write_journal, check=check_journal),
    "tinydb_default": Store(write=_write_tinydb(JSONStorage), check=_check_tinydb(JSONStorage)),
    "tinydb_atomic": Store(write=_write_tinydb(AtomicStorage), check=_check_tinydb(AtomicStorage)),
    "sqlite_normal": Store(write=write_sqlite_normal, check=check_sqlite_normal),
}


def main(arguments: Sequence[str]) -> None:
    """Write, under the shim."""
    store, folder, key = STORES[arguments[0]], Path(arguments[1]), Path(arguments[2])
    logs.configure("error")
    heard = os.open(folder / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def acknowledge(what: object) -> None:
        os.write(heard, f"{json.dumps(what)}\n".encode())

    store.write(folder, SoftwareSigner.from_pem(key.read_bytes()), acknowledge)


if __name__ == "__main__":
    main(sys.argv[1:])
