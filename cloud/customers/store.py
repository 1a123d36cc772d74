"""The tables of homes and people."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Connection, ForeignKey, Row, Select, Table, Text, bindparam, select

from cloud.customers import table
from cloud.customers.model import Customer, Home, UsagePoint
from cloud.kernel.db import UtcInstant, metadata, rows_named, upsert
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId

MAX_PAGE: Final = 200

customer_table = Table(
    "customer",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("phone", Text, nullable=False, server_default=""),
)
usage_point_table = Table(
    "usage_point",
    metadata,
    Column("id", Text, primary_key=True),
    Column("meter", Text, nullable=False, unique=True),
    Column("customer", ForeignKey("customer.id"), nullable=False, index=True),
    Column("time_zone", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("imported_at", UtcInstant, nullable=False),
)
_c = customer_table.c
_u = usage_point_table.c


def _all() -> Select[Any]:
    return select(usage_point_table, _c.name, _c.email, _c.language, _c.phone).join(
        customer_table, _c.id == _u.customer
    )


_BEHIND: Final = _all().where(_u.meter == bindparam("a_meter"))  # built once, since every reading asks


def keep(connection: Connection, rows: Iterable[table.Row], now: datetime) -> None:
    """Let these homes and people stand as the file says; others stay as they are.

    Raises IntegrityError when a meter already stands at a home the file does not speak of.
    """
    rows = list(rows)
    people = (
        {"id": row.customer, "name": row.name, "email": row.email, "language": row.language.value} for row in rows
    )
    upsert(connection, customer_table, people)
    homes = (
        Home(id=row.usage_point, meter=row.meter, customer=row.customer, zone=row.time_zone, address=row.address)
        for row in rows
    )
    keep_homes(connection, homes, now)


def keep_people(connection: Connection, people: Iterable[Customer]) -> None:
    """Let these people stand as told."""
    rows = (
        {
            "id": each.id, "name": each.name, "email": each.email, "language": each.language.value,
            "phone": each.phone,
        }
        for each in people
    )  # fmt: skip
    upsert(connection, customer_table, rows)


def keep_homes(connection: Connection, homes: Iterable[Home], now: datetime) -> None:
    """Let these homes stand as told; IntegrityError for one of nobody, or behind a meter of another home."""
    rows = (
        {
            "id": home.id, "meter": home.meter, "customer": home.customer, "time_zone": home.zone.key,
            "address": home.address, "imported_at": now,
        }
        for home in homes
    )  # fmt: skip
    upsert(connection, usage_point_table, rows)


def meters_elsewhere(connection: Connection, rows: Iterable[table.Row]) -> dict[str, str]:
    """Meters of these rows that stand at homes the rows do not speak of: meter -> usage point."""
    homes = {row.meter: row.usage_point for row in rows}
    told = set(homes.values())
    standing = connection.execute(select(_u.meter, _u.id))
    return {row.meter: row.id for row in standing if row.meter in homes and row.id not in told}


def release_meters(connection: Connection, wanted: Mapping[UsagePointId, MeterSerial]) -> None:
    """Free the meters of the homes that want another for the time of the import, so that two can exchange theirs."""
    standing = connection.execute(select(_u.id, _u.meter))
    changing = [{"home": row.id} for row in standing if wanted.get(row.id, row.meter) != row.meter]
    if changing:  # a slash: no serial looks like this
        held = usage_point_table.update().where(_u.id == bindparam("home"))
        connection.execute(held.values(meter="released/" + _u.id), changing)


def find(connection: Connection, usage_point: str) -> UsagePoint | None:
    """The home of this name, or None."""
    return next(_homes(connection, _all().where(_u.id == usage_point)), None)


def behind(connection: Connection, meter: str) -> UsagePoint | None:
    """The home this meter measures, or None."""
    row = connection.execute(_BEHIND, {"a_meter": meter}).one_or_none()
    return None if row is None else _home(row)


def known_people(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of the names that are customers."""
    return frozenset(row.id for row in rows_named(connection, select(_c.id), _c.id, names))


def owners(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """Whose the homes of these names are: usage point -> customer."""
    found = rows_named(connection, select(_u.id, _u.customer), _u.id, names)
    return {row.id: row.customer for row in found}


def meters(connection: Connection, *, of: Iterable[str], named: Iterable[str]) -> dict[str, str]:
    """The meters of some homes, and of those that have one of the meters named: usage point -> meter."""
    rows = select(_u.id, _u.meter)
    found = chain(rows_named(connection, rows, _u.id, of), rows_named(connection, rows, _u.meter, named))
    return {row.id: row.meter for row in found}


def names(connection: Connection) -> frozenset[str]:
    """The names of all homes."""
    return frozenset(connection.execute(select(_u.id)).scalars())


def of_names(connection: Connection, names: Collection[str]) -> dict[UsagePointId, UsagePoint]:
    """The homes of these names that are known."""
    return {home.id: home for home in _homes(connection, _all().where(_u.id.in_(names)))}


def of_customer(connection: Connection, customer: str, *, limit: int) -> list[UsagePoint]:
    """The homes of a customer, in the order of their names."""
    return list(_homes(connection, _all().where(_u.customer == customer).order_by(_u.id).limit(limit)))


def page(connection: Connection, *, after: str = "", limit: int = MAX_PAGE) -> list[UsagePoint]:
    """Homes in the order of their names, from the first one after `after`."""
    return list(_homes(connection, _all().where(_u.id > after).order_by(_u.id).limit(min(limit, MAX_PAGE))))


def _homes(connection: Connection, statement: Select[Any]) -> Iterator[UsagePoint]:
    return map(_home, connection.execute(statement))


def _home(row: Row[Any]) -> UsagePoint:
    person = Customer(
        id=CustomerId(row.customer),
        name=row.name,
        email=row.email,
        language=Language(row.language),
        phone=row.phone,
    )
    return UsagePoint(
        id=UsagePointId(row.id),
        meter=MeterSerial(row.meter),
        customer=person,
        zone=ZoneInfo(row.time_zone),
        address=row.address,
        imported_at=row.imported_at,
    )
