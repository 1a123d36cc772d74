"""Reads one meter for ever: one thread for each, so that a silent one never holds up another on another line.

Meters that share a line take turns on it; a reading counts from when its turn has come, not from the wait before that.
When to read, the schedule says; what, the pipeline's instruction. While a verdict waits for the meter's word, it is
asked for its registers alone, which is quick; otherwise the next missing piece of its load profile comes along, and
the piece after that in the same association, as long as nothing else wants the line.
The first reading after a start is of registers first: what a technician waits for comes before a month of history.
The meter's own logs come along now and then, after its registers and before its load profile.
After a long association the meter is left alone for its duty limit (`Cadence`), unless the supply has changed; and
one that somebody else holds for as long as it takes to be free again, since each call would begin that time anew.
"""

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from gateway.core.batches import Window
from gateway.core.errors import MeterHeld, MeterUnread
from gateway.core.interruption import Attention
from gateway.core.meter_logs.event_log import EventLog, LogSpan
from gateway.core.meter_logs.log_progress import LogsTaken
from gateway.core.ports import MeterSession, Span
from gateway.core.reading import IntervalRow, Snapshot
from gateway.core.schedule import Attempt, Cadence, next_read_at
from gateway.service.clock_tender import ClockTender
from gateway.service.inbox import Inbox, MeterRead, MeterUnreadable
from gateway.service.line_turns import LineTurns
from gateway.service.meter_watch import Instruction, MeterWatch, Outcome
from gateway.service.presence import Presence
from runtime import logs
from runtime.clock import Clock
from wire.terms import LinkFault

log = logs.get(__name__)

_HANDLED_WITHIN_S = 10.0
_LOGS_EVERY = timedelta(minutes=15)
_LONGEST_WAIT_S = 1.0  # a story's clock may be set; and the gateway may be told to stop


