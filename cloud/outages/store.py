"""The tables of outages: what is held of each home, its cases, and the timeline in which every event left its line.

A home's state is one row that only the rules read, so it is kept as JSON. Cases are what people and programs ask for,
so they stand in columns; a case is never deleted and, once closed, changes only where a late verdict completes it.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, Row, Select, Table, Text, UniqueConstraint, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import EventId, UsagePointId
from cloud.outages.effects import Noted
from cloud.outages.model import Breaker, Case, End, Ending, Finding, Phase, Remark, Return, State, Suspicion
from wire.events import Evidence
from wire.instants import from_unix_ms, unix_ms
from wire.terms import Cause, EvidenceKind, Grade, Stage

MAX_PAGE: Final = 200

state_table = Table(
    "outage_state",
    metadata,
    Column("usage_point", Text, primary_key=True),
    Column("phase", Text, nullable=False),
    Column("cases", Integer, nullable=False),
    Column("latest_case", Integer),
    Column("dips", Integer, nullable=False),
    Column("memory", Text, nullable=False),
)
case_table = Table(
    "outage_case",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("usage_point", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("meter", Text, nullable=False),
    Column("began_at", UtcInstant, nullable=False),
    Column("latest_loss_at", UtcInstant, nullable=False),
    Column("clock_is_good", Integer, nullable=False),
    Column("stage", Integer, nullable=False),
    Column("grade", Integer, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("verdict_by", Text, nullable=False),
    Column("verdict_at", UtcInstant, nullable=False),
    Column("sources", Text, nullable=False),
    Column("opened_at", UtcInstant, nullable=False),
    Column("told_at", UtcInstant),
    Column("returned", Text),
    Column("closed_at", UtcInstant),
    Column("end", Text),
    Column("end_by", Text),
    Column("end_cause", Integer),
    Column("closed_by", Text),
    Column("close_reason", Text),
    Column("attention", Text),
    UniqueConstraint("usage_point", "number"),
)
timeline_table = Table(
    "outage_timeline",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("usage_point", Text, nullable=False),
    Column("case_number", Integer),
    Column("remark", Text, nullable=False),
    Column("event", Text),
    Column("at", UtcInstant, nullable=False),
)
_s, _c, _t = state_table.c, case_table.c, timeline_table.c
Index("ix_outage_timeline_usage_point_id", _t.usage_point, _t.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeCase:
    """A case and whose home it is about; `id` rises in the order cases were opened."""

    id: int
    usage_point: UsagePointId
    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """What one event, or a timer (no event), did to a home's story, and when we took note."""

    id: int
    case_number: int | None
    remark: Remark
    event: EventId | None
    at: datetime


def load_state(connection: Connection, usage_point: UsagePointId, meter: str) -> State:
    """What is held of a home whose meter is `meter` now; a home never heard of is supplied."""
    row = connection.execute(select(state_table).where(_s.usage_point == usage_point)).one_or_none()
    if row is None:
        return State(meter=meter)
    memory = json.loads(row.memory)
    latest = None if row.latest_case is None else find(connection, usage_point, row.latest_case)
    return State(
        meter=meter,
        phase=Phase(row.phase),
        suspicion=_maybe(memory["suspicion"], _suspicion),
        finding=_maybe(memory["finding"], _finding),
        case=latest,
        cases=row.cases,
        dips=row.dips,
        breaker=_maybe(memory["breaker"], _breaker),
        endings=tuple(map(_ending, memory["endings"])),
        seen=tuple(map(EventId.parse, memory["seen"])),
    )


def save_state(connection: Connection, usage_point: UsagePointId, state: State) -> None:
    """Keep what is held of a home; its cases are kept by `save_case`."""
    memory = {
        "suspicion": _maybe(state.suspicion, lambda held: [unix_ms(held.began_at), str(held.by)]),
        "finding": _maybe(state.finding, _plain_finding),
        "breaker": _maybe(state.breaker, _plain_breaker),
        "endings": [_plain_ending(ending) for ending in state.endings],
        "seen": [str(event) for event in state.seen],
    }
    row = {
        "phase": state.phase.value,
        "cases": state.cases,
        "latest_case": state.case.number if state.case else None,
        "dips": state.dips,
        "memory": json.dumps(memory),
    }
    statement = insert(state_table).values(usage_point=usage_point, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["usage_point"], set_=row))


