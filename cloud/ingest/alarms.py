"""What an operator must know of the chains: that something is missing, was given up, or that a key lives twice.

An alarm stands once for what it is about (kind, gateway, generation, lane) while it is open; more of the same changes
its words and numbers, so that a gateway which drops a thousand times fills one line and not a page. The alarm of a gap
ends by itself when the gap closes; every other stays until a person has seen it. Ended ones are kept, bounded.

Only chains are told of here: that a home is dark, or that a message was refused, stands on pages of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, Row, Table, Text, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import LaneId
from runtime import logs
from wire.ids import GatewayId
from wire.terms import Lane

MAX_ENDED: Final = 10_000
"""Ended alarms that are kept."""
_MAX_DETAIL_CHARS: Final = 200
_ITSELF: Final = ""

log = logs.get(__name__)


class Kind(StrEnum):
    """What an alarm is about."""

    GAP = "gap"  # events are claimed, or came, behind others that do not come
    GIVEN_UP = "given up"  # the gateway gave events up before the cloud had them
    BEGUN_ANEW = "begun anew"  # the gateway lost its journal
    KEY_NOT_TAKEN = "key not taken"  # a gateway announced a key that proves nothing: what follows is refused
    TWO_CHAINS = "two chains"  # a clone or a rollback: nothing of the gateway is believed any more


alarm_table = Table(
    "operator_alarm",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("gen", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("missing", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("times", Integer, nullable=False),
    Column("raised_at", UtcInstant, nullable=False),
    Column("changed_at", UtcInstant, nullable=False),
    Column("ended_at", UtcInstant),
    Column("ended_by", Text, nullable=False, default=_ITSELF),
    Column("remark", Text, nullable=False, default=""),
    sqlite_autoincrement=True,  # a number a person was told is never another alarm's
)
_a = alarm_table.c
_is_open = _a.ended_at.is_(None)
_SAME: Final = ("kind", "gateway", "gen", "lane")
Index("ux_operator_alarm_open", *(_a[name] for name in _SAME), unique=True, sqlite_where=_is_open)
Index("ix_operator_alarm_ended", _a.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm: events `first_seq` to `last_seq` of a lane, of which `missing` are not here; `detail` says more.

    `ended_by` is who has seen or settled it, empty where it ended by itself.
    """

    id: int
    kind: Kind
    gateway: GatewayId
    gen: int
    lane: Lane
    first_seq: int
    last_seq: int
    missing: int
    detail: str
    times: int
    raised_at: datetime
    changed_at: datetime
    ended_at: datetime | None
    ended_by: str
    remark: str

    @property
    def lane_id(self) -> LaneId:
        """The chain it is about."""
        return LaneId(gateway=self.gateway, gen=self.gen, lane=self.lane)

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    def facts(self) -> dict[str, object]:
        """All of it in plain values, for JSON."""
        return {
            "id": self.id,
            "kind": str(self.kind),
            "gateway_id": self.gateway,
            "gen": self.gen,
            "lane": self.lane.name.lower(),
            "first_seq": self.first_seq,
            "last_seq": self.last_seq,
            "missing": self.missing,
            "detail": self.detail,
            "times": self.times,
            "raised_at": self.raised_at.isoformat(),
            "changed_at": self.changed_at.isoformat(),
            "ended_at": self.ended_at and self.ended_at.isoformat(),
            "ended_by": self.ended_by,
            "remark": self.remark,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What an alarm is about: a stretch of a lane, and how many of its events are missing."""

    gateway: GatewayId
    gen: int
    lane: Lane
    first_seq: int
    last_seq: int
    missing: int


def told(connection: Connection, kind: Kind, stretch: Stretch, detail: str, now: datetime) -> None:
    """Raise the alarm; where it stands open already, it grows: one more time, and as far as it now reaches."""
    row = _row(kind, stretch, detail, now)
    grown = {
        "first_seq": func.min(_a.first_seq, stretch.first_seq),
        "last_seq": func.max(_a.last_seq, stretch.last_seq),
        "missing": _a.missing + stretch.missing,
        "times": _a.times + 1,
        "detail": row["detail"],
        "changed_at": now,
    }
    _stand(connection, row, grown)
    _log_raised(kind, stretch, detail)


def stands(connection: Connection, kind: Kind, stretch: Stretch, detail: str, now: datetime) -> None:
    """Let the alarm stand with exactly these numbers, newly raised or as it is known now."""
    row = _row(kind, stretch, detail, now)
    if not _find_open(connection, kind, stretch):
        _log_raised(kind, stretch, detail)
    _stand(connection, row, {name: row[name] for name in ("first_seq", "last_seq", "missing", "detail", "changed_at")})


def end_itself(connection: Connection, kind: Kind, lane: LaneId, now: datetime) -> bool:
    """End the open alarm of this kind, because what it was about is over; False when none was open."""
    about = (_a.kind == str(kind), _a.gateway == lane.gateway, _a.gen == lane.gen, _a.lane == int(lane.lane))
    ended = connection.execute(update(alarm_table).where(_is_open, *about).values(ended_at=now, changed_at=now))
    if ended.rowcount:
        _trim(connection)
        log.info("alarm_ended", kind=str(kind), gateway=lane.gateway, lane=lane.lane.name.lower())
    return ended.rowcount == 1


def end_by_person(connection: Connection, alarm: int, who: str, remark: str, now: datetime) -> None:
    """End an open alarm on a person's word."""
    change = {"ended_at": now, "changed_at": now, "ended_by": who, "remark": remark}
    connection.execute(update(alarm_table).where(_is_open, _a.id == alarm).values(change))
    _trim(connection)


def find(connection: Connection, alarm: int) -> Alarm | None:
    """The alarm of this number."""
    return next(iter(_alarms(connection.execute(select(alarm_table).where(_a.id == alarm)).all())), None)


def open_ones(connection: Connection, *, limit: int) -> list[Alarm]:
    """What is open, the last that changed first."""
    statement = select(alarm_table).where(_is_open).order_by(_a.changed_at.desc(), _a.id.desc()).limit(limit)
    return _alarms(connection.execute(statement).all())


def ended_ones(connection: Connection, *, limit: int) -> list[Alarm]:
    """What is over, the last that ended first."""
    statement = select(alarm_table).where(~_is_open).order_by(_a.ended_at.desc(), _a.id.desc()).limit(limit)
    return _alarms(connection.execute(statement).all())


def count_open(connection: Connection) -> int:
    """How many alarms are open."""
    counted: int = connection.execute(select(func.count()).where(_is_open)).scalar_one()
    return counted


def _row(kind: Kind, stretch: Stretch, detail: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": str(kind),
        "gateway": stretch.gateway,
        "gen": stretch.gen,
        "lane": int(stretch.lane),
        "first_seq": stretch.first_seq,
        "last_seq": stretch.last_seq,
        "missing": stretch.missing,
        "detail": detail[:_MAX_DETAIL_CHARS],
        "times": 1,
        "raised_at": now,
        "changed_at": now,
    }


def _stand(connection: Connection, row: dict[str, Any], change: dict[str, Any]) -> None:
    statement = insert(alarm_table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=_SAME, index_where=_is_open, set_=change))


