"""What one charge comes to over some days in which it does not change: quantities and rates, not yet rounded.

Everything is a fraction here, so that a third of a month is a third. In goes a charge and a stretch of days with the
energy used in it; out come its parts, one for each period and tier. `Minimum` is not among them: it looks at what the
others came to.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from cloud.billing.tariff import (
    Adder,
    Charge,
    Demand,
    Energy,
    Fixed,
    HourlyEnergy,
    Minimum,
    Per,
    Power,
    Proration,
    RateMissing,
    Tariff,
    Tier,
    TierBasis,
    value_on,
)
from runtime.errors import InputRefused

KWH: Final = "kWh"


class LineKind(StrEnum):
    """What a line of a bill is for."""

    ENERGY = "energy"
    FIXED = "fixed"
    POWER = "power"
    ADDER = "adder"
    DEMAND = "demand"
    MINIMUM = "minimum"
    TAX = "tax"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some days of a billing period, both included, and what was used in them, by period of the calendar."""

    first_day: date
    last_day: date
    period_days: int
    use_wh: Mapping[str, int]
    peak_w: Mapping[str, Decimal]
    """The highest power, by the name of the demand charge."""
    lacking_kwh: Fraction = Fraction(0)
    """What these days add to reach the least that is charged."""

    @property
    def days(self) -> int:
        return (self.last_day - self.first_day).days + 1

    @property
    def share(self) -> Fraction:
        """Which part of the billing period it is."""
        return Fraction(self.days, self.period_days)

    @property
    def kwh(self) -> Fraction:
        return Fraction(sum(self.use_wh.values()), 1000)

    def years(self, proration: Proration) -> Fraction:
        """Which part of a year it is."""
        match proration:
            case Proration.BILLING:
                return self.share / 12
            case Proration.ACTUAL_365:
                return Fraction(self.days, 365)
            case Proration.THIRTY_DAYS:
                return Fraction(self.days, 360)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A quantity at one rate."""

    kind: LineKind
    quantity: Fraction
    unit: str
    rate: Fraction
    period: str = ""


def parts_of(charge: Charge, stretch: Stretch, tariff: Tariff) -> Iterator[Part]:
    """What the charge comes to; raises RateMissing and InputRefused for what must be known and is not."""
    match charge:
        case Energy():
            yield from _energy(charge, stretch, tariff)
        case Fixed():
            yield _fixed(charge.amount, charge.per, charge.proration, stretch)
        case Power():
            if tariff.contracted_kw is None:
                do = "give the contracted power in kW"
                raise InputRefused(f"{charge.name} is charged by contracted power, and none is known", do=do)
            kw_years = Fraction(tariff.contracted_kw) * stretch.years(charge.proration)
            yield Part(kind=LineKind.POWER, quantity=kw_years, unit="kW-year", rate=Fraction(charge.rate_kw_year))
        case Adder():
            rate = value_on(charge.rates_kwh, stretch.first_day, charge.name)
            yield Part(kind=LineKind.ADDER, quantity=stretch.kwh, unit=KWH, rate=Fraction(rate))
        case Demand():
            yield _demand(charge, stretch)
        case HourlyEnergy():
            what = f"{charge.name} has a price for every hour, published by {charge.published_by}"
            raise RateMissing(what, where=tariff.id, do="this bill needs those prices, and none were given")
        case Minimum():
            return


def _fixed(amount: Decimal, per: Per, proration: Proration, stretch: Stretch) -> Part:
    years = stretch.years(proration)
    quantity = {Per.DAY: Fraction(stretch.days), Per.MONTH: years * 12, Per.YEAR: years}[per]
    return Part(kind=LineKind.FIXED, quantity=quantity, unit=str(per), rate=Fraction(amount))


def least(charge: Minimum, stretch: Stretch) -> Fraction:
    """The least its base comes to."""
    part = _fixed(charge.amount, charge.per, charge.proration, stretch)
    return part.quantity * part.rate


def _demand(charge: Demand, stretch: Stretch) -> Part:
    if charge.name not in stretch.peak_w:
        do = "bill it from intervals; daily energy does not tell"
        raise InputRefused(f"{charge.name} is charged by the highest power, and it is not known", do=do)
    kw = Fraction(stretch.peak_w[charge.name]) / 1000 * stretch.share
    return Part(kind=LineKind.DEMAND, quantity=kw, unit="kW", rate=Fraction(charge.rate_kw))


def _energy(charge: Energy, stretch: Stretch, tariff: Tariff) -> Iterator[Part]:
    used = {period: Fraction(stretch.use_wh.get(period, 0), 1000) for period in tariff.calendar.periods}
    scale = Fraction(stretch.days) if charge.basis is TierBasis.DAY else stretch.share
    whole = sum(used.values(), Fraction(0))
    for period, kwh in used.items():
        tiers = charge.tiers_of(period)
        filled = _filled(tiers, whole if charge.is_pooled else kwh, scale)
        part_of_pool = kwh / whole if charge.is_pooled and whole else Fraction(1)
        for tier, quantity in zip(tiers, filled, strict=True):
            if kwh and quantity:
                yield _kwh(LineKind.ENERGY, quantity * part_of_pool, tier, period)
    if stretch.lacking_kwh:
        first = tariff.calendar.periods[0]
        yield _kwh(LineKind.MINIMUM, stretch.lacking_kwh, charge.tiers_of(first)[0], first)


def _kwh(kind: LineKind, quantity: Fraction, tier: Tier, period: str) -> Part:
    return Part(kind=kind, quantity=quantity, unit=KWH, rate=Fraction(tier.rate), period=period)


def _filled(tiers: tuple[Tier, ...], kwh: Fraction, scale: Fraction) -> Iterator[Fraction]:
    """How many of the kWh lie in each tier."""
    below = Fraction(0)
    for tier in tiers:
        end = kwh if tier.up_to_kwh is None else min(kwh, Fraction(tier.up_to_kwh) * scale)
        yield max(Fraction(0), end - below)
        below = max(below, end)
