"""What the pipeline tells the thread that reads a meter: how closely to watch, what is missing, and "now".

The one place where those two threads meet besides the inbox. The pipeline writes, the poller waits.
"""

import threading
from dataclasses import dataclass

from gateway.core.batches import IntervalProgress
from gateway.core.interruption import Attention
from gateway.core.meter_logs.log_progress import LogsTaken


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


class MeterWatch:
    """The instruction as it stands, and two signals: read at once, and the last report is safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._instruction = Instruction()
        self._at_once = False
        self._is_handled = False

    @property
    def instruction(self) -> Instruction:
        """The latest instruction."""
        with self._condition:
            return self._instruction

    def instruct(self, instruction: Instruction, *, at_once: bool = False) -> None:
        """Replace the instruction; `at_once` ends the poller's waiting."""
        with self._condition:
            self._instruction = instruction
            self._at_once |= at_once
            self._condition.notify_all()

    def mark_handled(self) -> None:
        """The journal holds what followed from the poller's last report."""
        with self._condition:
            self._is_handled = True
            self._condition.notify_all()

    def begin(self) -> Instruction:
        """A reading begins: what was asked for "at once" until now is being done."""
        with self._condition:
            self._at_once = self._is_handled = False
            return self._instruction

    def is_called(self, timeout_s: float) -> bool:
        """Whether the meter is to be read at once, by now or within machine seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._at_once, timeout_s)

    def is_handled(self, timeout_s: float) -> bool:
        """Whether the last report is safe, by now or within machine seconds."""
        with self._condition:
            return self._condition.wait_for(lambda: self._is_handled, timeout_s)
