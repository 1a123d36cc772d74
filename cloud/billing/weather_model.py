"""What of a home's daily use goes with the weather: a change-point model, and when not to believe it.

A home that is heated by electricity uses more for each kelvin below the temperature at which its heating begins; one
that is cooled, for each kelvin above another. Which of the two a home has, where they begin and how steep they are is
fitted to its own past days, one pair of a daily mean temperature and an energy each. The Bayesian information
criterion chooses between neither, one and both, so that a slope must earn its place.

Out comes a model, or the reason why nobody can tell: fewer than nine months of days, or weather that explains less
than a fifth of the variance. Levels are poorly known where a home both heats and cools; use the model for changes
between two periods, never to say what a home's base load is.

Days sorted by temperature and running sums make each pair of balance points a matter of a few multiplications, so no
array library is needed (docs/adr/0007). Method: M. F. Fels, PRISM, Energy and Buildings 9, 1986; ASHRAE Guideline 14.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from math import inf, log
from typing import Final

ENOUGH_DAYS: Final = 270
LEAST_R2: Final = 0.2
_STEP_K: Final = 0.5
_LEAST_DAYS_BEYOND: Final = 10  # a slope on fewer days than these is a slope on an accident
_HEATS_BELOW_C: Final = (4.0, 24.0)
_COOLS_ABOVE_C: Final = (12.0, 32.0)


class WhyNot(StrEnum):
    """Why the part of the weather cannot be told."""

    TOO_LITTLE_HISTORY = "too_little_history"
    WEATHER_EXPLAINS_LITTLE = "weather_explains_little"


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """No model that could be believed."""

    why: WhyNot


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """Energy that is used for each kelvin beyond the temperature at which it begins."""

    wh_per_k: float
    begins_c: float


_FLAT: Final = Slope(wh_per_k=0.0, begins_c=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherModel:
    """A home's daily energy by the day's mean temperature; a slope it does not have is flat."""

    base_wh: float
    heating: Slope = _FLAT
    cooling: Slope = _FLAT
    r2: float
    days: int

    def weather_wh(self, temperature_c: float) -> float:
        """What of a day's energy goes with its weather.

        >>> model = WeatherModel(base_wh=8_000, heating=Slope(wh_per_k=900, begins_c=15), r2=0.8, days=365)
        >>> [model.weather_wh(temperature) for temperature in (20.0, 15.0, 5.0)]
        [0.0, 0.0, 9000.0]
        """
        cold = max(0.0, self.heating.begins_c - temperature_c) if self.heating.wh_per_k else 0.0
        heat = max(0.0, temperature_c - self.cooling.begins_c) if self.cooling.wh_per_k else 0.0
        return cold * self.heating.wh_per_k + heat * self.cooling.wh_per_k


@dataclass(frozen=True, slots=True)
class Day:
    """One past day: its mean temperature and the energy used."""

    temperature_c: float
    energy_wh: int


def fit(history: Iterable[Day]) -> WeatherModel | CannotTell:
    """The model of the days before the bill that is to be explained, in any order."""
    days = sorted(history, key=lambda day: day.temperature_c)
    if len(days) < ENOUGH_DAYS:
        return CannotTell(why=WhyNot.TOO_LITTLE_HISTORY)
    sums = _Sums(days)
    best = min(_candidates(sums), key=lambda found: found.bic)
    r2 = 1 - best.rest / sums.variation if sums.variation else 0.0
    if (best.heating is None and best.cooling is None) or r2 < LEAST_R2:
        return CannotTell(why=WhyNot.WEATHER_EXPLAINS_LITTLE)
    return WeatherModel(
        base_wh=best.base_wh, heating=best.heating or _FLAT, cooling=best.cooling or _FLAT, r2=r2, days=len(days)
    )


@dataclass(frozen=True, slots=True)
class _Found:
    bic: float
    rest: float
    base_wh: float
    heating: Slope | None
    cooling: Slope | None


@dataclass(frozen=True, slots=True)
class _Regressor:
    """The kelvins beyond one balance point, as sums over the days: x, x², and about the means x·x and x·energy."""

    begins_c: float
    days: int
    x: float
    xx: float
    xy: float


class _Sums:
    """Running sums over days sorted by temperature: what any balance point needs, without passing the days again."""

    def __init__(self, days: Sequence[Day]) -> None:
        self.count = len(days)
        self.temperatures = [day.temperature_c for day in days]
        self.mean_wh = sum(day.energy_wh for day in days) / self.count
        off = [day.energy_wh - self.mean_wh for day in days]  # about the mean, so that nothing large cancels
        self.variation = sum(value * value for value in off)
        self._t = [0.0, *accumulate(self.temperatures)]
        self._tt = [0.0, *accumulate(t * t for t in self.temperatures)]
        self._y = [0.0, *accumulate(off)]
        self._ty = [0.0, *accumulate(t * y for t, y in zip(self.temperatures, off, strict=True))]

    def heating(self) -> list[_Regressor]:
        """The kelvins below each balance point that has days enough below it."""
        return self._regressors(_HEATS_BELOW_C, below=True)

    def cooling(self) -> list[_Regressor]:
        """The kelvins above each balance point that has days enough above it."""
        return self._regressors(_COOLS_ABOVE_C, below=False)

    def _regressors(self, between_c: tuple[float, float], *, below: bool) -> list[_Regressor]:
        first, last = max(between_c[0], self.temperatures[0]), min(between_c[1], self.temperatures[-1])
        steps = max(0, int((last - first) / _STEP_K))
        grid = (self._regressor(first + _STEP_K * index, below=below) for index in range(steps + 1))
        return [found for found in grid if found.days >= _LEAST_DAYS_BEYOND]

    def _regressor(self, begins_c: float, *, below: bool) -> _Regressor:
        bounds = (0, bisect_left(self.temperatures, begins_c)), (bisect_right(self.temperatures, begins_c), self.count)
        first, last = bounds[0] if below else bounds[1]
        sign = 1 if below else -1
        n = last - first
        t, tt = self._t[last] - self._t[first], self._tt[last] - self._tt[first]
        y, ty = self._y[last] - self._y[first], self._ty[last] - self._ty[first]
        x = sign * (n * begins_c - t)
        xx = n * begins_c**2 - 2 * begins_c * t + tt
        return _Regressor(begins_c, n, x, xx - x * x / self.count, sign * (begins_c * y - ty))

    def bic(self, rest: float, parameters: int) -> float:
        """The Bayesian information criterion, less is better; a perfect fit beats all others."""
        if rest <= self.variation * 1e-12:
            return -inf
        return self.count * log(rest / self.count) + parameters * log(self.count)


def _candidates(sums: _Sums) -> Iterator[_Found]:
    """The flat model, and the best of each kind of slope; a slope of the wrong sign is no candidate."""
    yield _Found(sums.bic(sums.variation, 1), sums.variation, sums.mean_wh, None, None)
    heating, cooling = sums.heating(), sums.cooling()
    for regressors, is_heating in ((heating, True), (cooling, False)):
        single = [(sums.variation - r.xy**2 / r.xx, r) for r in regressors if r.xy > 0]
        if single:
            rest, found = min(single, key=lambda pair: pair[0])
            slope = Slope(wh_per_k=found.xy / found.xx, begins_c=found.begins_c)
            base = sums.mean_wh - slope.wh_per_k * found.x / sums.count
            heats, cools = (slope, None) if is_heating else (None, slope)
            yield _Found(sums.bic(rest, 3), rest, base, heats, cools)
    both = min(_pairs(sums, heating, cooling), key=lambda pair: pair[0], default=None)
    if both is not None:
        rest, hot, cold, b_hot, b_cold = both
        base = sums.mean_wh - (b_cold * cold.x + b_hot * hot.x) / sums.count
        heats = Slope(wh_per_k=b_cold, begins_c=cold.begins_c)
        cools = Slope(wh_per_k=b_hot, begins_c=hot.begins_c)
        yield _Found(sums.bic(rest, 5), rest, base, heats, cools)


def _pairs(
    sums: _Sums, heating: Sequence[_Regressor], cooling: Sequence[_Regressor]
) -> Iterator[tuple[float, _Regressor, _Regressor, float, float]]:
    """Each pair of balance points with both slopes upward: what stays unexplained, the two, and their slopes.

    No day is both below the one and above the other, so the only sum the two share is that of their means.
    """
    for cold in heating:
        for hot in cooling:
            if hot.begins_c < cold.begins_c:
                continue
            shared = -cold.x * hot.x / sums.count
            determinant = cold.xx * hot.xx - shared * shared
            if determinant <= 0:
                continue
            b_cold = (cold.xy * hot.xx - hot.xy * shared) / determinant
            b_hot = (hot.xy * cold.xx - cold.xy * shared) / determinant
            if b_cold > 0 and b_hot > 0:
                yield sums.variation - b_cold * cold.xy - b_hot * hot.xy, hot, cold, b_hot, b_cold
