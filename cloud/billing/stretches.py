"""A billing period cut into stretches of days in which a charge, and every tax on it, stays as it is.

A charge that two versions of a tariff have in common is not cut where the version changes, and a flag that is the same
in two months is one line. What does change is cut on its day, with the energy of the days before and after.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from cloud.billing import taxes
from cloud.billing.charges import Stretch
from cloud.billing.day_use import DayPeak, DayUse, ReadingsRefused
from cloud.billing.tariff import Adder, BillingPeriod, Charge, Energy, Method, Minimum, Tariff, Tax, value_on
from cloud.billing.taxes import Rates


class Days:
    """The days of one bill: what is charged on each, and what was used."""

    def __init__(
        self, tariff: Tariff, use: Sequence[DayUse], period: BillingPeriod, peaks: Sequence[DayPeak] = ()
    ) -> None:
        """Raises RateMissing for a day without a version, ReadingsRefused for energy that is not of this bill."""
        self._tariff = tariff
        self._period = period
        self._days = [period.first_day + timedelta(days=at) for at in range(period.days)]
        self._charges = {day: {each.name: each for each in tariff.version_on(day).charges} for day in self._days}
        self._minimums_on = {
            day: [each for each in charges.values() if isinstance(each, Minimum)]
            for day, charges in self._charges.items()
        }
        self._use: defaultdict[date, list[DayUse]] = defaultdict(list)
        self._peaks: defaultdict[date, list[DayPeak]] = defaultdict(list)
        known = tariff.calendar.periods
        for each in use:
            if each.day not in period:
                raise ReadingsRefused("energy of a day that is not of this bill", where=str(each.day))
            if each.period not in known:
                what = f"{each.period!r} is no period of the tariff {tariff.id}"
                raise ReadingsRefused(what, where=str(each.day), do=f"known: {', '.join(known)}")
            self._use[each.day].append(each)
        for peak in peaks:
            self._peaks[peak.day].append(peak)
        self._whole_kwh = Fraction(sum(each.energy_wh for each in use), 1000)

    def names(self) -> tuple[str, ...]:
        """Every charge of these days, in the order of the tariff."""
        return tuple(dict.fromkeys(name for day in self._days for name in self._charges[day]))

    def of_charge(self, name: str) -> Iterator[tuple[Charge, Stretch, Rates]]:
        """The stretches of a charge, and the rates of the taxes inside it."""
        touching = self._touching(name)

        def state(day: date) -> tuple[Hashable, ...] | None:
            charge = self._charges[day].get(name)
            if charge is None:
                return None
            own = value_on(charge.rates_kwh, day, name) if isinstance(charge, Adder) else charge
            return (own, *self._minimums(name, day), *self._rates(touching, day))

        for days in self._runs(state):
            charge = self._charges[days[0]][name]
            inside = [tax for tax in touching if tax.method is Method.INSIDE and name in tax.base]
            yield charge, self._stretch(days, charge), self._rates(inside, days[0])

    def of_tax(self, tax: Tax) -> Iterator[tuple[Fraction, Stretch]]:
        """The stretches of a tax that is added to the prices, and its rate in each."""
        concerned = (tax, *taxes.touching(tax.name, self._tariff.taxes))
        for days in self._runs(lambda day: self._rates(concerned, day)):
            rate = taxes.rate_of(tax, days[0], self._period)[0].rate
            yield Fraction(rate), self._stretch(days)

    def _touching(self, name: str) -> tuple[Tax, ...]:
        """The taxes at whose changes a charge is cut: those on it, and those on a minimum that looks at it."""
        minimums = {each.name for day in self._days for each in self._minimums(name, day)}
        found = {tax for each in (name, *minimums) for tax in taxes.touching(each, self._tariff.taxes)}
        return tuple(tax for tax in self._tariff.taxes if tax in found)

    def _minimums(self, name: str, day: date) -> list[Minimum]:
        return [each for each in self._minimums_on[day] if name in each.base]

    def _rates(self, of: Sequence[Tax], day: date) -> Rates:
        return tuple((tax.name, taxes.rate_of(tax, day, self._period)) for tax in of)

    def _runs(self, state: Callable[[date], Hashable]) -> Iterator[list[date]]:
        """The days in a row with an equal state, without those that have none."""
        for found, days in groupby(self._days, key=state):
            if found is not None:
                yield list(days)

    def _stretch(self, days: Sequence[date], charge: Charge | None = None) -> Stretch:
        use_wh: defaultdict[str, int] = defaultdict(int)
        peak_w: dict[str, Decimal] = {}
        for day in days:
            for each in self._use[day]:
                use_wh[each.period] += each.energy_wh
            for peak in self._peaks[day]:
                peak_w[peak.charge] = max(peak_w.get(peak.charge, peak.power_w), peak.power_w)
        lacking = Fraction(0)
        if isinstance(charge, Energy):
            lacking = max(lacking, Fraction(charge.minimum_kwh) - self._whole_kwh)
        return Stretch(
            first_day=days[0],
            last_day=days[-1],
            period_days=self._period.days,
            use_wh=use_wh,
            peak_w=peak_w,
            lacking_kwh=lacking * Fraction(len(days), self._period.days),
        )
