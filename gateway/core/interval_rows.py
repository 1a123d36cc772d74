"""From the rows of a load profile to what each period used.

What comes in is the meter's buffer, made whole (`profile_generic.rows`), with its columns as the meter named them; what
goes out is one `IntervalRow` for each row whose time can be told. Meters that store running totals are turned into
periods by subtraction, and only from the row exactly one period before: across a gap or a change of the clock nobody
knows what belongs where, and the value is absent. Whether a value is plausible is for `validation` to say.

A total that stood within the last hundredth of what its register holds, and is within the first hundredth a period
later, has rolled over: at the width of its type, or at all nines of its display. Any other that went back is told as it
is, a use below zero.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.profile_generic import CLOCK
from gateway.core.errors import Undecodable
from gateway.core.meter_profile import SCALER_UNIT, LoadProfile, scaled_integer
from gateway.core.reading import IntervalRow, IntervalStatus
from wire.units import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """How one meter lays out its load profile: columns, period, and its registers' scalers and units."""

    columns: tuple[Attribute, ...]
    period_s: int
    scalers: Mapping[Attribute, Data]  # by the register's attribute 3

    def place_of(self, obis: Obis | None) -> int | None:
        """Which cell of a row holds the object; None where the meter does not capture it."""
        return next((place for place, column in enumerate(self.columns) if column.obis == obis), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StampedRow:
    ends_at: datetime
    status: IntervalStatus
    values: Mapping[Quantity, int]
    tops: Mapping[Quantity, int]  # of registers about to roll over: at what they do, in the quantity's unit


_BITS = {
    DataType.UNSIGNED: 8,
    DataType.LONG_UNSIGNED: 16,
    DataType.DOUBLE_LONG_UNSIGNED: 32,
    DataType.LONG64_UNSIGNED: 64,
}
_FEWEST_DIGITS = 5
_LAST_PART = 100


def interval_rows(
    rows: Sequence[Sequence[Data]],
    captured: Captured,
    meaning: LoadProfile,
    *,
    unspecified_deviation_min: int | None = None,
) -> tuple[IntervalRow, ...]:
    """One `IntervalRow` for each row whose time can be told, oldest first; a row without time becomes a gap.

    Args:
        rows: as `profile_generic.rows` makes them.
        unspecified_deviation_min: from the meter's profile, for clocks that do not say how far they are from UTC.
    """
    period = timedelta(seconds=captured.period_s)
    stamped = [_stamped(row, captured, meaning, unspecified_deviation_min) for row in rows]
    known = sorted((row for row in stamped if row is not None), key=lambda row: row.ends_at)
    by_end: dict[datetime, list[_StampedRow]] = {}
    for row in known:
        by_end.setdefault(row.ends_at, []).append(row)
    totals = {column.quantity for column in meaning.columns if column.is_total}
    return tuple(
        IntervalRow(
            ends_at=row.ends_at,
            period_s=captured.period_s,
            status=row.status,
            values=tuple(_of_the_period(row, by_end[row.ends_at], by_end.get(row.ends_at - period, ()), totals)),
        )
        for row in known
    )


def _of_the_period(
    row: _StampedRow, same: Sequence[_StampedRow], before: Sequence[_StampedRow], totals: set[Quantity]
) -> Iterator[tuple[Quantity, int]]:
    """What a row says of its period, from all rows of the `same` time and all one period `before`."""
    for quantity, value in row.values.items():
        began = [other for other in before if quantity in other.values]
        if quantity not in totals:
            yield quantity, value
        elif len(began) == len(same) == 1:
            yield quantity, _difference(quantity, began[0], value)
        elif (total := _total_of_its_stretch(quantity, value, same, began)) is not None:
            yield quantity, value - total


def _difference(quantity: Quantity, before: _StampedRow, value: int) -> int:
    used, top = value - before.values[quantity], before.tops.get(quantity, 0)
    return used + top if used < 0 and value <= top // _LAST_PART else used


def _total_of_its_stretch(
    quantity: Quantity, value: int, same: Sequence[_StampedRow], began: Sequence[_StampedRow]
) -> int | None:
    """The total one period before, where the clock was set back and times come twice: the highest that is not above
    `value`, unless another row of the same time stands between the two and so is the one that belongs to it."""
    total = max((before for row in began if (before := row.values[quantity]) <= value), default=None)
    if total is None or any(total <= row.values.get(quantity, value) < value for row in same):
        return None
    return total


def _stamped(
    row: Sequence[Data], captured: Captured, meaning: LoadProfile, unspecified_deviation_min: int | None
) -> _StampedRow | None:
    clock_at = captured.place_of(CLOCK.obis)
    if clock_at is None:
        return None
    try:
        moment = row[clock_at].date_time()
        ends_at = moment.to_utc(unspecified_deviation_min=unspecified_deviation_min)
    except Undecodable:
        return None
    status = _status(row, captured, meaning)
    return _StampedRow(
        ends_at=ends_at,
        status=status | IntervalStatus.CLOCK_INVALID if moment.status.is_invalid else status,
        values=dict(_values(row, captured, meaning, lambda cell: cell)),
        tops=dict(_values(row, captured, meaning, _top)),
    )


def _top(cell: Data) -> Data | None:
    """At what a register rolls over that is about to; None where it is not, or holds more than it will ever count."""
    bits = _BITS.get(cell.type)
    if bits is None or not isinstance(cell.value, int):
        return None
    digits = max(len(str(cell.value)), _FEWEST_DIGITS)
    for top in (1 << bits, 10**digits):
        if top - top // _LAST_PART <= cell.value < top <= 1 << bits:
            return Data(cell.type, top)
    return None


def _values(
    row: Sequence[Data], captured: Captured, meaning: LoadProfile, of: Callable[[Data], Data | None]
) -> Iterator[tuple[Quantity, int]]:
    """What `of` makes of each cell that is measured, in the quantity's own unit."""
    for column in meaning.columns:
        place = captured.place_of(column.obis)
        cell = None if place is None else of(row[place])
        if place is None or cell is None:
            continue
        scaler = captured.scalers.get(captured.columns[place].sibling(SCALER_UNIT))
        try:
            yield column.quantity, scaled_integer(cell, column.quantity, exponent=column.exponent, scaler=scaler)
        except Undecodable:
            continue  # left out by the meter: absent, and so is the period after it


def _status(row: Sequence[Data], captured: Captured, meaning: LoadProfile) -> IntervalStatus:
    place = captured.place_of(meaning.status_obis)
    value = row[place].value if place is not None else 0
    if isinstance(value, tuple):  # a bit-string: its first bit is the status's highest
        value = sum(1 << position for position, bit in enumerate(reversed(value)) if bit is True)
    return meaning.status(value) if isinstance(value, int) else IntervalStatus(0)
