"""What the pipeline tells the thread that reads a meter: how closely to watch, what is missing, and "now".

The one place where those two threads meet besides the inbox. The pipeline writes, the poller waits. Whoever else wants
the meter read (`call`) may wait for what comes of it: a reading counts once what followed from it is taken over.
"""

import threading
from dataclasses import dataclass

from gateway.core.batches import IntervalProgress
from gateway.core.interruption import Attention
from gateway.core.meter_logs.log_progress import LogsTaken
from wire.terms import LinkFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """How closely to watch the meter, and how far its load profile and its logs were taken over (None: unknown yet).

    `serial` is how the meter has named itself; while it `is_pushed` it spares us most of the asking.
    """

    attention: Attention = Attention.ROUTINE
    progress: IntervalProgress | None = None
    logs: LogsTaken = LogsTaken()
    serial: str = ""
    is_pushed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of the `number`-th reading: registers, or a fault."""

    number: int
    fault: LinkFault | None


class MeterWatch:
    """The instruction as it stands, and two signals: read at once, and the last report is safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._instruction = Instruction()
        self._at_once = False
        self._is_handled = False
        self._begun = 0
        self._outcome = Outcome(number=0, fault=None)

    @property
    def instruction(self) -> Instruction:
        """The latest instruction."""
        with self._condition:
            return self._instruction

    def instruct(self, instruction: Instruction, *, at_once: bool = False) -> None:
        """Replace the instruction; `at_once` ends the poller's waiting."""
        with self._condition:
            self._instruction = instruction
            if at_once:
                self._at_once = True
                self._condition.notify_all()

    def mark_handled(self, outcome: Outcome | None = None) -> None:
        """The journal holds what followed from the poller's last report, which told of `outcome`."""
        with self._condition:
            self._is_handled = True
            self._outcome = outcome or self._outcome
            self._condition.notify_all()

    def call(self) -> int:
        """Have the meter read at once; the number of the first reading that will be an answer to this."""
        with self._condition:
            self._at_once = True
            self._condition.notify_all()
            return self._begun + 1

    def outcome(self, number: int, timeout_s: float) -> Outcome | None:
        """What came of the reading of this number, or of a later one, by now or within machine seconds."""
        with self._condition:
            is_there = self._condition.wait_for(lambda: self._outcome.number >= number, timeout_s)
            return self._outcome if is_there else None

    @property
    def begun(self) -> int:
        """How many readings have begun."""
        with self._condition:
            return self._begun

    def begin(self) -> Instruction:
        """A reading begins: what was asked for "at once" until now is being done."""
        with self._condition:
            self._at_once = self._is_handled = False
            self._begun += 1
            return self._instruction

    def is_called(self, timeout_s: float) -> bool:
        """Whether the meter is to be read at once, by now or within machine seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._at_once, timeout_s)

    def is_handled(self, timeout_s: float) -> bool:
        """Whether the last report is safe, by now or within machine seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._is_handled, timeout_s)
