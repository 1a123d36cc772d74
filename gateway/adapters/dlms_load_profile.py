"""A meter's load profile, read a stretch at a time: by range, or by entry where the meter does not select by time.

What a meter tells once (columns, period, their scalers) is kept, for one serial number. That a meter was laid out anew
meanwhile is noticed before a row is believed: a row has another shape or other types, or the newest row that was read
before is not there any more or reads otherwise (a meter clears its buffer when its columns change, Blue Book 4.3.6).
Then the columns are asked for again, and it is said, to whoever waits and in the log.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeAlias

from gateway.adapters.dlms_association import Association
from gateway.core.dlms import profile_generic
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.get_response import Denied
from gateway.core.dlms.obis import Attribute
from gateway.core.dlms.selection import Entries
from gateway.core.errors import Undecodable
from gateway.core.interval_rows import Captured, interval_rows
from gateway.core.meter_profile import REGISTER_CLASSES, SCALER_UNIT, LoadProfile
from gateway.core.profile_entries import Stretch, entries_to_read
from gateway.core.reading import IntervalRow
from runtime import logs

_COLUMNS, _PERIOD, _IN_USE = 3, 4, 7
log = logs.get(__name__)

_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
Row: TypeAlias = tuple[Data, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Rows that end after `since` and no later than `until`; the meter's local time lies `deviation_min` before UTC."""

    since: datetime
    until: datetime
    now: datetime
    deviation_min: int


