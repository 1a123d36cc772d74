"""The lanes of the journal, in its file and in memory alike: rows, heads, receipts, and the holes between the rows.

A row is never altered, and a hole is never made in silence: whoever gives rows up here says so in the chain, in the
same transaction (`EventsDropped`). A hole keeps the hash of its last event, since the cloud goes on from there and its
receipts name it.

What must be there is known: every number from the last receipt to the head is a row or lies in a hole. What is neither
is missing; `missing` finds it. A head that does not fit its rows cannot be, and is damage.

Everything here runs under the journal's lock; what writes runs in its transaction.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from gateway.adapters.journal_file import damaged, disk_refusals
from gateway.core.outbox import Hole, OutboxRow
from wire.chain import Head
from wire.envelope import parse
from wire.receipts import Receipt
from wire.record import decode_record
from wire.refusals import WireRefused
from wire.terms import DropReason, Lane

_MOST_HOLES_AT_ONCE = 16  # a transaction is bounded; what is missing beyond them is found the next time


@dataclass(slots=True)
class _Standing:
    """How far one lane has come; `holes` are those that no receipt covers yet, in order.

    `cloud_seq` is how far the cloud said it has come, though that lies in a hole and so frees nothing.
    """

    head: Head
    receipted_seq: int = 0
    cloud_seq: int = 0
    waiting_bytes: int = 0
    holes: list[Hole] = field(default_factory=list)

    @property
    def waiting(self) -> int:
        return self.head.seq - self.receipted_seq - sum(hole.size for hole in self.holes)


class Lanes:
    """All three lanes of one journal."""

    def __init__(self, connection: sqlite3.Connection, path: Path, first: Head) -> None:
        self._connection = connection
        self._path = path
        self._first = first
        self._standings: dict[Lane, _Standing] = {}
        self.load()

    def load(self) -> None:
        """What is held in memory, anew from the file; raises JournalDamaged where heads, rows and receipts disagree."""
        with disk_refusals(self._path):
            heads = self._connection.execute("SELECT lane, seq, hash FROM head").fetchall()
            receipted = dict(self._connection.execute("SELECT lane, seq FROM receipt").fetchall())
            known = {lane: Head(seq=seq, hash=hash_) for lane, seq, hash_ in heads}
            for lane in Lane:
                standing = _Standing(head=known.get(lane, self._first), receipted_seq=receipted.get(lane, 0))
                standing.waiting_bytes = self._bytes_between(lane, standing.receipted_seq, standing.head.seq)
                standing.holes = self._holes(lane, standing.receipted_seq)
                self._check(lane, standing)
                self._standings[lane] = standing

    def head(self, lane: Lane) -> Head:
        """The last event of the lane; the genesis before the first."""
        return self._standings[lane].head

    def receipted_seq(self, lane: Lane) -> int:
        """Up to which number a receipt covers the lane."""
        return self._standings[lane].receipted_seq

    def waiting_bytes(self, lane: Lane) -> int:
        """How much of the lane no receipt covers yet."""
        return self._standings[lane].waiting_bytes

    def waiting(self) -> int:
        """How many rows no receipt covers yet."""
        return sum(standing.waiting for standing in self._standings.values())

    def append(self, lane: Lane, head: Head, envelope: bytes) -> None:
        """The lane's next row."""
        place = (lane, head.seq, head.hash)
        self._connection.execute("INSERT INTO outbox VALUES (?, ?, ?, ?)", (*place, envelope))
        self._connection.execute("INSERT OR REPLACE INTO head VALUES (?, ?, ?)", place)
        standing = self._standings[lane]
        standing.head = head
        standing.waiting_bytes += len(envelope)

    def oldest_waiting(self, lane: Lane, limit: int) -> list[OutboxRow]:
        """The first rows of a lane that no receipt covers yet, in the order of the chain.

        Where the cloud next wants an alarm that is missing, the one that tells of it goes before them all: nothing
        moves before the cloud has it, and it may lie far behind.
        """
        after_seq = self._standings[lane].receipted_seq
        rows = self._connection.execute(
            "SELECT seq, envelope FROM outbox WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?", (lane, after_seq, limit)
        ).fetchall()
        if lane is Lane.ALARM and self._standings[lane].holes:
            told = self._words_of_missing_alarms()
            rows = [*told, *(row for row in rows if row not in told)][:limit]
        return [OutboxRow(lane=lane, seq=seq, envelope=envelope) for seq, envelope in rows]

    def _words_of_missing_alarms(self) -> list[tuple[int, bytes]]:
        """The alarms that tell of the holes where the cloud stands: by the last receipt, and by its own word."""
        lane, standing = Lane.ALARM, self._standings[Lane.ALARM]
        wanted = {standing.receipted_seq + 1, standing.cloud_seq + 1}
        told = [hole for hole in standing.holes if any(hole.first_seq <= seq <= hole.last_seq for seq in wanted)]
        return [
            row
            for hole in told
            for row in self._connection.execute(
                "SELECT seq, envelope FROM outbox WHERE lane = ? AND seq ="
                " (SELECT max(told_seq) FROM hole WHERE lane = ? AND last_seq = ?)",
                (lane, lane, hole.last_seq),
            )
        ]

    def waiting_row(self, lane: Lane, seq: int) -> tuple[bytes, bytes] | None:
        """Hash and envelope of the row at this place; None where there is none, or a receipt covers it."""
        if seq <= self._standings[lane].receipted_seq:
            return None
        found: tuple[bytes, bytes] | None = self._connection.execute(
            "SELECT hash, envelope FROM outbox WHERE lane = ? AND seq = ?", (lane, seq)
        ).fetchone()
        return found

    def hash_at(self, lane: Lane, seq: int) -> bytes | None:
        """The hash of the event at this place: of a row, or of the end of a hole; None inside a hole."""
        found = self.waiting_row(lane, seq)
        if found is not None:
            return found[0]
        return next((hole.head for hole in self._standings[lane].holes if hole.last_seq == seq), None)

    def cloud_came_to(self, lane: Lane, seq: int) -> None:
        """The cloud has come to this place inside a hole: what it had got before that was lost here."""
        standing = self._standings[lane]
        standing.cloud_seq = max(standing.cloud_seq, seq)

    def oldest_beyond(self, lane: Lane, excess_bytes: int) -> Hole | None:
        """The oldest rows whose going frees at least so much; never the newest row. None where there is but one."""
        standing = self._standings[lane]
        rows = self._connection.execute(
            "SELECT seq, hash, length(envelope) FROM outbox WHERE lane = ? AND seq > ? AND seq < ? ORDER BY seq",
            (lane, standing.receipted_seq, standing.head.seq),
        )
        first_seq, last, freed_bytes = 0, None, 0
        for seq, hash_, size in rows:
            first_seq, last, freed_bytes = first_seq or seq, (seq, hash_), freed_bytes + size
            if freed_bytes >= excess_bytes:
                break
        if last is None:
            return None
        return Hole(lane=lane, first_seq=first_seq, last_seq=last[0], head=last[1], reason=DropReason.FULL)

    def give_up(self, hole: Hole) -> None:
        """Where `hole` says, there are no rows any more, nor smaller holes; the next alarm is to tell of it."""
        between = (hole.lane, hole.first_seq, hole.last_seq)
        standing = self._standings[hole.lane]
        standing.waiting_bytes -= self._bytes_between(hole.lane, hole.first_seq - 1, hole.last_seq)
        self._connection.execute("DELETE FROM outbox WHERE lane = ? AND seq BETWEEN ? AND ?", between)
        self._connection.execute("DELETE FROM hole WHERE lane = ? AND first_seq BETWEEN ? AND ?", between)
        self._connection.execute(
            "INSERT INTO hole VALUES (?, ?, ?, ?, ?, ?)", (*between, hole.head, hole.reason, self._next_alarm_seq())
        )
        standing.holes = self._holes(hole.lane, standing.receipted_seq)

    def told_again(self, hole: Hole) -> None:
        """The next alarm tells of this hole."""
        self._connection.execute(
            "UPDATE hole SET told_seq = ? WHERE lane = ? AND last_seq = ?",
            (self._next_alarm_seq(), hole.lane, hole.last_seq),
        )

    def _next_alarm_seq(self) -> int:
        return self._standings[Lane.ALARM].head.seq + 1

    def holes(self, apart_from: Sequence[Hole]) -> list[Hole]:
        """Every hole that no receipt covers yet, and that is none of these."""
        return [hole for standing in self._standings.values() for hole in standing.holes if hole not in apart_from]

    def free(self, receipt: Receipt, envelope: bytes, history_rows: int) -> None:
        """The receipt covers everything up to its number; so many rows are kept to look at."""
        lane, standing = receipt.lane, self._standings[receipt.lane]
        freed_bytes = self._bytes_between(lane, standing.receipted_seq, receipt.seq)
        self._connection.execute(
            "INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?, ?)",
            (lane, receipt.seq, receipt.head, receipt.at_ms, envelope),
        )
        self._connection.execute("DELETE FROM outbox WHERE lane = ? AND seq <= ?", (lane, receipt.seq - history_rows))
        self._connection.execute("DELETE FROM hole WHERE lane = ? AND last_seq <= ?", (lane, receipt.seq))
        standing.receipted_seq = receipt.seq
        standing.waiting_bytes -= freed_bytes
        standing.holes = self._holes(lane, receipt.seq)

    def missing(self) -> list[Hole]:
        """What is neither a row nor in a hole: gone, and nobody here gave it up. At most some at once."""
        return list(islice((hole for lane in Lane for hole in self._missing_of(lane)), _MOST_HOLES_AT_ONCE))

    def _missing_of(self, lane: Lane) -> Iterator[Hole]:
        standing = self._standings[lane]
        (rows,) = self._connection.execute(
            "SELECT count(*) FROM outbox WHERE lane = ? AND seq > ?", (lane, standing.receipted_seq)
        ).fetchone()
        if rows >= standing.waiting:
            return
        there = self._connection.execute(
            "SELECT seq, seq, envelope FROM outbox WHERE lane = ? AND seq > ?"
            " UNION ALL SELECT first_seq, last_seq, NULL FROM hole WHERE lane = ? AND last_seq > ? ORDER BY 1",
            (lane, standing.receipted_seq, lane, standing.receipted_seq),
        )
        expected = standing.receipted_seq + 1
        for first, last, envelope in there:
            if first > expected and envelope is not None:
                yield _lost(lane, expected, first - 1, self._named_by(envelope))
            elif first > expected:  # a hole follows: they become one
                yield _lost(lane, expected, last, self._hole_ending_at(lane, last).head)
            expected = last + 1
        if expected <= standing.head.seq:
            yield _lost(lane, expected, standing.head.seq, standing.head.hash)

    def _named_by(self, envelope: bytes) -> bytes:
        """The hash of the event before this one, which it names."""
        try:
            return decode_record(parse(envelope).payload).link.prev
        except WireRefused as refused:
            raise damaged(self._path, f"a row cannot be read, {refused}") from refused

    def _hole_ending_at(self, lane: Lane, seq: int) -> Hole:
        return next(hole for hole in self._standings[lane].holes if hole.last_seq == seq)

    def _holes(self, lane: Lane, after_seq: int) -> list[Hole]:
        rows = self._connection.execute(
            "SELECT first_seq, last_seq, hash, reason FROM hole WHERE lane = ? AND last_seq > ? ORDER BY first_seq",
            (lane, after_seq),
        ).fetchall()
        return [
            Hole(lane=lane, first_seq=max(first, after_seq + 1), last_seq=last, head=head, reason=DropReason(reason))
            for first, last, head, reason in rows
        ]

    def _bytes_between(self, lane: Lane, after_seq: int, last_seq: int) -> int:
        (found,) = self._connection.execute(
            "SELECT coalesce(sum(length(envelope)), 0) FROM outbox WHERE lane = ? AND seq > ? AND seq <= ?",
            (lane, after_seq, last_seq),
        ).fetchone()
        return int(found)

    def _check(self, lane: Lane, standing: _Standing) -> None:
        newest: Sequence[tuple[int, bytes]] = self._connection.execute(
            "SELECT seq, hash FROM outbox WHERE lane = ? ORDER BY seq DESC LIMIT 1", (lane,)
        ).fetchall()
        head = (standing.head.seq, standing.head.hash)
        if any(row[0] > head[0] or (row[0] == head[0] and row[1] != head[1]) for row in newest):
            raise damaged(self._path, f"its {lane.name.lower()} do not end where it says")
        if standing.receipted_seq > standing.head.seq:
            raise damaged(self._path, f"a receipt covers {lane.name.lower()} that it never made")


def _lost(lane: Lane, first_seq: int, last_seq: int, head: bytes) -> Hole:
    return Hole(lane=lane, first_seq=first_seq, last_seq=last_seq, head=head, reason=DropReason.MISSING)
