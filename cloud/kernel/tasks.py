"""One table for everything that is to be done later, or elsewhere, exactly once.

A timer ("ask again in three minutes"), an outbox entry ("send this message") and news between features ("this event
was accepted") are the same thing: something to do, named so that it cannot stand twice, due at an instant. They share
one table because they then share one transaction with the state they belong to: either the case is opened *and* its
timer set, or neither happened.

A task is named by (kind, key). Adding one that stands already, done ones included, changes nothing: that is what
makes a redelivered event harmless. It leaves by `finish`, in the transaction that did the work; a failed one is put
off by `postpone` and, when hope is gone, set aside by `park`, where a person sees it and `revive` brings it back.

Tasks of one kind come out by due instant, then in the order they were added. A postponed task lets later ones pass:
whoever needs an order takes it from the content, never from the arrival.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    Row,
    Select,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from wire.instants import unix_ms

_MAX_FAILURE_CHARS: Final = 500

task_table = Table(
    "task",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due_at", UtcInstant, nullable=False),
    Column("payload", Text),
    Column("attempts", Integer, nullable=False, default=0),
    Column("failure", Text),
    Column("parked_at", UtcInstant),
    Column("done_at", UtcInstant),
    UniqueConstraint("kind", "key"),
)
_t = task_table.c
_is_open = _t.done_at.is_(None) & _t.parked_at.is_(None)
_ADD: Final = (  # in the driver's own words, since every event passes here
    "INSERT INTO task (kind, key, due_at, attempts) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING"
)
_is_named_and_due = (_t.kind == bindparam("a_kind")) & (_t.key == bindparam("a_key")) & (_t.due_at <= bindparam("now"))
_STILL_DUE: Final = select(task_table).where(_is_open, _is_named_and_due)  # built once, since every event passes here
_is_of_kinds = _t.kind.in_(bindparam("kinds", expanding=True))
_DUE: Final = (  # so are these two, since threads that take turns ask them all day
    select(task_table)
    .where(_is_open, _is_of_kinds, _t.due_at <= bindparam("now"))
    .order_by(_t.due_at, _t.id)
    .limit(bindparam("most"))
)
_NEXT_DUE: Final = select(func.min(_t.due_at, type_=UtcInstant)).where(_is_open, _is_of_kinds)
_FINISH: Final = update(task_table).where(_is_named_and_due).values(done_at=bindparam("now"))
Index("ix_task_open", _t.kind, _t.due_at, _t.id, sqlite_where=_is_open)
Index("ix_task_parked", _t.parked_at, sqlite_where=_t.parked_at.is_not(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do at `due_at`; `payload` is JSON text whose meaning belongs to the kind."""

    kind: str
    key: str
    due_at: datetime
    payload: str | None = None
    attempts: int = 0
    failure: str | None = None


def add(connection: Connection, kind: str, key: str, due_at: datetime, payload: str | None = None) -> bool:
    """Add the task; False, and nothing changed, if one of that name already stands, done or not."""
    statement = insert(task_table).values(kind=kind, key=key, due_at=due_at, payload=payload)
    return connection.execute(statement.on_conflict_do_nothing()).rowcount == 1


def add_many(connection: Connection, kind: str, keys: Sequence[str], due_at: datetime) -> None:
    """Add tasks without payload, in this order; those that stand already stay as they are."""
    if keys:
        due_ms = unix_ms(due_at)
        connection.exec_driver_sql(_ADD, [(kind, key, due_ms) for key in keys])


def reschedule(connection: Connection, kind: str, key: str, due_at: datetime, payload: str | None = None) -> None:
    """Let the task stand, open and untried, at `due_at` with `payload`, whether or not it stood before."""
    fresh = {"due_at": due_at, "payload": payload, "attempts": 0, "failure": None, "parked_at": None, "done_at": None}
    statement = insert(task_table).values(kind=kind, key=key, **fresh)
    connection.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_=fresh))


