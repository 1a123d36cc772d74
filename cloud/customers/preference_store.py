"""The table of preferences: the newest row of a customer holds, and the ones before it are its history."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, Row, Table, Text, insert, select

from cloud.customers.preferences import Preferences
from cloud.kernel.db import UtcInstant, metadata
from cloud.kernel.ids import CustomerId
from cloud.kernel.money import Currency, Money

preference_table = Table(
    "preference",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("customer", ForeignKey("customer.id"), nullable=False, index=True),
    Column("quiet_from", Text, nullable=False),
    Column("quiet_until", Text, nullable=False),
    Column("bill_line_minor", Integer),
    Column("bill_line_currency", Text),
    Column("by", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("at", UtcInstant, nullable=False),
)
_p = preference_table.c


def of_customer(connection: Connection, customer: CustomerId) -> Preferences:
    """What she wishes, as far as she said; the defaults otherwise."""
    newest = select(preference_table).where(_p.customer == customer).order_by(_p.id.desc()).limit(1)
    row = connection.execute(newest).one_or_none()
    return Preferences() if row is None else _preferences(row)


def record(
    connection: Connection, customer: CustomerId, wished: Preferences, *, by: str, how: str, now: datetime
) -> bool:
    """Keep what she wishes from now on; False if it stands so already. The customer must be known."""
    if of_customer(connection, customer) == wished:
        return False
    line = wished.bill_line
    row = {
        "customer": customer,
        "quiet_from": wished.quiet_from.isoformat("minutes"),
        "quiet_until": wished.quiet_until.isoformat("minutes"),
        "bill_line_minor": None if line is None else line.minor,
        "bill_line_currency": None if line is None else line.currency.value,
        "by": by,
        "how": how,
        "at": now,
    }
    connection.execute(insert(preference_table).values(row))
    return True


def history(connection: Connection, customer: CustomerId) -> list[tuple[datetime, str, str, Preferences]]:
    """Everything she ever wished, the oldest first: when, by whom, how, what."""
    rows = connection.execute(select(preference_table).where(_p.customer == customer).order_by(_p.id))
    return [(row.at, row.by, row.how, _preferences(row)) for row in rows]


def _preferences(row: Row[Any]) -> Preferences:
    currency = row.bill_line_currency
    return Preferences(
        quiet_from=time.fromisoformat(row.quiet_from),
        quiet_until=time.fromisoformat(row.quiet_until),
        bill_line=None if currency is None else Money(row.bill_line_minor, Currency(currency)),
    )
