"""The score of the Numenta Anomaly Benchmark, reckoned anew from its published definition.

An alarm within a labelled window is worth the more the earlier it comes, and only the best of a window counts; one
outside is a false one, and costs the more the further it is behind the window before it. Both follow one curve, a
sigmoid over the position: -1 is a window's left edge, 0 its right one, 3 is far behind. A profile weighs the three
kinds of outcome (found, false, missed). Nothing in the first 15 % of a series (750 values at most) counts.

The whole is told from 0, for a detector that never alarms, to 100, for one that alarms at the first value of every
window and nowhere else. As the benchmark does, one threshold serves the whole corpus, and it is the best one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp
from typing import Final

PROBATION: Final = 0.15
LONGEST_PROBATION: Final = 750
FAR: Final = 3.0
CANDIDATES: Final = 150

Span = tuple[int, int]
"""The first and the last value of a window, both within."""


def curve(position: float) -> float:
    """What an alarm is worth at a position of its window.

    >>> [round(curve(position), 3) for position in (-1.0, -0.5, 0.0, 1.0, 3.0)]
    [0.987, 0.848, 0.0, -0.987, -1.0]
    """
    return -1.0 if position >= FAR else 2.0 / (1.0 + exp(5.0 * position)) - 1.0


_EARLIEST: Final = curve(-1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What found, false and missed weigh."""

    name: str
    found: float
    false: float
    missed: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of a series or a corpus: the worth of the windows found, of the false alarms, and the windows missed."""

    found: float = 0.0
    false: float = 0.0
    missed: int = 0
    windows: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            found=self.found + other.found,
            false=self.false + other.false,
            missed=self.missed + other.missed,
            windows=self.windows + other.windows,
        )

    def score(self, profile: Profile) -> float:
        """From 0 (nothing is ever told) to 100 (perfect); less where false alarms cost more than was found."""
        raw = profile.found * self.found + profile.false * self.false - profile.missed * self.missed
        nothing = -profile.missed * self.windows
        return 100 * (raw - nothing) / (profile.found * self.windows - nothing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """How long a series is, and where its windows are, in order and apart."""

    length: int
    windows: tuple[Span, ...]

    @property
    def begins(self) -> int:
        """The first value that counts."""
        return min(int(PROBATION * self.length), LONGEST_PROBATION)

    def tally(self, alarms: Iterable[int]) -> Tally:
        """What these alarms, in order, are worth."""
        best: dict[Span, float] = {}
        false = 0.0
        for at in alarms:
            if at < self.begins:
                continue
            window = next((span for span in self.windows if span[0] <= at <= span[1]), None)
            if window is None:
                false += curve(self._past(at))
            else:
                first, last = window
                worth = curve(-(last - at + 1) / (last - first + 1)) / _EARLIEST
                best[window] = max(best.get(window, worth), worth)
        counted = [span for span in self.windows if span[1] >= self.begins]
        return Tally(found=sum(best.values()), false=false, missed=len(counted) - len(best), windows=len(counted))

    def _past(self, at: int) -> float:
        before = [span for span in self.windows if span[1] < at]
        if not before:
            return FAR
        first, last = before[-1]
        return (at - last) / max(last - first, 1)


def alarms(scores: Sequence[tuple[int, float]], threshold: float, rest: int) -> list[int]:
    """Where a series of (place, score), in order, reaches the threshold, resting for so many values after each."""
    found: list[int] = []
    for at, score in scores:
        if score >= threshold and (not found or at - found[-1] > rest):
            found.append(at)
    return found


def sweep(corpus: Sequence[tuple[Labelled, Sequence[float]]], rest: int) -> list[Tally]:
    """What one threshold after the other makes of the corpus; no profile's best is much better than the best of these.

    They go from the very highest score down to what a twelfth of all reach, evenly in the logarithm of how many do.
    """
    ordered = sorted((score for _, scores in corpus for score in scores), reverse=True)
    most = max(1, len(ordered) // 12)
    thresholds = sorted({ordered[int(most ** (step / CANDIDATES)) - 1] for step in range(CANDIDATES + 1)})
    high = [(series, [(at, one) for at, one in enumerate(scores) if one >= thresholds[0]]) for series, scores in corpus]
    return [together(series.tally(alarms(ones, line, rest)) for series, ones in high) for line in thresholds]


def best(tallies: Iterable[Tally], profile: Profile) -> float:
    """The score with the one threshold that serves this profile best."""
    return max(tally.score(profile) for tally in tallies)


def together(tallies: Iterable[Tally]) -> Tally:
    """All of them, as one corpus."""
    return sum(tallies, start=Tally())
