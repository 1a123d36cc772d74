"""A loop's promise to give a sign of life: by when, as a machine second; whoever watches asks whether it was kept.

A thread cannot be ended from outside, and one that hangs looks alive to every question but this one. So a loop says
before each step how long that step may take at most, and the supervisor draws the conclusion when it took longer.
"""

from runtime.clock import Clock


class Pulse:
    """One loop's; written by its own thread, read by another."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due_s: float | None = None

    def beat(self, within_s: float) -> None:
        """A sign of life, and that the next comes within so many machine seconds."""
        self._due_s = self._clock.monotonic() + within_s

    def rest(self) -> None:
        """Nothing is promised any longer: the loop has ended."""
        self._due_s = None

    def overdue_s(self) -> float:
        """How long ago the next sign was due; 0 while nothing is."""
        due_s = self._due_s
        return 0.0 if due_s is None else max(self._clock.monotonic() - due_s, 0.0)
