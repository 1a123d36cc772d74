"""Whole days above what is usual: a heating that runs day and night, or a household that lives otherwise than before.

Days of one home differ a lot, and mostly by a few hours with an oven or a dryer. So what counts is not the sum alone
but how broad it is. Each hour is held against what is usual at that hour on such a day (working day or weekend, on a
square root scale, as energies are skewed), and counts for at most `_MOST` spreads. The mean of these over the last 24
hours, held against its own usual spread from day to day, is high only when most hours are. Two things are looked at:

- gross: this day alone is above the line, and takes half as much again as is usual. Told within the day.
- lasting: day after day is above usual; a one-sided sum of the days reaches its line. Told within a week.

The score is the nearer of the two to its line, and each is only as near as the less fulfilled of its conditions. While
the home is being learnt only the gross is told, and by a stricter line.
"""

from dataclasses import dataclass, replace
from math import log, sqrt
from typing import ClassVar

from gateway.core.consumption.channel import DAY_H, LEAST_KNOWN_H, Account, Maturity, Moment
from gateway.core.consumption.hours import HourUse
from gateway.core.consumption.level import Level, Rise
from wire.terms import UseKind

_MEMORY = (20.0, 8.0)  # of a working day's hours and of a weekend's: four weeks
_DAYS_MEMORY = 28.0
_MOST = 2.0
_LEAST_SHARE, _LEAST_ROOT = 0.25, sqrt(20.0)  # a home more even than this is not taken at its word
_LEAST_DAY_SPREAD = 0.15
_SLOT_SETTLED, _DAYS_SETTLED = 3, 5
_GROSS = {Maturity.NEW: (3.5, log(1.7)), Maturity.LEARNING: (3.5, log(1.7)), Maturity.LEARNED: (3.0, log(1.5))}
_LASTING_LINE, _LASTING_SLACK, _LASTING_MOST, _LASTING_RISE = 5.0, 1.0, 8.0, log(1.25)
_DAY_MOST = 3.0  # one day counts for at most so many spreads: lasting means more than one
_ONSET_SLACK, _ONSET_MOST = 0.75, 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What is usual at each hour of a working day, then at each of a weekend's: levels of the roots of Wh."""

    slots: tuple[Level, ...] = (Level(),) * (2 * DAY_H)

    def held_against(self, hour: HourUse) -> tuple[float | None, float | None]:
        """By how many spreads the hour is above usual, and the usual energy; None where either is not known."""
        usual = self.slots[_slot(hour)]
        if usual.count < _SLOT_SETTLED:
            usual = self.slots[hour.hour]  # a weekend that was seen once is held against working days
        if hour.energy_wh is None or usual.count < _SLOT_SETTLED:
            return None, None
        spread = max(usual.spread, _LEAST_SHARE * usual.mean, _LEAST_ROOT)
        above = (_root(hour.energy_wh) - usual.mean) / spread
        return max(-_MOST, min(_MOST, above)), usual.mean * usual.mean + usual.variance

    def learnt(self, hour: HourUse, energy_wh: float) -> "Week":
        """The week once this hour counts as usual."""
        slot = _slot(hour)
        usual = self.slots[slot].learnt(_root(energy_wh), memory=_MEMORY[hour.is_weekend])
        return Week(slots=(*self.slots[:slot], usual, *self.slots[slot + 1 :]))

    def doubted(self) -> "Week":
        """What was usual, soon to be overruled."""
        return Week(slots=tuple(replace(usual, count=min(usual.count, 1)) for usual in self.slots))


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """The last 24 hours: each by how many spreads above usual, and what was usual then."""

    above: tuple[float | None, ...] = ()
    usual_wh: tuple[float | None, ...] = ()

    def breadth(self) -> float | None:
        """The mean of what is known of them; None where that is too little."""
        known = [above for above in self.above if above is not None]
        return sum(known) / len(known) if len(known) >= LEAST_KNOWN_H else None

    def energies_wh(self, day_wh: tuple[float | None, ...]) -> tuple[float, float]:
        """Observed and usual energy of a whole day, by the hours of which both are known."""
        observed_wh, usual_wh, known_h = 0.0, 0.0, 0
        for observed, usual in zip(reversed(day_wh), reversed(self.usual_wh), strict=False):
            if observed is not None and usual is not None:
                observed_wh += observed
                usual_wh += usual
                known_h += 1
        return observed_wh * DAY_H / known_h, usual_wh * DAY_H / known_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """What is usual hour by hour and from day to day, and how the last day looked.

    Three even weeks, and then twice as much at every hour:

    >>> channel, scores = Sustained(), []
    >>> for number in range(22 * 24):
    ...     energy_wh = (800.0 + 100 * (number % 5)) * (2 if number >= 21 * 24 else 1)
    ...     hour = HourUse(starts_at_s=number * 3600, energy_wh=energy_wh, hour=number % 24, is_weekend=False)
    ...     moment = Moment(hour=hour, day_wh=(energy_wh,), maturity=Maturity.LEARNED)
    ...     channel, score = channel.look(moment)
    ...     channel = channel.learn(moment)
    ...     scores.append(score and round(score, 1))
    >>> scores[21 * 24 - 1 :: 6]
    [0.0, 0.9, 1.2, 1.4, 1.7]
    """

    kind: ClassVar[UseKind] = UseKind.SUSTAINED
    period_s: ClassVar[int] = 86_400
    week: Week = Week()
    breadth: Level = Level()  # of a day, as a day ends
    day: LastDay = LastDay()
    lasting: Rise = Rise()  # of days
    onset: Rise = Rise()  # of hours, to tell since when

    def look(self, moment: Moment) -> "tuple[Sustained, float | None]":
        """Score: the nearer of gross and lasting to its line."""
        hour = moment.hour
        above, usual_wh = self.week.held_against(hour)
        day = LastDay(above=(*self.day.above[1 - DAY_H :], above), usual_wh=(*self.day.usual_wh[1 - DAY_H :], usual_wh))
        off = self._off(day.breadth())
        onset, lasting = self.onset, self.lasting
        if above is not None:
            onset = onset.grown(above, slack=_ONSET_SLACK, most=_ONSET_MOST, at_s=hour.starts_at_s)
        if off is not None and moment.ends_day and moment.maturity is Maturity.LEARNED:
            at_s = hour.ends_at_s - self.period_s
            lasting = lasting.grown(min(off, _DAY_MOST), slack=_LASTING_SLACK, most=_LASTING_MOST, at_s=at_s)
        seen = Sustained(week=self.week, breadth=self.breadth, day=day, lasting=lasting, onset=onset)
        return seen, None if off is None else max(0.0, *_parts(seen, off, moment))

    def account(self, moment: Moment) -> Account:
        """The last day, beside what is usual for its hours."""
        observed_wh, usual_wh = self.day.energies_wh(moment.day_wh)
        gross, lasting = _parts(self, self._off(self.day.breadth()) or 0.0, moment)
        began_at_s = (self.onset if gross >= lasting else self.lasting).since_s
        return Account(observed_wh=observed_wh, usual_wh=usual_wh, began_at_s=began_at_s)

    def learn(self, moment: Moment) -> "Sustained":
        """The hour becomes part of its place in the week; the day, at its end, of what a day is like."""
        energy_wh = moment.hour.energy_wh
        if energy_wh is None:
            return self
        breadth = self.breadth
        if moment.ends_day and (day := self.day.breadth()) is not None:
            breadth = breadth.learnt(day, memory=_DAYS_MEMORY)
        week = self.week.learnt(moment.hour, energy_wh)
        return Sustained(week=week, breadth=breadth, day=self.day, lasting=self.lasting, onset=self.onset)

    def settle(self) -> "Sustained":
        """The sums begin anew."""
        return replace(self, lasting=Rise(), onset=Rise())

    def adopt(self) -> "Sustained":
        """The home lives otherwise now: what is usual is learnt anew, and fast."""
        return Sustained(week=self.week.doubted())

    def _off(self, day: float | None) -> float | None:
        """By how many of its own spreads the last day is broader than usual."""
        if day is None or self.breadth.count < _DAYS_SETTLED:
            return None
        return (day - self.breadth.mean) / max(self.breadth.spread, _LEAST_DAY_SPREAD)


def _parts(seen: Sustained, off: float, moment: Moment) -> tuple[float, float]:
    """How near gross and lasting are to their lines, the last day being `off` by so many spreads."""
    line, least_rise = _GROSS[moment.maturity]
    if off <= 0.0 and seen.lasting.total == 0.0:
        return 0.0, 0.0
    observed_wh, usual_wh = seen.day.energies_wh(moment.day_wh)
    rise = log(max(observed_wh, 1.0) / max(usual_wh, 1.0))
    return min(off / line, rise / least_rise), min(seen.lasting.total / _LASTING_LINE, rise / _LASTING_RISE)


def _slot(hour: HourUse) -> int:
    return hour.hour + DAY_H * hour.is_weekend


def _root(energy_wh: float) -> float:
    return sqrt(max(energy_wh, 0.0))
