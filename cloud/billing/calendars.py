"""Which of a tariff's periods an instant of the local clock belongs to.

A calendar is a list of rules, tried in order; the first that fits the day and the hour gives the period, and the last
one has no conditions, so that no hour is left over. Days are told apart by weekday, by being a holiday, and by season.
Holidays are data: lists of them differ between a country, its regions and its regulator, and a library that guesses
them would change a bill with an update.

Everything here is about the local clock face, as tariffs are written. On the day the clock is put back an hour of the
face comes twice and is in the same period twice; on the day it is put forward an hour does not come at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

MINUTES_OF_A_DAY: Final = 24 * 60
WORKDAYS: Final = frozenset(range(5))
WEEKEND: Final = frozenset({5, 6})
EVERY_DAY: Final = WORKDAYS | WEEKEND

Plan = tuple[tuple[int, str], ...]
"""A day of the clock face: (first minute, period), in order, beginning with minute 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """The days from one (month, day) to another, both included, every year; it may go over New Year's Eve."""

    first: tuple[int, int]
    last: tuple[int, int]

    def __contains__(self, day: date) -> bool:
        at = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= at <= self.last
        return at >= self.first or at <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A period, and when it is: every condition that is not given holds always.

    `hours` are (first minute, minute after the last) of the clock face. A holiday fits only a rule with `on_holidays`,
    whatever its weekday.
    """

    period: str
    weekdays: frozenset[int] = EVERY_DAY
    on_holidays: bool = True
    seasons: tuple[Season, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()

    def fits(self, day: date, *, is_holiday: bool) -> bool:
        """Whether the rule says anything about this day."""
        is_of_its_kind = self.on_holidays if is_holiday else day.weekday() in self.weekdays
        return is_of_its_kind and (not self.seasons or any(day in season for season in self.seasons))

    @property
    def is_unconditional(self) -> bool:
        """Whether it takes every hour that no rule before it took."""
        return self == Rule(period=self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The rules of one tariff; the last of them is unconditional.

    >>> night = Rule(period="night", hours=((0, 480),))
    >>> Calendar(rules=(night, Rule(period="day"))).plan(date(2027, 7, 1))
    ((0, 'night'), (480, 'day'))
    """

    rules: tuple[Rule, ...]
    holidays: frozenset[date] = frozenset()
    _plans: dict[tuple[Rule, ...], Plan] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.rules or not self.rules[-1].is_unconditional:
            raise ValueError("the last rule must be without conditions")

    @property
    def periods(self) -> tuple[str, ...]:
        """The names of the periods, in the order of the rules."""
        return tuple(dict.fromkeys(rule.period for rule in self.rules))

    def plan(self, day: date) -> Plan:
        """The periods of one day of the clock face."""
        is_holiday = day in self.holidays
        rules = tuple(rule for rule in self.rules if rule.fits(day, is_holiday=is_holiday))
        if rules not in self._plans:
            self._plans[rules] = _plan(rules)
        return self._plans[rules]


def one_period(name: str) -> Calendar:
    """The calendar of a tariff that does not look at the clock."""
    return Calendar(rules=(Rule(period=name),))


def _plan(rules: tuple[Rule, ...]) -> Plan:
    edges = sorted({0, *(minute for rule in rules for hours in rule.hours for minute in hours)} - {MINUTES_OF_A_DAY})
    return tuple(_joined((minute, _period(rules, minute)) for minute in edges))


def _period(rules: tuple[Rule, ...], minute: int) -> str:
    return next(
        rule.period for rule in rules if not rule.hours or any(first <= minute < end for first, end in rule.hours)
    )


def _joined(spans: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    before = ""
    for minute, period in spans:
        if period != before:
            yield minute, period
        before = period
