"""Plain causal scores for any series, to stand beside ours: each learns a value only after it has scored it."""

from collections import deque
from collections.abc import Callable
from math import sqrt
from typing import Final

Detector = Callable[[float], float]
"""Scores the next value from those before it."""

_LARGEST: Final = 1e6


class Gaussian:
    """Distance from the mean of everything before, in its deviations."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0

    def __call__(self, value: float) -> float:
        score = _spreads(value - self._mean, self._squares / self._count) if self._count else 0.0
        self._count += 1
        off = value - self._mean
        self._mean += off / self._count
        self._squares += off * (value - self._mean)
        return score


class WindowedGaussian:
    """The same over the last 6,400 values, as the benchmark's own detector of that name has it."""

    _WINDOW: Final = 6_400

    def __init__(self) -> None:
        self._values: deque[float] = deque()
        self._zero = 0.0  # sums are kept from the first value, so that large values do not drown small changes
        self._sum = 0.0
        self._squares = 0.0

    def __call__(self, value: float) -> float:
        if not self._values:
            self._zero = value
        value -= self._zero
        known = len(self._values)
        score = 0.0
        if known:
            mean = self._sum / known
            score = _spreads(value - mean, max(0.0, self._squares / known - mean * mean))
        self._values.append(value)
        self._sum += value
        self._squares += value * value
        if known >= self._WINDOW:
            oldest = self._values.popleft()
            self._sum -= oldest
            self._squares -= oldest * oldest
        return score


class Ewma:
    """The Gaussian score of a fading mean of about ten values."""

    _SHARE: Final = 2 / 11

    def __init__(self) -> None:
        self._smooth: float | None = None
        self._score = Gaussian()

    def __call__(self, value: float) -> float:
        self._smooth = value if self._smooth is None else self._smooth + self._SHARE * (value - self._smooth)
        return self._score(self._smooth)


def _spreads(off: float, variance: float) -> float:
    if off == 0.0:
        return 0.0
    return min(abs(off) / sqrt(variance), _LARGEST) if variance > 0.0 else _LARGEST


PEERS: Final[dict[str, Callable[[], Detector]]] = {"windowed": WindowedGaussian, "Gaussian": Gaussian, "EWMA": Ewma}
