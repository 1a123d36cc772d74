"""A tariff: what a month of electricity costs, as dated values that a file can state and a person can check.

A tariff is a row of versions, each valid from a first to a last day, and each a list of charges; beside them stand the
taxes, dated on their own, because parliaments and regulators do not change things on the same day. Nothing here
reckons: `cloud.billing.rating` does. Nothing is ever carried over either: a day without a version, a month without its
flag or a tax without its rate is an error, and never the value before it.

Rates are exact decimals in whole units of the currency; days are local days of the tariff's zone, and first and last
days are both included.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from cloud.billing.calendars import Calendar
from cloud.kernel.money import Currency
from runtime.errors import InputRefused

T = TypeVar("T")
MAX_DAYS: Final = 1_100
"""How long one bill may be, three years of catching up included."""
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199


class TariffRefused(InputRefused):
    """The tariff cannot be used as it is written: mend its file. Nothing was rated with it."""


class RateMissing(InputRefused):
    """The tariff does not say what this day costs: somebody must enter the rate, nobody guesses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated(Generic[T]):
    """A value and the days it holds; `last_day` None means until further notice."""

    first_day: date
    last_day: date | None
    value: T

    def holds_on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


class Proration(StrEnum):
    """How much of a month or a year some days are."""

    BILLING = "billing"
    """A billing period is one month, a twelfth of a year, however long it is."""
    ACTUAL_365 = "actual/365"
    """Days over 365 are the year, in leap years too; twelve times that are the months."""
    THIRTY_DAYS = "30-day"
    """Days over thirty are the months, a twelfth of that the years."""


class Per(StrEnum):
    """What a fixed amount is for."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class TierBasis(StrEnum):
    """What the limits of tiers count."""

    MONTH = "month"
    """The kWh of a whole billing period; part of it has that part of the limit, by days."""
    DAY = "day"
    """The kWh of each day, times the days: an allowance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A rate, and up to where it holds; None: the last tier, for all that is left."""

    up_to_kwh: Decimal | None
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """A charge for every kWh, by period of the calendar; each period has at least one tier, the last without a limit.

    `pooled`: the periods fill the tiers together, and each tier is shared out by what each period used; otherwise
    each period fills its own.
    """

    name: str
    tiers: tuple[tuple[str, tuple[Tier, ...]], ...]
    basis: TierBasis = TierBasis.MONTH
    is_pooled: bool = False
    minimum_kwh: Decimal = Decimal(0)
    """What is charged at least in a billing period; what was not used of it is charged as the first period's kWh."""

    def tiers_of(self, period: str) -> tuple[Tier, ...]:
        """The tiers of a period of the calendar."""
        return dict(self.tiers)[period]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlyEnergy:
    """A charge for every kWh at a price of its hour, published elsewhere: it can only be billed with those prices."""

    name: str
    published_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """An amount for being supplied at all."""

    name: str
    amount: Decimal
    per: Per
    proration: Proration = Proration.BILLING


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """A charge for each kW of contracted power, for a year."""

    name: str
    rate_kw_year: Decimal
    proration: Proration = Proration.ACTUAL_365


@dataclass(frozen=True, slots=True, kw_only=True)
class Adder:
    """A charge for every kWh whose rate is set for single months (flags, fuel); a month that is not set is an error."""

    name: str
    rates_kwh: tuple[Dated[Decimal], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A charge for each kW of the highest mean power of one interval in some hours of a billing period.

    The hours have a calendar of their own: of it only the period named `period` counts.
    """

    name: str
    rate_kw: Decimal
    calendar: Calendar
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    """What the charges of `base` come to at least; a line adds what they lack."""

    name: str
    amount: Decimal
    per: Per
    proration: Proration
    base: tuple[str, ...]


Charge = Energy | HourlyEnergy | Fixed | Power | Adder | Demand | Minimum


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """The charges of some days, in the order a bill shows them; of one name there is one."""

    first_day: date
    last_day: date | None
    charges: tuple[Charge, ...]


class Method(StrEnum):
    """How a tax meets what it is reckoned on."""

    OUTSIDE = "outside"
    """Percent added to the amount."""
    INSIDE = "inside"
    """Percent of the amount with the tax in it (Brazil's ICMS, PIS and COFINS)."""
    PER_KWH = "per_kwh"
    """An amount for every kWh."""


class DateRule(StrEnum):
    """Which day's rate a tax takes."""

    CONSUMPTION = "consumption"
    DUE = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """One tax. A rate is in percent, or, per kWh, in units of the currency; each may have bands by kWh of the bill.

    `base` names the charges and the earlier taxes it is reckoned on. `net_of` names the inside taxes that are taken
    out of its base first. `floor_mwh` is the least it may be for every MWh.
    """

    name: str
    method: Method
    base: tuple[str, ...]
    date_rule: DateRule
    rates: tuple[Dated[tuple[Tier, ...]], ...]
    net_of: tuple[str, ...] = ()
    floor_mwh: Decimal = Decimal(0)

    def rate_on(self, day: date) -> tuple[Tier, ...]:
        """Its bands on a day, most often one; raises RateMissing."""
        return value_on(self.rates, day, f"the tax {self.name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One tariff of one utility."""

    id: str
    title: str
    currency: Currency
    zone: ZoneInfo
    calendar: Calendar
    versions: tuple[Version, ...]
    taxes: tuple[Tax, ...] = ()
    sources: tuple[str, ...] = ()
    contracted_kw: Decimal | None = None
    """The power contracted for; a contract's own replaces it."""

    def version_on(self, day: date) -> Version:
        """The version valid on a day; raises RateMissing."""
        for version in self.versions:
            if version.first_day <= day and (version.last_day is None or day <= version.last_day):
                return version
        do = "give the tariff a version for that day"
        raise RateMissing(f"the tariff {self.id} has no version for {day}", where=self.id, do=do)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingPeriod:
    """The local days one bill is for, both included, and the day it falls due where that is known."""

    first_day: date
    last_day: date
    due_on: date | None = None

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise InputRefused(f"the period ends on {self.last_day}, before it begins on {self.first_day}")
        if self.days > MAX_DAYS or not FIRST_YEAR <= self.first_day.year <= self.last_day.year <= LAST_YEAR:
            what = f"no bill is for {self.first_day} to {self.last_day}"
            raise InputRefused(what, do=f"name at most {MAX_DAYS} days of the years {FIRST_YEAR} to {LAST_YEAR}")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last_day - self.first_day).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


def value_on(values: Sequence[Dated[T]], day: date, of_what: str) -> T:
    """The value that holds on a day; raises RateMissing, naming what has none."""
    for dated in values:
        if dated.holds_on(day):
            return dated.value
    raise RateMissing(f"{of_what} has no rate for {day}", do="enter the rate of that day; none is carried over")
