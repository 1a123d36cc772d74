"""What a customer said on her own page: that she has power, or that she has none.

Her word is shown to the operator with its time. It proves nothing and closes nothing: a message or a closed case rests
on evidence of her meter, or on a person who gives a reason. One word a home is kept, the last, so that nobody can fill
the table by pressing a button.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Boolean, Column, Connection, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import UsagePointId

MAX_HOMES: Final = 500
"""Homes asked for at once."""

answer_table = Table(
    "customer_answer",
    metadata,
    Column("usage_point", Text, primary_key=True),
    Column("has_power", Boolean, nullable=False),
    Column("said_at", UtcInstant, nullable=False),
)
_a = answer_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A customer's word about her home."""

    usage_point: UsagePointId
    has_power: bool
    said_at: datetime


def keep(connection: Connection, answer: Answer) -> None:
    """Keep her word in place of what she said before."""
    said = {"has_power": answer.has_power, "said_at": answer.said_at}
    statement = insert(answer_table).values(usage_point=answer.usage_point, **said)
    connection.execute(statement.on_conflict_do_update(index_elements=["usage_point"], set_=said))


def of_homes(connection: Connection, usage_points: Collection[str]) -> dict[UsagePointId, Answer]:
    """The last word of each of these homes that said any; at most of MAX_HOMES of them."""
    asked = list(usage_points)[:MAX_HOMES]
    rows = connection.execute(select(answer_table).where(_a.usage_point.in_(asked)))
    return {
        UsagePointId(row.usage_point): Answer(
            usage_point=UsagePointId(row.usage_point), has_power=row.has_power, said_at=row.said_at
        )
        for row in rows
    }
