"""Keeps the loops alive: each in a thread of its own, begun anew when it dies, and the log says why it died.

A loop that dies again soon is begun anew later and later. What a person must mend (a damaged journal) is not retried:
it stops the gateway, and the process ends with that one line. This is the one place that catches everything.
"""

import threading
import traceback
from dataclasses import dataclass, field

from gateway.core.errors import JournalDamaged
from gateway.core.patience import Patience
from gateway.service.ports import Loop
from runtime import logs
from runtime.clock import Clock

log = logs.get(__name__)

STOP_WITHIN_S = 15.0  # a reading under way may take some seconds to give its meter back
_LOOK_S = 0.2
_AGAIN = Patience(first_s=1.0, longest_s=60.0)
_LIVED_LONG_S = 300.0


@dataclass
class _Charge:
    """A loop and how it fares."""

    loop: Loop
    thread: threading.Thread | None = None
    began_s: float = 0.0
    deaths: int = 0
    again_s: float = 0.0
    is_dead: bool = field(default=True)


class Supervisor:
    """Runs loops until told to stop."""

    def __init__(self, loops: tuple[Loop, ...], clock: Clock) -> None:
        self._charges = [_Charge(loop) for loop in loops]
        self._clock = clock
        self._fatal: JournalDamaged | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, then until every loop has ended; raises JournalDamaged when that is why it stopped."""
        while not stop.is_set():
            for charge in self._charges:
                if charge.is_dead and self._clock.monotonic() >= charge.again_s:
                    self._begin(charge, stop)
            stop.wait(_LOOK_S)
        self._end()
        if self._fatal is not None:
            raise self._fatal

    def _begin(self, charge: _Charge, stop: threading.Event) -> None:
        charge.is_dead = False
        charge.began_s = self._clock.monotonic()
        charge.thread = threading.Thread(target=self._guard, args=(charge, stop), name=charge.loop.name, daemon=True)
        charge.thread.start()

    def _guard(self, charge: _Charge, stop: threading.Event) -> None:
        reason = "it ended by itself"
        try:
            charge.loop.run(stop)
        except JournalDamaged as damaged:
            self._fatal = damaged
            stop.set()
        except Exception as error:  # noqa: BLE001 - the one place: whatever killed a loop, the others go on
            reason = _in_one_line(error)
        if not stop.is_set():
            self._bury(charge, reason)

    def _bury(self, charge: _Charge, reason: str) -> None:
        now_s = self._clock.monotonic()
        charge.deaths = 1 if now_s - charge.began_s > _LIVED_LONG_S else charge.deaths + 1
        charge.again_s = now_s + _AGAIN.wait_s(charge.deaths, 0.5)
        log.error("loop_died", loop=charge.loop.name, deaths=charge.deaths, reason=reason)
        charge.is_dead = True

    def _end(self) -> None:
        end_s = self._clock.monotonic() + STOP_WITHIN_S
        for charge in self._charges:
            if charge.thread is not None:
                charge.thread.join(max(end_s - self._clock.monotonic(), 0.0))
                if charge.thread.is_alive():
                    log.warning("loop_left_behind", loop=charge.loop.name)


def _in_one_line(error: Exception) -> str:
    """What was raised, and where in our own code, innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    way = " > ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames)
    return f"{type(error).__name__}: {error} at {way}"