def save_case(connection: Connection, usage_point: UsagePointId, case: Case) -> None:
    """Keep the case as it stands now."""
    row = _case_row(case)
    statement = insert(case_table).values(usage_point=usage_point, number=case.number, **row)
    connection.execute(statement.on_conflict_do_update(index_elements=["usage_point", "number"], set_=row))


def add_line(connection: Connection, usage_point: UsagePointId, noted: Noted, now: datetime) -> None:
    """Add a line to the home's timeline."""
    event = None if noted.heard is None else str(noted.heard.event)
    row = {"case_number": noted.case_number, "remark": noted.remark.value, "event": event, "at": now}
    connection.execute(plain_insert(timeline_table).values(usage_point=usage_point, **row))


def find(connection: Connection, usage_point: str, number: int) -> Case | None:
    """One case of a home, or None."""
    statement = select(case_table).where(_c.usage_point == usage_point, _c.number == number)
    return next((found.case for found in _cases(connection, statement)), None)


def of_home(connection: Connection, usage_point: str, *, limit: int) -> list[Case]:
    """The home's cases, newest first."""
    statement = select(case_table).where(_c.usage_point == usage_point)
    return [found.case for found in _cases(connection, statement.order_by(_c.number.desc()).limit(limit))]


def newest(
    connection: Connection, *, before: int | None = None, usage_point: str | None = None, limit: int
) -> list[HomeCase]:
    """Cases, the last opened first; only those with an id below `before`, only of one home, where given."""
    statement = select(case_table).order_by(_c.id.desc())
    statement = statement if before is None else statement.where(_c.id < before)
    statement = statement if usage_point is None else statement.where(_c.usage_point == usage_point)
    return _cases(connection, statement.limit(min(limit, MAX_PAGE)))


def timeline(connection: Connection, usage_point: str, *, limit: int) -> list[TimelineEntry]:
    """What happened to the home, newest first."""
    statement = select(timeline_table).where(_t.usage_point == usage_point).order_by(_t.id.desc()).limit(limit)
    return [
        TimelineEntry(
            id=row.id,
            case_number=row.case_number,
            remark=Remark(row.remark),
            event=_maybe(row.event, EventId.parse),
            at=row.at,
        )
        for row in connection.execute(statement)
    ]


# Values to rows and back


def _case_row(case: Case) -> dict[str, object]:
    return {
        "meter": case.meter,
        "began_at": case.began_at,
        "latest_loss_at": case.latest_loss_at,
        "clock_is_good": int(case.clock_is_good),
        "stage": int(case.stage),
        "grade": int(case.grade),
        "evidence": json.dumps(_plain_evidence(case.evidence)),
        "verdict_by": str(case.verdict_by),
        "verdict_at": case.verdict_at,
        "sources": json.dumps([str(event) for event in case.sources]),
        "opened_at": case.opened_at,
        "told_at": case.told_at,
        "returned": _maybe(case.returned, lambda returned: json.dumps(_plain_return(returned))),
        "closed_at": case.closed_at,
        "end": case.end,
        "end_by": _maybe(case.end_by, str),
        "end_cause": _maybe(case.end_cause, int),
        "closed_by": case.closed_by,
        "close_reason": case.close_reason,
        "attention": case.attention,
    }


def _cases(connection: Connection, statement: Select[Any]) -> list[HomeCase]:
    return [
        HomeCase(id=row.id, usage_point=UsagePointId(row.usage_point), case=_case(row))
        for row in connection.execute(statement)
    ]


