"""Intervals of a meter, sorted into the days and the periods of a tariff: no Wh is lost, none counts twice.

In go intervals in the order of time, each an aware instant, a length and whole watt-hours; out comes the energy of each
local day in each period of the calendar. The days are laid on the line of time first, with the hour that comes twice
and the hour that does not come, and the intervals are laid on them: so a day has 92, 96 or 100 quarters, and it does
not matter where a series is cut.

An interval across two periods or two days is shared out by time, which is as fair as anything within an hour. A longer
one could be anything, and is refused; so are one that takes up before the last one ended, and one given to the grid.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final

from cloud.billing.calendars import MINUTES_OF_A_DAY, Calendar
from cloud.billing.tariff import BillingPeriod, Demand, Tariff
from cloud.kernel.money import shares
from runtime.errors import InputRefused
from wire.instants import from_unix_ms, unix_ms

MAX_SHARED_S: Final = 3_600
"""The longest interval that is shared out between two periods."""
_DAY: Final = timedelta(days=1)
_MINUTE_MS: Final = 60_000


class ReadingsRefused(InputRefused):
    """The readings cannot be billed as they are: somebody must look at the meter or the file. Nothing was rated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalUse:
    """The energy of one interval."""

    starts_at: datetime
    period_s: int
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """The energy of one local day in one period of the tariff's calendar."""

    day: date
    period: str
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPeak:
    """The highest mean power of one interval on one local day, in the hours of one demand charge."""

    day: date
    charge: str
    power_w: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of a billing period without readings."""

    from_at: datetime
    until_at: datetime


@dataclass(frozen=True, slots=True)
class _Span:
    """A stretch of one local day in one period; None outside of what is billed."""

    start_ms: int
    end_ms: int
    day: date | None = None
    period: str = ""


def classify(intervals: Iterable[IntervalUse], tariff: Tariff, period: BillingPeriod) -> tuple[DayUse, ...]:
    """The energy by day and period, of what lies in the billing period; raises ReadingsRefused."""
    energy_wh: defaultdict[tuple[date, str], int] = defaultdict(int)
    for interval, parts in _laid(intervals, tariff, tariff.calendar, period):
        whole_ms = interval.period_s * 1000
        if len(parts) == 1:
            wh_of_parts: tuple[int, ...] = (interval.energy_wh,)
        else:
            exact = [Fraction(interval.energy_wh * (part.end_ms - part.start_ms), whole_ms) for part in parts]
            wh_of_parts = shares(interval.energy_wh, exact)
        for part, wh in zip(parts, wh_of_parts, strict=True):
            if part.day is not None:
                energy_wh[part.day, part.period] += wh
    order = {name: at for at, name in enumerate(tariff.calendar.periods)}
    found = sorted(energy_wh.items(), key=lambda item: (item[0][0], order[item[0][1]]))
    return tuple(DayUse(day=day, period=name, energy_wh=wh) for (day, name), wh in found)


def peaks(intervals: Iterable[IntervalUse], tariff: Tariff, period: BillingPeriod) -> tuple[DayPeak, ...]:
    """The highest power by day and demand charge, an interval counting where it begins; raises ReadingsRefused."""
    charges = {each for version in tariff.versions for each in version.charges if isinstance(each, Demand)}
    series = tuple(intervals)
    highest: dict[tuple[date, str], Decimal] = {}
    for charge in charges:
        for interval, parts in _laid(series, tariff, charge.calendar, period):
            begins = parts[0]
            if begins.day is not None and begins.period == charge.period:
                power_w = Decimal(interval.energy_wh * 3_600) / interval.period_s
                key = (begins.day, charge.name)
                highest[key] = max(highest.get(key, power_w), power_w)
    return tuple(DayPeak(day=day, charge=name, power_w=power_w) for (day, name), power_w in sorted(highest.items()))


def gaps(intervals: Iterable[IntervalUse], tariff: Tariff, period: BillingPeriod) -> tuple[Gap, ...]:
    """Where the billing period has no readings, of a series that `classify` takes."""
    start_ms, end_ms = _bounds(tariff, period)
    found = []
    for interval in intervals:
        at_ms = unix_ms(interval.starts_at)
        if start_ms < min(at_ms, end_ms):
            found.append((start_ms, min(at_ms, end_ms)))
        start_ms = max(start_ms, at_ms + interval.period_s * 1000)
    if start_ms < end_ms:
        found.append((start_ms, end_ms))
    return tuple(Gap(from_at=from_unix_ms(first), until_at=from_unix_ms(end)) for first, end in found)


def within(intervals: Iterable[IntervalUse], tariff: Tariff, period: BillingPeriod) -> tuple[IntervalUse, ...]:
    """Those that lie in the billing period, or partly; what else a file holds is no matter of this bill."""
    start_ms, end_ms = _bounds(tariff, period)
    return tuple(each for each in intervals if start_ms - each.period_s * 1000 < unix_ms(each.starts_at) < end_ms)


def midnight(day: date, tariff: Tariff) -> datetime:
    """The first instant of a local day, in UTC."""
    return datetime.combine(day, time(), tariff.zone).astimezone(UTC)


def _bounds(tariff: Tariff, period: BillingPeriod) -> tuple[int, int]:
    return unix_ms(midnight(period.first_day, tariff)), unix_ms(midnight(period.last_day + _DAY, tariff))


def _laid(
    intervals: Iterable[IntervalUse], tariff: Tariff, calendar: Calendar, period: BillingPeriod
) -> Iterator[tuple[IntervalUse, list[_Span]]]:
    """Each interval with the parts of it, at least one."""
    spans = [*_spans(tariff, calendar, period)]
    at = 0
    for interval in in_order(intervals):
        start_ms = unix_ms(interval.starts_at)
        end_ms = start_ms + interval.period_s * 1000
        while spans[at].end_ms <= start_ms:
            at += 1
        parts = []
        for place in range(at, len(spans)):
            span = spans[place]
            if span.start_ms >= end_ms:
                break
            parts.append(_Span(max(span.start_ms, start_ms), min(span.end_ms, end_ms), span.day, span.period))
        if len(parts) > 1 and interval.period_s > MAX_SHARED_S:
            names = " and ".join(f"{part.day or 'other'} {part.period}".strip() for part in parts[:2])
            what = f"an interval of {interval.period_s} s lies across {names}"
            do = f"give intervals of {MAX_SHARED_S} s or less"
            raise ReadingsRefused(what, where=f"{interval.starts_at.isoformat()}", do=do)
        yield interval, parts


def in_order(intervals: Iterable[IntervalUse]) -> Iterator[IntervalUse]:
    """The same intervals, each after the one before; raises ReadingsRefused at the first that is not."""
    before: IntervalUse | None = None
    for interval in intervals:
        if interval.period_s <= 0:
            raise ReadingsRefused(f"an interval of {interval.period_s} s", where=interval.starts_at.isoformat())
        if interval.energy_wh < 0:
            what = f"{interval.energy_wh} Wh: what is given to the grid cannot be billed as use"
            raise ReadingsRefused(what, where=interval.starts_at.isoformat(), do="give the import register alone")
        if before is not None and interval.starts_at < before.starts_at + timedelta(seconds=before.period_s):
            raise _out_of_order(before, interval)
        before = interval
        yield interval


def _out_of_order(before: IntervalUse, interval: IntervalUse) -> ReadingsRefused:
    where = interval.starts_at.isoformat()
    if interval.starts_at <= before.starts_at:
        same = interval.starts_at == before.starts_at
        what = "two readings of one interval" if same else "the readings go backwards in time"
        return ReadingsRefused(what, where=where, do=f"the one before began at {before.starts_at.isoformat()}")
    ended_at = before.starts_at + timedelta(seconds=before.period_s)
    do = f"the one before ends at {ended_at.isoformat()}; bill each hour once"
    return ReadingsRefused("two readings overlap", where=where, do=do)


def _spans(tariff: Tariff, calendar: Calendar, period: BillingPeriod) -> Iterator[_Span]:
    """The line of time: what lies before, each stretch of the billing period, and what lies after."""
    start_ms, end_ms = _bounds(tariff, period)
    yield _Span(-(2**62), start_ms)
    day = period.first_day
    while day <= period.last_day:
        yield from _spans_of_day(day, tariff, calendar)
        day += _DAY
    yield _Span(end_ms, 2**62)


def _spans_of_day(day: date, tariff: Tariff, calendar: Calendar) -> Iterator[_Span]:
    plan = calendar.plan(day)
    ends = [*(minute for minute, _ in plan[1:]), MINUTES_OF_A_DAY]
    for start_ms, end_ms, clock_ms in _strokes(day, tariff):
        for (minute, name), end in zip(plan, ends, strict=True):
            first = max(start_ms, clock_ms + minute * _MINUTE_MS)
            last = min(end_ms, clock_ms + end * _MINUTE_MS)
            if first < last:
                yield _Span(first, last, day, name)


def _strokes(day: date, tariff: Tariff) -> Iterator[tuple[int, int, int]]:
    """The parts of a day in which the clock runs evenly: (start, end, when its face would have shown midnight)."""
    start_ms, end_ms = (unix_ms(midnight(each, tariff)) for each in (day, day + _DAY))
    face_ms = unix_ms(datetime.combine(day, time(), UTC))

    def offset_ms(at_ms: int) -> int:
        offset = from_unix_ms(at_ms).astimezone(tariff.zone).utcoffset()
        assert offset is not None, "an aware instant has an offset"
        return offset // timedelta(milliseconds=1)

    first, last = offset_ms(start_ms), offset_ms(end_ms - 1)
    if first == last:
        yield start_ms, end_ms, face_ms - first
        return
    low, high = start_ms, end_ms - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_ms(middle) == first else (low, middle)
    yield start_ms, high, face_ms - first
    yield high, end_ms, face_ms - last
