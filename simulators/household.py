"""What a household draws from the grid: the load behind the simulated meter.

Two kinds, one interface: a home that was generated (`generated_load`) and a real one that was recorded
(`recorded_load`). Both are functions of time alone, so that two programs, or one that was killed and started again, see
the same kettle boil. Energies are kept in whole joules, so that parts always add up to the whole.

A recorded home is moved by whole weeks, so that Mondays stay Mondays, to where the story's now lies in the same season
with at least 35 recorded days before it, and few gaps among them, if the record is long enough. A story that outlives
the record lives it again.
"""

from bisect import bisect_left
from datetime import datetime, timedelta, tzinfo
from itertools import accumulate
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from runtime.errors import InputRefused
from simulators.generated_load import GeneratedHousehold
from simulators.recorded_load import Series, read_series

JOULES_PER_WH = 3_600
WEEK = timedelta(weeks=1)
WEEKS_BEFORE = 5
_MICRO = timedelta(microseconds=1)
_YEAR_DAYS = 365.2425


class Household(Protocol):
    """A load on the grid; every instant is aware, every sum lies between two instants in order."""

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        """Energy taken from the grid."""
        ...

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        """Energy given back to the grid."""
        ...

    def power_w(self, at: datetime) -> float:
        """The power drawn at an instant; negative while the home gives back."""
        ...


def open_household(
    source: Path | None, *, seed: int, zone: tzinfo, now: datetime, column: str = "", as_dated: bool = False
) -> Household:
    """The real home recorded at `source`, moved to live around `now`, or else a generated one.

    With `as_dated` it lives at the record's own dates. Raises InputRefused when the file cannot be used.
    """
    if source is None:
        return GeneratedHousehold(seed=seed, zone=zone)
    series = read_series(source, column=column)
    return RecordedHousehold(series, began_at=series.began_at) if as_dated else RecordedHousehold.living_at(now, series)


def zone_named(name: str) -> tzinfo:
    """The time zone a household lives in; raises InputRefused for a name nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InputRefused(
            f"no time zone {name!r}", where="--time-zone", do="use a name such as Europe/Madrid"
        ) from error


class RecordedHousehold:
    """A recorded load, repeated for ever both ways, with its start moved to `began_at`."""

    def __init__(self, series: Series, *, began_at: datetime) -> None:
        self.series = series
        self.began_at = began_at
        self._taken = tuple(accumulate((max(0, joules) for joules in series.joules), initial=0))
        self._given = tuple(accumulate((max(0, -joules) for joules in series.joules), initial=0))

    @classmethod
    def living_at(cls, now: datetime, series: Series) -> "RecordedHousehold":
        """The series, moved by whole weeks to around `now`."""
        weeks = series.duration // WEEK
        within_week = (now - series.began_at) % WEEK
        # Room for five weeks of past, and one more to go on with, where the record has them.
        places = range(WEEKS_BEFORE, weeks - 1) or range(WEEKS_BEFORE, weeks) or range(weeks - 1, weeks)

        def merit(week: int) -> tuple[int, float]:
            return _gap_share(series, week), _season_gap(series.began_at + week * WEEK + within_week, now)

        place = min(places, key=merit)
        return cls(series, began_at=now - within_week - place * WEEK)

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return (self._until(ended_at, self._taken) - self._until(began_at, self._taken)) / JOULES_PER_WH

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return (self._until(ended_at, self._given) - self._until(began_at, self._given)) / JOULES_PER_WH

    def power_w(self, at: datetime) -> float:
        slot = (at - self.began_at) % self.series.duration // timedelta(seconds=self.series.cadence_s)
        return self.series.joules[slot] / self.series.cadence_s

    def _until(self, at: datetime, joules_before: tuple[int, ...]) -> int:
        """Joules since the moved start, negative before it."""
        repeats, within = divmod(at - self.began_at, self.series.duration)
        cadence = timedelta(seconds=self.series.cadence_s)
        slot, rest = divmod(within, cadence)
        used = joules_before[slot + 1] - joules_before[slot]
        return repeats * joules_before[-1] + joules_before[slot] + used * (rest // _MICRO) // (cadence // _MICRO)


def _gap_share(series: Series, week: int) -> int:
    """How much of the five weeks before a week and of itself was never recorded, in steps of 5 %."""
    week_slots = WEEK // timedelta(seconds=series.cadence_s)
    first, end = max(0, week - WEEKS_BEFORE) * week_slots, (week + 1) * week_slots
    filled = bisect_left(series.filled_slots, end) - bisect_left(series.filled_slots, first)
    return filled * 20 // (end - first)


def _season_gap(one: datetime, other: datetime) -> float:
    """How many days of the year two instants are apart, whatever their years."""
    apart = abs((one - other) / timedelta(days=1)) % _YEAR_DAYS
    return min(apart, _YEAR_DAYS - apart)
