"""Orders about a meter: does it answer, and read it now.

Both have its own poller read it at once, in its turn on the line, as a change of the supply would; so neither holds
anybody up nor opens a meter beside its reader. A reading counts as an answer when it began after the order and what
follows from it is taken over: its registers are an event of their own, as with any reading.
"""

import threading
from collections.abc import Sequence

from gateway.core.command_rules import Answer
from gateway.service.meter_watch import MeterWatch, Outcome
from runtime.clock import Clock
from wire.commands import PingMeter, ReadNow
from wire.terms import CommandOutcome

_LOOK_S = 0.5


class MeterOrders:
    """What the commander does about meters."""

    def __init__(self, watches: Sequence[MeterWatch], *, clock: Clock, within_s: float) -> None:
        """`watches` are of the meters that are asked; an order may take so many machine seconds."""
        self._watches = tuple(watches)
        self._clock = clock
        self._within_s = within_s

    def ping(self, order: PingMeter, stop: threading.Event) -> Answer:
        """Whether the meter answers: that it does not is an answer, too."""
        found = self._called(order.meter, stop)
        if not isinstance(found, Outcome):
            return found
        said = "the meter answers" if found.fault is None else f"the meter does not answer: {found.fault.name.lower()}"
        return Answer(outcome=CommandOutcome.DONE, detail=said)

    def read(self, order: ReadNow, stop: threading.Event) -> Answer:
        """Read its registers."""
        found = self._called(order.meter, stop)
        if not isinstance(found, Outcome):
            return found
        if found.fault is not None:
            return Answer(outcome=CommandOutcome.FAILED, detail=f"it could not be read: {found.fault.name.lower()}")
        return Answer(outcome=CommandOutcome.DONE, detail="read")

    def _called(self, serial: str, stop: threading.Event) -> Outcome | Answer:
        """What came of a reading that began after now; an answer of our own where none did."""
        watch = next((each for each in self._watches if serial and each.instruction.serial == serial), None)
        if watch is None:
            return Answer(outcome=CommandOutcome.REFUSED, detail="this gateway asks no meter of this serial number")
        number, end_s = watch.call(), self._clock.monotonic() + self._within_s
        while not stop.is_set() and self._clock.monotonic() < end_s:
            found = watch.outcome(number, _LOOK_S)
            if found is not None:
                return found
        return Answer(outcome=CommandOutcome.FAILED, detail="its turn on the line did not come, or the journal is full")
