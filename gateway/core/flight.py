"""Which rows to send now: what has not been sent on this connection, and what has waited too long for its receipt.

The window is what the caller offers: the oldest rows of each lane that no receipt covers. A row is sent as it is, again
and again, each time after twice the wait, up to a bound and spread by chance, until a receipt covers it. Nothing else
ends its flight: not that it was handed over, not the broker's acknowledgement.

>>> from wire.events import Lane
>>> row = OutboxRow(lane=Lane.ALARM, seq=1, envelope=b"")
>>> flight = Flight(Patience(first_s=5, longest_s=60), chance=lambda: 0.5)
>>> for now_s in (0, 4, 5, 14, 15):
...     print(now_s, len(flight.due([row], now_s)))
0 1
4 0
5 1
14 0
15 1
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.core.outbox import OutboxRow
from gateway.core.patience import Patience
from wire.events import Lane


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

    def due(self, window: Sequence[OutboxRow], now_s: float) -> list[OutboxRow]:
        """The rows of the window to send at `now_s`, in its order; they count as sent. What left the window is done."""
        before, self._sent = self._sent, {}
        due = []
        for row in window:
            place = (row.lane, row.seq)
            sent = before.get(place)
            if sent is None or now_s >= sent.again_s:
                times = 1 if sent is None else sent.times + 1
                sent = _Sent(times=times, again_s=now_s + self._patience.wait_s(times, self._chance()))
                due.append(row)
            self._sent[place] = sent
        return due
