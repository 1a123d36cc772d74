"""When to read a meter next: regularly, at once when the supply changes, closely while something must be proved.

A meter that does not answer is asked less and less often, up to a bound (`Patience`): a silent bus is not hammered.
One that answers at length (a month of its load profile) is left alone for a while afterwards, because it serves one
reader at a time and the utility's own must get its turn.

>>> from datetime import UTC, datetime
>>> t0 = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
>>> for failures in range(5):
...     last = Attempt(asked_at=t0, failures=failures)
...     print(f"{(next_read_at(Cadence(), last, Attention.CLOSE, chance=0.5) - t0).total_seconds():g} s")
5 s
5 s
10 s
20 s
40 s
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.interruption import Attention
from gateway.core.patience import Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How often a meter is read, of the wall clock."""

    routine: timedelta = timedelta(seconds=60)
    close: timedelta = timedelta(seconds=5)
    pushed: timedelta = timedelta(minutes=15)  # while the meter itself pushes what it measures
    longest_back_off: timedelta = timedelta(minutes=5)
    most_held_percent: int = 80  # of a meter's time; whoever else reads it has the rest

    def rest_s(self, held_s: float) -> float:
        """How long to leave a meter alone that was held for so many machine seconds.

        >>> Cadence(most_held_percent=50).rest_s(20), Cadence(most_held_percent=80).rest_s(20)
        (20.0, 5.0)
        """
        return held_s * (100 - self.most_held_percent) / self.most_held_percent


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The last reading: when it was asked for, and how many in a row have failed by now."""

    asked_at: datetime
    failures: int


def next_read_at(
    cadence: Cadence, last: Attempt, attention: Attention, *, chance: float, is_pushed: bool = False
) -> datetime:
    """When to ask again; `chance` is drawn evenly from [0, 1)."""
    routine = max(cadence.routine, cadence.pushed) if is_pushed else cadence.routine
    interval = cadence.close if attention is Attention.CLOSE else routine
    if last.failures:
        longest = max(interval, cadence.longest_back_off)
        patience = Patience(first_s=interval.total_seconds(), longest_s=longest.total_seconds())
        interval = timedelta(seconds=patience.wait_s(last.failures, chance))
    return last.asked_at + interval
