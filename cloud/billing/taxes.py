"""Taxes: which rate holds, and what a price becomes with the taxes that are inside it.

A tax inside is a percentage of a price that holds the tax already. Brazil has three on a kWh: ICMS is reckoned on the
whole price V, PIS and COFINS on V without ICMS. So of V the tariff keeps

    T = V (1 - ICMS) (1 - PIS - COFINS)

and V is T divided by the rest. `net_of` states which taxes leave a base first; without it they are all reckoned on V,
which is how it was before the courts took ICMS out of the base of the other two.

Source: Brazil's Supreme Court, Theme 69 (RE 574.706); the arithmetic agrees with distributors' printed bills.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from cloud.billing.tariff import BillingPeriod, DateRule, Method, Tax, Tier
from runtime.errors import InputRefused

Rates = tuple[tuple[str, tuple[Tier, ...]], ...]
"""The bands of some taxes, by name."""


def touching(name: str, taxes: Sequence[Tax]) -> tuple[Tax, ...]:
    """The taxes reckoned on a charge or a tax, on taxes on it, and so on."""
    names = {name}
    found = []
    for tax in taxes:
        if names.intersection(tax.base):
            names.add(tax.name)
            found.append(tax)
    return tuple(found)


def rate_of(tax: Tax, day: date, period: BillingPeriod) -> tuple[Tier, ...]:
    """The bands of a tax for a day of use; raises RateMissing, and InputRefused for a due day that is not known."""
    if tax.date_rule is DateRule.CONSUMPTION:
        return tax.rate_on(day)
    if period.due_on is None:
        do = "say on which day it falls due"
        raise InputRefused(f"the tax {tax.name} goes by the day the bill falls due, which is not known", do=do)
    return tax.rate_on(period.due_on)


def shares_inside(taxes: Sequence[Tax], percents: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Which part of a price with taxes each of the inside taxes is.

    >>> common = {"method": Method.INSIDE, "base": ("energy",), "date_rule": DateRule.DUE, "rates": ()}
    >>> icms, pis = Tax(name="ICMS", **common), Tax(name="PIS", net_of=("ICMS",), **common)
    >>> shares_inside([icms, pis], {"ICMS": Fraction(20), "PIS": Fraction(5)})
    {'ICMS': Fraction(1, 5), 'PIS': Fraction(1, 25)}
    """
    found: dict[str, Fraction] = {}
    for tax in taxes:
        if tax.method is Method.INSIDE and tax.name in percents:
            base = 1 - sum((found.get(name, Fraction(0)) for name in tax.net_of), Fraction(0))
            found[tax.name] = percents[tax.name] / 100 * base
    return found


def banded(rates: Rates, from_kwh: Fraction, kwh: Fraction) -> Iterator[tuple[Fraction, dict[str, Fraction]]]:
    """Some kWh, above `from_kwh` that came before, cut where a tax has another rate: (kWh, percent by tax)."""
    end = from_kwh + kwh
    limits = {Fraction(tier.up_to_kwh) for _, tiers in rates for tier in tiers if tier.up_to_kwh is not None}
    below = from_kwh
    for limit in sorted(limit for limit in limits | {end} if from_kwh < limit <= end):
        yield limit - below, {name: _percent_at(tiers, below) for name, tiers in rates}
        below = limit


def percents(rates: Rates) -> dict[str, Fraction]:
    """The percentages of what is not counted in kWh: those of the first band."""
    return {name: Fraction(tiers[0].rate) for name, tiers in rates}


def _percent_at(tiers: tuple[Tier, ...], kwh: Fraction) -> Fraction:
    return Fraction(next(tier.rate for tier in tiers if tier.up_to_kwh is None or kwh < tier.up_to_kwh))