class LoadProfileReader:
    """Reads the load profile of one meter, as long as its serial number is the same."""

    def __init__(
        self, meaning: LoadProfile, unspecified_deviation_min: int | None, report: Callable[[str], None]
    ) -> None:
        self._meaning, self._unspecified_deviation_min, self._report = meaning, unspecified_deviation_min, report
        self._captured: Captured | None = None
        self._newest: tuple[datetime, Row] | None = None
        self._is_by_entry = meaning.is_by_entry

    def read(
        self, association: Association, wanted: Wanted, scalers: Mapping[Attribute, Data]
    ) -> tuple[IntervalRow, ...]:
        """The rows, oldest first; raises MeterUnread, Undecodable."""
        is_remembered = self._captured is not None
        captured = self._captured or self._ask_captured(association, scalers)
        buffers = self._buffers(association, wanted, captured)
        rows = self._believed(buffers, captured, wanted) if is_remembered else self._rows(buffers, captured)
        if rows is None:
            anew = self._ask_captured(association, scalers)
            if anew.columns != captured.columns:
                self._report("the meter's load profile is laid out anew: its columns were read again")
                log.warning("load_profile_laid_out_anew", columns=[str(column) for column in anew.columns])
            captured, rows = anew, self._rows(buffers, anew)
        self._captured = captured
        self._remember_newest(rows, captured)
        found = interval_rows(rows, captured, self._meaning, unspecified_deviation_min=self._unspecified_deviation_min)
        return tuple(row for row in found if wanted.since < row.ends_at <= wanted.until)

    # ---- how it is laid out -------------------------------------------------------------------------------------

    def _ask_captured(self, association: Association, known: Mapping[Attribute, Data]) -> Captured:
        columns_at, period_at = self._meaning.buffer.sibling(_COLUMNS), self._meaning.buffer.sibling(_PERIOD)
        answers, denied = association.get((columns_at, period_at))
        if denied:
            reasons = ", ".join(f"{attribute} {reason}" for attribute, reason in denied.items())
            raise association.refused(f"the meter does not tell how its load profile is laid out: {reasons}")
        columns = profile_generic.capture_objects(answers[columns_at])
        registers = (column.sibling(SCALER_UNIT) for column in columns if column.class_id in REGISTER_CLASSES)
        missing = tuple(scaler for scaler in registers if scaler not in known)
        scalers = {**known, **(association.get(missing)[0] if missing else {})}
        period_s = answers[period_at].integer()
        if period_s <= 0:
            raise association.refused("the load profile has no capture period")
        return Captured(columns=columns, period_s=period_s, scalers=scalers)

    def _believed(self, buffers: Sequence[Data], captured: Captured, wanted: Wanted) -> Sequence[Row] | None:
        """The rows, None where they may not be of these columns any more."""
        try:
            rows = self._rows(buffers, captured)
        except Undecodable:
            return None
        if self._newest is None:
            return rows
        newest_at, newest = self._newest
        if not wanted.since <= newest_at <= wanted.until:
            return rows if all(_types(row) == _types(newest) for row in rows) else None
        again = next((row for row in rows if self._time_of(row, captured) == newest_at), None)
        return rows if again is not None and _contents(again, captured) == _contents(newest, captured) else None

    def _rows(self, buffers: Sequence[Data], captured: Captured) -> Sequence[Row]:
        """The rows of all buffers; of what was read twice, once, and then in order of time."""
        rows = [row for buffer in buffers for row in profile_generic.rows(buffer, captured.columns, captured.period_s)]
        if len(buffers) < 2:
            return rows
        timed = {(self._time_of(row, captured), tuple(_contents(row, captured))): row for row in rows}
        return [timed[key] for key in sorted(timed, key=lambda key: key[0] or _BEFORE_ALL)]

    def _remember_newest(self, rows: Sequence[Row], captured: Captured) -> None:
        timed = [(at, row) for row in rows[-1:] if (at := self._time_of(row, captured)) is not None]
        self._newest = timed[-1] if timed else self._newest

    def _time_of(self, row: Row, captured: Captured) -> datetime | None:
        place = captured.place_of(profile_generic.CLOCK.obis)
        try:
            moment = row[place].date_time() if place is not None else None
            deviation_min = self._unspecified_deviation_min
            return moment.to_utc(unspecified_deviation_min=deviation_min) if moment is not None else None
        except Undecodable:
            return None

    # ---- which rows ---------------------------------------------------------------------------------------------

    def _buffers(self, association: Association, wanted: Wanted, captured: Captured) -> list[Data]:
        # Running totals need the row before the first one, and none before that.
        begin = wanted.since - timedelta(seconds=captured.period_s - 1)
        if not self._is_by_entry:
            zone = timezone(timedelta(minutes=-wanted.deviation_min))
            buffer = association.get_range(self._meaning.buffer, begin.astimezone(zone), wanted.until.astimezone(zone))
            if isinstance(buffer, Data):
                return [buffer]
            self._report(f"the meter does not give its load profile by time ({buffer.reason}): it is read by entry")
        stretch = Stretch(begin=begin, until=wanted.until, now=wanted.now, period=timedelta(seconds=captured.period_s))
        buffers = self._by_entry(association, stretch, captured)
        self._is_by_entry = True
        return buffers

    def _by_entry(self, association: Association, stretch: Stretch, captured: Captured) -> list[Data]:
        in_use_at = self._meaning.buffer.sibling(_IN_USE)
        answers, denied = association.get((in_use_at,))
        if denied:
            raise association.refused(f"the meter does not give its load profile: {denied[in_use_at]}")
        reads, buffers = entries_to_read(stretch, answers[in_use_at].integer()), []
        entries: Entries | None = next(reads, None)
        while entries is not None:
            buffer = association.get_entries(self._meaning.buffer, entries)
            if isinstance(buffer, Denied):
                raise association.refused(f"the meter does not give its load profile: {buffer.reason}")
            buffers.append(buffer)
            try:
                entries = reads.send([self._time_of(row, captured) for row in self._rows([buffer], captured)])
            except StopIteration:
                break
        return buffers


def _types(row: Row) -> list[DataType]:
    return [cell.type for cell in row]


def _contents(row: Row, captured: Captured) -> list[Data]:
    """The row without its time, which a meter may tell in full once and leave out the next time."""
    place = captured.place_of(profile_generic.CLOCK.obis)
    return [cell for at, cell in enumerate(row) if at != place]
