"""A pair of bills as one JSON document: the door for programs that want a bill explained or projected.

    case       a name                                     currency   ISO 4217, USD where it is left out
    days       ISO dates, one after another               kwh        what was used on each; null: not known (yet)
    temp_f     the mean of each, or temp_c; null allowed  peak_kwh   how much of it in the peak period
    tariff     {version: {fix, off, pk, t1, adder}}: a day, an off-peak kWh, a peak kWh, and what is added to each kWh
               beyond t1 for each day of the bill, all of them together
    previous   {n, price, tax, event, total}: days, version of the tariff, tax as a fraction of all the rest, a credit
               or a correction before tax, what the utility asked
    current    the same, its n days being the last; a `first_day` says where it begins in a document that ends sooner
    year_ago   where it is there, the same of the bill a year before, and its `first_day`
    flags      of prev_estimated, cur_estimated, prev_catchup, cur_catchup
    today      for a projection: the first day of which nothing is known

Numbers are read as decimals and energy as whole Wh. What is missing, of another kind, or does not fit together is
refused with its key; keys we do not know are left alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from cloud.billing.document import Section
from cloud.billing.explanation import BillSide, Reading, Terms
from cloud.billing.tariff import BillingPeriod
from cloud.billing.weather_model import Day
from cloud.kernel.money import Currency, Money
from runtime.errors import InputRefused

_MAX_PERIOD_DAYS: Final = 100
_YEAR: Final = timedelta(days=364)
_LATELY_DAYS: Final = 28
_FLAGS: Final = {
    "prev_estimated": ("previous", Reading.ESTIMATED),
    "prev_catchup": ("previous", Reading.CATCH_UP),
    "cur_estimated": ("current", Reading.ESTIMATED),
    "cur_catchup": ("current", Reading.CATCH_UP),
}
_OFF_PEAK, _PEAK = "off_peak", "peak"


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One version of the document's tariff."""

    a_day: Fraction
    off_peak_kwh: Fraction
    peak_kwh: Fraction
    allowance_kwh: Fraction
    adder_kwh: Fraction


