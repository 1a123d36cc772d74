"""The journal for looking at: what a technician asks of it, while the gateway writes or after. Nothing is changed."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from gateway.adapters import journal_aside
from gateway.adapters.journal_aside import SetAside
from gateway.adapters.journal_check import Checked, JournalCheck
from gateway.adapters.journal_file import Identity, damaged, disk_refusals, identity_of, open_to_read, recall
from wire.envelope import parse
from wire.keys import PublicKey
from wire.record import Record, decode_record
from wire.refusals import WireRefused
from wire.terms import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """A lane: how far it has come, how far the cloud has it, and how much waits."""

    lane: Lane
    seq: int
    head: bytes
    receipted_seq: int
    receipted_at_ms: int | None
    waiting_bytes: int
    given_up: int = 0  # rows that no receipt covers and that are here no more

    @property
    def waiting(self) -> int:
        """How many rows no receipt covers yet."""
        return self.seq - self.receipted_seq - self.given_up


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """One kept row: its record, its size on the wire, and whether the cloud has it."""

    record: Record
    size_bytes: int
    is_receipted: bool


class JournalView:
    """A look into the journal; a context manager. Raises what `journal_file.open_to_read` raises."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection = open_to_read(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._connection.close()

    def identity(self) -> Identity:
        """Whose journal this is, and how often its gateway has started."""
        return identity_of(self._connection, self._path)

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`."""
        return recall(self._connection, self._path, name)

    def lanes(self) -> list[LaneView]:
        """Every lane that has begun."""
        with disk_refusals(self._path):
            rows = self._connection.execute(
                "SELECT head.lane, head.seq, head.hash, coalesce(receipt.seq, 0), receipt.at_ms,"
                " (SELECT coalesce(sum(length(envelope)), 0) FROM outbox"
                "  WHERE outbox.lane = head.lane AND outbox.seq > coalesce(receipt.seq, 0)),"
                " (SELECT coalesce(sum(last_seq - max(first_seq - 1, coalesce(receipt.seq, 0))), 0) FROM hole"
                "  WHERE hole.lane = head.lane AND last_seq > coalesce(receipt.seq, 0))"
                " FROM head LEFT JOIN receipt ON receipt.lane = head.lane ORDER BY head.lane"
            ).fetchall()
        return [
            LaneView(
                lane=Lane(lane),
                seq=seq,
                head=head,
                receipted_seq=receipted_seq,
                receipted_at_ms=receipted_at_ms,
                waiting_bytes=waiting_bytes,
                given_up=given_up,
            )
            for lane, seq, head, receipted_seq, receipted_at_ms, waiting_bytes, given_up in rows
        ]

    def newest(self, limit: int, lane: Lane | None = None) -> list[RowView]:
        """The newest rows still kept, of one lane or of all, in the order they were sealed."""
        lanes = tuple(Lane) if lane is None else (lane,)
        with disk_refusals(self._path):
            rows = self._connection.execute(
                "SELECT outbox.envelope, outbox.seq <= coalesce(receipt.seq, 0)"
                " FROM outbox LEFT JOIN receipt ON receipt.lane = outbox.lane"
                " WHERE outbox.lane BETWEEN ? AND ? ORDER BY outbox.rowid DESC LIMIT ?",
                (min(lanes), max(lanes), limit),
            ).fetchall()
        return [
            RowView(record=self._record(envelope), size_bytes=len(envelope), is_receipted=bool(is_receipted))
            for envelope, is_receipted in reversed(rows)
        ]

    def everything(self, lane: Lane | None = None) -> Iterator[tuple[RowView, bytes]]:
        """Every row still kept with its envelope, of one lane or of all, lane by lane in the order of its chain."""
        lanes = tuple(Lane) if lane is None else (lane,)
        with disk_refusals(self._path):
            rows = self._connection.execute(
                "SELECT outbox.envelope, outbox.seq <= coalesce(receipt.seq, 0)"
                " FROM outbox LEFT JOIN receipt ON receipt.lane = outbox.lane"
                " WHERE outbox.lane BETWEEN ? AND ? ORDER BY outbox.lane, outbox.seq",
                (min(lanes), max(lanes)),
            )
            for envelope, is_receipted in rows:
                record = self._record(envelope)
                yield RowView(record=record, size_bytes=len(envelope), is_receipted=bool(is_receipted)), envelope

    def set_aside(self) -> list[SetAside]:
        """What could not be sent, oldest first."""
        with disk_refusals(self._path):
            return journal_aside.everything(self._connection)

    def check(self, first: PublicKey, keys: tuple[PublicKey, ...], receipt_key: PublicKey | None) -> Checked:
        """Hold every row against the gateway's keys and the row before it."""
        return JournalCheck(self._connection, self._path, first, keys, receipt_key).run()

    def _record(self, envelope: bytes) -> Record:
        try:
            return decode_record(parse(envelope).payload)
        except WireRefused as refused:
            raise damaged(self._path, f"a row cannot be read, {refused}") from refused