class Poller:
    """The loop of one meter."""

    def __init__(
        self,
        *,
        number: int,
        session: MeterSession,
        line: LineTurns,
        watch: MeterWatch,
        inbox: Inbox,
        clock: Clock,
        cadence: Cadence,
        chance: random.Random,
        logs: tuple[EventLog, ...] = (),
        logs_every: timedelta = _LOGS_EVERY,
        clock_tender: ClockTender | None = None,
    ) -> None:
        self.name = f"meter-{number}"
        self._number = number
        self._session = session
        self._line = line
        self._watch = watch
        self._inbox = inbox
        self._clock = clock
        self._cadence = cadence
        self._chance = chance
        self._logs, self._logs_every = logs, logs_every
        self._clock_tender = clock_tender
        self._logs_asked_at: datetime | None = None
        self._logs_before = LogsTaken()
        self._last: Attempt | None = None
        self._rest_until_s = 0.0
        self._leave_alone_s = 0.0
        self._presence = Presence(log, "meter", meter=number)

    def run(self, stop: threading.Event) -> None:
        """Read, report, wait, until told to stop."""
        while not stop.is_set():
            with self._line.turn(stop, self._is_urgent) as has_turn:
                if not has_turn:
                    return
                began_s = self._clock.monotonic()
                self._read_once(self._clock.now(), stop)
                ended_s = self._clock.monotonic()
            held_s = 0.0 if self._failures else ended_s - began_s
            self._rest_until_s = ended_s + max(self._cadence.rest_s(held_s), self._leave_alone_s)
            self._wait_until_handled(stop)
            self._wait_until_due(stop)

    def _read_once(self, asked_at: datetime, stop: threading.Event) -> None:
        """Read what is due and what is missing, each piece reported by itself, until the line is wanted elsewhere."""
        instruction = self._watch.begin()
        logs = self._due_logs(instruction, asked_at)
        asked, piece_asked_at = self._missing(instruction, asked_at), asked_at
        last: Snapshot | None = None

        def take(snapshot: Snapshot, rows: tuple[IntervalRow, ...]) -> Span | None:
            nonlocal asked, piece_asked_at, last
            last = snapshot
            self._report(asked_at, snapshot, rows, asked)
            if self._following(stop) is None:
                return None
            self._wait_until_handled(stop)
            following = self._following(stop)
            if following is None or (asked is not None and following.since <= asked.since):
                return None
            asked, piece_asked_at = following, self._clock.now()
            self._watch.begin()
            return following.since, following.until

        try:
            self._session.read_on(None if asked is None else (asked.since, asked.until), take, logs)
        except MeterUnread as unread:
            self._presence.gone(fault=unread.fault.name.lower(), reason=str(unread))
            self._last = Attempt(asked_at=asked_at, failures=self._failures + 1)
            self._leave_alone_s = unread.leave_alone_s if isinstance(unread, MeterHeld) else 0.0
            done = self._done(unread.fault)
            self._inbox.offer(
                MeterUnreadable(number=self._number, asked_at=piece_asked_at, fault=unread.fault, done=done)
            )
        else:
            if last is not None and self._clock_tender is not None and instruction.attention is Attention.ROUTINE:
                self._clock_tender.tend(last)

    def _following(self, stop: threading.Event) -> Window | None:
        """What to read next in the same association; nothing where a verdict, a meter or the end waits for the line."""
        instruction, now = self._watch.instruction, self._clock.now()
        is_behind = instruction.progress is not None and instruction.progress.is_behind(now)
        is_wanted = stop.is_set() or self._watch.is_called(0) or self._line.waiting
        return self._missing(instruction, now) if is_behind and not is_wanted else None

    def _report(
        self, asked_at: datetime, snapshot: Snapshot, rows: tuple[IntervalRow, ...], window: Window | None
    ) -> None:
        self._presence.here()
        self._leave_alone_s = 0.0
        self._last = Attempt(asked_at=asked_at, failures=0)
        log.debug("meter_read", meter=self._number, rows=len(rows))
        self._inbox.offer(
            MeterRead(number=self._number, snapshot=snapshot, rows=rows, window=window, done=self._done(None))
        )

    def _done(self, fault: LinkFault | None) -> Callable[[], None]:
        """What to call once the journal holds what follows from the reading that has just ended so."""
        return partial(self._watch.mark_handled, Outcome(number=self._watch.begun, fault=fault))

    def change_cadence(self, cadence: Cadence, *, logs_every: timedelta) -> None:
        """From now on read, and look into the logs, as often as this says; from any thread."""
        self._cadence, self._logs_every = cadence, logs_every

    def _is_urgent(self) -> bool:
        return self._watch.instruction.attention is Attention.CLOSE

    @property
    def _failures(self) -> int:
        return 0 if self._last is None else self._last.failures

    def _missing(self, instruction: Instruction, now: datetime) -> Window | None:
        """The piece of the load profile to read along, if any."""
        if self._last is None or instruction.attention is Attention.CLOSE or instruction.progress is None:
            return None
        return instruction.progress.next_window(now)

    def _due_logs(self, instruction: Instruction, now: datetime) -> tuple[LogSpan, ...]:
        """The stretches of the meter's logs to read along, if any.

        That they were asked for counts, come what may: there is a hurry only while it brings them forward.
        """
        if self._last is None or instruction.attention is Attention.CLOSE:
            return ()
        asked_at = self._logs_asked_at
        is_hurried = instruction.logs.is_behind(now) and instruction.logs != self._logs_before
        if asked_at is not None and now < asked_at + self._logs_every and not is_hurried:
            return ()
        self._logs_asked_at, self._logs_before = now, instruction.logs
        return instruction.logs.spans(self._logs, now)

    def _wait_until_handled(self, stop: threading.Event) -> None:
        """So that the next piece of the load profile is asked for where this one ended."""
        end_s = self._clock.monotonic() + _HANDLED_WITHIN_S
        while not stop.is_set() and self._clock.monotonic() < end_s:
            if self._watch.is_handled(_LONGEST_WAIT_S):
                return

    def _wait_until_due(self, stop: threading.Event) -> None:
        """Until the next reading is due by the instruction as it then stands, or is called for at once."""
        assert self._last is not None
        chance = self._chance.random()
        while not stop.is_set():
            instruction, now = self._watch.instruction, self._clock.now()
            is_behind = instruction.progress is not None and instruction.progress.is_behind(now)
            attention = Attention.CLOSE if is_behind else instruction.attention
            due_at = next_read_at(self._cadence, self._last, attention, chance=chance, is_pushed=instruction.is_pushed)
            due_in = due_at - now
            rest_s = self._rest_until_s - self._clock.monotonic()
            due_in_s = max(self._clock.wall_seconds(due_in.total_seconds()), rest_s)
            if due_in_s <= 0:
                return
            if self._watch.is_called(min(due_in_s, _LONGEST_WAIT_S)):
                self._last = replace(self._last, failures=0)  # something has changed: what failed before may not now
                return
