"""What can be said to a customer of her bills: facts, each with the bills, readings, tariff and weather behind it.

A projection grows old with every day that is used, so none of it is repeated after its time to live. A bill that was
explained does not: it stays true for ever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from cloud.billing.accounts import Contract, UtilityBill
from cloud.billing.explanation import Explanation
from cloud.billing.history import days_of
from cloud.billing.outlook_store import Outlook, Range
from cloud.billing.tariff import BillingPeriod, Tariff
from cloud.customers.model import UsagePoint
from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.kernel.money import Money

Sources = tuple[Source, ...]


def case_of_cycle(contract: str, first_day: date) -> str:
    """What a running bill is called: one for each contract and cycle."""
    return f"{contract}/{first_day}"


def case_of_bill(bill: str, total: Money) -> str:
    """What a bill that was sent is called: when it is corrected to another amount, it is another one to tell of."""
    return f"{bill}/{total.minor}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """A running bill that must be told: where it is going, the usual bill, and the line it is over.

    `is_own_line` says whether the customer drew the line.
    """

    outlook: Outlook
    found: Range
    usual: UtilityBill
    line: Money
    is_own_line: bool


def coming(coming: Coming, home: UsagePoint, tariff: Tariff, contract: Contract, ttl: timedelta) -> FactSheet:
    """What is said of a running bill."""
    outlook, as_of = coming.outlook, coming.outlook.made_at
    cycle = BillingPeriod(first_day=outlook.first_day, last_day=outlook.last_day)
    usual, hers = of_bill(coming.usual), (Source(kind=SourceKind.CUSTOMER, ref=home.id),)
    read = BillingPeriod(first_day=cycle.first_day, last_day=max(cycle.first_day, outlook.known_until))
    basis = (*of_readings(home, read), *of_weather(contract, read), *of_tariff(tariff, cycle))
    said: dict[str, tuple[FactValue, Sources, timedelta | None]] = {
        "cycle_ends_on": (outlook.last_day, hers, None),
        "projected_low": (coming.found.low, basis, ttl),
        "projected_high": (coming.found.high, basis, ttl),
        "usual_bill": (coming.usual.total, usual, None),
        "bill_line": (coming.line, hers if coming.is_own_line else usual, None),
    }
    return FactSheet(
        Fact(id=name, value=value, sources=sources, as_of=as_of, ttl=lives)
        for name, (value, sources, lives) in said.items()
    )


def explained(
    bills: tuple[UtilityBill, UtilityBill],
    told: Explanation,
    home: UsagePoint,
    tariff: Tariff,
    contract: Contract,
    now: datetime,
) -> FactSheet:
    """What is said of a bill beside the one before it; a part that is nothing is not said."""
    before, after = bills
    both = (*of_bill(after), *of_bill(before))
    basis: list[Source] = list(both)
    for bill in bills:
        period = BillingPeriod(first_day=bill.first_day, last_day=bill.last_day)
        basis += [*of_readings(home, period), *of_tariff(tariff, period)]
        basis += of_weather(contract, period) if told.can_tell else ()
    said: dict[str, tuple[FactValue, Sequence[Source]]] = {
        "bill_total": (after.total, of_bill(after)),
        "bill_from": (after.first_day, of_bill(after)),
        "bill_until": (after.last_day, of_bill(after)),
        "energy_wh": (after.energy_wh, of_bill(after)),
        "previous_total": (before.total, of_bill(before)),
        "previous_energy_wh": (before.energy_wh, of_bill(before)),
        "change": (told.change, both),
    }
    parts = {f"{factor}_part": (part, basis) for factor, part in told.parts.items() if part.minor}
    return FactSheet(
        Fact(id=name, value=value, sources=tuple(dict.fromkeys(sources)), as_of=now)
        for name, (value, sources) in (said | parts).items()
    )


def of_bill(bill: UtilityBill) -> Sources:
    """A bill of the utility, by its number."""
    return (Source(kind=SourceKind.BILL, ref=bill.id),)


def of_readings(home: UsagePoint, period: BillingPeriod) -> Sources:
    """What the meter recorded in these days."""
    return (Source(kind=SourceKind.READINGS, ref=f"{home.id}/{period.first_day}/{period.last_day}"),)


def of_weather(contract: Contract, period: BillingPeriod) -> Sources:
    """How warm these days were, where anybody knows."""
    if not contract.weather_station:
        return ()
    ref = f"{contract.weather_station}/{period.first_day}/{period.last_day}"
    return (Source(kind=SourceKind.WEATHER, ref=ref),)


def of_tariff(tariff: Tariff, period: BillingPeriod) -> Sources:
    """The versions of the tariff that hold in these days, each by its first day."""
    return tuple(Source(kind=SourceKind.TARIFF, ref=f"{tariff.id}/{first}") for first in _versions(tariff, period))


def _versions(tariff: Tariff, period: BillingPeriod) -> Iterator[date]:
    firsts: Sequence[date] = [tariff.version_on(day).first_day for day in days_of(period)]
    return (first for first, _ in groupby(firsts))