@dataclass(frozen=True, slots=True)
class PriceOfDocument:
    """The rate of a document: `terms.price` is a Price, `terms.tax` a fraction of all the rest."""

    currency: Currency

    def __call__(self, terms: Terms) -> Money:
        """What these terms cost, rounded once at the end, half up."""
        price, tax = terms.price, terms.tax
        if not isinstance(price, Price) or not isinstance(tax, Fraction):
            raise TypeError("these terms are not of a document")
        used = sum(terms.energy_wh.values(), start=Fraction(0)) / 1000
        peak = terms.energy_wh.get(_PEAK, Fraction(0)) / 1000
        net = terms.days * price.a_day + (used - peak) * price.off_peak_kwh + peak * price.peak_kwh
        net += max(Fraction(0), used - terms.days * price.allowance_kwh) * price.adder_kwh
        amount = (net + Fraction(terms.event.minor, 100)) * (1 + tax)
        return _money(amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One day of the document."""

    day: date
    energy_wh: int | None
    peak_wh: int
    temperature_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BillPair:
    """A document, read."""

    case: str
    records: tuple[Record, ...]
    previous: BillSide
    current: BillSide
    year_ago: BillSide | None
    rate: PriceOfDocument
    today: date
    """The first day of which nothing is known."""

    @property
    def history(self) -> tuple[Day, ...]:
        """The days before the current bill of which energy and temperature are known."""
        return tuple(
            Day(record.temperature_c, record.energy_wh)
            for record in self.records
            if record.day < self.current.period.first_day
            and record.energy_wh is not None
            and record.temperature_c is not None
        )

    @property
    def use_wh(self) -> Mapping[date, int]:
        """The days whose energy is known before `today`."""
        return {
            each.day: each.energy_wh for each in self.records if each.energy_wh is not None and each.day < self.today
        }

    @property
    def temperatures_c(self) -> Mapping[date, float]:
        """The days whose temperature is known, forecasts among them."""
        return {each.day: each.temperature_c for each in self.records if each.temperature_c is not None}

    @property
    def used_year_ago_wh(self) -> int | None:
        """What the same days used a year before, by whole weeks; None where not all of them are known."""
        first = self.current.period.first_day - _YEAR
        used = [each.energy_wh for each in self.records if 0 <= (each.day - first).days < self.current.period.days]
        known = [energy_wh for energy_wh in used if energy_wh is not None]
        return sum(known) if len(known) == self.current.period.days else None

    def cycle_rate(self, rest_wh: int) -> Money:
        """The current bill, when so much more is used than is known, at the peak's share of the last four weeks."""
        lately = [each for each in self.records if 0 < (self.today - each.day).days <= _LATELY_DAYS]
        so_far = [each for each in self.records if each.day < self.today and each.day in self.current.period]
        used = sum(each.energy_wh or 0 for each in lately)
        share = Fraction(sum(each.peak_wh for each in lately), used) if used else Fraction(0)
        peak = sum(each.peak_wh for each in so_far) + rest_wh * share
        off_peak = sum((each.energy_wh or 0) - each.peak_wh for each in so_far) + rest_wh * (1 - share)
        return self.rate(replace(self.current.terms, energy_wh={_OFF_PEAK: off_peak, _PEAK: peak}))

    def check_is_whole(self) -> None:
        """Raises InputRefused where a day of a bill has no energy: nothing is explained by halves."""
        known = {record.day for record in self.records if record.energy_wh is not None}
        for side in filter(None, (self.previous, self.current, self.year_ago)):
            days = (side.period.first_day + timedelta(days=at) for at in range(side.period.days))
            for day in days:
                if day not in known:
                    do = "give every day of the bills, or have the last one projected"
                    raise InputRefused(f"nothing is known of {day}", where="kwh", do=do)


def parse(data: bytes) -> BillPair:
    """The document of a file, raises InputRefused."""
    document = Section.of(data)
    currency = document.choice("currency", Currency, Currency.USD)
    records = _records(document)
    tariff, current = document.section("tariff"), document.section("current")
    prices = {version: _price(tariff.section(version)) for version in tariff.values}
    first_day = current.day("first_day", records[-1].day - timedelta(days=_days_of(current) - 1))
    readings = _readings(document)

    def side(name: str, first: date) -> BillSide:
        return _side(document.section(name), first, records, prices, currency, readings.get(name, Reading.ACTUAL))

    first_of_year_ago = document.section("year_ago").day("first_day") if "year_ago" in document.values else None
    return BillPair(
        case=document.text("case"),
        records=records,
        previous=side("previous", first_day - timedelta(days=_days_of(document.section("previous")))),
        current=side("current", first_day),
        year_ago=None if first_of_year_ago is None else side("year_ago", first_of_year_ago),
        rate=PriceOfDocument(currency),
        today=document.day("today", records[-1].day + timedelta(days=1)),
    )


def _records(document: Section) -> tuple[Record, ...]:
    days = [document.as_day(text, f"days[{at}]") for at, text in enumerate(document.series("days"))]
    if not days or any(after - before != timedelta(days=1) for before, after in pairwise(days)):
        raise InputRefused("the days do not follow one another", where="days", do="name every day once, in order")
    in_f = "temp_c" not in document.values
    columns = [document.numbers(name, len(days)) for name in ("kwh", "peak_kwh", "temp_f" if in_f else "temp_c")]
    records = []
    for day, used, peak, mean in zip(days, *columns, strict=True):
        if not 0 <= (peak or 0) <= (used or 0):
            raise InputRefused(f"the peak of {day} is not a part of what was used", where="peak_kwh")
        temperature = (mean - 32) * Fraction(5, 9) if in_f and mean is not None else mean
        record = Record(
            day=day,
            energy_wh=None if used is None else round(used * 1000),
            peak_wh=round((peak or Fraction(0)) * 1000),
            temperature_c=None if temperature is None else float(temperature),
        )
        records.append(record)
    return tuple(records)


def _price(version: Section) -> Price:
    return Price(
        a_day=version.number("fix"),
        off_peak_kwh=version.number("off"),
        peak_kwh=version.number("pk"),
        allowance_kwh=version.number("t1"),
        adder_kwh=version.number("adder"),
    )


def _days_of(side: Section) -> int:
    days = side.number("n")
    if days.denominator != 1 or not 1 <= days <= _MAX_PERIOD_DAYS:
        raise side.refused("n", f"a period is of 1 to {_MAX_PERIOD_DAYS} days")
    return int(days)


def _readings(document: Section) -> dict[str, Reading]:
    flags = document.series("flags") if "flags" in document.values else []
    unknown = [flag for flag in flags if not isinstance(flag, str) or flag not in _FLAGS]
    if unknown:
        raise document.refused("flags", f"{str(unknown[0])[:40]!r} is none of {', '.join(_FLAGS)}")
    return dict(_FLAGS[str(flag)] for flag in flags)


def _side(
    side: Section, first: date, records: Sequence[Record], prices: Mapping[str, Price], currency: Currency, how: Reading
) -> BillSide:
    period = BillingPeriod(first_day=first, last_day=first + timedelta(days=_days_of(side) - 1))
    if first < records[0].day:
        raise side.refused("n", f"the bill begins on {first}, before the first of the days")
    of_it = [record for record in records if record.day in period]
    peak = sum(record.peak_wh for record in of_it)
    used = sum(record.energy_wh or 0 for record in of_it)
    version = side.text("price")
    if version not in prices:
        raise side.refused("price", f"the tariff has no version {version[:40]!r}")
    found = BillSide(
        period=period,
        energy_wh={_OFF_PEAK: used - peak, _PEAK: peak},
        temperatures_c=[record.temperature_c for record in of_it],
        price=prices[version],
        tax=side.number("tax", Fraction(0)),
        event=_money(side.number("event", Fraction(0)), currency),
        stated=Money(0, currency),
        reading=how,
    )
    asked = _money(side.number("total"), currency) if "total" in side.values else PriceOfDocument(currency)(found.terms)
    return replace(found, stated=asked)


def _money(amount: Fraction, currency: Currency) -> Money:
    return Money.of(Decimal(amount.numerator) / Decimal(amount.denominator), currency)
