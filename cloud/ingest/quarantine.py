"""Where messages go that are not believed: kept with the reason, counted, and looked at by a person.

Keeping them is what lets ingest acknowledge them, so that one bad message is not delivered for ever. The same bytes
refused again raise a count instead of making a row: a gateway that resends cannot push older evidence out. Beyond
MAX_ROWS or MAX_BYTES the oldest go of the gateway that fills most of it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, Row, Table, Text, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.refusals import Reason

MAX_ROWS: Final = 10_000
MAX_BYTES: Final = 64 * 2**20
_SLACK: Final = 10  # room made at once, as a part of what is kept: to find whose must go takes a look at every row
_MAX_TOPIC_CHARS: Final = 200
_MAX_DETAIL_CHARS: Final = 200

quarantine_table = Table(
    "quarantine",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("times", Integer, nullable=False, default=1),
    Column("first_at", UtcInstant, nullable=False),
    Column("last_at", UtcInstant, nullable=False),
    sqlite_autoincrement=True,  # numbers of rows that went are not used again, so that they can be counted
)
_q = quarantine_table.c
_who = func.substr(_q.topic, 1, len("lw/1/B9X7HK54"))
"""Under whose topics it came: a broker lets everybody speak below his own name alone."""
_size = func.length(_q.raw)
_NEW: Final = insert(quarantine_table)
_KEEP: Final = _NEW.on_conflict_do_update(  # built once: whoever floods us pays for it, not we
    index_elements=["digest"], set_={"times": _q.times + 1, "last_at": _NEW.excluded.last_at}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A refused message; `raw` holds its first bytes, `size` how many there were, `times` how often it came."""

    id: int
    reason: Reason
    detail: str
    topic: str
    raw: bytes
    size: int
    times: int
    first_at: datetime
    last_at: datetime

    def facts(self) -> dict[str, str | int]:
        """All of it in plain values, for JSON."""
        return {
            "id": self.id,
            "reason": str(self.reason),
            "detail": self.detail,
            "topic": self.topic,
            "times": self.times,
            "size": self.size,
            "first_at": self.first_at.isoformat(),
            "last_at": self.last_at.isoformat(),
            "raw": self.raw.hex(),
        }


def keep(connection: Connection, *, reason: Reason, detail: str, topic: str, raw: bytes, now: datetime) -> None:
    """Keep a refused message, or count it once more if the same bytes were refused on this topic for this reason."""
    digest = hashlib.sha256(b"\0".join([str(reason).encode(), topic.encode(), raw])).digest()
    row = {
        "digest": digest,
        "reason": str(reason),
        "detail": _visible(detail, _MAX_DETAIL_CHARS),
        "topic": _visible(topic, _MAX_TOPIC_CHARS),
        "raw": raw[:MAX_ENVELOPE_BYTES],
        "size": len(raw),
        "times": 1,
        "first_at": now,
        "last_at": now,
    }
    connection.execute(_KEEP, row)


def trim(connection: Connection) -> None:
    """Let go of messages until both bounds hold; called once in a transaction that kept something.

    They go from whoever fills most of it, his oldest first: nobody can push out what others are proved with.
    """
    total = select(func.count(), func.coalesce(func.sum(_size), 0))
    rows, size = connection.execute(total).one()
    while rows > MAX_ROWS or size > MAX_BYTES:
        weight = func.sum(_size / MAX_BYTES + 1.0 / MAX_ROWS)
        loudest = select(_who).group_by(_who).order_by(weight.desc()).limit(1).scalar_subquery()
        many = max(
            rows - MAX_ROWS + MAX_ROWS // _SLACK, (size - MAX_BYTES + MAX_BYTES // _SLACK) * rows // max(size, 1), 1
        )
        oldest = select(_q.id).where(_who == loudest).order_by(_q.id).limit(many)
        gone = connection.execute(delete(quarantine_table).where(_q.id.in_(oldest)).returning(_size)).scalars().all()
        rows, size = rows - len(gone), size - sum(gone)


def newest(connection: Connection, *, limit: int) -> list[Quarantined]:
    """The messages refused last, newest first."""
    statement = select(quarantine_table).order_by(_q.last_at.desc(), _q.id.desc()).limit(limit)
    return [_quarantined(row) for row in connection.execute(statement)]


def find(connection: Connection, number: int) -> Quarantined | None:
    """The refused message of this number."""
    row = connection.execute(select(quarantine_table).where(_q.id == number)).one_or_none()
    return None if row is None else _quarantined(row)


def oldest(connection: Connection, *, reason: Reason | None = None, after: int = 0, limit: int) -> list[Quarantined]:
    """Refused messages in the order they came first, from the first number behind `after`; of one reason, if given."""
    statement = select(quarantine_table).where(_q.id > after).order_by(_q.id).limit(limit)
    if reason is not None:
        statement = statement.where(_q.reason == str(reason))
    return [_quarantined(row) for row in connection.execute(statement)]


def forget(connection: Connection, number: int) -> None:
    """A message was taken after all."""
    connection.execute(delete(quarantine_table).where(_q.id == number))


def counts(connection: Connection) -> dict[Reason, int]:
    """How many messages are kept for each reason."""
    rows = connection.execute(select(_q.reason, func.count()).group_by(_q.reason).order_by(_q.reason))
    return {Reason(reason): count for reason, count in rows}


def _visible(text: str, limit: int) -> str:
    """What can be stored and shown: bounded, and without the characters a terminal would obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:limit])


def _quarantined(row: Row[Any]) -> Quarantined:
    return Quarantined(
        id=row.id,
        reason=Reason(row.reason),
        detail=row.detail,
        topic=row.topic,
        raw=row.raw,
        size=row.size,
        times=row.times,
        first_at=row.first_at,
        last_at=row.last_at,
    )
