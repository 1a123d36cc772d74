"""A `SerialLine` around the real one that tells what passes, when it passes; it changes nothing of it.

What it is told to is a listener's business: the line itself keeps nothing, so that no secret stays in it.
"""

from collections.abc import Callable
from typing import Protocol

from gateway.core.ports import SerialLine
from gateway.core.trace.annotator import Way


class Listener(Protocol):
    """Who is told; `at_s` counts from the trace's beginning."""

    def passed(self, way: Way, at_s: float, octets: bytes) -> None: ...

    def sped(self, at_s: float, baud: int) -> None: ...


class RecordingLine:
    """The line, told of; time runs on over several lines of one trace."""

    def __init__(self, line: SerialLine, listener: Listener, elapsed_s: Callable[[], float], baud: int) -> None:
        self._line, self._listener, self._elapsed_s = line, listener, elapsed_s
        listener.sped(elapsed_s(), baud)

    def read(self, timeout_s: float) -> bytes:
        octets = self._line.read(timeout_s)
        if octets:
            self._listener.passed(Way.IN, self._elapsed_s(), octets)
        return octets

    def write(self, data: bytes) -> None:
        self._listener.passed(Way.OUT, self._elapsed_s(), data)
        self._line.write(data)

    def set_baud(self, baud: int) -> None:
        self._line.set_baud(baud)
        self._listener.sped(self._elapsed_s(), baud)

    def close(self) -> None:
        self._line.close()