def _case(row: Row[Any]) -> Case:
    return Case(
        number=row.number,
        meter=row.meter,
        began_at=row.began_at,
        latest_loss_at=row.latest_loss_at,
        clock_is_good=bool(row.clock_is_good),
        stage=Stage(row.stage),
        grade=Grade(row.grade),
        evidence=_evidence(json.loads(row.evidence)),
        verdict_by=EventId.parse(row.verdict_by),
        verdict_at=row.verdict_at,
        sources=tuple(map(EventId.parse, json.loads(row.sources))),
        opened_at=row.opened_at,
        told_at=row.told_at,
        returned=_maybe(row.returned, lambda text: _return(json.loads(text))),
        closed_at=row.closed_at,
        end=_maybe(row.end, End),
        end_by=_maybe(row.end_by, EventId.parse),
        end_cause=_maybe(row.end_cause, Cause),
        closed_by=row.closed_by,
        close_reason=row.close_reason,
        attention=row.attention,
    )


def _plain_ending(ending: Ending) -> dict[str, object]:
    return {
        "began_at_ms": unix_ms(ending.began_at),
        "returned": _maybe(ending.returned, _plain_return),
        "by": str(ending.by),
        "case_number": ending.case_number,
        "by_operator": ending.by_operator,
        "finding": _maybe(ending.finding, int),
    }


def _ending(plain: dict[str, Any]) -> Ending:
    return Ending(
        began_at=from_unix_ms(plain["began_at_ms"]),
        returned=_maybe(plain["returned"], _return),
        by=EventId.parse(plain["by"]),
        case_number=plain["case_number"],
        by_operator=plain["by_operator"],
        finding=_maybe(plain["finding"], Cause),
    )


def _plain_finding(finding: Finding) -> dict[str, object]:
    return {
        "cause": int(finding.cause),
        "stage": int(finding.stage),
        "grade": int(finding.grade),
        "evidence": _plain_evidence(finding.evidence),
        "by": str(finding.by),
        "began_at_ms": unix_ms(finding.began_at),
        "said_at_ms": unix_ms(finding.said_at),
        "clock_is_good": finding.clock_is_good,
    }


def _finding(plain: dict[str, Any]) -> Finding:
    return Finding(
        cause=Cause(plain["cause"]),
        stage=Stage(plain["stage"]),
        grade=Grade(plain["grade"]),
        evidence=_evidence(plain["evidence"]),
        by=EventId.parse(plain["by"]),
        began_at=from_unix_ms(plain["began_at_ms"]),
        said_at=from_unix_ms(plain["said_at_ms"]),
        clock_is_good=plain["clock_is_good"],
    )


def _plain_breaker(breaker: Breaker) -> list[int | None]:
    return [breaker.number, unix_ms(breaker.began_at), _maybe(breaker.told_at, unix_ms)]


def _breaker(plain: list[Any]) -> Breaker:
    number, began_at_ms, told_at_ms = plain
    return Breaker(number=number, began_at=from_unix_ms(began_at_ms), told_at=_maybe(told_at_ms, from_unix_ms))


def _plain_evidence(evidence: tuple[Evidence, ...]) -> list[list[int]]:
    return [[item.kind, item.value, item.age_ms] for item in evidence]


def _evidence(plain: list[list[int]]) -> tuple[Evidence, ...]:
    return tuple(Evidence(kind=EvidenceKind(kind), value=value, age_ms=age_ms) for kind, value, age_ms in plain)


def _plain_return(returned: Return) -> dict[str, object]:
    return {
        "at_ms": unix_ms(returned.at),
        "held_s": returned.held_s,
        "lowest_mv": returned.lowest_mv,
        "proven_by": str(returned.proven_by),
        "said_at_ms": unix_ms(returned.said_at),
        "clock_is_good": returned.clock_is_good,
    }


def _return(plain: dict[str, Any]) -> Return:
    return Return(
        at=from_unix_ms(plain["at_ms"]),
        held_s=plain["held_s"],
        lowest_mv=plain["lowest_mv"],
        proven_by=EventId.parse(plain["proven_by"]),
        said_at=from_unix_ms(plain["said_at_ms"]),
        clock_is_good=plain["clock_is_good"],
    )


def _suspicion(plain: list[Any]) -> Suspicion:
    began_at_ms, by = plain
    return Suspicion(began_at=from_unix_ms(began_at_ms), by=EventId.parse(by))


def _maybe(value: Any, read: Callable[[Any], Any]) -> Any:
    return None if value is None else read(value)
