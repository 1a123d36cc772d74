"""The table of facts about households: one value for each fact of a customer, the last one told."""

from collections.abc import Iterable

from sqlalchemy import Column, Connection, Date, ForeignKey, Table, Text, select

from cloud.customers.household import HouseholdFact
from cloud.kernel.db import metadata, upsert
from cloud.kernel.ids import CustomerId

household_fact_table = Table(
    "household_fact",
    metadata,
    Column("customer", ForeignKey("customer.id"), primary_key=True),
    Column("fact", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("as_of", Date, nullable=False),
)
_f = household_fact_table.c


def keep(connection: Connection, facts: Iterable[HouseholdFact]) -> None:
    """Let these facts stand as told; IntegrityError for one of no customer."""
    rows = ({"customer": each.customer, "fact": each.fact, "value": each.value, "as_of": each.as_of} for each in facts)
    upsert(connection, household_fact_table, rows)


def of_customer(connection: Connection, customer: str) -> list[HouseholdFact]:
    """What is known of a customer's household, in the order of the facts' names."""
    of = select(household_fact_table).where(_f.customer == customer).order_by(_f.fact)
    return [
        HouseholdFact(customer=CustomerId(row.customer), fact=row.fact, value=row.value, as_of=row.as_of)
        for row in connection.execute(of)
    ]