def _find_open(connection: Connection, kind: Kind, stretch: Stretch) -> bool:
    about = (_a.gateway == stretch.gateway, _a.gen == stretch.gen, _a.lane == int(stretch.lane))
    return connection.execute(select(_a.id).where(_is_open, _a.kind == str(kind), *about)).first() is not None


def _log_raised(kind: Kind, stretch: Stretch, detail: str) -> None:
    log.warning(
        "alarm_raised",
        kind=str(kind),
        gateway=stretch.gateway,
        gen=stretch.gen,
        lane=stretch.lane.name.lower(),
        first_seq=stretch.first_seq,
        last_seq=stretch.last_seq,
        missing=stretch.missing,
        detail=detail,
    )


def _trim(connection: Connection) -> None:
    beyond = select(_a.id).where(~_is_open).order_by(_a.ended_at.desc(), _a.id.desc()).offset(MAX_ENDED)
    connection.execute(delete(alarm_table).where(_a.id.in_(beyond)))


def _alarms(rows: Sequence[Row[Any]]) -> list[Alarm]:
    return [_alarm(row) for row in rows]


def _alarm(row: Row[Any]) -> Alarm:
    return Alarm(
        id=row.id,
        kind=Kind(row.kind),
        gateway=GatewayId(row.gateway),
        gen=row.gen,
        lane=Lane(row.lane),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        missing=row.missing,
        detail=row.detail,
        times=row.times,
        raised_at=row.raised_at,
        changed_at=row.changed_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        remark=row.remark,
    )
