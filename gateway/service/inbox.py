"""What the threads that read hand to the one that concludes: one bounded queue of reports.

A report that does not fit is dropped and counted. Nothing is lost by that: the probe tells an edge again until it is
acknowledged, a beat comes every second, and a meter has one report under way at a time and is read again.
That it is full is said once in the log, and once, with the count, when half of it is free again.
`done` is called when the journal holds what followed from the report, and not before.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gateway.core.batches import Window
from gateway.core.observations import ProbeObservation
from gateway.core.push.pushes import HeardPush
from gateway.core.reading import IntervalRow, Snapshot
from gateway.service.presence import Presence
from runtime import logs
from wire.terms import LinkFault

CAPACITY = 256

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterRead:
    """Meter `number` answered; `rows` are of its load profile within `window`, if that was asked for."""

    number: int
    snapshot: Snapshot
    rows: tuple[IntervalRow, ...]
    window: Window | None
    done: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUnreadable:
    """Meter `number`, asked at `asked_at`, could not be read."""

    number: int
    asked_at: datetime
    fault: LinkFault
    done: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeHeard:
    """The probe said something, or fell silent."""

    seen: ProbeObservation
    done: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPushed:
    """Meter `number` has pushed something."""

    number: int
    heard: HeardPush
    done: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRefused:
    """What was refused at a push port so far, by reason: of nobody in particular, so it is counted with the port."""

    port: str
    refused: tuple[tuple[str, int], ...]
    done: Callable[[], None]


Report: TypeAlias = MeterRead | MeterUnreadable | MeterPushed | PortRefused | ProbeHeard


class Inbox:
    """The queue between the threads that read and the one that concludes."""

    def __init__(self) -> None:
        self._reports: queue.Queue[Report] = queue.Queue(maxsize=CAPACITY)
        self._room = Presence(log, "inbox_room", expected=True)
        self._lock = threading.Lock()
        self.dropped = 0

    def offer(self, report: Report) -> bool:
        """Hand in a report; whether there was room for it."""
        try:
            self._reports.put_nowait(report)
        except queue.Full:
            with self._lock:
                self.dropped += 1
                self._room.gone(capacity=CAPACITY)
            return False
        if not self._room.is_here and self._reports.qsize() <= CAPACITY // 2:
            with self._lock:
                self._room.here(dropped=self.dropped)
        return True

    def take(self, timeout_s: float) -> Report | None:
        """The next report, or None when none came within machine seconds."""
        try:
            return self._reports.get(timeout=timeout_s)
        except queue.Empty:
            return None
