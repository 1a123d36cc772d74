"""Other ways to notice unusual use: each scores every hour from those before it, and alerts over one threshold.

They get what they need: a rest of three days after an alert, and a threshold chosen so that they alert on clean homes
as often as ours does.
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from copy import deepcopy
from math import log, sqrt
from typing import Final, Protocol

REST_H: Final = 72
_MONTH_H: Final = 28 * 24
_LEAST_WH: Final = 20.0


class Peer(Protocol):
    """Scores hours one by one."""

    def score(self, at: int, energy_wh: float | None) -> float:
        """How strange the hour is; `at` counts hours by the home's clock from a Monday or another fixed day."""
        ...


class RollingMedian:
    """Distance from the median of four weeks, in their interquartile ranges."""

    def __init__(self) -> None:
        self._window: deque[float] = deque()
        self._sorted: list[float] = []

    def score(self, at: int, energy_wh: float | None) -> float:  # noqa: ARG002 - every peer is told when
        """See Peer."""
        if energy_wh is None:
            return 0.0
        score, known = 0.0, len(self._sorted)
        if known >= 7 * 24:
            quarter, middle, three = (self._sorted[known * part // 4] for part in (1, 2, 3))
            score = abs(energy_wh - middle) / max((three - quarter) / 1.349, _LEAST_WH)
        self._window.append(energy_wh)
        insort(self._sorted, energy_wh)
        if len(self._window) > _MONTH_H:
            del self._sorted[bisect_left(self._sorted, self._window.popleft())]
        return score


class SlotZ:
    """Distance from the fading mean of this hour on such a day (working day or weekend), in its deviations."""

    _SHARE: Final = 1 / 28

    def __init__(self) -> None:
        self._levels: dict[tuple[int, bool], tuple[float, float, int]] = {}

    def score(self, at: int, energy_wh: float | None) -> float:
        """See Peer."""
        if energy_wh is None:
            return 0.0
        slot = at % 24, at // 24 % 7 >= 5
        mean, variance, seen = self._levels.get(slot, (energy_wh, 0.0, 0))
        off = energy_wh - mean
        share = max(self._SHARE, 1 / (seen + 1))
        self._levels[slot] = mean + share * off, (1 - share) * (variance + share * off * off), seen + 1
        return abs(off) / max(sqrt(variance), _LEAST_WH) if seen >= 5 else 0.0


class SameWeekdays:
    """The last 24 hours beside the mean of the same ones one to four weeks ago: the usual usage alert of utilities."""

    def __init__(self) -> None:
        self._hours: deque[float | None] = deque(maxlen=29 * 24)
        self._day: deque[float | None] = deque(maxlen=24)
        self._sums: deque[float | None] = deque(maxlen=_MONTH_H + 1)

    def score(self, at: int, energy_wh: float | None) -> float:  # noqa: ARG002 - every peer is told when
        """See Peer."""
        self._day.append(energy_wh)
        known = [hour for hour in self._day if hour is not None]
        now = 24 * sum(known) / len(known) if len(known) >= 18 else None
        self._sums.append(now)
        before = [self._sums[-1 - 168 * week] for week in (1, 2, 3, 4) if len(self._sums) > 168 * week]
        usual = [one for one in before if one is not None]
        if now is None or len(usual) < 2:
            return 0.0
        mean = sum(usual) / len(usual)
        return abs(log(max(now, _LEAST_WH) / max(mean, _LEAST_WH)))


PEERS: Final[dict[str, type[Peer]]] = {
    "median 28 d": RollingMedian,
    "hour z": SlotZ,
    "same weekdays": SameWeekdays,
}


class Alerting:
    """A peer with its threshold, resting after each alert."""

    def __init__(self, peer: Peer, threshold: float, begins: int) -> None:
        """`begins` is the hour by the clock of what it looks at first."""
        self._peer = peer
        self._threshold = threshold
        self._begins = begins
        self._rests_until = 0

    def look(self, at: int, energy_wh: float | None) -> str | None:
        """Whether it alerts."""
        if self._peer.score(self._begins + at, energy_wh) < self._threshold or at < self._rests_until:
            return None
        self._rests_until = at + REST_H
        return "unusual"

    def fork(self) -> "Alerting":
        """The same, to go on with something else."""
        return deepcopy(self)


def alerts(scores: Sequence[float], threshold: float, first: int) -> list[int]:
    """The hours from `first` on at which it alerts, resting after each."""
    found: list[int] = []
    rests_until = first
    for at, score in enumerate(scores):
        if score >= threshold and at >= rests_until:
            found.append(at)
            rests_until = at + REST_H
    return found


def threshold_for(clean: Sequence[Sequence[float]], first: int, budget: int) -> float:
    """The lowest threshold with which all clean homes together alert at most `budget` times."""
    levels = sorted({score for scores in clean for score in scores[first:]})
    low, high = 0, len(levels)  # below every score, and above them all
    while low < high:
        middle = (low + high) // 2
        if sum(len(alerts(scores, levels[middle], first)) for scores in clean) <= budget:
            high = middle
        else:
            low = middle + 1
    return levels[low] if low < len(levels) else levels[-1] + 1.0
