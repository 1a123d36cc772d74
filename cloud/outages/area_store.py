"""The tables of outages on the tree: where each stands, its members, and a line for everything that became of it.

An outage is never deleted. Its members are those below the place where it stands now; a home it no longer reaches
leaves. Loading some outages costs two statements, however many members they have.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.sqlite import insert

from cloud.customers.store import usage_point_table
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.outages.area_model import Line, Mark, Member, Outage, Standing

MAX_PAGE: Final = 200

outage_table = Table(
    "outage",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("feeder", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("opened_at_device", Text, nullable=False),
    Column("began_at", UtcInstant, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("within", ForeignKey("outage.number")),
    Column("first_back_at", UtcInstant),
    Column("closed_at", UtcInstant),
    Column("absorbed_by", ForeignKey("outage.number")),
)
member_table = Table(
    "outage_member",
    metadata,
    Column("outage", ForeignKey("outage.number"), nullable=False),
    Column("usage_point", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("since", UtcInstant, nullable=False),
    Column("case_number", Integer),
    Column("asked_at", UtcInstant),
    Column("closed_by", Text),
    Column("close_reason", Text),
    PrimaryKeyConstraint("outage", "usage_point"),
    sqlite_with_rowid=False,
)
line_table = Table(
    "outage_line",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("outage", ForeignKey("outage.number"), nullable=False),
    Column("mark", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("usage_point", Text),
    Column("at", UtcInstant, nullable=False),
)
_o, _m, _l = outage_table.c, member_table.c, line_table.c
_UNVERIFIED_BEHIND: Final = (  # built once, since every voltage that is read asks
    select(_m.usage_point)
    .join(usage_point_table, usage_point_table.c.id == _m.usage_point)
    .join(outage_table, _o.number == _m.outage)
    .where(usage_point_table.c.meter == bindparam("a_meter"))
    .where(_m.standing == Standing.UNVERIFIED.value, _o.closed_at.is_(None))
    .limit(1)
)
Index("ix_outage_open", _o.feeder, sqlite_where=_o.closed_at.is_(None))
Index("ix_outage_member_usage_point", _m.usage_point, _m.outage)
Index("ix_outage_line_outage_id", _l.outage, _l.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageLine:
    """One line of an outage's timeline; `usage_point` where it is about one home."""

    id: int
    mark: Mark
    detail: str
    usage_point: UsagePointId | None
    at: datetime


def find(connection: Connection, number: int) -> Outage | None:
    """The outage of this number, or None."""
    return next(iter(_outages(connection, select(outage_table).where(_o.number == number))), None)


def newest(connection: Connection, before: int | None = None, *, limit: int) -> list[Outage]:
    """Outages, the last opened first; only those with a number below `before`, where given."""
    statement = select(outage_table).order_by(_o.number.desc()).limit(min(limit, MAX_PAGE))
    return _outages(connection, statement if before is None else statement.where(_o.number < before))


def open_of(connection: Connection, feeder: DeviceId) -> list[Outage]:
    """The open outages of a feeder, the first opened first."""
    return _outages(connection, select(outage_table).where(_is_open_at(feeder)).order_by(_o.number))


def count_open_elsewhere(connection: Connection, feeder: DeviceId) -> int:
    """How many outages are open on other feeders."""
    elsewhere = (_o.feeder != feeder) & _o.closed_at.is_(None)
    return connection.execute(select(func.count()).select_from(outage_table).where(elsewhere)).scalar_one()


def zones_of(connection: Connection, numbers: Collection[int]) -> set[str]:
    """The time zones of the homes that these outages reached."""
    joined = member_table.join(usage_point_table, usage_point_table.c.id == _m.usage_point)
    statement = select(usage_point_table.c.time_zone).distinct().select_from(joined).where(_m.outage.in_(numbers))
    return set(connection.execute(statement).scalars())


def scene_of(connection: Connection, feeder: DeviceId) -> list[Outage]:
    """The open outages of a feeder and those they were found in, though these be closed."""
    outer = select(_o.within).where(_is_open_at(feeder), _o.within.is_not(None))
    statement = select(outage_table).where(_is_open_at(feeder) | _o.number.in_(outer))
    return _outages(connection, statement.order_by(_o.number))


def of_home(connection: Connection, usage_point: str) -> Outage | None:
    """The outage a home is in now, else the last one it was in; not those that handed it on to another."""
    statement = (
        select(outage_table)
        .join(member_table, _m.outage == _o.number)
        .where(_m.usage_point == usage_point)
        .order_by(_m.standing == Standing.ELSEWHERE.value, _o.closed_at.is_not(None), _o.number.desc())
    )
    return next(iter(_outages(connection, statement.limit(1))), None)


def within(connection: Connection, number: int) -> list[Outage]:
    """The outages found within this one, the first opened first."""
    return _outages(connection, select(outage_table).where(_o.within == number).order_by(_o.number))


def timeline(connection: Connection, number: int, *, limit: int = MAX_PAGE) -> list[OutageLine]:
    """What became of an outage, newest first."""
    statement = select(line_table).where(_l.outage == number).order_by(_l.id.desc()).limit(limit)
    return [
        OutageLine(
            id=row.id,
            mark=Mark(row.mark),
            detail=row.detail,
            usage_point=None if row.usage_point is None else UsagePointId(row.usage_point),
            at=row.at,
        )
        for row in connection.execute(statement)
    ]


