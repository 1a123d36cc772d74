"""Whether a journal is what it says: every row sealed by the gateway's own key, in its place, following the one before.

The file's structure is checked each time the gateway opens it. This is the slow look that a technician, or whoever has
to prove something, asks for: it trusts the public keys alone. A key that was announced in the journal counts from its
announcement, which the key before it signed.

A first row that is not the lane's first event has nothing to be held against: what came before it was freed by a
receipt, and the receipt's hash is looked at instead where it is of that very place.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway.adapters.journal_file import disk_refusals, identity_of
from wire.chain import genesis
from wire.envelope import Purpose, link_hash, parse, verify
from wire.events import KeyAnnounced
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.receipts import open_receipt
from wire.record import Record, decode_record
from wire.refusals import Reason, WireRefused
from wire.terms import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it must be, at one place of a chain."""

    lane: Lane
    seq: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneChecked:
    """What was looked at of one lane; `first_seq` is 0 where no row is kept."""

    lane: Lane
    rows: int
    first_seq: int
    head_seq: int
    holes: int
    receipted_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The whole journal, looked at."""

    gateway: GatewayId
    gen: int
    lanes: tuple[LaneChecked, ...]
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class JournalCheck:
    """One look through one journal; `keys` are those the gateway has, `first` the one it is named by."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        first: PublicKey,
        keys: tuple[PublicKey, ...],
        receipt_key: PublicKey | None,
    ) -> None:
        self._connection = connection
        self._path = path
        self._first = first
        self._keys = {key.key_id: key for key in (first, *keys)}
        self._receipt_key = receipt_key

    def run(self) -> Checked:
        """Look at every row; raises JournalDamaged or JournalUnavailable where the file cannot be read on."""
        with disk_refusals(self._path):
            identity = identity_of(self._connection, self._path)
            place = (identity.gateway, identity.gen)
            findings = [finding for lane in Lane for finding in self._lane(lane, place)]
            return Checked(
                gateway=identity.gateway,
                gen=identity.gen,
                lanes=tuple(self._counted(lane) for lane in Lane),
                findings=tuple(findings),
            )

    def _lane(self, lane: Lane, place: tuple[GatewayId, int]) -> Iterator[Finding]:
        known = self._ends_of_holes(lane) | {0: genesis(self._first.spki).hash}
        holes = self._holes(lane)
        head_seq, head = self._head(lane)
        receipted_seq, expected = self._receipted_seq(lane), 0
        yield from self._receipt(lane, known, place)
        rows = self._connection.execute("SELECT seq, hash, envelope FROM outbox WHERE lane = ? ORDER BY seq", (lane,))
        for seq, own_hash, envelope in rows:
            first_needed = max(expected, receipted_seq + 1)
            if seq > first_needed:
                yield from _missing(lane, first_needed, seq - 1, holes)
            yield from self._row((*place, lane, seq), own_hash, envelope, known)
            known = {seq: own_hash} | {each: hash_ for each, hash_ in known.items() if each > seq}
            expected = seq + 1
        yield from _missing(lane, max(expected, receipted_seq + 1), head_seq, holes)
        if known.get(head_seq, head) != head:
            yield Finding(lane=lane, seq=head_seq, what="the lane's head is another event than the row there")

    def _row(
        self, place: tuple[GatewayId, int, Lane, int], own_hash: bytes, envelope: bytes, known: dict[int, bytes]
    ) -> Iterator[Finding]:
        _, _, lane, seq = place
        try:
            parsed = parse(envelope)
            key = self._keys.get(parsed.key_id)
            if key is None:
                yield Finding(lane=lane, seq=seq, what=f"{Reason.UNKNOWN_KEY}: {parsed.key_id.hex()}")
                return
            verify(parsed, key, Purpose.EVENT)
            record = decode_record(parsed.payload)
        except WireRefused as refused:
            yield Finding(lane=lane, seq=seq, what=str(refused))
            return
        link = record.link
        if (link.gateway, link.gen, link.lane, link.seq) != place:
            yield Finding(lane=lane, seq=seq, what=f"the row holds event {link}")
        if link_hash(parsed) != own_hash:
            yield Finding(lane=lane, seq=seq, what="the hash beside the row is another's")
        if link.prev != known.get(seq - 1, link.prev):
            yield Finding(lane=lane, seq=seq, what="it does not follow the event before it")
        self._learn(record)

    def _learn(self, record: Record) -> None:
        """A key that a believed alarm announces is believed from here on."""
        if isinstance(record.event, KeyAnnounced):
            try:
                key = PublicKey.from_spki(record.event.spki)
            except ValueError:
                return
            self._keys[key.key_id] = key

    def _receipt(self, lane: Lane, known: dict[int, bytes], place: tuple[GatewayId, int]) -> Iterator[Finding]:
        found = self._connection.execute("SELECT seq, hash, envelope FROM receipt WHERE lane = ?", (lane,)).fetchone()
        if found is None:
            return
        seq, head, envelope = found
        known[seq] = head
        if self._receipt_key is None:
            return
        try:
            receipt = open_receipt(envelope, self._receipt_key)
        except WireRefused as refused:
            yield Finding(lane=lane, seq=seq, what=f"its receipt proves nothing: {refused}")
            return
        if (receipt.gateway, receipt.gen, receipt.lane, receipt.seq, receipt.head) != (*place, lane, seq, head):
            yield Finding(lane=lane, seq=seq, what="its receipt is of another event")

    def _head(self, lane: Lane) -> tuple[int, bytes]:
        found = self._connection.execute("SELECT seq, hash FROM head WHERE lane = ?", (lane,)).fetchone()
        return (0, genesis(self._first.spki).hash) if found is None else (found[0], found[1])

    def _receipted_seq(self, lane: Lane) -> int:
        found = self._connection.execute("SELECT seq FROM receipt WHERE lane = ?", (lane,)).fetchone()
        return 0 if found is None else int(found[0])

    def _holes(self, lane: Lane) -> list[tuple[int, int]]:
        return self._connection.execute(
            "SELECT first_seq, last_seq FROM hole WHERE lane = ? ORDER BY first_seq", (lane,)
        ).fetchall()

    def _ends_of_holes(self, lane: Lane) -> dict[int, bytes]:
        return dict(self._connection.execute("SELECT last_seq, hash FROM hole WHERE lane = ?", (lane,)).fetchall())

    def _counted(self, lane: Lane) -> LaneChecked:
        rows, first_seq = self._connection.execute(
            "SELECT count(*), coalesce(min(seq), 0) FROM outbox WHERE lane = ?", (lane,)
        ).fetchone()
        return LaneChecked(
            lane=lane,
            rows=rows,
            first_seq=first_seq,
            head_seq=self._head(lane)[0],
            holes=len(self._holes(lane)),
            receipted_seq=self._receipted_seq(lane),
        )


def _missing(lane: Lane, first_seq: int, last_seq: int, holes: list[tuple[int, int]]) -> Iterator[Finding]:
    """What of these places lies in no hole that was told."""
    at = first_seq
    for first, last in [*holes, (last_seq + 1, last_seq + 1)]:
        if at <= last_seq and first > at:
            until = min(first - 1, last_seq)
            yield Finding(lane=lane, seq=at, what=f"gone, up to {until}, and not told yet")
        at = max(at, last + 1)
