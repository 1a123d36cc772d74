"""The journal: every event, sealed in its place of the chain before anything is sent, and what followed from it.

One change is one transaction: number, chain link, signature, event, and the conclusions stored beside it.
A row is never altered. It is kept as it was sealed until the cloud's receipt names its number *and* its hash, and some
time longer for a technician to look at.

Bounds. Readings and diagnostics have a cap; past it the oldest rows of the lane are given up, an eighth of the cap at
a time, so that a year without a cloud makes few alarms of it. Alarms have no cap but the disk's, and are never given
up. What the broker does not take is set aside. Each hole in a chain is told in the alarm lane, in the transaction that
makes it; one that nobody here made is told as missing before the next heartbeat can claim that it is there.

A full disk: the ballast beside the journal is given up, and after it the oldest readings, then diagnostics. While the
ballast is gone, what yields is refused (the meter holds its load profile and is read again later), and so is every
reading. A disk that takes nothing at all, or is read-only, raises `JournalUnavailable`: nothing was kept, and whoever
concluded it concludes it again.

One writer (the pipeline) and one applier of receipts (the forwarder) share a connection under a lock.
"""

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters import journal_aside
from gateway.adapters.ballast import Ballast
from gateway.adapters.journal_aside import SetAside
from gateway.adapters.journal_file import (
    BEGUN_ANEW,
    LEAST_WAL_PAGES,
    USUAL_WAL_PAGES,
    checkpoint_every,
    closed_on_error,
    disk_refusals,
    identity_of,
    open_to_write,
    recall,
    squeeze,
    transaction,
)
from gateway.adapters.journal_lanes import Lanes
from gateway.adapters.journal_sealing import USUAL_TRUST, ClockTrust, Sealing
from gateway.adapters.own_keys import SIGNING_KEY, check_signs
from gateway.core.errors import JournalFull, JournalUnavailable
from gateway.core.outbox import Change, Entry, Hole, OutboxRow, ReceiptOutcome
from runtime import logs
from runtime.clock import Clock
from runtime.errors import InputRefused
from wire.bodies import event_name
from wire.chain import genesis
from wire.envelope import Signer, parse
from wire.events import EventSetAside, Heartbeat, JournalBegunAnew, LaneHead
from wire.ids import GatewayId
from wire.key_life import announce
from wire.keys import PublicKey
from wire.receipts import Receipt
from wire.record import decode_record
from wire.refusals import WireRefused
from wire.terms import DropReason, JournalLoss, Lane, SetAsideReason

log = logs.get(__name__)
BALLAST_FILE = "journal.ballast"
_MOST_GIVEN_UP_FOR_ONE = 6  # times that room is made for one commit on a full disk
_LEAST_ROOM_BYTES = 64_000  # less would not free whole pages for an alarm and its index
_GIVEN_UP_AT_ONCE = 8  # this part of a lane's cap


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much may wait for a receipt, how many receipted rows of a lane are kept to look at, and what lies as ballast.

    The ballast is room on the disk that is kept for alarms; without one, a full disk takes nothing.
    """

    readings_bytes: int = 64_000_000
    diagnostics_bytes: int = 8_000_000
    history_rows: int = 200
    ballast_bytes: int = 0

    def of(self, lane: Lane) -> int | None:
        """The lane's cap in bytes; None for alarms."""
        return {Lane.READINGS: self.readings_bytes, Lane.DIAGNOSTICS: self.diagnostics_bytes}.get(lane)


