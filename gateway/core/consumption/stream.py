"""A score for any series of values, whatever its unit and cadence, that only looks back.

Where nothing is known of what the values mean, two plain questions are asked of each, and the mean of the answers is
the score: how many spreads the smoothed value is away from all smoothed values before it, and how many the value's
distance from what is usual at this hour (working day or weekend, by the wall clock) is away from all such distances
before it. The spreads are plain ones over everything seen: robust ones let a burst alarm for days.

At `LINE` spreads the score is 1.0. After an alarm the stream rests for `REST` values, whatever they are, so that one
event is told once; this matters more than the model.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from math import sqrt
from typing import NamedTuple

LINE = 5.0
REST = 120
SETTLED = 60  # values before anything is said
_SMOOTHING = 2 / (10 + 1)  # about the last ten values
_MOST = 30.0  # spreads; what never moved before is that far from its usual at once
_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything a value has been so far: how many, their mean, and the sum of squared distances from it.

    >>> history = History()
    >>> for value in (10.0, 12.0, 11.0, 13.0, 9.0):
    ...     history = history.seen(value)
    >>> round(history.spreads_off(14.0), 2), round(history.spreads_off(11.0), 2)
    (2.12, 0.0)
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def seen(self, value: float) -> "History":
        """The history with this value."""
        count = self.count + 1
        off = value - self.mean
        mean = self.mean + off / count
        return History(count=count, mean=mean, squares=self.squares + off * (value - mean))

    def spreads_off(self, value: float) -> float:
        """How many spreads the value is from the mean."""
        if self.count < 2:
            return 0.0
        off, spread = abs(value - self.mean), sqrt(self.squares / self.count)
        if off <= 1e-9 * abs(self.mean):
            return 0.0
        return min(off / spread, _MOST) if spread * _MOST > off else _MOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What is known of a series so far."""

    smooth: float = 0.0
    smooths: History = History()
    hours: tuple[History, ...] = (History(),) * (2 * _HOURS)
    distances: History = History()
    rests: int = 0  # values still to pass before an alarm


class Scored(NamedTuple):
    """The next stream, the value's score (1.0 exactly at the line), and whether it is an alarm."""

    stream: Stream
    score: float
    is_alarm: bool


def score(stream: Stream, at_s: int, value: float, zone: tzinfo) -> Scored:
    """Score the value at `at_s` (Unix seconds), which is no earlier than the one before; then learn it.

    >>> from datetime import UTC
    >>> stream, alarms = Stream(), []
    >>> for number in range(400):
    ...     value = 20.0 + number % 7 + (50.0 if number == 300 else 0.0)
    ...     stream, _, is_alarm = score(stream, number * 600, value, UTC)
    ...     alarms += [number] if is_alarm else []
    >>> alarms
    [300]
    """
    local = datetime.fromtimestamp(at_s, zone)
    slot = local.hour + _HOURS * (local.weekday() >= 5)
    usual = stream.hours[slot]
    seen = stream.smooths.count
    smooth = stream.smooth + _SMOOTHING * (value - stream.smooth) if seen else value
    distance = value - usual.mean if usual.count else 0.0
    off = stream.smooths.spreads_off(smooth) + stream.distances.spreads_off(distance)
    scored = off / 2 / LINE if seen >= SETTLED else 0.0
    is_alarm = scored >= 1.0 and not stream.rests
    after = Stream(
        smooth=smooth,
        smooths=stream.smooths.seen(smooth),
        hours=(*stream.hours[:slot], usual.seen(value), *stream.hours[slot + 1 :]),
        distances=stream.distances.seen(distance) if usual.count else stream.distances,
        rests=REST if is_alarm else max(0, stream.rests - 1),
    )
    return Scored(after, scored, is_alarm)
