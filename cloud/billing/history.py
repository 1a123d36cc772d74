"""A home's energy day by day: what we read ourselves, and for the days before that what the utility's head-end knows.

Our own reading of a day counts where it is whole; half a day is no day, because it would be taken for a day on which
little was used. The head-end tells whole days and no hours, so where a tariff looks at the hours, its days are shared
out as our own last days were, and by the length of the periods where there are none.

Days are local days of the tariff's zone; both ends of every span are included.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final

from cloud.billing.calendars import MINUTES_OF_A_DAY, Calendar
from cloud.billing.day_use import DayUse, IntervalUse, classify, gaps
from cloud.billing.tariff import BillingPeriod, Tariff
from cloud.kernel.ids import UsagePointId
from cloud.kernel.money import shares

_DAY: Final = timedelta(days=1)
_LATELY_DAYS: Final = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyUse:
    """What a home used on one day, as the utility's head-end has it."""

    usage_point: UsagePointId
    day: date
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a home's days; `told_wh` are the head-end's, without those we read ourselves."""

    own: tuple[DayUse, ...]
    told_wh: Mapping[date, int]
    calendar: Calendar

    @property
    def energy_wh(self) -> dict[date, int]:
        """Every day that is known."""
        found = dict(self.told_wh)
        for use in self.own:
            found[use.day] = found.get(use.day, 0) + use.energy_wh
        return found

    @property
    def own_days(self) -> frozenset[date]:
        """The days of which we read every hour ourselves."""
        return frozenset(use.day for use in self.own)

    def use_in(self, period: BillingPeriod) -> tuple[DayUse, ...]:
        """The known days of a period, by the hours of the tariff."""
        found = [use for use in self.own if use.day in period]
        for day, energy_wh in self.told_wh.items():
            if day in period:
                found += self.laid(energy_wh, [day])
        return tuple(sorted(found, key=lambda use: use.day))

    def laid(self, energy_wh: int, days: Sequence[date], weights: Sequence[int] = ()) -> Iterator[DayUse]:
        """So much energy laid on days, evenly or by weights, and on each as its hours usually are."""
        for day, wh in zip(days, _shared(energy_wh, weights or [1] * len(days)), strict=True):
            usual = self._usual_on(day)
            for name, part in zip(usual, _shared(wh, list(usual.values())), strict=True):
                yield DayUse(day=day, period=name, energy_wh=part)

    def _usual_on(self, day: date) -> dict[str, int]:
        """How much each period of the tariff weighs: our last days, or its minutes on that day."""
        last = max(self.own_days, default=day)
        lately = [use for use in self.own if (last - use.day).days < _LATELY_DAYS and use.energy_wh]
        weights = dict.fromkeys(self.calendar.periods, 0)
        for use in lately:
            weights[use.period] += use.energy_wh
        if not lately:
            plan = self.calendar.plan(day)
            ends = [*(minute for minute, _ in plan[1:]), MINUTES_OF_A_DAY]
            for (minute, name), end in zip(plan, ends, strict=True):
                weights[name] += end - minute
        return weights


def known(
    intervals: Sequence[IntervalUse], told_wh: Mapping[date, int], tariff: Tariff, period: BillingPeriod
) -> History:
    """What intervals in the order of time, and the head-end's days, say of a period; raises ReadingsRefused."""
    own = tuple(_own(intervals, tariff, period)) if intervals else ()
    read = {each.day for each in own}
    left = {day: energy_wh for day, energy_wh in told_wh.items() if day not in read}
    return History(own=own, told_wh=left, calendar=tariff.calendar)


def _own(intervals: Sequence[IntervalUse], tariff: Tariff, period: BillingPeriod) -> Iterator[DayUse]:
    """The days of which no part is missing."""
    ends_at = intervals[-1].starts_at + timedelta(seconds=intervals[-1].period_s, milliseconds=-1)
    first, last = (at.astimezone(tariff.zone).date() for at in (intervals[0].starts_at, ends_at))
    read = BillingPeriod(first_day=max(first, period.first_day), last_day=min(last, period.last_day))
    broken = {day for gap in gaps(intervals, tariff, read) for day in _days_of(gap.from_at, gap.until_at, tariff)}
    return (use for use in classify(intervals, tariff, read) if use.day not in broken)


def days_of(period: BillingPeriod) -> list[date]:
    """The days of a period, in order."""
    return [period.first_day + at * _DAY for at in range(period.days)]


def _days_of(from_at: datetime, until_at: datetime, tariff: Tariff) -> Iterator[date]:
    day, last_at = from_at.astimezone(tariff.zone).date(), until_at - timedelta(milliseconds=1)
    while day <= last_at.astimezone(tariff.zone).date():
        yield day
        day += _DAY


def _shared(energy_wh: int, weights: Sequence[int]) -> tuple[int, ...]:
    whole = sum(weights)
    fair = [Fraction(energy_wh * weight, whole) for weight in weights] if whole else None
    return shares(energy_wh, fair or [Fraction(energy_wh, len(weights))] * len(weights))
