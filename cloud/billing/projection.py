"""Where the running bill is going: a range, and when it is worth telling.

In go a home's daily energy up to yesterday, the temperatures that are known, the cycle and what a cycle costs. The
days that are left are expected to go on as the last ones did, each day counting half of one ten days younger; where
the same days of last year are known, their course is taken at today's level for the other half; and where the weather
explains the home's use and the temperature of a day is known, it is taken instead.

The range comes from the home itself: the same projection is made for its earlier cycles, as if each were today's, and
eight in ten of them lay within it (split conformal prediction). With fewer than EARLIER_ENOUGH of them nobody knows
how this home strays, and what is left may be PRIOR_SHARE more or less.

Nothing is said before day 7 and after day 25 of thirty, nor with more than a tenth of the days so far unread: a guess
that early, late or blind helps nobody. Not known is not zero: unread days are projected like those to come.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Final

from cloud.billing.tariff import BillingPeriod
from cloud.billing.weather_model import Day, WeatherModel, fit
from cloud.kernel.money import Money

COVERAGE: Final = Fraction(8, 10)
EARLIER_ENOUGH: Final = 8
PRIOR_SHARE: Final = 0.4
ALARMING_RATIO: Final = Fraction(13, 10)
ALARMING_MORE_MINOR: Final = 1_000
_OF_DAYS: Final = 30
_FIRST_DAY, _LAST_DAY = 7, 25
_LEAST_KNOWN: Final = Fraction(9, 10)
_HALF_LIFE_DAYS: Final = 10
_RECENT_DAYS: Final = 40
_LEAST_RECENT_DAYS: Final = 5
_YEAR: Final = timedelta(days=364)  # whole weeks, so that a Saturday is laid beside a Saturday
_LEVEL_BOUNDS: Final = (1 / 3, 3.0)
_STRIDE_DAYS: Final = 7
_MOST_EARLIER: Final = 52

_DAY: Final = timedelta(days=1)

CycleRate = Callable[[int], Money]
"""The bill of the whole cycle, when so many more Wh come to what is known."""


class WhyNoProjection(StrEnum):
    """Why nothing is said of the running bill."""

    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    DAYS_MISSING = "days_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoProjection:
    """Nothing that would help anybody."""

    why: WhyNoProjection


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """The bill at the end of the cycle: in eight of ten cycles between `low` and `high`."""

    low: Money
    likely: Money
    high: Money
    used_wh: int
    rest_wh: tuple[int, int, int]
    """What may still come: at least, likely, at most."""
    days_left: int
    earlier_cycles: int
    """How many of the home's own cycles the range rests on; 0 where it is the prior."""


def project(
    use_wh: Mapping[date, int],
    temperatures_c: Mapping[date, float],
    cycle: BillingPeriod,
    today: date,
    rate: CycleRate,
) -> Projection | NoProjection:
    """The running bill; `use_wh` from `today` on is not looked at. ValueError where `today` is outside of the cycle."""
    if today not in cycle:
        raise ValueError(f"{today} is not in the cycle from {cycle.first_day} to {cycle.last_day}")
    home = _Home(use_wh, temperatures_c, today)
    elapsed = (today - cycle.first_day).days
    known = sum(1 for day in _days(cycle.first_day, today) if day in use_wh)
    why = _why_not(elapsed, known, cycle.days)
    if why is not None:
        return NoProjection(why=why)
    foreseen = sum(1 for day in _days(today, cycle.last_day + _DAY) if day in temperatures_c)
    rest = home.rest_wh(cycle, today, foreseen)
    strayed = home.strayed(cycle, elapsed, foreseen)
    share = _share(strayed)
    low, likely, high = (max(0, round(rest * factor)) for factor in (1 - share, 1, 1 + share))
    return Projection(
        low=rate(low),
        likely=rate(likely),
        high=rate(high),
        used_wh=sum(use_wh[day] for day in _days(cycle.first_day, today) if day in use_wh),
        rest_wh=(low, likely, high),
        days_left=cycle.days - elapsed,
        earlier_cycles=len(strayed) if len(strayed) >= EARLIER_ENOUGH else 0,
    )


def is_alarming(projection: Projection, usual_bill: Money, customer_line: Money | None) -> bool:
    """Whether even the low end is over the line from which on it must be told."""
    return alarm_line(usual_bill, customer_line) < projection.low


def alarm_line(usual_bill: Money, customer_line: Money | None) -> Money:
    """1.3 times the usual bill, ten units of the currency more than it, or the customer's own line: the highest.

    Raises WrongCurrency where her line is in another currency than her bills.
    """
    ratio = Money(ceil(usual_bill.minor * ALARMING_RATIO), usual_bill.currency)
    more = Money(usual_bill.minor + ALARMING_MORE_MINOR, usual_bill.currency)
    usual = max(ratio, more)
    return usual if customer_line is None else max(usual, customer_line)


