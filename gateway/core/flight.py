"""Which rows to send now: what has not been sent on this connection, and what has waited too long for its receipt.

The window is what the caller offers: the oldest rows of each lane that no receipt covers. Receipts are cumulative, so
it is the first row of a lane whose loss, or whose receipt's loss, holds up all behind it: that one alone is sent again,
three times after the first wait, then each time after twice as long, up to a bound and spread by chance. What was lost
behind it comes first in its turn, and goes at once, its own wait being over. So a cloud that is away costs a row a
lane, not a window, and a row that got through is not sent again for another's loss. Nothing but a receipt ends a row's
flight: not that it was handed over, not the broker's acknowledgement.

>>> from wire.terms import Lane
>>> first, second = (OutboxRow(lane=Lane.ALARM, seq=seq, envelope=b"") for seq in (1, 2))
>>> flight = Flight(Patience(first_s=5, longest_s=60), chance=lambda: 0.5)
>>> for now_s in (0, 4, 5, 10, 15, 24, 25):
...     print(now_s, [row.seq for row in flight.due([first, second], now_s)])
0 [1, 2]
4 []
5 [1]
10 [1]
15 [1]
24 []
25 [1]
>>> [row.seq for row in flight.due([second], 26)]
[2]
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.core.outbox import OutboxRow
from gateway.core.patience import Patience
from wire.terms import Lane

_PROMPT_TIMES = 3  # a bad line swallows one or two in a row; a cloud that is away swallows more


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    times: int
    again_s: float


class Flight:
    """What is under way on one connection; holds no more than the window."""

    def __init__(self, patience: Patience, chance: Callable[[], float]) -> None:
        self._patience = patience
        self._chance = chance
        self._sent: dict[tuple[Lane, int], _Sent] = {}

    def due(self, window: Sequence[OutboxRow], now_s: float, room: int | None = None) -> list[OutboxRow]:
        """The rows of the window to send at `now_s`, in its order; they count as sent. What left the window is done.

        Args:
            room: how many more the broker lets be under way; None for any number.
        """
        before, self._sent = self._sent, {}
        due: list[OutboxRow] = []
        lanes = set()
        for row in window:
            place, leads = (row.lane, row.seq), row.lane not in lanes
            lanes.add(row.lane)
            sent = before.get(place)
            if (sent is None or (leads and now_s >= sent.again_s)) and (room is None or len(due) < room):
                times = 1 if sent is None else sent.times + 1
                sent = _Sent(times=times, again_s=now_s + self._wait_s(times))
                due.append(row)
            if sent is not None:
                self._sent[place] = sent
        return due

    def times(self, row: OutboxRow) -> int:
        """How often the row was sent on this connection."""
        sent = self._sent.get((row.lane, row.seq))
        return 0 if sent is None else sent.times

    def _wait_s(self, times: int) -> float:
        """How long a row waits for its receipt that was sent so many times."""
        return self._patience.wait_s(max(times + 1 - _PROMPT_TIMES, 1), self._chance())
