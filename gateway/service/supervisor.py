"""Keeps the loops alive: each in a thread of its own, begun anew when it dies, and the log says why it died.

A loop that dies again soon is begun anew later and later. What a person must mend (a damaged journal) is not retried:
it stops the gateway, and the process ends with that one line. This is the one place that catches everything.

A loop that hangs cannot be begun anew, because its thread cannot be ended and may hold what the next would need. One
that is watched and gives no sign of life ends the gateway too: the others are stopped, and whoever started the process
starts it again, on a journal that any end leaves whole. A machine that slept wakes up late in all of its threads, so
a sign must be missing at every look for some seconds.
"""

import sys
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.core.errors import JournalDamaged, LoopHung
from gateway.core.patience import Patience
from gateway.service.ports import Loop, Watched
from gateway.service.pulse import Pulse
from runtime import logs
from runtime.clock import Clock

log = logs.get(__name__)

STOP_WITHIN_S = 15.0  # a reading under way may take some seconds to give its meter back
_LOOK_S = 0.2
_AGAIN = Patience(first_s=1.0, longest_s=60.0)
_LIVED_LONG_S = 300.0
_MISSED_FOR_S = 5.0


@dataclass
class _Charge:
    """A loop and how it fares; `pulse` is that of one that is watched."""

    loop: Loop
    pulse: Pulse | None
    thread: threading.Thread | None = None
    began_s: float = 0.0
    deaths: int = 0
    again_s: float = 0.0
    missed_since_s: float | None = None
    is_dead: bool = field(default=True)


class Supervisor:
    """Runs loops until told to stop."""

    def __init__(self, loops: tuple[Loop, ...], clock: Clock) -> None:
        self._charges = [_Charge(loop, loop.pulse if isinstance(loop, Watched) else None) for loop in loops]
        self._clock = clock
        self._fatal: JournalDamaged | LoopHung | None = None

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set, then until every loop has ended.

        Raises JournalDamaged or LoopHung when that is why it stopped; after the latter a thread is left behind.
        """
        while not stop.is_set():
            for charge in self._charges:
                if charge.is_dead and self._clock.monotonic() >= charge.again_s:
                    self._begin(charge, stop)
                if self._is_hung(charge):
                    self._fatal = _hung(charge)
                    stop.set()
            stop.wait(_LOOK_S)
        self._end()
        if self._fatal is not None:
            raise self._fatal

    def _begin(self, charge: _Charge, stop: threading.Event) -> None:
        charge.is_dead = False
        charge.began_s = self._clock.monotonic()
        charge.thread = threading.Thread(target=self._guard, args=(charge, stop), name=charge.loop.name, daemon=True)
        charge.thread.start()

    def _is_hung(self, charge: _Charge) -> bool:
        """Whether a watched loop gave no sign of life at any look of the last seconds."""
        if charge.pulse is None or charge.is_dead or not charge.pulse.overdue_s():
            charge.missed_since_s = None
            return False
        now_s = self._clock.monotonic()
        charge.missed_since_s = charge.missed_since_s or now_s
        return now_s - charge.missed_since_s >= _MISSED_FOR_S

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


def _hung(charge: _Charge) -> LoopHung:
    """What is told of a loop that hangs: where it stands, which only its own frames can say."""
    frames = sys._current_frames()  # noqa: SLF001 - the interpreter's own way to ask where a thread stands
    frame = frames.get(charge.thread.ident or 0) if charge.thread is not None else None
    stack = traceback.extract_stack(frame)[-3:] if frame is not None else []
    log.error("loop_hung", loop=charge.loop.name, at=_way(stack))
    do = "it is started again by itself where systemd runs it; otherwise start it again, nothing is lost"
    return LoopHung(f"the {charge.loop.name} gives no sign of life", where="gateway", do=do)


def _way(frames: Sequence[traceback.FrameSummary]) -> str:
    return " > ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames)


def _in_one_line(error: Exception) -> str:
    """What was raised, and where in our own code, innermost last."""
    return f"{type(error).__name__}: {error} at {_way(traceback.extract_tb(error.__traceback__)[-3:])}"
