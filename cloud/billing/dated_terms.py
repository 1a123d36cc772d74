"""What a dated tariff would ask on terms that never held together: last month's days at this month's prices.

A tariff cannot be asked that, because it is rated by its days. So the prices of a bill are taken out of its days as a
row of stretches, each with the charges that held and its share of the period; the taxes likewise. Put on a period of
any length, with any energy, they are rated by `cloud.billing.rating` like every other bill. Prices that were the same
on both bills are equal, whatever versions they stood in, so they are no cause of anything.

Energy is laid evenly on the days of a mixture. What each bill itself comes to is reckoned day by day, and kept.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import accumulate, groupby, pairwise
from typing import Final, TypeVar

from cloud.billing.explanation import BillSide, Reading, Terms
from cloud.billing.rating import DayUse, bill
from cloud.billing.tariff import Adder, BillingPeriod, Charge, Dated, DateRule, Demand, Tariff, Tax, Version, value_on
from cloud.billing.taxes import rate_of
from cloud.kernel.money import Money, shares
from runtime.errors import InputRefused

T = TypeVar("T")
Stretches = tuple[tuple[Fraction, T], ...]
"""What held one after another, and for which share of the days."""

_FIRST: Final = date(2001, 1, 1)  # a mixture has days, and no place in the calendar
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Prices:
    """The charges of a billing period; a rate that is set by month stands in them as it was."""

    stretches: Stretches[tuple[Charge, ...]]


@dataclass(frozen=True, slots=True)
class Taxes:
    """The taxes of a billing period, each with the one rate it had."""

    stretches: Stretches[tuple[Tax, ...]]


def side_of(
    tariff: Tariff,
    use: Sequence[DayUse],
    period: BillingPeriod,
    temperatures_c: Mapping[date, float],
    *,
    stated: Money | None = None,
    event: Money | None = None,
    reading: Reading = Reading.ACTUAL,
) -> BillSide:
    """A billing period of a home, ready to be explained; what the utility asks is what we reckon where it is not known.

    `event` is what the utility credits or corrects, taxes and all. Raises what `bill` raises, and InputRefused for a
    tariff with a demand charge: of a mixture nobody knows the highest power.
    """
    if any(isinstance(charge, Demand) for version in tariff.versions for charge in version.charges):
        raise InputRefused("a bill with a demand charge cannot be explained by its causes", where=tariff.id)
    reckoned = bill(tariff, use, period).total + (event or Money(0, tariff.currency))
    energy_wh = {name: sum(each.energy_wh for each in use if each.period == name) for name in tariff.calendar.periods}
    return BillSide(
        period=period,
        energy_wh=energy_wh,
        temperatures_c=[temperatures_c.get(day) for day in _days(period)],
        price=Prices(_stretches(period, lambda day: _charges_on(tariff, day))),
        tax=Taxes(_stretches(period, lambda day: tuple(_tax_on(tax, day, period) for tax in tariff.taxes))),
        event=event or Money(0, tariff.currency),
        stated=stated or reckoned,
        reckoned=reckoned,
        reading=reading,
    )


@dataclass(frozen=True, slots=True)
class RateOfTariff:
    """The rate of sides that `side_of` made of one tariff."""

    tariff: Tariff

    def __call__(self, terms: Terms) -> Money:
        """What these terms come to."""
        prices, taxes = terms.price, terms.tax
        if not isinstance(prices, Prices) or not isinstance(taxes, Taxes):
            raise TypeError("these terms are not of a tariff")
        charges_laid, taxes_laid = _laid(prices.stretches, terms.days), _laid(taxes.stretches, terms.days)
        versions = tuple(
            Version(first_day=held.first_day, last_day=held.last_day, charges=held.value) for held in charges_laid
        )
        period = BillingPeriod(first_day=_FIRST, last_day=_FIRST + (terms.days - 1) * _DAY)
        mixed = replace(self.tariff, versions=versions, taxes=_one_row(taxes_laid))
        starts = sorted({held.first_day for held in charges_laid} | {held.first_day for held in taxes_laid})
        return bill(mixed, list(_spread(terms, starts)), period).total + terms.event


def _charges_on(tariff: Tariff, day: date) -> tuple[Charge, ...]:
    def as_it_was(charge: Charge) -> Charge:
        if not isinstance(charge, Adder):
            return charge
        rate = value_on(charge.rates_kwh, day, charge.name)
        return replace(charge, rates_kwh=(Dated(first_day=date.min, last_day=None, value=rate),))

    return tuple(as_it_was(charge) for charge in tariff.version_on(day).charges)


def _tax_on(tax: Tax, day: date, period: BillingPeriod) -> Tax:
    rate = Dated(first_day=date.min, last_day=None, value=rate_of(tax, day, period))
    return replace(tax, date_rule=DateRule.CONSUMPTION, rates=(rate,))


def _stretches(period: BillingPeriod, on: Callable[[date], T]) -> Stretches[T]:
    runs = [(value, len(list(days))) for value, days in groupby(map(on, _days(period)))]
    return tuple((Fraction(length, period.days), value) for value, length in runs)


def _laid(stretches: Stretches[T], days: int) -> list[Dated[T]]:
    """The stretches on so many days, those too short for a day left out."""
    ends = [0, *(round(share * days) for share in accumulate(share for share, _ in stretches))]
    return [
        Dated(first_day=_FIRST + begin * _DAY, last_day=_FIRST + (end - 1) * _DAY, value=value)
        for (begin, end), (_, value) in zip(pairwise(ends), stretches, strict=True)
        if begin < end
    ]


def _one_row(laid: Sequence[Dated[tuple[Tax, ...]]]) -> tuple[Tax, ...]:
    """Each tax once, with the rate of each stretch."""
    return tuple(
        replace(
            tax,
            rates=tuple(
                Dated(first_day=held.first_day, last_day=held.last_day, value=held.value[at].rates[0].value)
                for held in laid
            ),
        )
        for at, tax in enumerate(laid[0].value)
    )


def _spread(terms: Terms, starts: Sequence[date]) -> Iterator[DayUse]:
    """The energy by stretch, on the first day of each, in whole Wh that make up the whole."""
    ends = [*starts[1:], _FIRST + terms.days * _DAY]
    lengths = [Fraction((end - start).days, terms.days) for start, end in zip(starts, ends, strict=True)]
    for name, exact in terms.energy_wh.items():
        whole = round(exact)
        for start, energy_wh in zip(starts, shares(whole, [whole * length for length in lengths]), strict=True):
            yield DayUse(day=start, period=name, energy_wh=energy_wh)


def _days(period: BillingPeriod) -> Iterator[date]:
    return (period.first_day + at * _DAY for at in range(period.days))
