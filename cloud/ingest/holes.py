"""Holes: stretches of a lane that the chain goes on behind, because somebody answers for them.

A gateway says itself what it gave up (EventsDropped), and a person may write off what never came. Either way the lane's
head moves over the hole to the hash of its last event, which the next one names; what was held behind it is taken in.
A hole is kept for good: whoever counts what a gateway said finds here what is missing and who said why.

A hole whose beginning the lane has not reached is pending: what stands before it was not given up and is still to come.
Something that comes after it was given up (a broker kept it) is signed all the same: it is taken in and counted.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, Row, Select, Table, Text, select, update
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import EventId, LaneId
from wire.events import EventsDropped
from wire.ids import GatewayId
from wire.record import Link
from wire.terms import DropReason, Lane


class Cause(StrEnum):
    """Why nothing is expected there any more: the gateway's own word, or a person's."""

    FULL = "full"
    TOO_LARGE = "too large"
    MISSING = "missing"
    WITHHELD = "withheld"
    LOST_WITH_JOURNAL = "lost with the journal"
    WRITTEN_OFF = "written off"


_CAUSES: Final = {
    DropReason.FULL: Cause.FULL,
    DropReason.TOO_LARGE: Cause.TOO_LARGE,
    DropReason.MISSING: Cause.MISSING,
    DropReason.WITHHELD: Cause.WITHHELD,
}

hole_table = Table(
    "hole",
    metadata,
    Column("gateway", Text, primary_key=True),
    Column("gen", Integer, primary_key=True),
    Column("lane", Integer, primary_key=True),
    Column("first_seq", Integer, primary_key=True),
    Column("last_seq", Integer, primary_key=True),
    Column("head", LargeBinary, nullable=False),
    Column("cause", Text, nullable=False),
    Column("said_by", Text, nullable=False),
    Column("remark", Text, nullable=False, default=""),
    Column("said_at", UtcInstant, nullable=False),
    Column("passed_at", UtcInstant),
    Column("missing", Integer, nullable=False, default=0),
)
_h = hole_table.c
_ANY_PENDING: Final = "SELECT 1 FROM hole WHERE passed_at IS NULL LIMIT 1"
Index("ix_hole_pending", _h.gateway, sqlite_where=_h.passed_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Events `first_seq` to `last_seq` of a lane, whose last has the hash `head`, and who gave them up.

    `said_by` is the declaring event's identifier or a person's name; `remark` is the person's reason.
    """

    gateway: GatewayId
    gen: int
    lane: Lane
    first_seq: int
    last_seq: int
    head: bytes
    cause: Cause
    said_by: str
    remark: str = ""

    @property
    def lane_id(self) -> LaneId:
        """The chain it is in."""
        return LaneId(gateway=self.gateway, gen=self.gen, lane=self.lane)

    @property
    def last(self) -> EventId:
        """The place of the last event given up."""
        return self.lane_id.place(self.last_seq)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHole:
    """A hole as it is kept: since when it is known, when the chain went on behind it, how many events are missing."""

    hole: Hole
    said_at: datetime
    passed_at: datetime | None
    missing: int

    def facts(self) -> dict[str, object]:
        """All of it in plain values, for JSON."""
        hole = self.hole
        return {
            "gateway_id": hole.gateway,
            "gen": hole.gen,
            "lane": hole.lane.name.lower(),
            "first_seq": hole.first_seq,
            "last_seq": hole.last_seq,
            "missing": self.missing,
            "cause": str(hole.cause),
            "said_by": hole.said_by,
            "remark": hole.remark,
            "said_at": self.said_at.isoformat(),
            "passed_at": self.passed_at and self.passed_at.isoformat(),
        }


def declared(link: Link, dropped: EventsDropped) -> Hole | None:
    """The hole that the event at `link` declares; None where it cannot be one.

    Alarms are never given up: only their loss can be told, and of its own lane an event tells nothing but what is
    behind it.
    """
    if dropped.first_seq > dropped.last_seq:
        return None
    if dropped.of_lane is link.lane and (dropped.reason is not DropReason.MISSING or dropped.last_seq >= link.seq):
        return None
    return Hole(
        gateway=link.gateway,
        gen=link.gen,
        lane=dropped.of_lane,
        first_seq=dropped.first_seq,
        last_seq=dropped.last_seq,
        head=dropped.head,
        cause=_CAUSES[dropped.reason],
        said_by=str(link),
    )


def keep(connection: Connection, hole: Hole, now: datetime) -> bool:
    """Keep the hole as pending; False when it stands already."""
    row = {
        "gateway": hole.gateway,
        "gen": hole.gen,
        "lane": int(hole.lane),
        "first_seq": hole.first_seq,
        "last_seq": hole.last_seq,
        "head": hole.head,
        "cause": str(hole.cause),
        "said_by": hole.said_by,
        "remark": hole.remark,
        "said_at": now,
        "missing": 0,
    }
    return connection.execute(insert(hole_table).values(row).on_conflict_do_nothing()).rowcount == 1


def passed(connection: Connection, hole: Hole, missing: int, now: datetime) -> None:
    """The chain goes on behind the hole, in which `missing` events never came."""
    connection.execute(update(hole_table).where(*_is(hole)).values(passed_at=now, missing=missing))


def one_came(connection: Connection, hole: Hole) -> None:
    """One of the missing came all the same."""
    connection.execute(update(hole_table).where(*_is(hole), _h.missing > 0).values(missing=_h.missing - 1))


def pending(connection: Connection, gateways: Collection[str]) -> list[Hole]:
    """The holes of these gateways whose beginning their lanes have yet to reach."""
    if connection.exec_driver_sql(_ANY_PENDING).first() is None:  # as good as always
        return []
    found = select(hole_table).where(_h.passed_at.is_(None), _h.gateway.in_(gateways))
    return [known.hole for known in _known(connection, found.order_by(_h.first_seq))]


def around(connection: Connection, event: EventId) -> Hole | None:
    """The hole this place is in."""
    same_lane = (_h.gateway == event.gateway, _h.gen == event.gen, _h.lane == event.lane)
    within = select(hole_table).where(*same_lane, _h.first_seq <= event.seq, _h.last_seq >= event.seq)
    found = next(iter(_known(connection, within.order_by(_h.said_at.desc()).limit(1))), None)
    return None if found is None else found.hole


def newest(connection: Connection, *, gateway: GatewayId | None = None, limit: int) -> list[KnownHole]:
    """The holes told of last, newest first; only one gateway's, where one is named."""
    statement = select(hole_table).order_by(_h.said_at.desc(), _h.gateway, _h.lane, _h.first_seq.desc()).limit(limit)
    return _known(connection, statement if gateway is None else statement.where(_h.gateway == gateway))


def _is(hole: Hole) -> list[Any]:
    lane = [_h.gateway == hole.gateway, _h.gen == hole.gen, _h.lane == int(hole.lane)]
    return [*lane, _h.first_seq == hole.first_seq, _h.last_seq == hole.last_seq]


def _known(connection: Connection, statement: Select[Any]) -> list[KnownHole]:
    return [_known_hole(row) for row in connection.execute(statement)]


def _known_hole(row: Row[Any]) -> KnownHole:
    hole = Hole(
        gateway=GatewayId(row.gateway),
        gen=row.gen,
        lane=Lane(row.lane),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        head=row.head,
        cause=Cause(row.cause),
        said_by=row.said_by,
        remark=row.remark,
    )
    return KnownHole(hole=hole, said_at=row.said_at, passed_at=row.passed_at, missing=row.missing)