def ensure(connection: Connection, kind: str, key: str, due_at: datetime, payload: str | None = None) -> None:
    """Let the task stand open; one that stands open already keeps its own due instant and payload."""
    fresh = {"due_at": due_at, "payload": payload, "attempts": 0, "failure": None, "parked_at": None, "done_at": None}
    statement = insert(task_table).values(kind=kind, key=key, **fresh)
    connection.execute(statement.on_conflict_do_update(index_elements=["kind", "key"], set_=fresh, where=~_is_open))


def cancel(connection: Connection, kind: str, key: str) -> bool:
    """Take an open or parked task away as if it had never been added; False if there was none to take."""
    statement = delete(task_table).where(_t.kind == kind, _t.key == key, _t.done_at.is_(None))
    return connection.execute(statement).rowcount == 1


def due(connection: Connection, kinds: Collection[str], now: datetime, limit: int) -> list[Task]:
    """At most `limit` open tasks of these kinds whose time has come, the longest due first."""
    found = connection.execute(_DUE, {"kinds": list(kinds), "now": now, "most": limit})
    return [_task(row) for row in found]


def still_due(connection: Connection, task: Task, now: datetime) -> Task | None:
    """The task as it stands now, or None if it was meanwhile done, parked, cancelled or put off."""
    row = connection.execute(_STILL_DUE, {"a_kind": task.kind, "a_key": task.key, "now": now}).one_or_none()
    return None if row is None else _task(row)


def standing(connection: Connection, kind: str, key: str) -> Task | None:
    """The task of this name if it stands open, due or not."""
    statement = select(task_table).where(_is_open, _t.kind == kind, _t.key == key)
    return next(iter(_tasks(connection, statement)), None)


def count_unfinished(connection: Connection, kind: str) -> int:
    """How many tasks of a kind stand, open or parked."""
    counted: int = connection.execute(select(func.count()).where(_t.kind == kind, _t.done_at.is_(None))).scalar_one()
    return counted


def next_due_at(connection: Connection, kinds: Collection[str]) -> datetime | None:
    """When the next open task of these kinds falls due; None if none stands."""
    found: datetime | None = connection.execute(_NEXT_DUE, {"kinds": list(kinds)}).scalar_one()
    return found


def finish(connection: Connection, task: Task, now: datetime) -> None:
    """Mark the task done; belongs in the transaction that did its work.

    One that was meanwhile put to a later instant stays open: a handler may so look again.
    """
    connection.execute(_FINISH, {"a_kind": task.kind, "a_key": task.key, "now": now})


def postpone(connection: Connection, task: Task, due_at: datetime, failure: str) -> None:
    """Put a failed task off until `due_at`, counting the attempt and keeping why it failed."""
    _change(connection, task, due_at=due_at, attempts=task.attempts + 1, failure=failure[:_MAX_FAILURE_CHARS])


def park(connection: Connection, task: Task, now: datetime, failure: str) -> None:
    """Set a task aside that keeps failing; it stays visible in `parked` until a person revives it."""
    _change(connection, task, parked_at=now, attempts=task.attempts + 1, failure=failure[:_MAX_FAILURE_CHARS])


def parked(connection: Connection, limit: int = 100) -> list[Task]:
    """The tasks set aside, the longest waiting first."""
    statement = select(task_table).where(_t.parked_at.is_not(None), _t.done_at.is_(None))
    return _tasks(connection, statement.order_by(_t.parked_at, _t.id).limit(limit))


def revive(connection: Connection, kind: str, key: str, now: datetime) -> bool:
    """Give a parked task a new set of attempts, from now; False if none of that name is parked."""
    statement = update(task_table).where(_t.kind == kind, _t.key == key, _t.parked_at.is_not(None))
    return connection.execute(statement.values(parked_at=None, attempts=0, due_at=now)).rowcount == 1


def _change(connection: Connection, task: Task, **values: object) -> None:
    connection.execute(update(task_table).where(_t.kind == task.kind, _t.key == task.key).values(**values))


def _tasks(connection: Connection, statement: Select[tuple[object, ...]]) -> list[Task]:
    return [_task(row) for row in connection.execute(statement)]


def _task(row: Row[tuple[object, ...]]) -> Task:
    return Task(
        kind=row.kind,
        key=row.key,
        due_at=row.due_at,
        payload=row.payload,
        attempts=row.attempts,
        failure=row.failure,
    )
