"""Profiles: rows over time, and the two ways to ask for some of them (IEC 62056-62, profile generic, class 7).

A profile knows when it captured and what a row holds; this module finds the rows and columns a reader selected.
By range (selector 1): from one instant to another, both included, restricted on the clock. By entry (selector 2): from
one row to another, counted from 1, the oldest first; 0 as the last entry or column means "to the end".
A selection that cannot be read is refused with the data-access-result that fits; one that hits nothing is empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Generic, Protocol, TypeVar

from simulators.meter import axdr, buffer_encoding, cosem_time
from simulators.meter.apdu import AccessDenied, DataAccessResult, Selection
from simulators.meter.axdr import Value
from simulators.meter.buffer_encoding import Encoding

BY_RANGE, BY_ENTRY = 1, 2
CLOCK_CLASS, CLOCK_OBIS, CLOCK_TIME = 8, bytes((0, 0, 1, 0, 0, 255)), 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Whose attribute a profile captures (capture_object_definition)."""

    class_id: int
    obis: bytes
    attribute: int = 2

    def to_bytes(self) -> bytes:
        return axdr.structure(
            axdr.long_unsigned(self.class_id),
            axdr.octet_string(self.obis),
            axdr.integer(self.attribute),
            axdr.long_unsigned(0),
        )

    def is_meant_by(self, definition: Value) -> bool:
        """Whether a reader's capture object definition means this column."""
        return definition == (self.class_id, self.obis, self.attribute, 0)


CLOCK_COLUMN = Column(class_id=CLOCK_CLASS, obis=CLOCK_OBIS, attribute=CLOCK_TIME)


class Row(Protocol):
    """What a row is made of; `stamp` is what the clock showed when it was captured."""

    @property
    def stamp(self) -> datetime: ...


Rows = TypeVar("Rows", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile(Generic[Rows]):
    """Rows over time, in the order they were captured; without a period they came as things happened.

    `cells` gives the cells of a row in A-XDR: only those of selected rows are worked out.
    """

    columns: tuple[Column, ...]
    rows: Callable[[datetime], Sequence[Rows]]
    cells: Callable[[Rows], Sequence[bytes]]
    period: timedelta = timedelta()
    encoding: Encoding = Encoding.PLAIN


def read_buffer(profile: Profile[Rows], selection: Selection | None, now: datetime, zone: tzinfo) -> bytes:
    """The selected rows and columns as an array of structures, or shorter; raises AccessDenied."""
    rows = profile.rows(now)
    columns: Sequence[int] = range(len(profile.columns))
    if selection is not None:
        try:
            rows, columns = _selected(profile, rows, selection, zone)
        except (TypeError, ValueError) as error:
            raise AccessDenied(DataAccessResult.TYPE_UNMATCHED) from error
    cells_of_rows = (profile.cells(row) for row in rows)
    chosen = (tuple(cells[column] for column in columns) for cells in cells_of_rows)
    clock_at = next((at for at, column in enumerate(columns) if profile.columns[column] == CLOCK_COLUMN), None)
    return buffer_encoding.encode(chosen, profile.encoding, clock_at=clock_at, period=profile.period)


def _selected(
    profile: Profile[Rows], rows: Sequence[Rows], selection: Selection, zone: tzinfo
) -> tuple[Sequence[Rows], Sequence[int]]:
    if selection.selector not in (BY_RANGE, BY_ENTRY):
        raise AccessDenied(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    if not isinstance(selection.parameters, tuple) or len(selection.parameters) != 4:
        raise TypeError("four parameters are wanted")
    if selection.selector == BY_RANGE:
        restricting_object, from_value, to_value, selected_values = selection.parameters
        if not CLOCK_COLUMN.is_meant_by(restricting_object):
            raise AccessDenied(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        in_range = _rows_between(rows, _bound(from_value, zone), _bound(to_value, zone))
        return in_range, _columns_meant(profile, selected_values)
    first_row, last_row, first_column, last_column = _numbers(selection.parameters)
    chosen = [rows[place] for place in _span(first_row, last_row, len(rows))]
    return chosen, _span(first_column, last_column, len(profile.columns))


def _rows_between(rows: Sequence[Rows], from_at: datetime | None, to_at: datetime | None) -> Sequence[Rows]:
    """One by one: a clock that was set back has left them out of order."""
    return [row for row in rows if (from_at is None or row.stamp >= from_at) and (to_at is None or row.stamp <= to_at)]


def _bound(value: Value, zone: tzinfo) -> datetime | None:
    if not isinstance(value, bytes):
        raise TypeError("a range is bounded by date-times")
    return cosem_time.decode(value, zone)


def _columns_meant(profile: Profile[Rows], definitions: Value) -> Sequence[int]:
    if not isinstance(definitions, tuple):
        raise TypeError("the selected values are an array")
    if not definitions:
        return range(len(profile.columns))
    meant = [
        place
        for place, column in enumerate(profile.columns)
        if any(column.is_meant_by(definition) for definition in definitions)
    ]
    if len(meant) != len(definitions):
        raise AccessDenied(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
    return meant


def _numbers(parameters: tuple[Value, ...]) -> list[int]:
    numbers = [number for number in parameters if isinstance(number, int) and number >= 0]
    if len(numbers) != len(parameters):
        raise TypeError("an entry selection is four numbers")
    return numbers


def _span(first: int, last: int, count: int) -> range:
    """Places counted from 1, both ends included, 0 as the last meaning the very last."""
    start = max(first, 1) - 1
    end = count if last == 0 else min(last, count)
    return range(min(start, end), end)
