"""A bill: a tariff, the energy of each day, and a billing period in; lines and their total out.

    intervals -> classify -> DayUse ... -> bill -> lines, total

Every day is rated by the version valid on it, with the energy used on it, so a tariff that changes within the period
is billed before and after by what was used before and after. A charge is cut into lines only where its own rate, or
that of a tax on it, changes; tier limits and least amounts go with the days of each. A line is reckoned in fractions
and rounded half up to the cent, once, and the total is the sum of the lines.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cloud.billing import charges, taxes
from cloud.billing.charges import KWH, LineKind, Part, Stretch
from cloud.billing.day_use import DayPeak, DayUse, IntervalUse, classify
from cloud.billing.stretches import Days
from cloud.billing.tariff import BillingPeriod, Method, Minimum, Tariff, Tax
from cloud.kernel.money import Currency, Money, total

__all__ = ["Bill", "BillLine", "BillingPeriod", "DayUse", "IntervalUse", "LineKind", "bill", "classify"]

_NOTHING: Final[Mapping[str, Fraction]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line. `amount` is quantity times rate, rounded once; a tax's quantity is what it is reckoned on.

    A tax that is inside the prices (Brazil's) has a line too, for the reader: it `is_included` in the amounts of the
    lines above, and not added to the total.
    """

    component: str
    kind: LineKind
    period: str = ""
    quantity: Decimal
    unit: str
    rate: Decimal
    amount: Money
    first_day: date
    last_day: date
    is_included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The bill of one period."""

    period: BillingPeriod
    currency: Currency
    lines: tuple[BillLine, ...]
    total: Money


def bill(tariff: Tariff, use: Sequence[DayUse], period: BillingPeriod, *, peaks: Sequence[DayPeak] = ()) -> Bill:
    """The bill; raises RateMissing where the tariff does not say what a day costs, ReadingsRefused for foreign use."""
    sheet = _BillBeingWritten(tariff, Days(tariff, use, period, peaks))
    sheet.add_charges()
    sheet.add_minimums()
    for tax in tariff.taxes:
        if tax.method is Method.INSIDE:
            sheet.add_inside(tax)
        else:
            sheet.add_on_top(tax)
    amounts = [line.amount for line in sheet.lines if not line.is_included]
    total_amount = total(amounts, tariff.currency)
    return Bill(period=period, currency=tariff.currency, lines=tuple(sheet.lines), total=total_amount)


def rounded(exact: Fraction, currency: Currency) -> Money:
    """Half up, away from zero, to the cent.

    >>> rounded(Fraction(1, 200), Currency.EUR)
    Money(minor=1, currency=<Currency.EUR: 'EUR'>)
    """
    cents = int(abs(exact) * 100 + Fraction(1, 2))
    return Money(cents if exact >= 0 else -cents, currency)


class _BillBeingWritten:
    def __init__(self, tariff: Tariff, days: Days) -> None:
        self.lines: list[BillLine] = []
        self._tariff = tariff
        self._days = days
        self._inside: list[tuple[BillLine, Mapping[str, Fraction]]] = []  # lines with taxes in them, percent by tax

    def add_charges(self) -> None:
        for name in self._days.names():
            before_kwh = Fraction(0)
            for charge, stretch, inside in self._days.of_charge(name):
                for part in charges.parts_of(charge, stretch, self._tariff):
                    for cut, percents in _cut(part, inside, before_kwh):
                        self._add(name, cut, stretch, percents)
                    before_kwh += part.quantity if part.unit == KWH else 0

    def add_minimums(self) -> None:
        for name in self._days.names():
            for charge, stretch, _ in self._days.of_charge(name):
                if isinstance(charge, Minimum):
                    lacking = charges.least(charge, stretch) - self._sum(charge.base, stretch)
                    if lacking > 0:
                        one = Part(kind=LineKind.MINIMUM, quantity=Fraction(1), unit="top-up", rate=lacking)
                        self._add(name, one, stretch)

    def add_inside(self, tax: Tax) -> None:
        """A line for each rate of a tax that is in the prices already."""
        found: defaultdict[Fraction, list[tuple[BillLine, Fraction]]] = defaultdict(list)
        for line, percents in self._inside:
            if tax.name in percents:
                shares = taxes.shares_inside(self._tariff.taxes, percents)
                left = 1 - sum((shares[name] for name in tax.net_of if name in shares), Fraction(0))
                found[percents[tax.name]].append((line, Fraction(line.amount.amount) * left))
        for percent, based in found.items():
            base = Fraction(rounded(sum((each for _, each in based), Fraction(0)), self._tariff.currency).amount)
            lines = [line for line, _ in based]
            part = Part(kind=LineKind.TAX, quantity=base, unit=self._tariff.currency, rate=percent / 100)
            first, last = min(line.first_day for line in lines), max(line.last_day for line in lines)
            self.lines.append(replace(self._line(tax.name, part, first, last), is_included=True))

    def add_on_top(self, tax: Tax) -> None:
        """A line for each rate of a tax that is added to the prices."""
        for rate, stretch in self._days.of_tax(tax):
            if tax.method is Method.PER_KWH:
                part = Part(kind=LineKind.TAX, quantity=stretch.kwh, unit=KWH, rate=rate)
            else:
                base = self._sum(tax.base, stretch)
                part = Part(kind=LineKind.TAX, quantity=base, unit=self._tariff.currency, rate=rate / 100)
                floor = Fraction(tax.floor_mwh)
                if stretch.kwh / 1000 * floor > base * part.rate:
                    part = Part(kind=LineKind.TAX, quantity=stretch.kwh / 1000, unit="MWh", rate=floor)
            if part.quantity:
                self._add(tax.name, part, stretch)

    def _sum(self, names: Sequence[str], stretch: Stretch) -> Fraction:
        """What the lines of these names in these days come to; no line lies across the stretch's edge."""
        lines = [line for line in self.lines if line.component in names and not line.is_included]
        within = [line for line in lines if stretch.first_day <= line.first_day <= stretch.last_day]
        return Fraction(total((line.amount for line in within), self._tariff.currency).amount)

    def _add(self, name: str, part: Part, stretch: Stretch, percents: Mapping[str, Fraction] = _NOTHING) -> None:
        kept = 1 - sum(taxes.shares_inside(self._tariff.taxes, percents).values())
        line = self._line(name, replace(part, rate=part.rate / kept), stretch.first_day, stretch.last_day)
        self.lines.append(line)
        if percents:
            self._inside.append((line, percents))

    def _line(self, name: str, part: Part, first_day: date, last_day: date) -> BillLine:
        return BillLine(
            component=name,
            kind=part.kind,
            period=part.period,
            quantity=_decimal(part.quantity),
            unit=part.unit,
            rate=_decimal(part.rate),
            amount=rounded(part.quantity * part.rate, self._tariff.currency),
            first_day=first_day,
            last_day=last_day,
        )


def _cut(part: Part, inside: taxes.Rates, before_kwh: Fraction) -> Iterator[tuple[Part, Mapping[str, Fraction]]]:
    """A part cut where a tax inside it has another rate, with the percent of each tax."""
    if part.unit != KWH or not part.quantity:
        yield part, taxes.percents(inside)
        return
    for quantity, percents in taxes.banded(inside, before_kwh, part.quantity):
        yield replace(part, quantity=quantity), percents


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / exact.denominator
