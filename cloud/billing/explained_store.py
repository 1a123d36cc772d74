"""The table of looks at bills: what we reckon, whether it is what the utility asks, and why a bill changed, if known.

An explanation is kept as it was found, so that a page shows the same reasons the customer was told, whatever is
imported later.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, Row, Table, Text, exists, or_, select

from cloud.billing.accounts_store import bill_table
from cloud.billing.explanation import Caveat, Explanation, Factor
from cloud.billing.weather_model import Slope, WeatherModel
from cloud.kernel.db import UtcInstant, metadata, upsert
from cloud.kernel.ids import BillId
from cloud.kernel.money import Currency, Money

explanation_table = Table(
    "bill_explanation",
    metadata,
    Column("bill", ForeignKey("utility_bill.id"), primary_key=True),
    Column("previous", Text),
    Column("year_ago", Text),
    Column("reckoned_minor", Integer),
    Column("currency", Text, nullable=False),
    Column("matches", Boolean),
    Column("since_previous", Text),
    Column("since_year_ago", Text),
    Column("why", Text, nullable=False),
    Column("looks", Integer, nullable=False),
    Column("made_at", UtcInstant, nullable=False),
)
_e = explanation_table.c
Index("ix_bill_explanation_unexplained", _e.made_at.desc(), _e.bill, sqlite_where=_e.why != "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of looking at a bill; where `why` says something, its customer was told nothing.

    `reckoned` is what we make of it ourselves, and `matches` whether the utility asks the same. `year_ago` is the bill
    `since_year_ago` is explained against.
    """

    bill: BillId
    currency: Currency
    looks: int
    made_at: datetime
    previous: BillId | None = None
    year_ago: BillId | None = None
    reckoned: Money | None = None
    matches: bool | None = None
    since_previous: Explanation | None = None
    since_year_ago: Explanation | None = None
    why: str = ""


def keep(connection: Connection, look: Look) -> None:
    """Let this be what is known of the bill; IntegrityError for a bill nobody sent."""
    row = {
        "bill": look.bill, "previous": look.previous, "year_ago": look.year_ago,
        "reckoned_minor": look.reckoned and look.reckoned.minor, "currency": str(look.currency),
        "matches": look.matches, "since_previous": _json(look.since_previous),
        "since_year_ago": _json(look.since_year_ago), "why": look.why, "looks": look.looks, "made_at": look.made_at,
    }  # fmt: skip
    upsert(connection, explanation_table, [row])


def find(connection: Connection, bill: str) -> Look | None:
    """What came of looking at this bill; None where nobody did."""
    row = connection.execute(select(explanation_table).where(_e.bill == bill)).one_or_none()
    return None if row is None else _look(row)


def needing_a_person(connection: Connection, limit: int) -> list[Look]:
    """Looks at bills that differ from ours, and at each contract's last bill if it could not be reckoned.

    The last look comes first. A bill that is what we reckon needs nobody, though it were the first of its contract.
    """
    bill, later = bill_table, bill_table.alias()
    is_last = ~exists().where(later.c.contract == bill.c.contract, later.c.last_day > bill.c.last_day)
    waiting = select(explanation_table).join(bill, bill.c.id == _e.bill).where(_e.why != "")
    waiting = waiting.where(or_(_e.matches.is_(False), _e.matches.is_(None) & is_last))
    return [_look(row) for row in connection.execute(waiting.order_by(_e.made_at.desc(), _e.bill).limit(limit))]


def _look(row: Row[Any]) -> Look:
    currency = Currency(row.currency)
    return Look(
        bill=BillId(row.bill),
        currency=currency,
        looks=row.looks,
        made_at=row.made_at,
        previous=None if row.previous is None else BillId(row.previous),
        year_ago=None if row.year_ago is None else BillId(row.year_ago),
        reckoned=None if row.reckoned_minor is None else Money(row.reckoned_minor, currency),
        matches=row.matches,
        since_previous=_explanation(row.since_previous, currency),
        since_year_ago=_explanation(row.since_year_ago, currency),
        why=row.why,
    )


def _json(told: Explanation | None) -> str | None:
    if told is None:
        return None
    plain = {
        "previous": told.previous.minor,
        "current": told.current.minor,
        "parts": {str(factor): part.minor for factor, part in told.parts.items()},
        "caveats": told.caveats,
        "weather": told.weather and asdict(told.weather),
    }
    return json.dumps(plain)


def _explanation(text: str | None, currency: Currency) -> Explanation | None:
    if text is None:
        return None
    plain = json.loads(text)
    weather = plain["weather"]
    if weather is not None:
        heating, cooling = Slope(**weather.pop("heating")), Slope(**weather.pop("cooling"))
        weather = WeatherModel(heating=heating, cooling=cooling, **weather)
    return Explanation(
        previous=Money(plain["previous"], currency),
        current=Money(plain["current"], currency),
        parts={Factor(name): Money(minor, currency) for name, minor in plain["parts"].items()},
        caveats=tuple(map(Caveat, plain["caveats"])),
        weather=weather,
    )
