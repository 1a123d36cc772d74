"""Rates of the US Utility Rate Database (URDB, version 8) as tariffs, where they can be one.

    energyratestructure        [period][tier] {rate, adj, max, unit}, with two tables of 12 months x 24 hours
    demandratestructure        the same for the highest power, and flatdemandstructure for that of any hour
    fixedchargefirstmeter      and mincharge, each in $/month, $/day or $/year

The periods of a month fill its tiers together, each tier shared out by what each period used: so the tools of the
database's makers reckon it. The database names no time zone, no holidays and no taxes; the zone is the caller's word,
and the rest is not there. What a rate has and a tariff cannot express, net metering first, is refused by its name, as
a bill that leaves it out would be wrong.

Source: the database's field reference at openei.org, and the translation in NREL's PySAM.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from cloud.billing.calendars import WEEKEND, WORKDAYS, Calendar, Rule, Season
from cloud.billing.tariff import (
    Charge,
    Demand,
    Energy,
    Fixed,
    Minimum,
    Per,
    Proration,
    Tariff,
    TariffRefused,
    Tier,
    TierBasis,
    Version,
)
from cloud.kernel.money import Currency

MAX_PERIODS: Final = 64
_MONTHS: Final = 12
_HOURS: Final = 24
_PER: Final = {"$/day": Per.DAY, "$/month": Per.MONTH, "$/year": Per.YEAR}
_BASES: Final = {"kWh": TierBasis.MONTH, "kWh daily": TierBasis.DAY}
_CANNOT: Final[Mapping[str, str]] = {
    "dgrules": "what is given to the grid",
    "fueladjustmentsmonthly": "a fuel adjustment without a year",
    "lookbackpercent": "a demand ratchet",
    "lookbackrange": "a demand ratchet",
    "lookbackmonths": "a demand ratchet",
    "coincidentratestructure": "a coincident peak",
    "demandreactivepowercharge": "reactive power",
    "annualmincharge": "a minimum for a year",
    "fixedchargeeaaddl": "a charge for each further meter",
}
_LARGEST: Final = 10**9
_MOST_DECIMALS: Final = 30


def parse_urdb(data: bytes, where: str, zone: ZoneInfo) -> Tariff:
    """The tariff a rate is, or the only one of an answer's `items`; raises TariffRefused."""
    try:
        found = json.loads(data, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise TariffRefused(f"not JSON: {error}", where=where) from error
    if isinstance(found, dict) and isinstance(found.get("items"), list) and len(found["items"]) == 1:
        found = found["items"][0]
    if not isinstance(found, dict) or "energyratestructure" not in found:
        do = "hand in one rate of URDB version 8, as its API gives it"
        raise TariffRefused("there is no energyratestructure", where=where, do=do)
    return _Rate(found, where).tariff(zone)


class _Rate:
    """One rate of the database, read."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = values
        self._where = where

    def tariff(self, zone: ZoneInfo) -> Tariff:
        for key, called in _CANNOT.items():
            if _says_something(self._values.get(key)):
                raise self._refused(key, f"a tariff here cannot express {called}", "bill it with another program")
        calendar = self._calendar("energyweekdayschedule", "energyweekendschedule", self._count("energyratestructure"))
        charges: list[Charge] = [self._energy(calendar), *self._demand(), *self._flat_demand(), *self._fixed()]
        name = str(self._values.get("name") or "URDB rate")
        tariff_id = str(self._values.get("label") or name)
        version = Version(
            first_day=self._day("startdate") or date.min,
            last_day=self._day("enddate"),
            charges=(*charges, *self._minimum([charge.name for charge in charges])),
        )
        return Tariff(
            id=tariff_id[:80],
            title=name[:200],
            currency=Currency.USD,
            zone=zone,
            calendar=calendar,
            versions=(version,),
            sources=tuple(str(self._values[key]) for key in ("uri", "source") if self._values.get(key)),
        )

    def _energy(self, calendar: Calendar) -> Energy:
        tiers = []
        bases: set[str] = set()
        for at, rows in enumerate(self._structure("energyratestructure")):
            place = f"energyratestructure[{at}]"
            tiers.append((_name(at), tuple(self._tiers(rows, place))))
            bases.update(str(row.get("unit", "kWh")) for row in rows if len(rows) > 1)
            if any(_says_something(row.get("sell")) for row in rows):
                raise self._refused(place, "a tariff here cannot express what is given to the grid")
        unknown = bases - set(_BASES)
        if unknown or len(bases) > 1:
            do = f"known, one in a rate: {', '.join(_BASES)}"
            raise self._refused("energyratestructure", f"tiers in {', '.join(sorted(bases))}", do)
        basis = _BASES[bases.pop()] if bases else TierBasis.MONTH
        used = [each for each in tiers if each[0] in calendar.periods]
        return Energy(name="energy", tiers=tuple(used), basis=basis, is_pooled=True)

    def _demand(self) -> Iterator[Charge]:
        if not self._values.get("demandratestructure"):
            return
        rates = self._single_rates("demandratestructure")
        calendar = self._calendar("demandweekdayschedule", "demandweekendschedule", len(rates))
        for at, rate in enumerate(rates):
            if rate and _name(at) in calendar.periods:
                yield Demand(name=f"demand, {_name(at)}", rate_kw=rate, calendar=calendar, period=_name(at))

    def _flat_demand(self) -> Iterator[Charge]:
        if not self._values.get("flatdemandstructure"):
            return
        rates = self._single_rates("flatdemandstructure")
        months = self._values.get("flatdemandmonths") or [0] * _MONTHS
        if not isinstance(months, list) or len(months) != _MONTHS:
            raise self._refused("flatdemandmonths", "these are not 12 months")
        for at, rate in enumerate(rates):
            seasons = tuple(_month(month) for month, period in enumerate(months) if period == at)
            if rate and seasons:
                rules = (Rule(period=_name(at), seasons=seasons), Rule(period="other"))
                calendar = Calendar(rules=rules)
                yield Demand(name=f"flat demand, {_name(at)}", rate_kw=rate, calendar=calendar, period=_name(at))

    def _fixed(self) -> Iterator[Charge]:
        amount = self._number("fixedchargefirstmeter") or self._number("fixedmonthlycharge")
        if amount:
            yield Fixed(name="fixed", amount=amount, per=self._per("fixedchargeunits"), proration=Proration.BILLING)

    def _minimum(self, names: Sequence[str]) -> Iterator[Charge]:
        amount = self._number("mincharge") or self._number("minmonthlycharge")
        if amount:
            per = self._per("minchargeunits")
            yield Minimum(name="minimum", amount=amount, per=per, proration=Proration.BILLING, base=tuple(names))

    def _tiers(self, rows: Sequence[Mapping[str, Any]], place: str) -> Iterator[Tier]:
        below = Decimal(0)
        for at, row in enumerate(rows, start=1):
            rate = self._decimal(row.get("rate", 0), place) + self._decimal(row.get("adj", 0), place)
            if at == len(rows):
                yield Tier(up_to_kwh=None, rate=rate)
                return
            limit = self._decimal(row.get("max"), place)
            if limit <= below:
                raise self._refused(place, "the tiers do not rise")
            yield Tier(up_to_kwh=limit, rate=rate)
            below = limit

    def _single_rates(self, key: str) -> list[Decimal]:
        found = []
        for at, rows in enumerate(self._structure(key)):
            if len(rows) > 1:
                raise self._refused(f"{key}[{at}]", "a tariff here cannot express tiers of demand")
            found += [tier.rate for tier in self._tiers(rows, f"{key}[{at}]")]
        return found

    def _count(self, key: str) -> int:
        return len(self._structure(key))

    def _structure(self, key: str) -> list[list[Mapping[str, Any]]]:
        found = self._values[key]
        is_one = isinstance(found, list) and 0 < len(found) <= MAX_PERIODS
        if not is_one or not all(isinstance(rows, list) and rows for rows in found):
            raise self._refused(key, "this is not a list of periods, each a list of tiers")
        if not all(isinstance(row, dict) for rows in found for row in rows):
            raise self._refused(key, "a tier is not an object")
        return list(found)

    def _calendar(self, weekdays: str, weekends: str, periods: int) -> Calendar:
        rules = [*self._rules(weekdays, WORKDAYS, periods), *self._rules(weekends, WEEKEND, periods)]
        return Calendar(rules=(*rules, Rule(period=rules[0].period)))

    def _rules(self, key: str, weekdays: frozenset[int], periods: int) -> Iterator[Rule]:
        table = self._values.get(key)
        if not isinstance(table, list) or len(table) != _MONTHS:
            raise self._refused(key, "this is not a table of 12 months")
        for at, row in enumerate(table):
            if not isinstance(row, list) or len(row) != _HOURS:
                raise self._refused(f"{key}[{at}]", "this is not a row of 24 hours")
            for each in row:
                if type(each) is not int or not 0 <= each < periods:
                    raise self._refused(f"{key}[{at}]", f"{str(each)[:20]} is no period of the rate")
            for period in sorted(set(row)):
                hours = tuple((hour * 60, hour * 60 + 60) for hour in range(_HOURS) if row[hour] == period)
                yield Rule(period=_name(period), weekdays=weekdays, seasons=(_month(at),), hours=hours)

    def _per(self, key: str) -> Per:
        unit = self._values.get(key, "$/month")
        if unit not in _PER:
            raise self._refused(key, f"{str(unit)[:20]!r} is no unit of an amount", f"known: {', '.join(_PER)}")
        return _PER[unit]

    def _number(self, key: str) -> Decimal:
        return self._decimal(self._values.get(key) or 0, key)

    def _day(self, key: str) -> date | None:
        found = self._values.get(key)
        if found is None:
            return None
        try:
            return datetime.fromtimestamp(int(found), UTC).date()
        except (ValueError, TypeError, OverflowError, OSError) as error:
            raise self._refused(key, f"{str(found)[:20]!r} is no instant in seconds") from error

    def _decimal(self, value: object, key: str) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self._refused(key, f"{str(value)[:20]!r} is not a number")
        number = Decimal(value)
        if number.copy_abs() > _LARGEST or -int(number.as_tuple().exponent) > _MOST_DECIMALS:
            raise self._refused(key, f"{str(value)[:20]} is out of range")
        return number

    def _refused(self, key: str, what: str, do: str = "") -> TariffRefused:
        return TariffRefused(what, where=f"{self._where}: {key}", do=do)


def _no_number(text: str) -> Decimal:
    raise ValueError(f"{text} is no number")


def _name(period: int) -> str:
    return f"period {period + 1}"


def _month(at: int) -> Season:
    return Season(first=(at + 1, 1), last=(at + 1, 31))


def _says_something(value: object) -> bool:
    """Whether a field is there with more than nothing, zeros and empty words."""
    if isinstance(value, list):
        return any(_says_something(each) for each in value)
    return bool(value)
