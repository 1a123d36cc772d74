"""The table of running bills: of each cycle the last projection that was made, or why there is none."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Date, ForeignKey, Integer, Row, Table, Text, select

from cloud.kernel.db import UtcInstant, metadata, upsert
from cloud.kernel.ids import BillId, ContractId
from cloud.kernel.money import Currency, Money

projection_table = Table(
    "projection",
    metadata,
    Column("contract", ForeignKey("contract.id"), primary_key=True),
    Column("first_day", Date, primary_key=True),
    Column("last_day", Date, nullable=False),
    Column("made_at", UtcInstant, nullable=False),
    Column("known_until", Date, nullable=False),
    Column("is_whole", Boolean, nullable=False),
    Column("used_wh", Integer, nullable=False),
    Column("days_left", Integer, nullable=False),
    Column("low_minor", Integer),
    Column("likely_minor", Integer),
    Column("high_minor", Integer),
    Column("currency", Text),
    Column("usual_bill", Text),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)
_p = projection_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Between what a running bill will end eight times in ten, and what is likely."""

    low: Money
    likely: Money
    high: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Where the bill of a cycle is going, as it was seen at `made_at`; without a range, `why` there is none.

    The days up to `known_until` are in it, all of them where it `is_whole`. `usual_bill` is what it is held against.
    """

    contract: ContractId
    first_day: date
    last_day: date
    made_at: datetime
    known_until: date
    is_whole: bool
    used_wh: int
    days_left: int
    range: Range | None
    usual_bill: BillId | None
    why: str = ""


def keep(connection: Connection, outlook: Outlook) -> None:
    """Let this be what is known of the cycle's bill."""
    found = outlook.range
    row = {
        "contract": outlook.contract, "first_day": outlook.first_day, "last_day": outlook.last_day,
        "made_at": outlook.made_at, "known_until": outlook.known_until, "is_whole": outlook.is_whole,
        "used_wh": outlook.used_wh, "days_left": outlook.days_left,
        "low_minor": found and found.low.minor, "likely_minor": found and found.likely.minor,
        "high_minor": found and found.high.minor, "currency": found and str(found.low.currency),
        "usual_bill": outlook.usual_bill, "why": outlook.why,
    }  # fmt: skip
    upsert(connection, projection_table, [row])


def find(connection: Connection, contract: str, day: date) -> Outlook | None:
    """What is known of the bill of the cycle a day lies in, or None."""
    of = select(projection_table).where(_p.contract == contract, _p.first_day <= day, _p.last_day >= day)
    row = connection.execute(of.order_by(_p.first_day.desc()).limit(1)).one_or_none()
    return None if row is None else _outlook(row)


def _outlook(row: Row[Any]) -> Outlook:
    found = None
    if row.currency is not None:
        low, likely, high = (
            Money(minor, Currency(row.currency)) for minor in (row.low_minor, row.likely_minor, row.high_minor)
        )
        found = Range(low=low, likely=likely, high=high)
    return Outlook(
        contract=ContractId(row.contract),
        first_day=row.first_day,
        last_day=row.last_day,
        made_at=row.made_at,
        known_until=row.known_until,
        is_whole=row.is_whole,
        used_wh=row.used_wh,
        days_left=row.days_left,
        range=found,
        usual_bill=None if row.usual_bill is None else BillId(row.usual_bill),
        why=row.why,
    )
