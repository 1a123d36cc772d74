"""A tariff as a person writes it: a TOML file, read strictly.

    id = "rede-acacias-b1"                 currency, zone and title beside it, and the sources
    [calendar]                             the periods, where there is more than one
    [[version]]                            first_day, last_day, and its charges (see charge_tables)
    [[tax]]                                method, base, date_rule, and its rates with their days

Money depends on this file, so it is checked before the first bill: versions that overlap, days between two versions, a
period without a rate, a second currency, a base that names nothing, each is refused in words of its own, naming the
place and what to write. What the file does not cover, before its first day and after its last, is no fault of it; a
bill for such a day is refused then.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from cloud.billing import charge_tables, taxes
from cloud.billing.calendars import Calendar, Rule, one_period
from cloud.billing.tariff import (
    Adder,
    Charge,
    Dated,
    DateRule,
    Energy,
    HourlyEnergy,
    Method,
    Minimum,
    Tariff,
    TariffRefused,
    Tax,
    Tier,
    Version,
)
from cloud.kernel import zones
from cloud.kernel.money import Currency
from cloud.kernel.strict_toml import StrictTable, TomlRefused, nearest

T = TypeVar("T")
ALL_HOURS: Final = "all"
"""The period of a tariff without a calendar."""
_DAY: Final = timedelta(days=1)
_MOST_INSIDE_PERCENT: Final = 50
_LEAST_KEPT: Final = Fraction(1, 4)
"""Of a price, once the taxes inside it are taken out."""
_MOST_KW: Final = 100_000
_BY_KWH: Final = (Energy, HourlyEnergy, Adder)


def parse_tariff(data: bytes, where: str) -> Tariff:
    """The tariff of a file; raises TariffRefused, saying where and what to do."""
    try:
        return _tariff(StrictTable.parse(data, where))
    except TomlRefused as refused:
        raise TariffRefused(refused.what, where=refused.where, do=refused.do) from refused


def _tariff(table: StrictTable) -> Tariff:
    currency = table.choice("currency", Currency)
    calendar = _calendar(table)
    versions = _versions(table, calendar, currency)
    charges = {charge.name: charge for version in versions for charge in version.charges}
    tariff = Tariff(
        id=table.text("id"),
        title=table.text("title"),
        currency=currency,
        zone=_zone(table),
        calendar=calendar,
        versions=versions,
        taxes=_taxes(table, charges),
        sources=charge_tables.read_texts(table, "sources"),
        contracted_kw=_contracted_kw(table),
    )
    table.done()
    return tariff


def _contracted_kw(table: StrictTable) -> Decimal | None:
    if not charge_tables.given(table, "contracted_kw"):
        return None
    found = table.number("contracted_kw")
    if not 0 < found < _MOST_KW:
        raise table.refuse("contracted_kw", f"{found} kW is the power of no home")
    return found


def _zone(table: StrictTable) -> ZoneInfo:
    name = table.text("zone")
    if name not in zones.names():
        raise table.refuse("zone", f"{name[:40]!r} is no time zone", nearest(name, zones.names()))
    return ZoneInfo(name)


def _calendar(table: StrictTable) -> Calendar:
    below = table.maybe_below("calendar")
    if below is None:
        return one_period(ALL_HOURS)
    holidays = below.maybe("holidays", list, "a list of days") or []
    if not all(type(day) is date for day in holidays):
        raise below.refuse("holidays", "not everything in this list is a day", "write days as in 2027-12-25")
    rules: list[Rule] = []
    for row in below.rows("period"):
        rules.append(charge_tables.read_rule(row, row.text("name")))
        row.done()
    below.done()
    if not rules or not rules[-1].is_unconditional:
        do = "add one with nothing but a name, for the hours that are left over"
        raise below.refuse("period", "the last period has conditions", do)
    return Calendar(rules=tuple(rules), holidays=frozenset(holidays))


def _versions(table: StrictTable, calendar: Calendar, currency: Currency) -> tuple[Version, ...]:
    rows = table.rows("version")
    if not rows:
        raise table.refuse("version", "the tariff has no version", "add [[version]] with a first_day and charges")
    found = [_dated(row, _charges(row, calendar, currency)) for row in rows]
    for row in rows:
        row.done()
    kinds: dict[str, type[Charge]] = {}
    for dated, row in zip(found, rows, strict=True):
        for charge in dated.value:
            if kinds.setdefault(charge.name, type(charge)) is not type(charge):
                what = f"{charge.name!r} is another kind of charge in another version"
                raise row.refuse("charge", what, "give it another name")
    return tuple(
        Version(first_day=each.first_day, last_day=each.last_day, charges=each.value)
        for each in _in_order(found, rows, "versions")
    )


def _charges(row: StrictTable, calendar: Calendar, currency: Currency) -> tuple[Charge, ...]:
    if charge_tables.given(row, "currency") and row.choice("currency", Currency) is not currency:
        what = f"the version is in {row.text('currency')}, and the tariff in {currency}"
        raise row.refuse("currency", what, "keep one tariff in one currency, and make a second tariff")
    charges: dict[str, Charge] = {}
    for table in row.rows("charge"):
        charge = charge_tables.read_charge(table, calendar)
        if charge.name in charges:
            raise table.refuse("name", f"a second charge is called {charge.name!r}", "give it another name")
        if isinstance(charge, Minimum):
            _check_names(table, "base", charge.base, charges)
        charges[charge.name] = charge
    if not charges:
        raise row.refuse("charge", "the version charges nothing", "add [[version.charge]]")
    return tuple(charges.values())


def _taxes(table: StrictTable, charges: Mapping[str, Charge]) -> tuple[Tax, ...]:
    found: dict[str, Tax] = {}
    for row in table.rows("tax"):
        tax = _tax(row)
        if tax.name in found or tax.name in charges:
            raise row.refuse("name", f"{tax.name!r} is the name of something else", "give it another name")
        inside = [name for name, each in found.items() if each.method is Method.INSIDE]
        is_inside = tax.method is Method.INSIDE
        _check_names(row, "net_of", tax.net_of, inside)
        _check_names(row, "base", tax.base, charges if is_inside else [*charges, *found])
        if (tax.method is Method.PER_KWH) is bool(tax.base):
            raise row.refuse("base", "a tax in percent has a base, and one per kWh has none")
        is_banded = any(len(rate.value) > 1 for rate in tax.rates)
        if is_banded and not (is_inside and all(isinstance(charges[name], _BY_KWH) for name in tax.base)):
            do = "give bands only to a tax inside of charges by kWh"
            raise row.refuse("rates", "a band of kWh means nothing here", do)
        row.done()
        found[tax.name] = tax
        _check_kept(row, charges, tuple(found.values()))
    return tuple(found.values())


def _check_kept(row: StrictTable, charges: Iterable[str], found: Sequence[Tax]) -> None:
    """Refuse taxes that together are nearly all of the price they are inside of."""
    highest = {
        tax.name: Fraction(max(tier.rate for rate in tax.rates for tier in rate.value))
        for tax in found
        if tax.method is Method.INSIDE
    }
    for charge in charges:
        percents = {tax.name: highest[tax.name] for tax in found if tax.name in highest and charge in tax.base}
        if 1 - sum(taxes.shares_inside(found, percents).values()) < _LEAST_KEPT:
            what = f"the taxes inside {charge!r} leave less than a quarter of its price"
            raise row.refuse("rates", what, "write 18 for 18 %, and no tax twice")


def _tax(row: StrictTable) -> Tax:
    method = row.choice("method", Method)
    rates = row.rows("rates")
    if not rates:
        raise row.refuse("rates", "the tax has no rate", "add rates = [{ first_day = ..., percent = ... }]")
    found = [_dated(rate, _bands(rate, method)) for rate in rates]
    for rate in rates:
        rate.done()
    return Tax(
        name=row.text("name"),
        method=method,
        base=charge_tables.read_texts(row, "base"),
        date_rule=row.choice("date_rule", DateRule),
        rates=_in_order(found, rates, "rates"),
        net_of=charge_tables.read_texts(row, "net_of"),
        floor_mwh=row.number("floor_mwh", Decimal(0)),
    )


def _bands(rate: StrictTable, method: Method) -> tuple[Tier, ...]:
    if method is Method.PER_KWH:
        return (Tier(up_to_kwh=None, rate=rate.number("amount_kwh")),)
    if charge_tables.given(rate, "bands"):
        found = charge_tables.read_tiers(rate, "bands", "percent")
    else:
        found = (Tier(up_to_kwh=None, rate=rate.number("percent")),)
    if method is Method.INSIDE and any(not 0 <= tier.rate < _MOST_INSIDE_PERCENT for tier in found):
        raise rate.refuse("percent", "a tax inside a price is less than half of it", "write 18 for 18 %")
    return found


def _check_names(row: StrictTable, key: str, names: Sequence[str], known: Iterable[str]) -> None:
    known = tuple(known)
    for name in names:
        if name not in known:
            do = nearest(name, known) if known else "name charges and taxes that stand before it"
            raise row.refuse(key, f"{name[:40]!r} is nothing that stands before it", do)


def _dated(row: StrictTable, value: T) -> Dated[T]:
    first_day, last_day = row.day("first_day"), row.maybe_day("last_day")
    if last_day is not None and last_day < first_day:
        raise row.refuse("last_day", f"{last_day} is before the first day, {first_day}")
    return Dated(first_day=first_day, last_day=last_day, value=value)


def _in_order(found: Sequence[Dated[T]], rows: Sequence[StrictTable], what: str) -> tuple[Dated[T], ...]:
    """Dated values one after the other; refuses days that have two, and days in between that have none."""
    placed = sorted(zip(found, rows, strict=True), key=lambda each: each[0].first_day)
    for (before, _), (after, row) in pairwise(placed):
        if before.last_day is None or after.first_day <= before.last_day:
            end = f"ends on {before.last_day}" if before.last_day else "has no last day"
            overlap = f"two {what} overlap: this one begins on {after.first_day}, the one before {end}"
            raise row.refuse("first_day", overlap, "end the one before on the day before this one begins")
        if before.last_day + _DAY < after.first_day:
            gap = f"a gap between two {what}: nothing holds from {before.last_day + _DAY} to {after.first_day - _DAY}"
            raise row.refuse("first_day", gap, "enter what held then; the one before is not carried over")
    return tuple(dated for dated, _ in placed)
