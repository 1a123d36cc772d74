"""How far a meter's event logs have been taken over, and which entries of a reading are new.

An entry is told from another by all that it says and by its place, not by its time alone: a meter whose clock was set
back writes entries that are "older" than those before them, and each is told once. So the last entries are remembered
by what they said; what stands after one of them in the log was written later, whatever its clock said; and a log in
which none of them is left was cleared, or has gone round.

Bounded: so many entries a reading, so many days a piece, so many entries remembered. Of a log never read, only the last
days are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from gateway.core.meter_logs.event_codes import EventCodes
from gateway.core.meter_logs.event_log import EventLog, LogEntry, Logged, LogPage, LogSpan, logged, remembered

MAX_ENTRIES = 128  # of one log in one reading: what is more is read next time
MAX_SEEN = 256
OVERLAP = timedelta(days=1)  # asked for once more each time: a clock that was set back hides nothing shorter
_PIECE = timedelta(days=7)
_WORTH_WRITING = timedelta(hours=6)  # the memory card is spared a line for every reading that found nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProgress:
    """How far a log has been taken over: everything stamped up to `through`, and the marks of the last entries.

    A mark is kept as `seconds:mark`, with the second the entry is stamped with; `-` where it has none.
    """

    log: str
    through: datetime
    seen: tuple[str, ...] = ()

    def next_span(self, log: EventLog, now: datetime) -> LogSpan:
        """What to read next: a bounded piece of what is missing, or what is newest."""
        until = self.through + _PIECE
        return LogSpan(log=log, since=self.through - OVERLAP, until=until if until < now else None)

    def is_behind(self, now: datetime) -> bool:
        """Whether more than the newest piece is missing, as after the first start or a long silence."""
        return self.through + _PIECE < now

    def taken(self, page: LogPage, now: datetime) -> tuple["LogProgress", tuple[LogEntry, ...]]:
        """The progress once the entries of `page` are safe, and those of them that are new, oldest first."""
        if page.why_not:
            return self, ()
        known = _known(page.entries, self.seen)
        found = [
            entry
            for place, entry in enumerate(page.entries)
            if place not in known and self._is_new(place, entry, known, page)
        ]
        new = tuple(found[:MAX_ENTRIES])
        reached = min(page.span.until or now, now)
        is_whole = len(new) == len(found)
        moves = is_whole and (bool(new) or reached - self.through >= _WORTH_WRITING)
        return (
            replace(
                self,
                through=max(self.through, reached) if moves else self.through,
                seen=(*self.seen, *(remembered(entry) for entry in new))[-MAX_SEEN:],
            ),
            new,
        )

    def _is_new(self, place: int, entry: LogEntry, known: set[int], page: LogPage) -> bool:
        """Of an entry that is not remembered: whether it was written since, or is merely too old to be remembered."""
        if known and place > max(known):
            return True  # the meter wrote it after one we have, whatever its clock said
        if entry.occurred_at is None:
            return not self.seen
        if not known and self.seen and page.span.since <= self._oldest_seen_at:
            return True  # none is there any more of those we have: the log was cleared, or has gone round
        if len(self.seen) == MAX_SEEN:
            return entry.occurred_at > max(self._oldest_seen_at, self.through - OVERLAP)
        return entry.occurred_at >= self.through - OVERLAP

    @property
    def _oldest_seen_at(self) -> datetime:
        seconds = [int(mark.split(":")[0]) for mark in self.seen if not mark.startswith("-:")]
        return datetime.fromtimestamp(min(seconds), UTC) if seconds else self.through


def fresh_progress(log: EventLog, now: datetime, days: int) -> LogProgress:
    """Where a log begins that was never read: of what the meter holds, only the last days."""
    return LogProgress(log=log.name, through=now - timedelta(days=days) + OVERLAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsTaken:
    """How far each log of a meter has been taken over, and what stood in its alarm registers last."""

    logs: tuple[LogProgress, ...] = ()
    alarms: tuple[int, ...] = ()

    def of(self, logs: Sequence[EventLog], now: datetime, days: int) -> "LogsTaken":
        """The same for just these logs; one that was never read begins some days ago."""
        held = {progress.log: progress for progress in self.logs}
        taken = tuple(held.get(log.name) or fresh_progress(log, now, days) for log in logs)
        return replace(self, logs=taken)

    def is_behind(self, now: datetime) -> bool:
        """Whether more than the newest piece of a log is missing."""
        return any(progress.is_behind(now) for progress in self.logs)

    def spans(self, logs: Sequence[EventLog], now: datetime) -> tuple[LogSpan, ...]:
        """What to read next of each."""
        held = {progress.log: progress for progress in self.logs}
        return tuple(held[log.name].next_span(log, now) for log in logs if log.name in held)

    def taken(self, pages: Sequence[LogPage], codes: EventCodes, now: datetime) -> "Taken":
        """How far they are once what is new in these pages is safe, and that as events."""
        if not pages:
            return self, ()
        held = {progress.log: progress for progress in self.logs}
        events = []
        for page in pages:
            log = page.span.log
            if log.name in held:
                held[log.name], new = held[log.name].taken(page, now)
                events += [event for entry in new if (event := logged(entry, log, codes)) is not None]
        return replace(self, logs=tuple(held.values())), tuple(events)


Taken: TypeAlias = tuple[LogsTaken, tuple[Logged, ...]]


def asked_range(span: LogSpan, meter_clock_at: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    """From when to when, by the meter's clock, it is to be asked for `span`: one that is off stamps what is newest."""
    if span.until is not None:
        return span.since, span.until
    clock_at = meter_clock_at or now
    return min(span.since, clock_at - OVERLAP), max(now, clock_at) + OVERLAP


def _known(entries: Sequence[LogEntry], seen: Sequence[str]) -> set[int]:
    """Which of the entries are remembered; two alike are two, as often as they are remembered."""
    left: dict[str, int] = {}
    for mark in seen:
        left[mark] = left.get(mark, 0) + 1
    known = set()
    for place, entry in enumerate(entries):
        mark = remembered(entry)
        if left.get(mark, 0):
            left[mark] -= 1
            known.add(place)
    return known
