"""How long to wait before trying again: twice as long each time, up to a bound, a little earlier or later by chance.

What does not answer is not hammered, and a street of gateways that lost the same broker does not come back in step.
The chance is handed in.

>>> patience = Patience(first_s=5, longest_s=60)
>>> [patience.wait_s(times, chance=0.5) for times in (1, 2, 3, 4, 5, 1_000)]
[5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
>>> patience.wait_s(1, chance=0.0), patience.wait_s(1, chance=0.999)
(4.0, 5.998)
"""

from dataclasses import dataclass

_SPREAD = 0.4
_MOST_DOUBLINGS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """The first wait and the longest, in seconds of whichever clock the caller waits by."""

    first_s: float
    longest_s: float

    def wait_s(self, times: int, chance: float) -> float:
        """The wait after the `times`-th attempt, from 1; `chance` is drawn evenly from [0, 1)."""
        wait_s = min(self.first_s * 2.0 ** min(times - 1, _MOST_DOUBLINGS), self.longest_s)
        return wait_s * (1 + _SPREAD * (chance - 0.5))
