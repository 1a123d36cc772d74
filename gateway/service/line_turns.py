"""Whose turn it is on a line that several meters share: one at a time, and first whoever a verdict waits for.

A bus carries one conversation. Each meter's thread waits here before it asks, so that a silent meter costs the others
its own time-out and no more. Turns are given in the order of asking; what is urgent goes first, but whoever was passed
over `MOST_PASSED_OVER` times is urgent, too. A line with one meter is always free.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_PASSED_OVER = 4
_LOOK_S = 0.2  # a waiter looks so often whether the gateway is to stop


@dataclass(slots=True, kw_only=True, eq=False)
class _Waiter:
    is_urgent: Callable[[], bool]
    passed_over: int = 0


class LineTurns:
    """The turns on one line. For any number of threads; each waits for one turn at a time."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._is_taken = False
        self._waiters: list[_Waiter] = []

    @property
    def waiting(self) -> int:
        """How many threads wait for a turn."""
        with self._condition:
            return len(self._waiters)

    @contextmanager
    def turn(self, stop: threading.Event, is_urgent: Callable[[], bool]) -> Iterator[bool]:
        """Wait for a turn and hold it within the context; False, and no turn, once `stop` is set.

        Args:
            is_urgent: whether a verdict waits for this meter, asked whenever a turn is to be given.
        """
        has_turn = self._take(stop, _Waiter(is_urgent=is_urgent))
        try:
            yield has_turn
        finally:
            if has_turn:
                self._give_back()

    def _take(self, stop: threading.Event, waiter: _Waiter) -> bool:
        with self._condition:
            self._waiters.append(waiter)
            try:
                while not stop.is_set():
                    if not self._is_taken and self._next() is waiter:
                        self._is_taken = True
                        self._pass_over(waiter)
                        return True
                    self._condition.wait(_LOOK_S)
                return False
            finally:
                self._waiters.remove(waiter)
                self._condition.notify_all()

    def _give_back(self) -> None:
        with self._condition:
            self._is_taken = False
            self._condition.notify_all()

    def _next(self) -> _Waiter:
        urgent = (waiter for waiter in self._waiters if waiter.passed_over >= MOST_PASSED_OVER or waiter.is_urgent())
        return next(urgent, self._waiters[0])

    def _pass_over(self, chosen: _Waiter) -> None:
        for waiter in self._waiters[: self._waiters.index(chosen)]:
            waiter.passed_over += 1