def next_number(connection: Connection) -> int:
    """The number the next outage will have."""
    highest: int | None = connection.execute(select(func.max(_o.number))).scalar_one()
    return 1 + (highest or 0)


def feeder_of(connection: Connection, number: int) -> DeviceId | None:
    """The feeder an open outage is on; None when it is closed, or none."""
    statement = select(_o.feeder).where(_o.number == number, _o.closed_at.is_(None))
    found = connection.execute(statement).scalar_one_or_none()
    return None if found is None else DeviceId(found)


def unverified_behind(connection: Connection, meter: str) -> UsagePointId | None:
    """The home this meter measures, if it is an unverified member of an open outage."""
    found = connection.execute(_UNVERIFIED_BEHIND, {"a_meter": meter}).scalar_one_or_none()
    return None if found is None else UsagePointId(found)


def open_with_unverified(connection: Connection, usage_point: str) -> list[int]:
    """The open outages of which this home is an unverified member."""
    statement = (
        select(_o.number)
        .join(member_table, _m.outage == _o.number)
        .where(_m.usage_point == usage_point, _m.standing == Standing.UNVERIFIED.value, _o.closed_at.is_(None))
    )
    return list(connection.execute(statement.order_by(_o.number)).scalars())


def save(connection: Connection, outage: Outage, before: Outage | None) -> None:
    """Keep the outage as it stands now; of its members only those that changed since `before` are written."""
    row = {
        "feeder": outage.feeder,
        "device": outage.device,
        "opened_at_device": outage.opened_at_device,
        "began_at": outage.began_at,
        "opened_at": outage.opened_at,
        "within": outage.within,
        "first_back_at": outage.first_back_at,
        "closed_at": outage.closed_at,
        "absorbed_by": outage.absorbed_by,
    }
    statement = insert(outage_table).values(number=outage.number, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["number"], set_=row))
    known = {} if before is None else {member.usage_point: member for member in before.members}
    _keep_members(connection, outage.number, [each for each in outage.members if known.get(each.usage_point) != each])
    _drop_members(connection, outage.number, known.keys() - {each.usage_point for each in outage.members})


def add_lines(connection: Connection, lines: Iterable[Line], now: datetime) -> None:
    """Add lines to timelines."""
    rows = [
        {
            "outage": line.number,
            "mark": line.mark.value,
            "detail": line.detail,
            "usage_point": line.usage_point,
            "at": now,
        }
        for line in lines
    ]
    if rows:
        connection.execute(plain_insert(line_table), rows)


def close_member(
    connection: Connection, number: int, usage_point: UsagePointId, who: str, reason: str, now: datetime
) -> None:
    """Let an unverified home stand as closed on a person's word."""
    values = {"standing": Standing.CLOSED.value, "since": now, "closed_by": who, "close_reason": reason}
    here = (_m.outage == number, _m.usage_point == usage_point, _m.standing == Standing.UNVERIFIED.value)
    connection.execute(update(member_table).where(*here).values(values))


def _is_open_at(feeder: DeviceId) -> Any:
    return (_o.feeder == feeder) & _o.closed_at.is_(None)


def _keep_members(connection: Connection, number: int, members: Collection[Member]) -> None:
    rows = [
        {
            "outage": number,
            "usage_point": member.usage_point,
            "standing": member.standing.value,
            "since": member.since,
            "case_number": member.case_number,
            "asked_at": member.asked_at,
            "closed_by": member.closed_by,
            "close_reason": member.close_reason,
        }
        for member in members
    ]
    if rows:
        statement = insert(member_table)
        said = statement.excluded
        set_ = {name: said[name] for name in rows[0] if name not in {"outage", "usage_point"}}
        connection.execute(statement.on_conflict_do_update(index_elements=["outage", "usage_point"], set_=set_), rows)


def _drop_members(connection: Connection, number: int, gone: Collection[UsagePointId]) -> None:
    if gone:
        statement = delete(member_table).where(_m.outage == number, _m.usage_point == bindparam("home"))
        connection.execute(statement, [{"home": home} for home in gone])


def _outages(connection: Connection, statement: Select[Any]) -> list[Outage]:
    rows = connection.execute(statement).all()
    members: dict[int, list[Member]] = {row.number: [] for row in rows}
    chosen = select(member_table).where(_m.outage.in_(list(members))).order_by(_m.outage, _m.usage_point)
    for row in connection.execute(chosen) if rows else ():
        members[row.outage].append(_member(row))
    return [_outage(row, tuple(members[row.number])) for row in rows]


def _member(row: Row[Any]) -> Member:
    return Member(
        usage_point=UsagePointId(row.usage_point),
        standing=Standing(row.standing),
        since=row.since,
        case_number=row.case_number,
        asked_at=row.asked_at,
        closed_by=row.closed_by,
        close_reason=row.close_reason,
    )


def _outage(row: Row[Any], members: tuple[Member, ...]) -> Outage:
    return Outage(
        number=row.number,
        feeder=DeviceId(row.feeder),
        device=row.device,
        opened_at_device=row.opened_at_device,
        began_at=row.began_at,
        opened_at=row.opened_at,
        within=row.within,
        first_back_at=row.first_back_at,
        closed_at=row.closed_at,
        absorbed_by=row.absorbed_by,
        members=members,
    )
