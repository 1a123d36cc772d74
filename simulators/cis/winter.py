"""A winter in the south of Brazil, and a home that is heated by electricity through it. Both are generated.

The days have a mean temperature that goes with the year and wanders from day to day, cold spells lasting some days, as
in Curitiba. The home has its habits, hour by hour, and a heater that works harder the colder it is. The heater can
develop a fault: from a day on it runs day and night, whatever the weather.

Everything is a function of the seed and the hour alone, so that the meter, the weather station and the bill agree,
whichever program asks and however often it was started. Energies are whole watt-hours of whole hours.

>>> from zoneinfo import ZoneInfo
>>> home = WinterHome(seed=1, zone=ZoneInfo("America/Sao_Paulo"))
>>> home.energy_wh_on(date(2026, 7, 14)) > home.energy_wh_on(date(2026, 1, 14))
True
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

STATION = "curitiba"
HOUR = timedelta(hours=1)
_YEAR_MEAN_C = 17.4
_YEAR_SWING_C = 4.2
_WARMEST_DAY = 25
_DAY_SWING_C = 4.5
_WARMEST_HOUR = 15
_WANDERS_C = 2.2
_PERSISTS = 0.65
_REMEMBERED_DAYS = 10
_HEATS_BELOW_C = 18.0
_HEATER_W_K = 55.0
_HEATER_AT_MOST_W = 1_800
_FAULT_W = 1_500
_HABITS_W = (
    150, 140, 140, 140, 140, 170, 290, 430, 330, 250, 240, 280, 360, 300, 240, 230, 250, 320, 500, 620, 560, 430, 290,
    190,
)  # fmt: skip
"""What the home draws in each hour of a day beside its heater."""


@lru_cache(maxsize=2_000)
def mean_temp_c(day: date, seed: int) -> float:
    """How warm a day is on average, to a tenth of a degree."""
    season = math.cos(2 * math.pi * (day.timetuple().tm_yday - _WARMEST_DAY) / 365.25)
    spell = sum(_PERSISTS**back * _chance(seed, day - timedelta(days=back)) for back in range(_REMEMBERED_DAYS))
    return round(_YEAR_MEAN_C + _YEAR_SWING_C * season + _WANDERS_C * spell, 1)


@lru_cache(maxsize=2_000)
def _chance(seed: int, day: date) -> float:
    return random.Random(f"weather {seed} {day}").gauss(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class WinterHome:
    """The home; its heater runs without a pause from `fault_from` on, until `fault_until` where somebody mends it."""

    seed: int
    zone: tzinfo
    fault_from: date | None = None
    fault_until: date | None = None

    def energy_wh_in(self, hour: datetime) -> int:
        """The energy of the hour that begins at an aware instant."""
        local = hour.astimezone(self.zone)
        day = local.date()
        chance = random.Random(f"home {self.seed} {hour.astimezone(UTC):%Y%m%d%H}")
        habits = _HABITS_W[local.hour] * chance.uniform(0.7, 1.3)
        warmth = mean_temp_c(day, self.seed) + _DAY_SWING_C * math.cos(2 * math.pi * (local.hour - _WARMEST_HOUR) / 24)
        heater = min(_HEATER_AT_MOST_W, _HEATER_W_K * max(0.0, _HEATS_BELOW_C - warmth))
        return round(habits + (max(heater, _FAULT_W) if self._is_faulty(day) else heater))

    def energy_wh_on(self, day: date) -> int:
        """The energy of a local day."""
        return sum(self.energy_wh_in(hour) for hour in hours_of(day, self.zone))

    def _is_faulty(self, day: date) -> bool:
        began = self.fault_from is not None and self.fault_from <= day
        return began and (self.fault_until is None or day < self.fault_until)


def hours_of(day: date, zone: tzinfo) -> Iterator[datetime]:
    """The hours of a local day, in UTC; 23 or 25 where the clock is put on or back."""
    hour = datetime.combine(day, time(), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    while hour < end:
        yield hour
        hour += HOUR
