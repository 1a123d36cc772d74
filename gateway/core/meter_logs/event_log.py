"""The meter's own event logs: where they stand, and what each entry says in our words.

What comes in is a log's buffer as rows (`profile_generic.rows`), oldest first; what goes out is one `LogEntry` for each
row, and of an entry the event that carries it. A log of long power failures stamps its entries at the END of the
failure, with its duration instead of a code.

Nothing here raises over a row: one without a real time is kept without a time, and a meter's birth in its failure log
(a date nobody lived, a duration of 68 years) is no outage. Which entries are new, `log_progress` says.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from gateway.core.dlms.cosem_time import ClockStatus
from gateway.core.dlms.data import Data
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.profile_generic import CLOCK
from gateway.core.errors import Undecodable
from gateway.core.meter_logs.event_codes import EventCodes
from wire.events import MeterAlarmLogged, MeterEventLogged
from wire.instants import unix_ms
from wire.meter_log import ClockQuality
from wire.terms import INSTANT_MS

Logged: TypeAlias = MeterAlarmLogged | MeterEventLogged
_LONGEST_FAILURE_S = 5 * 366 * 86_400
_LIVED_SINCE = datetime(2000, 1, 2, tzinfo=UTC)  # a clock that was never set begins with 2000, or with 1970
_MAX_CODE = 2**32
_CODE_GROUPS, _DURATION_GROUPS = (96, 11), (96, 7)
_DURATIONS = range(15, 20)  # 0.0.96.7.15 to .19: duration of the last long power failure


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """Where a log stands in the meter, and whose codes it holds. A column None is found by the code COSEM gives it.

    `reads` is how it is asked for: a `range` of time, its newest `entries`, or `whole`.
    """

    name: str
    buffer: Attribute
    family: str
    code: Obis | None = None
    duration: Obis | None = None
    reads: str = "range"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One row of a log. `mark` is what it says, in short: equal marks are equal entries."""

    occurred_at: datetime | None  # aware UTC, by the meter's clock
    clock: ClockQuality
    code: int
    duration_s: int | None
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSpan:
    """A stretch of a log to read: entries stamped since, and until; None is up to the newest."""

    log: EventLog
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """What a log gave for a stretch, as the meter wrote it, oldest first; `why_not` where it gave nothing."""

    span: LogSpan
    entries: tuple[LogEntry, ...]
    why_not: str = ""


def log_entries(
    rows: Iterable[Sequence[Data]],
    columns: Sequence[Attribute],
    log: EventLog,
    *,
    unspecified_deviation_min: int | None = None,
) -> tuple[LogEntry, ...]:
    """One entry for each row; raises Undecodable for a log that captures neither a code nor a duration."""
    code_at, duration_at = _place(columns, log.code, _is_code), _place(columns, log.duration, _is_duration)
    if code_at is None and duration_at is None:
        raise Undecodable(f"log {log.name} captures neither an event code nor a duration")
    clock_at = _place(columns, CLOCK.obis, lambda _obis: False)
    entries = []
    for row in rows:
        occurred_at, clock = _stamp(None if clock_at is None else row[clock_at], unspecified_deviation_min)
        entries.append(
            LogEntry(
                occurred_at=occurred_at,
                clock=clock,
                code=_whole(row[code_at]) or 0 if code_at is not None else 0,
                duration_s=None if duration_at is None else _whole(row[duration_at]),
                mark=_mark(row, clock_at, occurred_at, clock),
            )
        )
    return tuple(entries)


def logged(entry: LogEntry, log: EventLog, codes: EventCodes) -> Logged | None:
    """The entry as an event; None for one that tells of nothing, as a meter's birth in its log of failures."""
    if _is_birth(entry):
        return None
    meaning = codes.meaning(log.family, log.name, entry.code)
    event = MeterAlarmLogged if meaning.kind.is_alarm else MeterEventLogged
    return event(
        kind=meaning.kind,
        occurred_at_ms=None if entry.occurred_at is None else _sayable_ms(entry.occurred_at),
        clock=entry.clock,
        family=log.family,
        log=log.name,
        raw_code=entry.code,
        cim=meaning.cim,
        phase=meaning.phase,
        duration_ms=None if entry.duration_s is None else entry.duration_s * 1000,
    )


def _sayable_ms(at: datetime) -> int | None:
    """The instant as an event can carry it; a clock may say any year."""
    at_ms = unix_ms(at)
    return at_ms if 0 <= at_ms <= INSTANT_MS.maximum else None


def _is_birth(entry: LogEntry) -> bool:
    if entry.duration_s is None:
        return False
    is_unset = entry.occurred_at is not None and entry.occurred_at < _LIVED_SINCE
    return entry.duration_s > _LONGEST_FAILURE_S or (is_unset and entry.clock is not ClockQuality.INVALID)


def remembered(entry: LogEntry) -> str:
    """What is kept of an entry to know it again: `seconds:mark`, with `-` where it has no time."""
    return f"{'-' if entry.occurred_at is None else int(entry.occurred_at.timestamp())}:{entry.mark}"


def _mark(row: Sequence[Data], clock_at: int | None, occurred_at: datetime | None, clock: ClockQuality) -> str:
    """What the row says; not how it was encoded, which depends on the rows it was sent along with."""
    is_dated = occurred_at is not None
    cells = [cell.value for place, cell in enumerate(row) if not (is_dated and place == clock_at)]
    said = repr((occurred_at, int(clock), cells))
    return hashlib.blake2s(said.encode(), digest_size=6).hexdigest()


def _stamp(cell: Data | None, unspecified_deviation_min: int | None) -> tuple[datetime | None, ClockQuality]:
    if cell is None:
        return None, ClockQuality.NOT_SAID
    try:
        moment = cell.date_time()
    except Undecodable:
        return None, ClockQuality.NOT_SAID
    quality = _quality(moment.status)
    try:
        return moment.to_utc(unspecified_deviation_min=unspecified_deviation_min), quality
    except Undecodable:
        return None, quality


def _quality(status: ClockStatus) -> ClockQuality:
    if status.octet is None:
        return ClockQuality.NOT_SAID
    if status.is_invalid:
        return ClockQuality.INVALID
    return ClockQuality.DOUBTFUL if status.is_doubtful or status.is_status_invalid else ClockQuality.GOOD


def _whole(cell: Data) -> int | None:
    try:
        value = cell.integer()
    except Undecodable:
        return None
    return value if 0 <= value <= _MAX_CODE else None


def _place(columns: Sequence[Attribute], named: Obis | None, is_it: Callable[[Obis], bool]) -> int | None:
    """Which cell of a row holds the object: the one that is named, else the first that it can be."""
    if named is not None:
        return next((place for place, column in enumerate(columns) if column.obis == named), None)
    return next((place for place, column in enumerate(columns) if is_it(column.obis)), None)


def _is_code(obis: Obis) -> bool:
    return tuple(obis.octets[2:4]) == _CODE_GROUPS


def _is_duration(obis: Obis) -> bool:
    return tuple(obis.octets[2:4]) == _DURATION_GROUPS and obis.octets[4] in _DURATIONS
