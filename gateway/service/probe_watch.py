"""Listens to the probe for ever: opens its port, greets it, hands on what it says, and acknowledges what is safe.

An edge is acknowledged by this thread when the pipeline says that the journal holds what followed from it. A port that
is gone, or a probe that says nothing whole, is told once as a lost link and opened again and again.
"""

import queue
import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from gateway.core.errors import PortGone, ProbeUnheard
from gateway.core.observations import EdgeId, ProbeLink, ProbeObservation, SupplyEdge
from gateway.core.patience import Patience
from gateway.core.ports import SerialLine
from gateway.core.probe.session import ProbeSession
from gateway.service.inbox import Inbox, ProbeHeard
from gateway.service.presence import Presence
from runtime import logs
from runtime.clock import Clock

log = logs.get(__name__)

_READ_S = 0.1
_REOPEN = Patience(first_s=0.5, longest_s=10.0)
_MOST_SAFE = 64  # twice what a probe keeps


class ProbeWatch:
    """The loop of the probe. `newest_edge` tells the youngest edge the journal knows, each time a port is opened."""

    name = "probe"

    def __init__(
        self,
        *,
        open_port: Callable[[], SerialLine],
        newest_edge: Callable[[], EdgeId | None],
        inbox: Inbox,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._open_port = open_port
        self._newest_edge = newest_edge
        self._inbox = inbox
        self._clock = clock
        self._chance = chance
        self._safe: queue.Queue[EdgeId] = queue.Queue(maxsize=_MOST_SAFE)
        self._presence = Presence(log, "probe")

    def run(self, stop: threading.Event) -> None:
        """Listen, and open the port anew when it is gone, until told to stop."""
        attempts = 0
        while not stop.is_set():
            try:
                self._listen_once(stop)
            except (PortGone, ProbeUnheard) as gone:
                attempts = 1 if self._presence.is_here else attempts + 1
                self._presence.gone(reason=str(gone))
                self._inbox.offer(ProbeHeard(seen=ProbeLink(up=False), done=_nothing_to_do))
                stop.wait(_REOPEN.wait_s(attempts, self._chance.random()))

    def _listen_once(self, stop: threading.Event) -> None:
        """One opened port's life; raises PortGone when it breaks, ProbeUnheard when the probe falls silent."""
        line = self._open_port()
        try:
            session = ProbeSession(newest_edge=self._newest_edge())
            opened_s = self._clock.monotonic()
            line.write(session.greeting())
            while not stop.is_set():
                data = line.read(_READ_S)
                for seen in session.receive(data, now=self._clock.now(), monotonic_s=self._clock.monotonic()):
                    self._hand_on(seen, session)
                self._acknowledge(line, session)
                if session.has_fallen_silent(self._clock.monotonic(), opened_s=opened_s):
                    raise ProbeUnheard("the probe says nothing", do="check its supply, its cable and the port's name")
        finally:
            line.close()

    def _hand_on(self, seen: ProbeObservation, session: ProbeSession) -> None:
        match seen:
            case SupplyEdge():
                done: Callable[[], None] = partial(self._is_safe, seen.edge)
            case ProbeLink():
                self._presence.here(firmware=session.firmware)
                done = _nothing_to_do
            case _:
                done = _nothing_to_do
        self._inbox.offer(ProbeHeard(seen=seen, done=done))

    def _is_safe(self, edge: EdgeId) -> None:
        """Called by the pipeline's thread; an acknowledgement that does not fit is owed again with the next repeat."""
        with suppress(queue.Full):
            self._safe.put_nowait(edge)

    def _acknowledge(self, line: SerialLine, session: ProbeSession) -> None:
        with suppress(queue.Empty):
            while True:
                line.write(session.acknowledgement(self._safe.get_nowait()))


def _nothing_to_do() -> None:
    """Nobody waits for this report."""
