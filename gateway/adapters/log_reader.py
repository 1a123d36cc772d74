"""Reads a meter's event logs in an association that is open anyway, and learns once how each is laid out.

A log that is not to be had (refused, no such object, laid out in a way nobody reads) gives a page that says why, and
the others are read all the same; one whose layout the meter does not tell is asked for again a day later. None is begun
after `until_s` of the machine's clock: the line is others' too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from gateway.adapters.dlms_association import Association
from gateway.core.dlms import profile_generic
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.get_response import Denied
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.selection import Entries
from gateway.core.errors import MeterRefused, Undecodable
from gateway.core.meter_logs.event_log import EventLog, LogPage, LogSpan, log_entries
from gateway.core.meter_logs.log_progress import MAX_ENTRIES, asked_range
from gateway.core.meter_profile import MeterProfile
from gateway.core.reading import Snapshot
from runtime.clock import Clock

_CAPTURE_OBJECTS, _SORT_METHOD = 3, 5
_ASKED_AGAIN_AFTER = timedelta(days=1)
_ENTRIES_IN_USE = 7
_EVER = datetime.min.replace(tzinfo=UTC)  # what is read so is not picked by time
_NEWEST_FIRST = 2  # sort method LIFO


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    columns: tuple[Attribute, ...]
    is_newest_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Absent:
    until: datetime
    why: str


class LogReader:
    """The logs of the meter at one port. For one thread."""

    def __init__(self, profile: MeterProfile, clock: Clock) -> None:
        self._profile, self._clock = profile, clock
        self._serial = ""
        self._layouts: dict[EventLog, _Layout] = {}
        self._absent: dict[EventLog, _Absent] = {}

    def with_logs(
        self, association: Association, snapshot: Snapshot, spans: Sequence[LogSpan], *, until_s: float
    ) -> Snapshot:
        """The snapshot with a page for each span that there was time for; raises MeterUnread."""
        serial = self._profile.serial_of(snapshot)
        if serial != self._serial:  # another meter hangs here now
            self._serial, self._layouts, self._absent = serial, {}, {}
        pages = []
        for span in spans:
            if self._clock.monotonic() >= until_s:
                break
            try:
                pages.append(self._page(association, snapshot, span))
            except (MeterRefused, Undecodable) as error:
                pages.append(LogPage(span=span, entries=(), why_not=error.what))
        return replace(snapshot, logs=tuple(pages))

    def _page(self, association: Association, snapshot: Snapshot, span: LogSpan) -> LogPage:
        layout = self._layouts.get(span.log) or self._learnt(association, span.log, snapshot.read_at)
        reading = self._profile.interpret(snapshot)
        begin, end = asked_range(span, reading.meter_clock_at, snapshot.read_at)
        read = replace(span, since=_EVER, until=None)
        if span.log.reads == "entries":
            selected = _newest(association, span.log, layout)
        elif span.log.reads == "whole":
            selected = _whole(association, span.log)
        else:
            zone = timezone(timedelta(minutes=-self._profile.deviation_min(snapshot)))
            selected = association.get_range(span.log.buffer, begin.astimezone(zone), end.astimezone(zone))
            read = replace(span, since=begin)
        if isinstance(selected, Denied):
            raise Undecodable(f"the meter does not give it: {selected.reason}")
        rows = profile_generic.rows(selected, layout.columns, 0)
        in_order = rows[::-1] if layout.is_newest_first else rows
        unspecified_min = self._profile.unspecified_deviation_min
        entries = log_entries(in_order, layout.columns, span.log, unspecified_deviation_min=unspecified_min)
        return LogPage(span=read, entries=entries)

    def _learnt(self, association: Association, log: EventLog, now: datetime) -> _Layout:
        absent = self._absent.get(log)
        if absent is not None and now < absent.until:
            raise Undecodable(absent.why)
        columns_at, order_at = log.buffer.sibling(_CAPTURE_OBJECTS), log.buffer.sibling(_SORT_METHOD)
        answers, denied = association.get((columns_at, order_at))
        if columns_at in denied:
            why = f"the meter does not tell how it is laid out: {denied[columns_at]}"
            self._absent[log] = _Absent(until=now + _ASKED_AGAIN_AFTER, why=why)
            raise Undecodable(why)
        order = answers[order_at].value if order_at in answers else None
        columns = profile_generic.capture_objects(answers[columns_at])
        self._layouts[log] = _Layout(columns=columns, is_newest_first=order == _NEWEST_FIRST)
        return self._layouts[log]


def _newest(association: Association, log: EventLog, layout: _Layout) -> Data | Denied:
    """Its last entries, by their numbers."""
    count_at = log.buffer.sibling(_ENTRIES_IN_USE)
    answers, denied = association.get((count_at,))
    if denied:
        raise Undecodable(f"the meter does not tell how many entries there are: {denied[count_at]}")
    count = answers[count_at].integer()
    if count <= 0:
        return Data(DataType.ARRAY, ())
    newest = (
        Entries(1, min(count, MAX_ENTRIES)) if layout.is_newest_first else Entries(max(1, count - MAX_ENTRIES + 1), 0)
    )
    return association.get_entries(log.buffer, newest)


def _whole(association: Association, log: EventLog) -> Data | Denied:
    answers, denied = association.get((log.buffer,))
    return Denied(denied[log.buffer]) if denied else answers[log.buffer]
