"""Rows of the load profile into batches, and how far the profile has been taken over."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.batches import MAX_VALUES, IntervalProgress, Window, batches
from gateway.core.reading import IntervalRow, IntervalStatus
from tests.fakes_gateway import at
from wire.bodies import encode_body
from wire.codec import encode
from wire.envelope import Purpose, seal
from wire.events import IntervalReadings
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.units import Quantity

HOUR_S = 3600
IMPORT, EXPORT = Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH


def row(hour: int, *, period_s: int = HOUR_S, **energy_wh: int) -> IntervalRow:
    """The row that ends `hour` hours into the story."""
    values = tuple((Quantity[f"ENERGY_{name.upper()}_WH"], value) for name, value in energy_wh.items())
    return IntervalRow(ends_at=at(hour * HOUR_S), period_s=period_s, status=IntervalStatus(0), values=values)


def test_consecutive_hours_are_one_batch_of_each_quantity() -> None:
    rows = [row(1, **{"import": 200, "export": 0}), row(2, **{"import": 250, "export": 5})]

    assert batches(rows) == [
        IntervalReadings.of(unix_ms(at(0)), HOUR_S, IMPORT, (200, 250)),
        IntervalReadings.of(unix_ms(at(0)), HOUR_S, EXPORT, (0, 5)),
    ]


def test_no_batch_bridges_a_gap() -> None:
    found = batches([row(1, **{"import": 200}), row(3, **{"import": 300})])

    assert [(batch.start_ms, batch.values) for batch in found] == [
        (unix_ms(at(0)), (200,)),
        (unix_ms(at(2 * HOUR_S)), (300,)),
    ]


def test_a_value_that_is_not_known_is_a_gap_in_its_own_quantity_only() -> None:
    rows = [row(1, **{"import": 1, "export": 1}), row(2, **{"import": 2}), row(3, **{"import": 3, "export": 3})]

    assert [batch.values for batch in batches(rows)] == [(1, 2, 3), (1,), (3,)]


def test_a_change_of_period_begins_a_batch() -> None:
    rows = [row(1, **{"import": 1}), row(2, period_s=900, **{"import": 2})]

    assert [batch.period_s for batch in batches(rows)] == [3600, 900]


def test_a_month_of_hours_fits_the_envelope_many_times_over() -> None:
    month = batches([row(hour, **{"import": 2**31 * (hour % 2)}) for hour in range(1, 745)])
    signer = SoftwareSigner.generate()

    sizes = [len(seal(encode(encode_body(batch)), signer, Purpose.EVENT)) for batch in month]

    assert [len(batch.values) for batch in month] == [MAX_VALUES, MAX_VALUES, MAX_VALUES, 744 - 3 * MAX_VALUES]
    assert max(sizes) < 2_048


@given(st.lists(st.integers(0, 50), unique=True).map(sorted), st.integers(1, 3))
def test_no_value_is_lost_or_doubled(hours: list[int], quantities: int) -> None:
    names = ("import", "export")[:quantities]
    rows = [row(hour, **dict.fromkeys(names, hour)) for hour in hours]

    found = {
        (batch.quantity, batch.start_ms + index * batch.period_s * 1000, value)
        for batch in batches(rows)
        for index, value in enumerate(batch.values)
    }

    assert found == {
        (Quantity[f"ENERGY_{name.upper()}_WH"], unix_ms(at((hour - 1) * HOUR_S)), hour)
        for hour in hours
        for name in names
    }


def test_a_first_start_takes_the_past_in_bounded_pieces_oldest_first() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)
    now = at(0) + timedelta(days=31)

    window = progress.next_window(now)

    assert window == Window(since=at(0), until=at(0) + timedelta(days=8))
    assert progress.is_behind(now)


def test_a_piece_holds_no_more_rows_than_a_batch_however_close_they_may_be() -> None:
    quarters = IntervalProgress(through=at(0), period_s=900)
    unknown = IntervalProgress(through=at(0))
    now = at(0) + timedelta(days=31)

    assert quarters.next_window(now) == Window(since=at(0), until=at(MAX_VALUES * 900))
    assert unknown.next_window(now) == quarters.next_window(now)


def test_an_old_stretch_that_is_refused_is_asked_for_again_some_times_before_it_is_passed_over() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)
    now = at(0) + timedelta(days=31)
    window = Window(since=at(0), until=at(0) + timedelta(days=8))

    tries = []
    while progress.through == at(0) and len(tries) < 100:
        progress = progress.after(window, [], now, is_refused=True)
        tries.append(progress.is_behind(now))

    assert tries == [False] * 9 + [True]
    assert progress == IntervalProgress(through=window.until, period_s=HOUR_S)


def test_a_stretch_that_is_given_after_all_is_refused_no_more() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)
    window, now = Window(since=at(0), until=at(9 * HOUR_S)), at(9 * HOUR_S)

    given = progress.after(window, [], now, is_refused=True).after(window, [row(2)], now)

    assert given == IntervalProgress(through=at(2 * HOUR_S), period_s=HOUR_S)


def test_nothing_is_asked_before_a_new_row_can_be_there() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)

    assert progress.next_window(at(HOUR_S + 29)) is None
    assert progress.next_window(at(HOUR_S + 30)) == Window(since=at(0), until=at(HOUR_S + 30))
    assert not progress.is_behind(at(HOUR_S + 30))


def test_progress_goes_as_far_as_the_rows_that_came() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)
    window = Window(since=at(0), until=at(2 * HOUR_S + 40))

    after = progress.after(window, [row(1, period_s=900)], now=at(2 * HOUR_S + 41))

    assert after == IntervalProgress(through=at(HOUR_S), period_s=900)


def test_a_fresh_stretch_without_rows_may_only_be_late() -> None:
    progress = IntervalProgress(through=at(0))
    window = Window(since=at(0), until=at(2 * HOUR_S))

    after = progress.after(window, [], now=at(2 * HOUR_S))

    assert after.next_window(at(2 * HOUR_S)) == window


def test_there_is_a_hurry_while_pieces_come_and_none_once_one_comes_empty() -> None:
    progress = IntervalProgress(through=at(0), period_s=HOUR_S)
    window, now = Window(since=at(0), until=at(9 * HOUR_S)), at(9 * HOUR_S)

    brought = progress.after(window, [row(2)], now=now)
    brought_nothing = brought.after(window, [], now=now)

    assert brought.is_behind(now)
    assert not brought_nothing.is_behind(now)
    assert brought_nothing.after(window, [row(3)], now=now).is_behind(now)


def test_an_old_stretch_without_rows_is_passed_over() -> None:
    progress = IntervalProgress(through=at(0))
    window = Window(since=at(0), until=at(0) + timedelta(days=8))

    after = progress.after(window, [row(1)], now=at(0) + timedelta(days=31))

    assert after.through == at(0) + timedelta(days=8)


def test_rows_that_come_again_do_not_take_progress_back() -> None:
    progress = IntervalProgress(through=at(5 * HOUR_S))
    window = Window(since=at(0), until=at(HOUR_S))

    assert progress.after(window, [row(1)], now=at(6 * HOUR_S)).through == at(5 * HOUR_S)
