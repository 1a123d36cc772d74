from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from simulators.meter import axdr, cosem_time
from simulators.meter.apdu import AccessDenied, DataAccessResult, Selection
from simulators.meter.axdr import Cursor, Value
from simulators.meter.profile import BY_ENTRY, BY_RANGE, CLOCK_COLUMN, CLOCK_OBIS, Column, Profile, read_buffer
from tests.fakes_simulators import NOW

HOUR = timedelta(hours=1)
HOURS = [NOW.replace(minute=0) - HOUR * back for back in range(4, -1, -1)]
OTHER = Column(class_id=3, obis=bytes((1, 0, 1, 8, 0, 255)))
CLOCK = (8, CLOCK_OBIS, 2, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    stamp: datetime
    place: int


ROWS = [Numbered(stamp=hour, place=place) for place, hour in enumerate(HOURS)]


def all_rows(_now: datetime) -> list[Numbered]:
    return ROWS


def numbered(row: Numbered) -> tuple[bytes, ...]:
    return axdr.unsigned(row.place), axdr.unsigned(100 + row.place)


PROFILE = Profile(columns=(CLOCK_COLUMN, OTHER), rows=all_rows, cells=numbered)


def read(selector: int, parameters: Value) -> Value:
    selection = Selection(selector=selector, parameters=parameters)
    return Cursor(read_buffer(PROFILE, selection, NOW, UTC)).value()


def between(start: datetime, end: datetime, columns: Value = ()) -> Value:
    return (CLOCK, cosem_time.encode(start, UTC), cosem_time.encode(end, UTC), columns)


def places(rows: Value) -> list[Value]:
    assert isinstance(rows, tuple)
    return [row[0] for row in rows if isinstance(row, tuple)]


def test_without_a_selection_everything_is_given() -> None:
    rows = Cursor(read_buffer(PROFILE, None, NOW, UTC)).value()

    assert rows == tuple((place, 100 + place) for place in range(5))


def test_a_range_includes_both_its_ends() -> None:
    assert places(read(BY_RANGE, between(HOURS[1], HOURS[3]))) == [1, 2, 3]


def test_a_range_one_second_inside_misses_both() -> None:
    second = timedelta(seconds=1)

    assert places(read(BY_RANGE, between(HOURS[1] + second, HOURS[3] - second))) == [2]


@pytest.mark.parametrize(
    ("start", "end"),
    [(NOW, NOW + HOUR), (HOURS[0] - 2 * HOUR, HOURS[0] - HOUR), (HOURS[3], HOURS[1])],
    ids=["after the last", "before the first", "backwards"],
)
def test_a_range_that_holds_nothing_is_empty(start: datetime, end: datetime) -> None:
    assert read(BY_RANGE, between(start, end)) == ()


def test_a_bound_that_is_not_specified_bounds_nothing() -> None:
    open_bound = bytes.fromhex("ffffffffffffffffff8000ff")

    assert places(read(BY_RANGE, (CLOCK, open_bound, cosem_time.encode(HOURS[1], UTC), ()))) == [0, 1]
    assert places(read(BY_RANGE, (CLOCK, cosem_time.encode(HOURS[3], UTC), open_bound, ()))) == [3, 4]


def test_a_reader_may_want_some_columns_only() -> None:
    columns = ((3, OTHER.obis, 2, 0),)

    assert read(BY_RANGE, between(HOURS[0], HOURS[1], columns)) == ((100,), (101,))


@pytest.mark.parametrize(
    ("numbers", "rows"),
    [
        ((1, 0, 1, 0), [0, 1, 2, 3, 4]),
        ((1, 1, 1, 0), [0]),
        ((4, 9, 1, 0), [3, 4]),
        ((5, 5, 1, 2), [4]),
        ((6, 0, 1, 0), []),
        ((3, 2, 1, 0), []),
        ((0, 2, 1, 0), [0, 1]),
    ],
    ids=["all", "the first", "past the end", "the last", "behind it", "backwards", "from nothing"],
)
def test_entries_are_counted_from_one(numbers: Value, rows: list[int]) -> None:
    assert places(read(BY_ENTRY, numbers)) == rows


def test_entries_may_be_cut_to_some_columns() -> None:
    assert read(BY_ENTRY, (1, 1, 2, 2)) == ((100,),)


@pytest.mark.parametrize(
    ("selector", "parameters", "result"),
    [
        (3, (1, 0, 1, 0), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (BY_RANGE, ((3, OTHER.obis, 2, 0), b"", b"", ()), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (BY_RANGE, between(NOW, NOW, ((3, b"no", 2, 0),)), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        (BY_RANGE, between(NOW, NOW, None), DataAccessResult.TYPE_UNMATCHED),
        (BY_RANGE, (CLOCK, 1, 2, ()), DataAccessResult.TYPE_UNMATCHED),
        (BY_RANGE, (CLOCK, b"short", b"short", ()), DataAccessResult.TYPE_UNMATCHED),
        (BY_RANGE, (CLOCK,), DataAccessResult.TYPE_UNMATCHED),
        (BY_ENTRY, (1, 0, 1, None), DataAccessResult.TYPE_UNMATCHED),
        (BY_ENTRY, (1, -1, 1, 0), DataAccessResult.TYPE_UNMATCHED),
        (BY_ENTRY, None, DataAccessResult.TYPE_UNMATCHED),
    ],
)
def test_a_selection_that_cannot_be_met_is_denied(selector: int, parameters: Value, result: DataAccessResult) -> None:
    with pytest.raises(AccessDenied) as denied:
        read(selector, parameters)

    assert denied.value.result is result
