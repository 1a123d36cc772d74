"""The tables behind ingest: what was accepted, how far each chain has come, and what waits for a gap.

`intake` is the record of record: every accepted event once, as the very bytes its gateway signed, with a few columns
decoded beside them to find it by. Its `arrival` number rises with every row and is what a page or a stream resumes
from. `lane_head` is the end of each chain. `held` keeps what came too early; it is bounded, because whoever fills it
need not be a friend. (What was not believed stands in `quarantine`.)
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from cloud.ingest.verify import Genuine, LaneEnd
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import EventId, LaneId
from wire.chain import Head
from wire.envelope import parse
from wire.ids import GatewayId
from wire.instants import from_unix_ms, unix_ms
from wire.record import Record, decode_record
from wire.terms import Lane

MAX_HELD: Final = 256
"""Events of one gateway that may wait for a gap to fill; what comes beyond is not kept, and comes again."""

_PLACE: Final = ("gateway", "gen", "lane", "seq")


def _place_columns() -> list[Column[Any]]:
    return [
        Column("gateway", Text, nullable=False),
        Column("gen", Integer, nullable=False),
        Column("lane", Integer, nullable=False),
        Column("seq", Integer, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    ]


intake_table = Table(
    "intake",
    metadata,
    Column("arrival", Integer, primary_key=True),
    *_place_columns(),
    Column("sealed", LargeBinary, nullable=False),
    Column("code", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    UniqueConstraint(*_PLACE),
)
lane_head_table = Table(
    "lane_head",
    metadata,
    *_place_columns(),
    UniqueConstraint("gateway", "lane", "gen"),
)
held_table = Table(
    "held",
    metadata,
    *_place_columns(),
    Column("sealed", LargeBinary, nullable=False),
    Column("received_at", UtcInstant, nullable=False),
    UniqueConstraint(*_PLACE),
)
_i, _l, _h = intake_table.c, lane_head_table.c, held_table.c
Index("ix_intake_gateway_arrival", _i.gateway, _i.arrival)

_AT: Final = select(intake_table).where(*(_i[part] == bindparam(f"a_{part}") for part in _PLACE))  # every event's
_HOLD: Final = upsert(held_table).on_conflict_do_nothing()
_APPEND: Final = (  # in the driver's own words, since every event passes here
    "INSERT INTO intake (gateway, gen, lane, seq, hash, sealed, code, subject, at, received_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MOVE_HEAD: Final = (
    "INSERT INTO lane_head (gateway, gen, lane, seq, hash) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (gateway, lane, gen) DO UPDATE SET seq = excluded.seq, hash = excluded.hash"
)
_ENDS: Final = (
    "SELECT gateway, gen, lane, seq, hash FROM lane_head WHERE gateway IN (SELECT value FROM json_each(?)) ORDER BY gen"
)
_COUNT_HELD: Final = (
    "SELECT gateway, count(*) FROM held WHERE gateway IN (SELECT value FROM json_each(?)) GROUP BY gateway"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An accepted event as the other features see it."""

    arrival: int
    id: EventId
    record: Record
    received_at: datetime

    @property
    def at(self) -> datetime:
        """When the gateway sealed it, by the gateway's clock."""
        return from_unix_ms(self.record.stamp.at_ms)


def append(connection: Connection, accepted: Collection[Genuine], received_at: datetime) -> None:
    """Store accepted events."""
    received_ms = unix_ms(received_at)
    rows = [
        (
            (link := genuine.link).gateway,
            link.gen,
            int(link.lane),
            link.seq,
            genuine.own_hash,
            genuine.sealed,
            genuine.record.event.code,
            genuine.record.subject,
            genuine.record.stamp.at_ms,
            received_ms,
        )
        for genuine in accepted
    ]
    if rows:
        connection.exec_driver_sql(_APPEND, rows)


def move_heads(connection: Connection, heads: Mapping[tuple[GatewayId, int, Lane], Head]) -> None:
    """Let the chain of each (gateway, gen, lane) end at this head."""
    rows = [(gateway, gen, int(lane), head.seq, head.hash) for (gateway, gen, lane), head in heads.items()]
    if rows:
        connection.exec_driver_sql(_MOVE_HEAD, rows)


def lane_ends(connection: Connection, gateways: Collection[GatewayId]) -> dict[tuple[GatewayId, Lane], LaneEnd]:
    """How far the lanes of these gateways have come, each in its newest generation."""
    rows = connection.exec_driver_sql(_ENDS, (json.dumps(list(gateways)),))
    return {
        (GatewayId(gateway), Lane(lane)): LaneEnd(gen=gen, head=Head(seq=seq, hash=hash_))
        for gateway, gen, lane, seq, hash_ in rows
    }


def head_of(connection: Connection, gateway: GatewayId, gen: int, lane: Lane) -> Head | None:
    """How far one generation of a lane has come."""
    row = connection.execute(
        select(lane_head_table).where(_l.gateway == gateway, _l.gen == gen, _l.lane == int(lane))
    ).one_or_none()
    return None if row is None else Head(seq=row.seq, hash=row.hash)


def known_hash(connection: Connection, event: EventId) -> bytes | None:
    """The hash of what is stored or held at this place of a chain."""
    stored = stored_hash(connection, event)
    if stored is not None:
        return stored
    held: bytes | None = connection.execute(select(_h.hash).where(*_is_at(held_table, event))).scalar_one_or_none()
    return held


def stored_hash(connection: Connection, event: EventId) -> bytes | None:
    """The hash of what is stored at this place of a chain."""
    found: bytes | None = connection.execute(select(_i.hash).where(*_is_at(intake_table, event))).scalar_one_or_none()
    return found


