"""How far a meter's logs were taken over: each entry told once, whatever the meter's clock did."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.meter_logs.event_log import LogPage, log_entries, logged
from gateway.core.meter_logs.log_progress import MAX_ENTRIES, MAX_SEEN, LogProgress, asked_range, fresh_progress
from gateway.core.remembered import recall, remember
from tests.fakes_event_log import CODES, COLUMNS, DAY, HOUR, LOG, MINUTE, NOW, entries, row
from tests.fakes_meter import octets, stamp, u8


def read(progress, *rows, now=NOW):
    """The progress after a reading, and the codes that were new in it."""
    page = LogPage(span=progress.next_span(LOG, now), entries=entries(*rows))
    progress, new = progress.taken(page, now)
    return progress, [entry.code for entry in new]


def up_to_now(*rows):
    return read(LogProgress(log="standard", through=NOW - HOUR), *rows)[0]


BEGUN = fresh_progress(LOG, NOW, days=31)


def test_of_a_log_never_read_only_the_last_days_are_asked_for():
    span = BEGUN.next_span(LOG, NOW)

    assert span.since == NOW - 31 * DAY
    assert BEGUN.is_behind(NOW)
    assert span.until is not None
    assert span.until - span.since <= 8 * DAY


def test_an_entry_is_told_once():
    progress, first = read(LogProgress(log="standard", through=NOW - HOUR), row(NOW - MINUTE, 40))

    again = read(progress, row(NOW - MINUTE, 40), now=NOW + HOUR)[1]

    assert (first, again) == ([40], [])


def test_a_new_entry_is_found_beside_those_that_are_known():
    progress = up_to_now(row(NOW - MINUTE, 40))

    _, new = read(progress, row(NOW - MINUTE, 40), row(NOW + MINUTE, 41), now=NOW + HOUR)

    assert new == [41]


def test_two_entries_of_one_second_that_say_the_same_are_two():
    progress, first = read(LogProgress(log="standard", through=NOW - HOUR), row(NOW, 46))

    _, second = read(progress, row(NOW, 46), row(NOW, 46), now=NOW + HOUR)

    assert (first, second) == ([46], [46])


def test_an_entry_written_after_the_clock_was_set_back_is_told():
    progress = up_to_now(row(NOW, 4))

    _, new = read(progress, row(NOW, 4), row(NOW - 2 * HOUR, 5), row(NOW - 1 * HOUR, 40), now=NOW + MINUTE)

    assert new == [5, 40]


def test_an_entry_written_while_the_clock_had_lost_years_is_told_and_the_old_ones_are_not_told_again():
    progress = up_to_now(row(NOW, 1))
    lost = datetime(2001, 1, 1, 0, 5, tzinfo=UTC)

    _, new = read(progress, row(NOW - 90 * DAY, 44), row(NOW, 1), row(lost, 6, status=1), now=NOW + MINUTE)

    assert new == [6]


def test_a_log_that_was_cleared_while_the_clock_had_lost_years_is_told_whole():
    progress = up_to_now(row(NOW, 1))
    lost = datetime(2001, 1, 1, 0, 5, tzinfo=UTC)
    span = progress.next_span(LOG, NOW + MINUTE)
    begin, _ = asked_range(span, lost, NOW + MINUTE)
    anew = LogPage(span=type(span)(log=LOG, since=begin), entries=entries(row(lost, 255, status=1)))

    _, new = progress.taken(anew, NOW + MINUTE)

    assert [entry.code for entry in new] == [255]


def test_a_meter_whose_clock_is_off_is_asked_by_its_own_clock():
    span = up_to_now().next_span(LOG, NOW)

    behind = asked_range(span, NOW - 400 * DAY, NOW)
    ahead = asked_range(span, NOW + 3 * DAY, NOW)

    assert behind[0] == NOW - 401 * DAY
    assert ahead[1] == NOW + 4 * DAY


def test_more_entries_than_one_reading_takes_come_with_the_next_and_none_twice():
    rows = [row(NOW - HOUR + timedelta(seconds=n), n % 250) for n in range(MAX_ENTRIES + 30)]
    progress = LogProgress(log="standard", through=NOW - 2 * HOUR)

    progress, first = read(progress, *rows)
    progress, second = read(progress, *rows)
    _, third = read(progress, *rows)

    assert len(first) == MAX_ENTRIES
    assert first + second == [n % 250 for n in range(MAX_ENTRIES + 30)]
    assert third == []


def test_what_is_remembered_is_bounded_and_a_flood_is_still_told_once():
    rows = [row(NOW - HOUR + timedelta(seconds=n), n % 250) for n in range(MAX_SEEN + MAX_ENTRIES)]
    progress, told = LogProgress(log="standard", through=NOW - 2 * HOUR), []

    for _ in range(5):
        progress, new = read(progress, *rows)
        told += new

    assert told == [n % 250 for n in range(MAX_SEEN + MAX_ENTRIES)]
    assert len(progress.seen) == MAX_SEEN


def test_a_log_the_meter_does_not_give_stays_where_it_was():
    progress = up_to_now(row(NOW, 1))
    refused = LogPage(span=progress.next_span(LOG, NOW), entries=(), why_not="object-unavailable")

    assert progress.taken(refused, NOW) == (progress, ())


def test_pieces_of_a_long_silence_come_one_after_the_other_up_to_now():
    progress, spans = LogProgress(log="standard", through=NOW - 20 * DAY), []

    while progress.is_behind(NOW):
        spans.append(progress.next_span(LOG, NOW))
        progress, _ = read(progress)

    assert [span.until for span in spans] == [NOW - 13 * DAY, NOW - 6 * DAY]
    assert progress.next_span(LOG, NOW).until is None


def test_progress_is_remembered_word_for_word_over_a_restart():
    progress = up_to_now(row(NOW, 1), (NULL, u8(2)))

    assert recall(LogProgress, remember(progress)) == progress


CELLS = st.one_of(
    st.just(NULL),
    st.binary(max_size=14).map(octets),
    st.integers(-(2**63), 2**63).map(lambda value: Data(DataType.LONG64, value)),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda at: stamp(at.replace(tzinfo=UTC))),  # noqa: DTZ001
)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=20))
def test_whatever_a_log_holds_each_entry_is_told_once_and_nothing_breaks(rows):
    first = log_entries(rows, COLUMNS, LOG)
    progress = LogProgress(log="standard", through=NOW - HOUR)
    span = progress.next_span(LOG, NOW)

    progress, new = progress.taken(LogPage(span=span, entries=first), NOW)
    _, again = progress.taken(LogPage(span=span, entries=first), NOW)
    events = [logged(entry, LOG, CODES) for entry in new]

    assert not set(new) & set(again)
    assert all(event is None or event.log == "standard" for event in events)