def _why_not(elapsed: int, known: int, days: int) -> WhyNoProjection | None:
    if elapsed * _OF_DAYS < _FIRST_DAY * days:
        return WhyNoProjection.TOO_EARLY
    if elapsed * _OF_DAYS > _LAST_DAY * days:
        return WhyNoProjection.TOO_LATE
    return WhyNoProjection.DAYS_MISSING if known < elapsed * _LEAST_KNOWN else None


def _share(strayed: Sequence[float]) -> float:
    """The share of what is left by which it may stray, eight times in ten."""
    if len(strayed) < EARLIER_ENOUGH:
        return max([PRIOR_SHARE, *strayed])
    return sorted(strayed)[min(len(strayed), ceil((len(strayed) + 1) * COVERAGE)) - 1]


class _Home:
    """What is known of a home before a day, and what it will use after it."""

    def __init__(self, use_wh: Mapping[date, int], temperatures_c: Mapping[date, float], today: date) -> None:
        self.use_wh = {day: wh for day, wh in use_wh.items() if day < today}
        self.temperatures_c = temperatures_c
        past = [Day(temperatures_c[day], wh) for day, wh in self.use_wh.items() if day in temperatures_c]
        model = fit(past)
        self.weather = model if isinstance(model, WeatherModel) else None

    def rest_wh(self, cycle: BillingPeriod, today: date, foreseen: int) -> float:
        """What the unread days of the cycle and those from `today` on will use, so many temperatures being known."""
        left = [day for day in _days(cycle.first_day, cycle.last_day + _DAY) if day >= today or day not in self.use_wh]
        recent = _Recent(self.use_wh, today)
        expected = dict.fromkeys(left, recent.level(self.use_wh))
        expected |= self._by_last_year(recent, left)
        expected |= self._by_weather(recent, [day for day in left if day < today + foreseen * _DAY])
        return sum(expected.values())

    def strayed(self, cycle: BillingPeriod, elapsed: int, foreseen: int) -> Sequence[float]:
        """How far, as a share of what was left, the projection made so many days into earlier cycles was off."""
        first_known = min(self.use_wh, default=cycle.first_day)
        found = []
        for number in range(1, _MOST_EARLIER + 1):
            first = cycle.first_day - number * _STRIDE_DAYS * _DAY
            earlier = BillingPeriod(first_day=first, last_day=first + (cycle.days - 1) * _DAY)
            if first < first_known:
                break
            if all(day in self.use_wh for day in _days(first, earlier.last_day + _DAY)):
                then = first + elapsed * _DAY
                expected = self.rest_wh(earlier, then, foreseen)
                rest = sum(self.use_wh[day] for day in _days(then, earlier.last_day + _DAY))
                found.append(abs(rest - expected) / max(expected, 1.0))
        return found

    def _by_last_year(self, recent: "_Recent", left: Sequence[date]) -> Mapping[date, float]:
        """Half today's level and half last year's course at it; nothing where a day that is left has no last year."""
        year_ago = {day: self.use_wh[day - _YEAR] for day in (*recent.shares, *left) if day - _YEAR in self.use_wh}
        if any(day not in year_ago for day in left):
            return {}
        now, then = recent.level(self.use_wh, year_ago), recent.level(year_ago)
        if not then:
            return {}
        ratio = min(max(now / then, _LEVEL_BOUNDS[0]), _LEVEL_BOUNDS[1])
        return {day: (recent.level(self.use_wh) + year_ago[day] * ratio) / 2 for day in left}

    def _by_weather(self, recent: "_Recent", days: Sequence[date]) -> Mapping[date, float]:
        """Today's level apart from the weather, and each day's own weather where it is known."""
        if self.weather is None:
            return {}
        weather_wh = self.weather.weather_wh
        by_weather = {
            day: weather_wh(self.temperatures_c[day]) for day in (*recent.shares, *days) if day in self.temperatures_c
        }
        otherwise = {day: self.use_wh[day] - by_weather[day] for day in recent.shares if day in by_weather}
        if len(otherwise) < _LEAST_RECENT_DAYS:
            return {}
        level = recent.level(otherwise)
        return {day: max(0.0, level + by_weather[day]) for day in days if day in by_weather}


class _Recent:
    """The days before `today` that are known, and how much each still says."""

    def __init__(self, use_wh: Mapping[date, int], today: date) -> None:
        days = [day for day in _days(today - _RECENT_DAYS * _DAY, today) if day in use_wh]
        self.shares = {day: 0.5 ** ((today - day).days / _HALF_LIFE_DAYS) for day in days}

    def level(self, values: Mapping[date, float], among: Mapping[date, object] | None = None) -> float:
        """The mean of the values by day, younger days first; of those days alone that stand `among` others."""
        shares = {day: share for day, share in self.shares.items() if day in (values if among is None else among)}
        weight = sum(shares.values())
        return sum(values[day] * share for day, share in shares.items()) / weight if weight else 0.0


def _days(first: date, until: date) -> Iterator[date]:
    """The days from `first` to the one before `until`."""
    return (first + at * _DAY for at in range((until - first).days))