def count_stored(connection: Connection, first: EventId, last_seq: int) -> int:
    """How many events of a stretch of a lane are stored."""
    lane = (_i.gateway == first.gateway, _i.gen == first.gen, _i.lane == first.lane)
    counted: int = connection.execute(
        select(func.count()).where(*lane, _i.seq.between(first.seq, last_seq))
    ).scalar_one()
    return counted


def count_held(connection: Connection, gateways: Collection[GatewayId]) -> dict[GatewayId, int]:
    """How many events of each of these gateways wait for a gap to fill; those of which none waits are left out."""
    rows = connection.exec_driver_sql(_COUNT_HELD, (json.dumps(list(gateways)),))
    return {GatewayId(gateway): counted for gateway, counted in rows}


def hold(connection: Connection, genuine: Genuine, received_at: datetime) -> bool:
    """Keep an event that came too early until the gap before it fills; False when it waits already."""
    row = _place_of(genuine) | {"sealed": genuine.sealed, "received_at": received_at}
    return connection.execute(_HOLD, row).rowcount == 1


def first_held(connection: Connection, lane: LaneId) -> Head | None:
    """The event right before the lowest that waits in a lane, as that one names it; None when nothing waits."""
    waits = (_h.gateway == lane.gateway, _h.gen == lane.gen, _h.lane == int(lane.lane))
    row = connection.execute(select(_h.seq, _h.sealed).where(*waits).order_by(_h.seq).limit(1)).one_or_none()
    return None if row is None else Head(seq=row.seq - 1, hash=decode_record(parse(row.sealed).payload).link.prev)


def take_held(connection: Connection, event: EventId) -> bytes | None:
    """Take the held event at this place out of the waiting ones; None when none waits there."""
    taken = delete(held_table).where(*_is_at(held_table, event)).returning(_h.sealed)
    sealed: bytes | None = connection.execute(taken).scalar_one_or_none()
    return sealed


def take_held_between(connection: Connection, first: EventId, last_seq: int) -> list[bytes]:
    """Take out what waits in a stretch of a lane, in the order of its numbers."""
    lane = (_h.gateway == first.gateway, _h.gen == first.gen, _h.lane == first.lane)
    taken = delete(held_table).where(*lane, _h.seq.between(first.seq, last_seq)).returning(_h.seq, _h.sealed)
    return [row.sealed for row in sorted(connection.execute(taken), key=attrgetter("seq"))]


def take_held_before(connection: Connection, gateway: GatewayId, lane: Lane, gen: int) -> list[bytes]:
    """Take out what waits in generations below `gen`: their gaps will never fill."""
    closed = (_h.gateway == gateway) & (_h.lane == int(lane)) & (_h.gen < gen)
    return list(connection.execute(delete(held_table).where(closed).returning(_h.sealed)).scalars())


def load(connection: Connection, event: EventId) -> StoredEvent | None:
    """The accepted event at this place."""
    place = {"a_gateway": event.gateway, "a_gen": event.gen, "a_lane": event.lane, "a_seq": event.seq}
    row = connection.execute(_AT, place).one_or_none()
    return _event(row) if row is not None and row.sealed else None


def page(
    connection: Connection,
    *,
    gateways: Collection[GatewayId] | None = None,
    subjects: Collection[str] | None = None,
    without_codes: Collection[int] = (),
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[StoredEvent]:
    """Accepted events, the last one first; those after an arrival number, where given, in the order they came.

    Only of these gateways, only about these meters ("" is the gateway itself), only with an arrival number below
    `before`, without events of some codes, where given.
    """
    statement = select(intake_table).limit(limit)
    statement = statement.order_by(_i.arrival.desc()) if after is None else statement.order_by(_i.arrival)
    if after is not None:
        statement = statement.where(_i.arrival > after)
    if before is not None:
        statement = statement.where(_i.arrival < before)
    if gateways is not None:
        statement = statement.where(_i.gateway.in_(gateways))
    if subjects is not None:
        statement = statement.where(_i.subject.in_(subjects))
    if without_codes:
        statement = statement.where(_i.code.not_in(without_codes))
    return _events(connection, statement)


def latest_of_code(connection: Connection, gateways: Collection[GatewayId], code: int) -> StoredEvent | None:
    """The event of this code that these gateways said last."""
    statement = select(intake_table).where(_i.gateway.in_(gateways), _i.code == code)
    return next(iter(_events(connection, statement.order_by(_i.arrival.desc()).limit(1))), None)


def sealed_of(connection: Connection, event: EventId) -> bytes | None:
    """The very bytes of the accepted event at this place."""
    statement = select(_i.sealed).where(*_is_at(intake_table, event))
    sealed: bytes | None = connection.execute(statement).scalar_one_or_none()
    return sealed


def _place_of(genuine: Genuine) -> dict[str, Any]:
    link = genuine.link
    place = {"gateway": link.gateway, "gen": link.gen, "lane": int(link.lane), "seq": link.seq}
    return place | {"hash": genuine.own_hash}


def _is_at(table: Table, event: EventId) -> list[Any]:
    c = table.c
    return [c.gateway == event.gateway, c.gen == event.gen, c.lane == event.lane, c.seq == event.seq]


def _events(connection: Connection, statement: Select[Any]) -> list[StoredEvent]:
    """The events of these rows; one whose octets were not kept is known by its place alone."""
    return [_event(row) for row in connection.execute(statement) if row.sealed]


def _event(row: Row[Any]) -> StoredEvent:
    return StoredEvent(
        arrival=row.arrival,
        id=EventId(gateway=GatewayId(row.gateway), gen=row.gen, lane=row.lane, seq=row.seq),
        record=decode_record(parse(row.sealed).payload),
        received_at=row.received_at,
    )
