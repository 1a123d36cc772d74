"""The journal: every event, sealed in its place of the chain before anything is sent, and what followed from it.

One change is one transaction: number, chain link, signature, event, and the conclusions stored beside it.
A row is never altered. It is kept as it was sealed until the cloud's receipt names its number *and* its hash, and some
time longer for a technician to look at.

Bounds. Readings and diagnostics have a cap. What would pass it is refused and counted, because a sealed row cannot be
dropped without breaking the chain: a change that yields as a whole (the meter holds its load profile and is read again
later), of any other change only the events of the full lane. Alarms have no cap but the disk's. A full or read-only
disk raises `JournalUnavailable`, and nothing is kept.

One writer (the pipeline) and one applier of receipts (the forwarder) share a connection under a lock.
"""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.journal_file import closed_on_error, disk_refusals, identity_of, open_to_write, transaction
from gateway.core.outbox import Change, Entry, OutboxRow, ReceiptOutcome
from runtime import logs
from runtime.clock import Clock
from runtime.errors import InputRefused
from wire.bodies import event_name
from wire.chain import Head, genesis
from wire.envelope import Purpose, Signer, link_hash, parse, seal
from wire.events import LaneHead
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.receipts import Receipt
from wire.record import ClockSource, Link, Record, Stamp, encode_record
from wire.refusals import WireRefused
from wire.terms import Lane

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much may wait for a receipt, and how many receipted rows of a lane are kept to look at."""

    readings_bytes: int = 64_000_000
    diagnostics_bytes: int = 8_000_000
    history_rows: int = 200

    def of(self, lane: Lane) -> int | None:
        """The lane's cap in bytes; None for alarms."""
        return {Lane.READINGS: self.readings_bytes, Lane.DIAGNOSTICS: self.diagnostics_bytes}.get(lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTrust:
    """What sets the gateway's clock and how far it may be off: stated at commissioning, sealed into every event."""

    source: ClockSource = ClockSource.NTP
    uncertainty_ms: int = 500


@dataclass(frozen=True, slots=True)
class _Sealed:
    """An event in its place, not stored yet."""

    lane: Lane
    head: Head
    envelope: bytes


class Journal:
    """The gateway's own book. Every method may be called from any thread."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, signer: Signer, clock: Clock, caps: Caps, trust: ClockTrust
    ) -> None:
        self._connection = connection
        self._path = path
        self._signer = signer
        self._clock = clock
        self._caps = caps
        self._trust = trust
        self._lock = threading.RLock()
        identity = identity_of(connection, path)
        self.gateway, self.gen, self.boot = identity.gateway, identity.gen, identity.boots
        self._heads: dict[Lane, Head] = {}
        self._receipted: dict[Lane, int] = {}
        self._waiting_bytes: dict[Lane, int] = {}
        self._load()

    @classmethod
    def open(
        cls,
        path: Path,
        gateway: GatewayId,
        signer: Signer,
        clock: Clock,
        caps: Caps = Caps(),
        trust: ClockTrust = ClockTrust(),
    ) -> "Journal":
        """Check the file, count this start of the gateway, and go on where it ended.

        Raises JournalDamaged, JournalUnavailable, or InputRefused for another gateway's journal.
        """
        connection = open_to_write(path)
        with closed_on_error(connection):
            owner = identity_of(connection, path).gateway
            if owner != gateway:
                do = "use the folder its key was made in"
                raise InputRefused(f"the journal belongs to gateway {owner}", where=str(path), do=do)
            with transaction(connection, path):
                connection.execute("UPDATE identity SET boots = boots + 1")
            return cls(connection, path, signer, clock, caps, trust)

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        """Keep the changes in one transaction; for each, whether it was kept (False: it yielded to a full lane).

        Raises JournalUnavailable, and then none was kept.
        """
        with self._lock:
            kept = tuple(self._has_room_for_all(change) or not change.yields for change in changes)
            refused = sum(len(change.entries) for change, is_kept in zip(changes, kept, strict=True) if not is_kept)
            try:
                with transaction(self._connection, self._path):
                    refused += sum(self._keep(change) for change, is_kept in zip(changes, kept, strict=True) if is_kept)
                    if refused:
                        self._connection.execute("UPDATE identity SET refused = refused + ?", (refused,))
            except BaseException:
                self._load()
                raise
            return kept

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`."""
        with self._lock, disk_refusals(self._path):
            row = self._connection.execute("SELECT line FROM remembered WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def heads(self) -> tuple[LaneHead, ...]:
        """How far each lane has come."""
        with self._lock:
            return tuple(LaneHead(lane=lane, seq=head.seq, head=head.hash) for lane, head in self._heads.items())

    def waiting(self) -> int:
        """How many rows no receipt covers yet."""
        with self._lock:
            return sum(head.seq - self._receipted[lane] for lane, head in self._heads.items())

    def oldest_waiting(self, lane: Lane, limit: int) -> list[OutboxRow]:
        """The first rows of a lane that no receipt covers yet, in the order of the chain."""
        with self._lock, disk_refusals(self._path):
            rows = self._connection.execute(
                "SELECT seq, envelope FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?",
                (lane, self._receipted[lane], limit),
            ).fetchall()
        return [OutboxRow(lane=lane, seq=seq, envelope=envelope) for seq, envelope in rows]

    def apply(self, receipt: Receipt, envelope: bytes) -> ReceiptOutcome:
        """Free what the receipt covers, if it is about our own chain as it stands; `envelope` is kept as its proof."""
        with self._lock:
            outcome = self._judge(receipt)
            if outcome is ReceiptOutcome.APPLIED:
                self._free(receipt, envelope)
            return outcome

    def _judge(self, receipt: Receipt) -> ReceiptOutcome:
        if (receipt.gateway, receipt.gen) != (self.gateway, self.gen):
            return ReceiptOutcome.FOREIGN
        if receipt.seq <= self._receipted[receipt.lane]:
            return ReceiptOutcome.STALE
        if receipt.seq > self._heads[receipt.lane].seq:
            return ReceiptOutcome.AHEAD
        with disk_refusals(self._path):
            (own_hash,) = self._connection.execute(
                "SELECT hash FROM outbox WHERE lane = ? AND seq = ?", (receipt.lane, receipt.seq)
            ).fetchone()
        return ReceiptOutcome.APPLIED if own_hash == receipt.head else ReceiptOutcome.CONFLICT

    def _free(self, receipt: Receipt, envelope: bytes) -> None:
        with transaction(self._connection, self._path):
            (freed_bytes,) = self._connection.execute(
                "SELECT sum(length(envelope)) FROM outbox WHERE lane = ? AND seq > ? AND seq <= ?",
                (receipt.lane, self._receipted[receipt.lane], receipt.seq),
            ).fetchone()
            self._connection.execute(
                "INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?, ?)",
                (receipt.lane, receipt.seq, receipt.head, receipt.at_ms, envelope),
            )
            self._connection.execute(
                "DELETE FROM outbox WHERE lane = ? AND seq <= ?",
                (receipt.lane, receipt.seq - self._caps.history_rows),
            )
        self._receipted[receipt.lane] = receipt.seq
        self._waiting_bytes[receipt.lane] -= freed_bytes

    def _has_room(self, lane: Lane) -> bool:
        cap = self._caps.of(lane)
        return cap is None or self._waiting_bytes[lane] < cap

    def _has_room_for_all(self, change: Change) -> bool:
        return all(self._has_room(entry.event.lane) for entry in change.entries)

    def _keep(self, change: Change) -> int:
        """Store the change; how many of its events were refused."""
        refused = 0
        for entry in change.entries:
            has_room = change.yields or self._has_room(entry.event.lane)  # what yields was let in as a whole
            sealed = self._sealed(entry) if has_room else None
            if sealed is None:
                refused += 1
            else:
                self._insert(sealed)
        self._connection.executemany("INSERT OR REPLACE INTO remembered VALUES (?, ?)", change.remembered.items())
        return refused

    def _sealed(self, entry: Entry) -> _Sealed | None:
        """The event in its place; None for what cannot be said in the contract's terms, now or ever."""
        try:
            return self._seal(entry)
        except WireRefused as refused:
            log.warning("event_not_sealed", event_type=event_name(entry.event), reason=str(refused))
            return None

    def _seal(self, entry: Entry) -> _Sealed:
        lane = entry.event.lane
        before = self._heads[lane]
        link = Link(gateway=self.gateway, gen=self.gen, lane=lane, seq=before.seq + 1, prev=before.hash)
        stamp = Stamp(
            at_ms=unix_ms(self._clock.now()),
            source=self._trust.source,
            uncertainty_ms=self._trust.uncertainty_ms,
            mono_ms=round(self._clock.monotonic() * 1000),
            boot=self.boot,
        )
        payload = encode_record(Record(link=link, stamp=stamp, subject=entry.subject, event=entry.event))
        envelope = seal(payload, self._signer, Purpose.EVENT)
        return _Sealed(lane, Head(seq=link.seq, hash=link_hash(parse(envelope))), envelope)

    def _insert(self, sealed: _Sealed) -> None:
        place = (sealed.lane, sealed.head.seq, sealed.head.hash)
        self._connection.execute("INSERT INTO outbox VALUES (?, ?, ?, ?)", (*place, sealed.envelope))
        self._connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", place)
        self._heads[sealed.lane] = sealed.head
        self._waiting_bytes[sealed.lane] += len(sealed.envelope)

    def _load(self) -> None:
        """What is held in memory, anew from the file: after opening it, and after it refused a change."""
        with disk_refusals(self._path):
            heads = self._connection.execute("SELECT lane, seq, hash FROM head").fetchall()
            receipted = self._connection.execute("SELECT lane, seq FROM receipt").fetchall()
            first = genesis(self._signer.public.spki)
            self._heads = dict.fromkeys(Lane, first) | {
                Lane(lane): Head(seq=seq, hash=hash_) for lane, seq, hash_ in heads
            }
            self._receipted = dict.fromkeys(Lane, 0) | {Lane(lane): seq for lane, seq in receipted}
            self._waiting_bytes = {
                lane: self._connection.execute(
                    "SELECT coalesce(sum(length(envelope)), 0) FROM outbox WHERE lane = ? AND seq > ?",
                    (lane, self._receipted[lane]),
                ).fetchone()[0]
                for lane in Lane
            }
