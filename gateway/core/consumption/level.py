"""What is usual: a mean and a spread that follow slowly, begin with plain averages, and are not carried off by one day.

A level forgets exponentially: with a memory of 28 it is mostly about the last month. Until that many values were seen
it is their plain mean and variance, so that the first weeks do not hang on the first day. A value far from the mean is
learnt only as far as `CLIP` spreads (after `SETTLED` values), so that what is unusual does not become usual by itself.
"""

from dataclasses import dataclass
from math import sqrt

CLIP = 3.0
SETTLED = 7
_MOST_COUNT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How much is usual, and by how much it varies.

    >>> level = Level()
    >>> for value in (10.0, 12.0, 11.0, 13.0, 9.0):
    ...     level = level.learnt(value, memory=28)
    >>> level.count, round(level.mean, 1), round(level.spread, 2)
    (5, 11.0, 1.41)
    """

    mean: float = 0.0
    variance: float = 0.0
    count: int = 0

    @property
    def spread(self) -> float:
        """The standard deviation."""
        return sqrt(self.variance)

    def learnt(self, value: float, *, memory: float) -> "Level":
        """The level once `value` was seen; `memory` counts values."""
        count = self.count
        if count == 0:
            return Level(mean=value, count=1)
        share = 1.0 / (count + 1 if count < memory else memory)
        off = value - self.mean
        if count >= SETTLED and self.variance > 0.0:
            most = CLIP * sqrt(self.variance)
            off = max(-most, min(most, off))
        variance = (1.0 - share) * (self.variance + share * off * off)
        return Level(mean=self.mean + share * off, variance=variance, count=min(count + 1, _MOST_COUNT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """A one-sided sum of what is above usual (a CUSUM), and since when it is above zero.

    It never falls below zero, nor grows beyond `most`, so that an old rise is forgotten once things were calm.

    >>> rise = Rise()
    >>> for day, off in enumerate((0.4, 2.5, 3.0, -1.0)):
    ...     rise = rise.grown(off, slack=1.0, most=8.0, at_s=day)
    >>> rise
    Rise(total=1.5, since_s=1)
    """

    total: float = 0.0
    since_s: int = 0

    def grown(self, value: float, *, slack: float, most: float, at_s: int) -> "Rise":
        """The sum with `value`, of what began at `at_s`, less the slack that is allowed."""
        if not self.total and value <= slack:
            return self
        total = max(0.0, min(most, self.total + value - slack))
        return Rise(total=total, since_s=self.since_s if self.total else at_s)
