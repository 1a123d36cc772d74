"""The charges of a version, each a table of a tariff's file that names its kind.

    [[version.charge]]
    kind = "energy"
    name = "energy"
    rates = { P1 = 0.20, P2 = 0.15, P3 = 0.10 }

A rate is a number, or a list of tiers, `[{ up_to_kwh = 100, rate = 0.1 }, { rate = 0.2 }]`. In goes the table; out
comes the charge, or a refusal naming the key.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar

from cloud.billing.calendars import EVERY_DAY, MINUTES_OF_A_DAY, WEEKEND, WORKDAYS, Calendar, Rule, Season
from cloud.billing.tariff import (
    Adder,
    Charge,
    Dated,
    Demand,
    Energy,
    Fixed,
    HourlyEnergy,
    Minimum,
    Per,
    Power,
    Proration,
    Tier,
    TierBasis,
)
from cloud.kernel.strict_toml import StrictTable, nearest

S = TypeVar("S", bound=StrEnum)
_MONTH: Final = re.compile(r"([1-9]\d{3})-(0[1-9]|1[0-2])", re.ASCII)
_LEAP_YEAR: Final = 2024
_HOURS: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_SEASON: Final = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])\.\.(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_COUNTED: Final = "counted"
_OTHER: Final = "other"


class _Days(StrEnum):
    EVERY = "every day"
    WORKDAYS = "workdays"
    WEEKENDS = "weekends"


class _PerEnergy(StrEnum):
    KWH = "kWh"
    MWH = "MWh"


_WEEKDAYS: Final = {_Days.EVERY: EVERY_DAY, _Days.WORKDAYS: WORKDAYS, _Days.WEEKENDS: WEEKEND}


def read_charge(table: StrictTable, calendar: Calendar) -> Charge:
    """One charge; raises TomlRefused."""
    kind, name = table.text("kind"), table.text("name")
    reader = _READERS.get(kind)
    if reader is None:
        raise table.refuse("kind", f"{kind!r} is no kind of charge", nearest(kind, _READERS))
    charge = reader(table, name, calendar)
    table.done()
    return charge


def read_rule(table: StrictTable, period: str) -> Rule:
    """The conditions of a period: days, holidays, seasons and hours, each holding always where it is not given."""
    return Rule(
        period=period,
        weekdays=_WEEKDAYS[_choice(table, "days", _Days, _Days.EVERY)],
        on_holidays=table.maybe("holidays", bool, "true or false") is not False,
        seasons=tuple(_season(table, text) for text in read_texts(table, "seasons")),
        hours=tuple(_hours(table, text) for text in read_texts(table, "hours")),
    )


def given(table: StrictTable, key: str) -> bool:
    """Whether a key that may be left out is there; either way it is known."""
    return table.maybe(key, object, "a value that may stand here") is not None


def read_tiers(table: StrictTable, key: str, rate: str) -> tuple[Tier, ...]:
    """Tiers in a list of tables; `rate` is the key of the rate in each."""
    rows = table.rows(key)
    tiers = []
    for at, row in enumerate(rows, start=1):
        limit = row.number("up_to_kwh") if given(row, "up_to_kwh") else None
        tiers.append(Tier(up_to_kwh=limit, rate=row.number(rate)))
        row.done()
        if (limit is None) is not (at == len(rows)):
            what = "the last tier has no up_to_kwh, and every other has one"
            raise row.refuse("up_to_kwh", what, "leave it out of the last tier, where all the rest is charged")
    limits = [tier.up_to_kwh for tier in tiers[:-1] if tier.up_to_kwh is not None]
    if not rows or limits != sorted({limit for limit in limits if limit > 0}):
        raise table.refuse(key, "the tiers do not rise", "write them from the lowest limit to the highest")
    return tuple(tiers)


def _energy(table: StrictTable, name: str, calendar: Calendar) -> Charge:
    rates = table.below("rates")
    tiers = []
    for period in calendar.periods:
        if not given(rates, period):
            raise rates.refuse(period, f"the rate of the period {period!r} is missing", "enter it")
        if isinstance(rates.value(period), list):
            tiers.append((period, read_tiers(rates, period, "rate")))
        else:
            tiers.append((period, (Tier(up_to_kwh=None, rate=rates.number(period)),)))
    rates.done()
    is_pooled = table.maybe("pooled", bool, "true or false") or False
    if is_pooled and len({tuple(tier.up_to_kwh for tier in each) for _, each in tiers}) > 1:
        raise table.refuse("pooled", "periods that share their tiers have the same limits")
    return Energy(
        name=name,
        tiers=tuple(tiers),
        basis=_choice(table, "limits", TierBasis, TierBasis.MONTH),
        is_pooled=is_pooled,
        minimum_kwh=_not_negative(table, "minimum_kwh", Decimal(0)),
    )


def _hourly(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    return HourlyEnergy(name=name, published_by=table.text("published_by"))


def _fixed(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    per, proration = _proration(table)
    return Fixed(name=name, amount=table.number("amount"), per=per, proration=proration)


def _power(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    proration = _choice(table, "proration", Proration, Proration.ACTUAL_365)
    return Power(name=name, rate_kw_year=table.number("rate_kw_year"), proration=proration)


def _adder(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    kwh = 1000 if _choice(table, "per", _PerEnergy, _PerEnergy.KWH) is _PerEnergy.MWH else 1
    levels = _levels(table)
    months = table.below("months")
    rates = []
    for month in months.names():
        match = _MONTH.fullmatch(month)
        if match is None:
            raise months.refuse(month, "this is no month", "write it as in 2027-06")
        first = date(int(match[1]), int(match[2]), 1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        rates.append(Dated(first_day=first, last_day=last, value=_level(months, month, levels) / kwh))
    return Adder(name=name, rates_kwh=tuple(sorted(rates, key=lambda rate: rate.first_day)))


def _demand(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    whens = table.rows("when")
    rules = [read_rule(when, _COUNTED) for when in whens] or [Rule(period=_COUNTED)]
    for when in whens:
        when.done()
    calendar = Calendar(rules=(*rules, Rule(period=_OTHER)))
    return Demand(name=name, rate_kw=table.number("rate_kw"), calendar=calendar, period=_COUNTED)


def _minimum(table: StrictTable, name: str, _calendar: Calendar) -> Charge:
    per, proration = _proration(table)
    amount = _not_negative(table, "amount", None)
    return Minimum(name=name, amount=amount, per=per, proration=proration, base=read_texts(table, "base"))


_READERS: Final[Mapping[str, Callable[[StrictTable, str, Calendar], Charge]]] = {
    "energy": _energy,
    "hourly energy": _hourly,
    "fixed": _fixed,
    "power": _power,
    "adder": _adder,
    "demand": _demand,
    "minimum": _minimum,
}
KINDS: Final = tuple(_READERS)
"""The kinds of charges a version may have."""


def _proration(table: StrictTable) -> tuple[Per, Proration]:
    return table.choice("per", Per), _choice(table, "proration", Proration, Proration.BILLING)


def _levels(table: StrictTable) -> dict[str, Decimal]:
    below = table.maybe_below("levels")
    return {} if below is None else {level: below.number(level) for level in below.names()}


def _level(months: StrictTable, month: str, levels: Mapping[str, Decimal]) -> Decimal:
    """The rate of a month, or of the level that it names."""
    value = months.value(month)
    if not isinstance(value, str):
        return months.number(month)
    if value not in levels:
        raise months.refuse(month, f"{value[:40]!r} is no level", nearest(value, levels) if levels else "give a number")
    return levels[value]


def _choice(table: StrictTable, key: str, among: type[S], otherwise: S) -> S:
    return table.choice(key, among) if given(table, key) else otherwise


def _not_negative(table: StrictTable, key: str, otherwise: Decimal | None) -> Decimal:
    found = table.number(key, otherwise)
    if found < 0:
        raise table.refuse(key, f"{found} is negative")
    return found


def read_texts(table: StrictTable, key: str) -> tuple[str, ...]:
    found = table.maybe(key, list, "a list of texts") or []
    if not all(isinstance(each, str) for each in found):
        raise table.refuse(key, "not everything in this list is a text")
    return tuple(found)


def _hours(table: StrictTable, text: str) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    if match is not None:
        first = int(match[1]) * 60 + int(match[2])
        end = MINUTES_OF_A_DAY if match[3] is None else int(match[3]) * 60 + int(match[4])
        if first < end:
            return first, end
    raise table.refuse(
        "hours", f"{text[:40]!r} is no stretch of a day", "write it as in 18:00-22:00, midnight as 24:00"
    )


def _season(table: StrictTable, text: str) -> Season:
    match = _SEASON.fullmatch(text)
    if match is None:
        raise table.refuse("seasons", f"{text[:40]!r} is no season", "write it as in 06-01..09-30, month and day")
    first_month, first_day, last_month, last_day = map(int, match.groups())
    for month, day in ((first_month, first_day), (last_month, last_day)):
        if day > monthrange(_LEAP_YEAR, month)[1]:
            raise table.refuse("seasons", f"no year has a {month:02}-{day:02}", "name a day of the calendar")
    return Season(first=(first_month, first_day), last=(last_month, last_day))
