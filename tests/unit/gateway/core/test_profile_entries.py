"""Rows by their numbers: every one of a stretch, whatever is missing, extra or moves meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import Undecodable
from gateway.core.profile_entries import Stretch, entries_to_read

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Buffer:
    """A ring of row times, oldest first, that may capture while it is read."""

    def __init__(self, stamps, *, captures_at=(), is_full=True):
        self.stamps, self.captures_at, self.is_full = list(stamps), set(captures_at), is_full
        self.reads = []

    def read(self, entries):
        if len(self.reads) in self.captures_at:
            self.stamps = [*self.stamps[1 if self.is_full else 0 :], self.stamps[-1] + HOUR]
        self.reads.append(entries)
        return self.stamps[entries.first - 1 : entries.last]


def a_stretch(hours, *, until=NOON, now=NOON):
    return Stretch(begin=until - hours * HOUR, until=until, now=now, period=HOUR)


def rows_read(buffer, wanted):
    reads, found = entries_to_read(wanted, len(buffer.stamps)), set()
    try:
        entries = next(reads)
        while True:
            stamps = buffer.read(entries)
            found |= set(stamps)
            entries = reads.send(stamps)
    except StopIteration:
        return sorted(stamp for stamp in found if stamp and wanted.begin <= stamp <= wanted.until)


def hours(count, *, until=NOON):
    return [until - place * HOUR for place in reversed(range(count))]


def test_the_newest_rows_take_one_read_of_a_few():
    buffer = Buffer(hours(1_000))

    assert rows_read(buffer, a_stretch(1)) == hours(2)
    assert len(buffer.reads) == 1
    assert buffer.reads[0].last - buffer.reads[0].first < 10


def test_rows_of_long_ago_are_found_where_nothing_is_missing():
    buffer = Buffer(hours(1_000))
    long_ago = NOON - 500 * HOUR

    assert rows_read(buffer, a_stretch(24, until=long_ago)) == hours(25, until=long_ago)
    assert len(buffer.reads) == 1


def test_where_rows_are_missing_the_place_is_looked_for():
    stamps = hours(500, until=NOON - 300 * HOUR) + hours(100)
    buffer = Buffer(stamps)

    assert rows_read(buffer, a_stretch(24, until=NOON - 290 * HOUR)) == hours(15, until=NOON - 300 * HOUR)
    assert len(buffer.reads) < 15


def test_where_rows_are_extra_none_of_them_is_lost():
    minutes = [NOON - 2 * HOUR + timedelta(minutes=minute) for minute in range(1, 60)]
    stamps = sorted(hours(100) + minutes)

    assert rows_read(Buffer(stamps), a_stretch(3)) == stamps[-63:]


def test_what_lies_before_the_first_row_is_not_there():
    assert rows_read(Buffer(hours(5)), a_stretch(100)) == hours(5)


def test_an_empty_buffer_is_not_read():
    buffer = Buffer([])

    assert rows_read(buffer, a_stretch(1)) == []
    assert buffer.reads == []


@pytest.mark.parametrize("at", range(8))
def test_a_buffer_that_rolls_while_it_is_read_loses_no_row(at):
    stamps = hours(300, until=NOON - 100 * HOUR) + hours(50)

    found = rows_read(Buffer(stamps, captures_at={at, at + 1}), a_stretch(60))

    assert found == hours(50)


def test_rows_in_no_order_are_given_up():
    with pytest.raises(Undecodable, match="no order"):
        rows_read(Buffer([NOON] * 99 + [NOON - 99 * HOUR] + [NOON] * 100), a_stretch(2, until=NOON - 40 * HOUR))


@given(
    missing=st.sets(st.integers(1, 398), max_size=200),
    begin=st.integers(0, 420),
    length=st.integers(1, 60),
    captures_at=st.sets(st.integers(0, 12), max_size=3),
    is_full=st.booleans(),
)
def test_every_row_of_any_stretch_is_read(missing, begin, length, captures_at, is_full):
    stamps = [stamp for place, stamp in enumerate(hours(400)) if place not in missing]
    wanted = a_stretch(length, until=NOON - begin * HOUR)

    found = rows_read(Buffer(stamps, captures_at=captures_at, is_full=is_full), wanted)

    kept = stamps[len(captures_at) if is_full else 0 :]
    assert {stamp for stamp in kept if wanted.begin <= stamp <= wanted.until} <= set(found)


@given(st.integers(0, 2**32 - 1), st.lists(st.lists(st.none() | st.datetimes(timezones=st.just(UTC)), max_size=4)))
def test_no_answers_make_it_read_for_ever(in_use, answers):
    reads = entries_to_read(a_stretch(5), in_use)
    count, heard = 0, iter(answers)
    try:
        next(reads)
        while count < 400:
            count += 1
            reads.send(next(heard, [NOON - 99 * HOUR]))
    except (StopIteration, Undecodable):
        pass

    assert count < 400
