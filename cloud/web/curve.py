"""A load curve, from interval readings to evenly cut periods: how much energy, and how much of each period was read.

Readings may be of any cadence; a page can show some two hundred bars. So readings are added up into periods that are
whole multiples of the longest interval, and a period that was read only in part says so. A period nobody read has no
value: it is not zero.

>>> from datetime import UTC
>>> t0 = datetime(2026, 11, 21, 18, tzinfo=UTC)
>>> cut([Measured(start_at=t0, period_s=1800, energy_wh=400)], t0, t0 + timedelta(hours=1), 3600).periods
(Period(start_at=datetime.datetime(2026, 11, 21, 18, 0, tzinfo=datetime.timezone.utc), energy_wh=400, covered_s=1800),)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wire.instants import from_unix_ms, unix_ms

MAX_PERIODS: Final = 400
_HOUR_S: Final = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Energy over one interval."""

    start_at: datetime
    period_s: int
    energy_wh: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Energy over one period of the curve; None where nothing was read, `covered_s` how much of it was."""

    start_at: datetime
    energy_wh: int | None
    covered_s: int

    @property
    def mean_w(self) -> int | None:
        """The mean power over what was read of it."""
        return None if self.energy_wh is None else self.energy_wh * _HOUR_S // self.covered_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A stretch of time cut into periods of `period_s`."""

    since: datetime
    until: datetime
    period_s: int
    periods: tuple[Period, ...]

    @property
    def read(self) -> tuple[Period, ...]:
        """The periods of which something was read."""
        return tuple(period for period in self.periods if period.energy_wh is not None)

    @property
    def energy_wh(self) -> int:
        return sum(period.energy_wh or 0 for period in self.periods)

    def end_of(self, period: Period) -> datetime:
        return period.start_at + timedelta(seconds=self.period_s)


def cut(readings: Sequence[Measured], since: datetime, until: datetime, wanted_s: int) -> Curve:
    """The curve from `since` to `until` in periods of about `wanted_s`, which begin on whole multiples of it."""
    period_s = _period_s(readings, since, until, wanted_s)
    step_ms = period_s * 1_000
    first_ms = unix_ms(since) // step_ms * step_ms
    count = -(-(unix_ms(until) - first_ms) // step_ms)
    energy: dict[int, int] = {}
    covered: dict[int, int] = {}
    for reading in readings:
        index = (unix_ms(reading.start_at) - first_ms) // step_ms
        energy[index] = energy.get(index, 0) + reading.energy_wh
        covered[index] = covered.get(index, 0) + reading.period_s
    periods = tuple(
        Period(
            start_at=from_unix_ms(first_ms + index * step_ms),
            energy_wh=energy.get(index),
            covered_s=min(covered.get(index, 0), period_s),
        )
        for index in range(count)
    )
    return Curve(
        since=from_unix_ms(first_ms),
        until=periods[-1].start_at + timedelta(seconds=period_s) if periods else until,
        period_s=period_s,
        periods=periods,
    )


def _period_s(readings: Sequence[Measured], since: datetime, until: datetime, wanted_s: int) -> int:
    """The smallest multiple of the longest interval that is `wanted_s` or more and gives few enough periods."""
    longest_s = max((reading.period_s for reading in readings), default=wanted_s)
    fewest_s = int((until - since).total_seconds()) // MAX_PERIODS
    return -(-max(wanted_s, fewest_s, 1) // longest_s) * longest_s