class Journal:
    """The gateway's own book. Every method may be called from any thread."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        signer: Signer,
        clock: Clock,
        caps: Caps,
        trust: ClockTrust,
        ballast: Ballast,
        first: PublicKey,
    ) -> None:
        self._connection = connection
        self._path = path
        self._signer = signer
        self._caps = caps
        self._ballast = ballast
        self._lock = threading.RLock()
        identity = identity_of(connection, path)
        self.gateway, self.gen, self.boot = identity.gateway, identity.gen, identity.boots
        self._sealing = Sealing(self.gateway, self.gen, self.boot, clock, trust)
        self._lanes = Lanes(connection, path, genesis(first.spki))
        self._lay_ballast()
        self._say_begun_anew()
        self._declare_missing()

    @classmethod
    def open(
        cls,
        path: Path,
        gateway: GatewayId,
        signer: Signer,
        clock: Clock,
        caps: Caps = Caps(),
        trust: ClockTrust = USUAL_TRUST,
        first: PublicKey | None = None,
    ) -> "Journal":
        """Check the file, count this start of the gateway, and go on where it ended.

        `first` is the key the gateway is named by, where another one signs by now: each generation begins at its
        genesis.

        Raises JournalDamaged, JournalUnavailable, or InputRefused for another gateway's journal or an older key.
        """
        ballast = Ballast(path.with_name(BALLAST_FILE), caps.ballast_bytes)
        ballast.lay()
        try:
            connection = _opened(path, gateway, signer)
        except JournalUnavailable:  # a disk that filled up while the gateway was off
            if not ballast.give_up():
                raise
            connection = _opened(path, gateway, signer)
        with closed_on_error(connection):
            return cls(connection, path, signer, clock, caps, trust, ballast, first or signer.public)

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._connection.close()

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        """Keep the changes in one transaction; for each, whether it was kept.

        Raises JournalUnavailable, and then none was kept.
        """
        with self._lock:
            if any(isinstance(entry.event, Heartbeat) for change in changes for entry in change.entries):
                self._lay_ballast()
                self._declare_missing()
            for _ in range(_MOST_GIVEN_UP_FOR_ONE):
                try:
                    return self._store(changes)
                except JournalFull:
                    if not self._make_room():
                        raise
            return self._store(changes)

    @property
    def signer(self) -> Signer:
        """The key that signs now."""
        return self._signer

    def change_key(self, new: Signer) -> int:
        """Announce `new` as the last alarm under the key that signed until now; its number. What follows, `new` signs.

        Raises JournalUnavailable, and then the old key goes on.
        """
        with self._lock:
            said = announce(self.gateway, self._signer.public, new, self.heads())
            new_id = new.public.key_id.hex()
            try:
                with self._transaction():
                    self._append(Entry(subject="", event=said))
                    self._connection.execute("INSERT OR REPLACE INTO remembered VALUES (?, ?)", (SIGNING_KEY, new_id))
            except JournalUnavailable:
                if self.recall(SIGNING_KEY) != new_id:  # a commit that failed may have been one all the same
                    raise
            self._signer = new
            return self._lanes.head(Lane.ALARM).seq

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`."""
        with self._lock:
            return recall(self._connection, self._path, name)

    def heads(self) -> tuple[LaneHead, ...]:
        """How far each lane has come."""
        with self._lock:
            heads = ((lane, self._lanes.head(lane)) for lane in Lane)
            return tuple(LaneHead(lane=lane, seq=head.seq, head=head.hash) for lane, head in heads)

    def waiting(self) -> int:
        """How many rows no receipt covers yet."""
        with self._lock:
            return self._lanes.waiting()

    def refused(self) -> int:
        """How many events were refused since the journal was begun: there was no room, or they cannot be said."""
        with self._lock:
            return identity_of(self._connection, self._path).refused

    def receipted_at_ms(self) -> int:
        """When the newest receipt was signed, by the cloud's clock; 0 before the first."""
        with self._lock, disk_refusals(self._path):
            (at_ms,) = self._connection.execute("SELECT coalesce(max(at_ms), 0) FROM receipt").fetchone()
        return int(at_ms)

    def oldest_waiting(self, lane: Lane, limit: int) -> list[OutboxRow]:
        """The first rows of a lane that no receipt covers yet, in the order of the chain."""
        with self._lock, disk_refusals(self._path):
            return self._lanes.oldest_waiting(lane, limit)

    def apply(self, receipt: Receipt, envelope: bytes) -> ReceiptOutcome:
        """Free what the receipt covers, if it is about our own chain as it stands; `envelope` is kept as its proof."""
        with self._lock:
            outcome = self._judge(receipt)
            if outcome is ReceiptOutcome.APPLIED:
                with self._transaction():
                    self._lanes.free(receipt, envelope, self._caps.history_rows)
            return outcome

    def set_aside(self, lane: Lane, seq: int, reason: SetAsideReason) -> bool:
        """Take a row that cannot be sent out of the way, keep it here, and say so in the chain; never an alarm.

        False where there is nothing to take away. Raises JournalUnavailable: it is still in the way.
        """
        with self._lock, disk_refusals(self._path):
            found = self._lanes.waiting_row(lane, seq)
            if found is None or lane is Lane.ALARM:
                return False
            own_hash, envelope = found
            record = decode_record(parse(envelope).payload)
            hole = Hole(lane=lane, first_seq=seq, last_seq=seq, head=own_hash, reason=DropReason.TOO_LARGE)
            with self._transaction():
                self._give_up(hole)
                self._put_aside(
                    record.subject,
                    SetAside(
                        lane=lane,
                        seq=seq,
                        code=record.event.code,
                        reason=reason,
                        at_ms=self._sealing.now_ms(),
                        content=envelope,
                    ),
                )
                self._keep_to_caps()
            return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, in the file and in memory."""
        try:
            with transaction(self._connection, self._path):
                yield
        except BaseException:
            self._lanes.load()
            raise

    def _judge(self, receipt: Receipt) -> ReceiptOutcome:
        if (receipt.gateway, receipt.gen) != (self.gateway, self.gen):
            return ReceiptOutcome.FOREIGN
        if receipt.seq <= self._lanes.receipted_seq(receipt.lane):
            return ReceiptOutcome.STALE
        if receipt.seq > self._lanes.head(receipt.lane).seq:
            return ReceiptOutcome.AHEAD
        with disk_refusals(self._path):
            own_hash = self._lanes.hash_at(receipt.lane, receipt.seq)
        if own_hash is None:  # of a row given up since; the receipt for the end of that hole will come
            self._lanes.cloud_came_to(receipt.lane, receipt.seq)
            return ReceiptOutcome.STALE
        return ReceiptOutcome.APPLIED if own_hash == receipt.head else ReceiptOutcome.CONFLICT

    def _store(self, changes: tuple[Change, ...]) -> tuple[bool, ...]:
        """One transaction; for each change, whether it was kept: what yields is not, while room is short."""
        is_short = self._ballast.is_short
        kept = tuple(not (change.yields and is_short) for change in changes)
        refused = sum(len(change.entries) for change, is_kept in zip(changes, kept, strict=True) if not is_kept)
        with self._transaction():
            refused += sum(map(self._keep, itertools.compress(changes, kept)))
            if refused:
                self._connection.execute("UPDATE identity SET refused = refused + ?", (refused,))
            self._keep_to_caps()
        return kept

    def _lay_ballast(self) -> None:
        self._ballast.lay()
        checkpoint_every(self._connection, LEAST_WAL_PAGES if self._ballast.is_short else USUAL_WAL_PAGES)

    def _make_room(self) -> bool:
        """On a full disk: what the WAL holds, the ballast, or the oldest rows; whether there was anything."""
        if squeeze(self._connection, self._path):
            return True
        if self._ballast.give_up():
            checkpoint_every(self._connection, LEAST_WAL_PAGES)
            return True
        return self._give_up_oldest()

    def _give_up_oldest(self) -> bool:
        """Readings, and diagnostics where there are none; whether there were any."""
        for lane in (Lane.READINGS, Lane.DIAGNOSTICS):
            wanted_bytes = max(_LEAST_ROOM_BYTES, self._lanes.waiting_bytes(lane) // _GIVEN_UP_AT_ONCE)
            hole = self._lanes.oldest_beyond(lane, wanted_bytes)
            if hole is not None:
                with self._transaction():
                    self._give_up(hole)
                return True
        return False

    def _keep(self, change: Change) -> int:
        """Store the change; how many of its events were refused: readings, while room is short."""
        refused = 0
        for entry in change.entries:
            if self._ballast.is_short and entry.event.lane is Lane.READINGS:
                refused += 1
            else:
                self._keep_entry(entry)
        self._connection.executemany("INSERT OR REPLACE INTO remembered VALUES (?, ?)", change.remembered.items())
        return refused

    def _keep_entry(self, entry: Entry) -> None:
        """Store the event in its place; what cannot be said in the contract's terms, now or ever, is set aside."""
        try:
            self._append(entry)
        except WireRefused as refused:
            log.warning("event_not_sealed", event_type=event_name(entry.event), reason=str(refused))
            self._put_aside(entry.subject, journal_aside.unsealed(entry.event, refused, self._sealing.now_ms()))

    def _put_aside(self, subject: str, item: SetAside) -> None:
        """Keep it and say so; that the saying itself could not be sent is not said."""
        journal_aside.put(self._connection, item)
        if item.code != EventSetAside.code:
            said = EventSetAside(of_code=item.code, size=len(item.content), reason=item.reason)
            self._append(Entry(subject=subject, event=said))

    def _keep_to_caps(self) -> None:
        """Give up the oldest rows of every lane past its cap."""
        for lane in Lane:
            cap = self._caps.of(lane)
            excess_bytes = 0 if cap is None else self._lanes.waiting_bytes(lane) - cap
            if cap is not None and excess_bytes > 0:
                hole = self._lanes.oldest_beyond(lane, excess_bytes + cap // _GIVEN_UP_AT_ONCE)
                if hole is not None:
                    self._give_up(hole)

    def _say_begun_anew(self) -> None:
        """The first alarm of a journal that follows a lost one."""
        line = self.recall(BEGUN_ANEW)
        if line is not None and self._lanes.head(Lane.ALARM).seq == 0:
            previous, reason = line.split()
            said = JournalBegunAnew(previous_gen=int(previous), reason=JournalLoss[reason])
            self.commit(Change(entries=(Entry(subject="", event=said),)))

    def _declare_missing(self) -> None:
        """Say what is gone from the file though nobody here gave it up."""
        with disk_refusals(self._path):
            missing = self._lanes.missing()
        if missing:
            with self._transaction():
                for hole in missing:
                    self._give_up(hole)
                if any(hole.lane is Lane.ALARM for hole in missing):  # perhaps the word of another hole among them
                    for hole in self._lanes.holes(apart_from=missing):
                        self._lanes.told_again(hole)
                        self._append(Entry(subject="", event=hole.declaration))

    def _give_up(self, hole: Hole) -> None:
        lane, reason = hole.lane.name.lower(), hole.reason.name.lower()
        log.error("events_dropped", lane=lane, first=hole.first_seq, last=hole.last_seq, reason=reason)
        self._lanes.give_up(hole)
        self._append(Entry(subject="", event=hole.declaration))

    def _append(self, entry: Entry) -> None:
        """Seal the event in its place and store it; raises WireRefused for what the contract cannot say."""
        head, envelope = self._sealing.seal(entry, self._lanes.head(entry.event.lane), self._signer)
        self._lanes.append(entry.event.lane, head, envelope)


def _opened(path: Path, gateway: GatewayId, signer: Signer) -> sqlite3.Connection:
    """The file after its checks, if it is this gateway's and `signer` still signs it; one start more is counted."""
    connection = open_to_write(path)
    with closed_on_error(connection):
        owner = identity_of(connection, path).gateway
        if owner != gateway:
            do = "use the folder its key was made in"
            raise InputRefused(f"the journal belongs to gateway {owner}", where=str(path), do=do)
        check_signs(signer.public, recall(connection, path, SIGNING_KEY), path)
        with transaction(connection, path):
            connection.execute("UPDATE identity SET boots = boots + 1")
    return connection
