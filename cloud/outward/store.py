"""How far each lane has been handed over: a place in the order in which events arrived, and what became of them.

There is no queue. Every accepted event stands in `intake` already, for good and in order; what is to be sent is what
stands behind the place. So a receiver that is away for a week costs no room, and a kill between a post and its commit
costs a second post of the same events.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, Select, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from cloud.ingest.store import intake_table
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import EventId
from cloud.outward.original import Original
from cloud.registry import store as registry
from cloud.registry.model import Gateway
from wire.envelope import parse
from wire.events import UnknownEvent
from wire.ids import GatewayId
from wire.record import decode_record
from wire.terms import Lane

place_table = Table(
    "outward_place",
    metadata,
    Column("lane", Integer, primary_key=True),
    Column("arrival", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("passed_over", Integer, nullable=False),
    Column("delivered_at", UtcInstant),
)
_i, _p = intake_table.c, place_table.c
_is_kept = func.length(_i.sealed) > 0  # of readings a customer did not agree to, only the place is


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """An event that stands behind the place, ready to leave."""

    arrival: int
    received_at: datetime
    original: Original

    @property
    def may_leave(self) -> bool:
        """Whether others may act on it: not on what nobody here can read, nor on a meter its gateway has no say in."""
        record = self.original.record
        is_its_own = not record.subject or bool(self.original.usage_point)
        return is_its_own and not isinstance(record.event, UnknownEvent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Some events of a lane that stand behind its place."""

    lane: Lane
    place: int
    events: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of events."""

    delivered: int = 0
    passed_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a lane stands: `waiting` events behind its place."""

    lane: Lane
    waiting: int
    delivered: int
    passed_over: int
    delivered_at: datetime | None


def settle(connection: Connection, lanes: Collection[Lane]) -> None:
    """Let these lanes alone have a place; a new one begins behind the newest event."""
    connection.execute(delete(place_table).where(_p.lane.not_in([int(lane) for lane in lanes])))
    newest = newest_arrival(connection)
    rows = [{"lane": int(lane), "arrival": newest, "delivered": 0, "passed_over": 0} for lane in lanes]
    if rows:
        connection.execute(upsert(place_table).on_conflict_do_nothing(), rows)


def newest_arrival(connection: Connection) -> int:
    """The arrival number of the newest event; 0 before the first."""
    newest: int | None = connection.execute(select(func.max(_i.arrival))).scalar_one()
    return newest or 0


def first_waiting(connection: Connection, lanes: Sequence[Lane], limit: int) -> Waiting | None:
    """The next events of the first of these lanes where any stand behind its place; None where none do."""
    places = {row.lane: row.arrival for row in connection.execute(select(place_table))}
    for lane in lanes:
        behind = select(intake_table).where(_is_kept, _i.arrival > places[lane], _i.lane == int(lane))
        rows = connection.execute(behind.order_by(_i.arrival).limit(limit)).all()
        if rows:
            known = _Known(connection)
            events = tuple(outgoing(known, row) for row in rows)
            return Waiting(lane=lane, place=places[lane], events=events)
    return None


def at(connection: Connection, event: EventId) -> Outgoing | None:
    """The accepted event of this name."""
    is_at = (_i.gateway == event.gateway) & (_i.gen == event.gen) & (_i.lane == event.lane) & (_i.seq == event.seq)
    row = connection.execute(select(intake_table).where(_is_kept, is_at)).one_or_none()
    return None if row is None else outgoing(_Known(connection), row)


def between(
    connection: Connection, lanes: Collection[Lane], since: datetime | None, until: datetime | None
) -> Iterator[Outgoing]:
    """Accepted events of these lanes that were signed from `since` on and before `until`, in the order they came."""
    statement: Select[Any] = select(intake_table).where(_is_kept, _i.lane.in_([int(lane) for lane in lanes]))
    if since is not None:
        statement = statement.where(_i.at >= since)
    if until is not None:
        statement = statement.where(_i.at < until)
    known = _Known(connection)
    for row in connection.execution_options(yield_per=500).execute(statement.order_by(_i.arrival)):
        yield outgoing(known, row)


def move(connection: Connection, lane: Lane, place: int, to: int, now: datetime, counts: Counts) -> None:
    """Move a lane's place, and count what became of the events between; nothing where somebody moved it meanwhile."""
    change: dict[str, Any] = {
        "arrival": to,
        "delivered": _p.delivered + counts.delivered,
        "passed_over": _p.passed_over + counts.passed_over,
    }
    if counts.delivered:
        change["delivered_at"] = now
    connection.execute(update(place_table).where(_p.lane == int(lane), _p.arrival == place).values(change))


def catch_up(connection: Connection, lane: Lane, newest: int) -> bool:
    """Put a lane's place behind `newest` where nothing of the lane stands between; whether nothing did."""
    place = connection.execute(select(_p.arrival).where(_p.lane == int(lane))).scalar_one()
    between_them = select(func.count()).where(_is_kept, _i.lane == int(lane), _i.arrival > place, _i.arrival <= newest)
    if connection.execute(between_them).scalar_one():
        return False
    connection.execute(update(place_table).where(_p.lane == int(lane), _p.arrival < newest).values(arrival=newest))
    return True


def put_back(connection: Connection, lane: Lane, since: datetime) -> int:
    """Put a lane's place before the first event received from `since` on; how many wait behind it now."""
    first = connection.execute(select(func.min(_i.arrival)).where(_i.received_at >= since)).scalar_one()
    if first is not None:
        connection.execute(
            update(place_table).where(_p.lane == int(lane), _p.arrival >= first).values(arrival=first - 1)
        )
    return next((standing.waiting for standing in standings(connection) if standing.lane is lane), 0)


def standings(connection: Connection) -> list[Standing]:
    """How every lane that leaves stands, the most urgent first."""
    waiting = (
        select(func.count())
        .where(_is_kept, _i.lane == _p.lane, _i.arrival > _p.arrival)
        .correlate(place_table)
        .scalar_subquery()
    )
    rows = connection.execute(select(place_table, waiting.label("waiting")).order_by(_p.lane))
    return [
        Standing(
            lane=Lane(row.lane),
            waiting=row.waiting,
            delivered=row.delivered,
            passed_over=row.passed_over,
            delivered_at=row.delivered_at,
        )
        for row in rows
    ]


class _Known:
    """The gateways as they stand, each asked for once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._gateways: dict[str, Gateway | None] = {}

    def get(self, gateway: str) -> Gateway | None:
        if gateway not in self._gateways:
            self._gateways[gateway] = registry.get(self._connection, GatewayId(gateway))
        return self._gateways[gateway]


def outgoing(known: _Known, row: Row[Any]) -> Outgoing:
    """A row of `intake` with what the registry says about its gateway."""
    parsed = parse(row.sealed)
    gateway = known.get(row.gateway)
    place = None if gateway is None else gateway.place_of(row.subject)
    key = None if gateway is None else gateway.key_of(parsed.key_id)
    return Outgoing(
        arrival=row.arrival,
        received_at=row.received_at,
        original=Original(
            record=decode_record(parsed.payload),
            sealed=row.sealed,
            usage_point="" if place is None else place.usage_point,
            spki=None if key is None else key.public.spki,
        ),
    )
