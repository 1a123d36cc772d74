"""The table of commands: what was ordered, by whom, how often it was said, what became of it. Nothing is deleted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Row,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from cloud.kernel.db import UtcInstant, metadata
from wire.commands import Role
from wire.ids import GatewayId
from wire.terms import CommandOutcome

MAX_OPEN: Final = 1_000
"""Commands that may wait for their answers at a time."""

command_table = Table(
    "edge_command",
    metadata,
    Column("gateway", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("command_id", LargeBinary, nullable=False),
    Column("operation", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("role", Integer, nullable=False),
    Column("ordered_at", UtcInstant, nullable=False),
    Column("expires_at", UtcInstant, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("said", Integer, nullable=False, default=0),
    Column("say_at", UtcInstant, nullable=False),
    Column("outcome", Integer),
    Column("detail", Text),
    Column("took_ms", Integer),
    Column("answered_at", UtcInstant),
    PrimaryKeyConstraint("gateway", "number"),
)
_c = command_table.c
Index("ix_edge_command_open", _c.expires_at, sqlite_where=_c.answered_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A command as this cloud knows it; `operation` in words."""

    gateway: GatewayId
    number: int
    id: bytes
    operation: str
    actor: str
    role: Role
    ordered_at: datetime
    expires_at: datetime
    sealed: bytes
    said: int
    say_at: datetime
    outcome: CommandOutcome | None = None
    detail: str = ""
    took_ms: int | None = None
    answered_at: datetime | None = None

    def standing(self, now: datetime) -> str:
        """What has become of it, in a word or two."""
        if self.outcome is not None:
            return self.outcome.name.lower()
        return "waiting" if now <= self.expires_at else "unanswered"

    def facts(self, now: datetime) -> dict[str, object]:
        """All of it in plain values, for JSON."""
        return {
            "gateway_id": self.gateway,
            "number": self.number,
            "command": self.id.hex(),
            "operation": self.operation,
            "actor": self.actor,
            "role": self.role.name.lower(),
            "ordered_at": self.ordered_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "said": self.said,
            "standing": self.standing(now),
            "detail": self.detail,
            "took_ms": self.took_ms,
            "answered_at": None if self.answered_at is None else self.answered_at.isoformat(),
        }


def last_number(connection: Connection, gateway: GatewayId) -> int:
    """The number of the last command to this gateway; 0 before the first."""
    found: int | None = connection.execute(select(func.max(_c.number)).where(_c.gateway == gateway)).scalar_one()
    return found or 0


def add(connection: Connection, ordered: Ordered) -> None:
    """Keep a new command."""
    connection.execute(
        insert(command_table).values(
            gateway=ordered.gateway,
            number=ordered.number,
            command_id=ordered.id,
            operation=ordered.operation,
            actor=ordered.actor,
            role=int(ordered.role),
            ordered_at=ordered.ordered_at,
            expires_at=ordered.expires_at,
            sealed=ordered.sealed,
            said=0,
            say_at=ordered.say_at,
        )
    )


def count_open(connection: Connection, now: datetime) -> int:
    """How many commands wait for their answers."""
    counted: int = connection.execute(
        select(func.count()).where(_c.answered_at.is_(None), _c.expires_at >= now)
    ).scalar_one()
    return counted


def open_ones(connection: Connection, now: datetime) -> list[Ordered]:
    """The commands that wait for their answers, in the order of their numbers."""
    statement = select(command_table).where(_c.answered_at.is_(None), _c.expires_at >= now)
    return [_ordered(row) for row in connection.execute(statement.order_by(_c.number).limit(MAX_OPEN))]


def mark_said(connection: Connection, ordered: Ordered, say_at: datetime) -> None:
    """It was said once more, and is said again at `say_at` unless it is answered."""
    connection.execute(update(command_table).where(*_is(ordered)).values(said=_c.said + 1, say_at=say_at))


def answer(
    connection: Connection,
    gateway: GatewayId,
    command_id: bytes,
    *,
    outcome: CommandOutcome,
    detail: str,
    took_ms: int,
    answered_at: datetime,
) -> bool:
    """Keep the first answer to a command; False if there is none such, or it was answered before."""
    statement = update(command_table).where(
        _c.gateway == gateway, _c.command_id == command_id, _c.answered_at.is_(None)
    )
    values = {"outcome": int(outcome), "detail": detail, "took_ms": took_ms, "answered_at": answered_at}
    return connection.execute(statement.values(values)).rowcount == 1


def get(connection: Connection, gateway: GatewayId, number: int) -> Ordered | None:
    """The command of this number."""
    statement = select(command_table).where(_c.gateway == gateway, _c.number == number)
    return next((_ordered(row) for row in connection.execute(statement)), None)


def newest(connection: Connection, limit: int, gateways: Collection[GatewayId] | None = None) -> list[Ordered]:
    """The last commands, the newest first; of these gateways, where given."""
    statement = select(command_table).order_by(_c.ordered_at.desc(), _c.number.desc()).limit(limit)
    if gateways is not None:
        statement = statement.where(_c.gateway.in_(gateways))
    return [_ordered(row) for row in connection.execute(statement)]


def _is(ordered: Ordered) -> list[Any]:
    return [_c.gateway == ordered.gateway, _c.number == ordered.number]


def _ordered(row: Row[Any]) -> Ordered:
    return Ordered(
        gateway=GatewayId(row.gateway),
        number=row.number,
        id=row.command_id,
        operation=row.operation,
        actor=row.actor,
        role=Role(row.role),
        ordered_at=row.ordered_at,
        expires_at=row.expires_at,
        sealed=row.sealed,
        said=row.said,
        say_at=row.say_at,
        outcome=None if row.outcome is None else CommandOutcome(row.outcome),
        detail=row.detail or "",
        took_ms=row.took_ms,
        answered_at=row.answered_at,
    )
