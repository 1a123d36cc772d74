"""A home that never was: seeded, the same for ever, plausible at a glance.

It keeps local time, and each local day is planned as a whole: a base load, a refrigerator that comes and goes,
breakfast, cooking, an evening with lights and a screen, a kettle, laundry on its days; at weekends a later morning and
more at home. A day has 23 to 25 hours where summer time begins or ends. The plan is in watts by the minute, sums are in
whole joules.

>>> from datetime import UTC, datetime
>>> home = GeneratedHousehold(seed=7)
>>> day = datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
>>> 3_000 < home.energy_wh_between(*day) < 15_000
True
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import accumulate

JOULES_PER_WH = 3_600
JOULES_PER_WATT_MINUTE = 60
REMEMBERED_DAYS = 128
_MINUTE = timedelta(minutes=1)
_MICRO = timedelta(microseconds=1)
_SATURDAY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Day:
    """A local day, minute by minute: its watts, and the watt-minutes used before each minute."""

    began_at: datetime
    watts: tuple[int, ...]
    before: tuple[int, ...]

    @property
    def joules(self) -> int:
        """Energy of the whole day."""
        return self.before[-1] * JOULES_PER_WATT_MINUTE

    def minute_of(self, at: datetime) -> int:
        return (at - self.began_at) // _MINUTE

    def joules_until(self, at: datetime) -> int:
        """Energy from the day's start until an instant within it."""
        minute, rest = divmod(at - self.began_at, _MINUTE)
        return self.before[minute] * JOULES_PER_WATT_MINUTE + self.watts[minute] * (rest // _MICRO) // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """Something is on: from which minute of the day, for how long, at how much power."""

    minute: int
    minutes: int
    power_w: int


class GeneratedHousehold:
    """A generated home; the same seed and zone give the same home."""

    def __init__(self, *, seed: int = 1, zone: tzinfo = UTC) -> None:
        self._seed = seed
        self._zone = zone
        habits = random.Random(f"habits {seed}")
        self._base_w = habits.randint(60, 140)
        self._fridge_w = habits.randint(70, 120)
        self._fridge_minutes = habits.randint(38, 62)
        self._rises_minute = habits.randint(6 * 60, 7 * 60 + 30)
        self._dines_minute = habits.randint(18 * 60, 20 * 60)
        self._laundry_days = frozenset(habits.sample(range(1, 8), 2))
        # Planning a day takes a thousand small steps, and the same days are asked for again and again.
        self._day = lru_cache(maxsize=REMEMBERED_DAYS)(self._planned)

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        """Energy taken from the grid."""
        first, last = self._date(began_at), self._date(ended_at)
        joules = self._day(last).joules_until(ended_at) - self._day(first).joules_until(began_at)
        joules += sum(
            self._day(date.fromordinal(ordinal)).joules for ordinal in range(first.toordinal(), last.toordinal())
        )
        return joules / JOULES_PER_WH

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:  # noqa: ARG002 - it has no roof
        """Energy given back to the grid: none."""
        return 0.0

    def power_w(self, at: datetime) -> float:
        """The power drawn at an instant."""
        day = self._day(self._date(at))
        return float(day.watts[day.minute_of(at)])

    def _date(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def _planned(self, day: date) -> _Day:
        began_at = self._midnight(day)
        minutes = (self._midnight(day + timedelta(days=1)) - began_at) // _MINUTE
        first_minute = int(began_at.timestamp()) // 60
        watts = self._without_people(first_minute, minutes)
        for use in self._uses(day):
            for minute in range(use.minute, min(use.minute + use.minutes, minutes)):
                watts[minute] += use.power_w
        return _Day(began_at=began_at, watts=tuple(watts), before=tuple(accumulate(watts, initial=0)))

    def _without_people(self, first_minute: int, minutes: int) -> list[int]:
        """The base load, and the refrigerator: it cools for a third of its cycle, whatever the day."""
        cycle = self._fridge_minutes
        watts = [self._base_w + (self._fridge_w if minute * 3 < cycle else 0) for minute in range(cycle)]
        skipped = (first_minute + self._seed) % cycle
        return (watts * (minutes // cycle + 2))[skipped : skipped + minutes]

    def _uses(self, day: date) -> Iterator[_Use]:
        chance = random.Random(f"day {self._seed} {day.toordinal()}")
        is_weekend = day.isoweekday() >= _SATURDAY
        rises = self._rises_minute + chance.randint(-15, 15) + (90 if is_weekend else 0)
        dines = self._dines_minute + chance.randint(-30, 30)
        breakfast_lights_w, evening_lights_w = chance.randint(90, 180), chance.randint(150, 260)
        kettle_w = 2_000
        yield _Use(minute=rises, minutes=chance.randint(35, 60), power_w=breakfast_lights_w)
        yield _Use(minute=rises + 10, minutes=4, power_w=kettle_w)
        yield _Use(minute=dines, minutes=chance.randint(25, 45), power_w=chance.randint(1_200, 2_000))
        yield _Use(minute=dines - 60, minutes=chance.randint(240, 300), power_w=evening_lights_w)
        yield _Use(minute=dines + 100, minutes=4, power_w=kettle_w)
        if is_weekend or chance.random() < 0.3:
            somebody_home_w, lunch_w = chance.randint(120, 220), chance.randint(900, 1_600)
            yield _Use(minute=12 * 60 + chance.randint(-20, 50), minutes=chance.randint(15, 30), power_w=lunch_w)
            yield _Use(minute=14 * 60, minutes=chance.randint(120, 240), power_w=somebody_home_w)
        if day.isoweekday() in self._laundry_days:
            yield _Use(minute=chance.randint(9 * 60, 17 * 60), minutes=20, power_w=2_000)
        if chance.random() < 0.5:
            yield _Use(minute=dines + 60, minutes=25, power_w=1_800)
