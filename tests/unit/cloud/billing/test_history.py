"""A home's days: whole ones of our own, the head-end's for the others, and every Wh in one period of the tariff."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from cloud.billing.day_use import DayUse, IntervalUse, midnight
from cloud.billing.history import History, known
from cloud.billing.tariff import BillingPeriod
from tests.unit.cloud.billing.tariffs import HEAD, VERSION, tariff

FLAT = tariff()
DAY_AND_NIGHT = tariff(
    VERSION.replace("rates = { all = 0.2 }", "rates = { day = 0.3, night = 0.1 }"),
    head=f"""{HEAD}
[calendar]
[[calendar.period]]
name = "night"
hours = ["00:00-08:00"]
[[calendar.period]]
name = "day"
""",
)
FIRST, SECOND, THIRD = date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)  # the second has 23 hours
SPAN = BillingPeriod(first_day=FIRST, last_day=THIRD)


def hours(first: date, count: int, energy_wh: int = 100) -> list[IntervalUse]:
    starts_at = midnight(first, FLAT)
    return [
        IntervalUse(starts_at=starts_at + timedelta(hours=at), period_s=3_600, energy_wh=energy_wh)
        for at in range(count)
    ]


def by_period(use: Sequence[DayUse]) -> dict[tuple[date, str], int]:
    return {(each.day, each.period): each.energy_wh for each in use}


def test_a_day_of_23_hours_is_whole_and_one_that_lacks_an_hour_is_none() -> None:
    read = known(hours(FIRST, 24 + 23 + 23), {}, FLAT, SPAN)

    assert read.energy_wh == {FIRST: 2_400, SECOND: 2_300}
    assert read.own_days == {FIRST, SECOND}


def test_our_own_whole_day_wins_over_the_head_ends_and_half_a_day_does_not() -> None:
    read = known(hours(FIRST, 30), {FIRST: 9_999, SECOND: 5_000}, FLAT, SPAN)

    assert read.energy_wh == {FIRST: 2_400, SECOND: 5_000}


def test_without_readings_the_head_end_is_believed() -> None:
    assert known([], {FIRST: 9_999}, FLAT, SPAN).energy_wh == {FIRST: 9_999}


def test_an_hour_of_the_day_before_makes_no_day() -> None:
    late = IntervalUse(starts_at=datetime(2026, 3, 27, 22, 30, tzinfo=UTC), period_s=3_600, energy_wh=100)

    assert known([late], {}, FLAT, SPAN).own == ()


def test_the_head_ends_day_is_shared_out_as_our_own_days_were() -> None:
    nightly = [*hours(FIRST, 8, 300), *hours(FIRST, 24, 50)[8:]]  # 2400 Wh by night, 800 by day
    read = known(nightly, {THIRD: 4_001}, DAY_AND_NIGHT, SPAN)

    assert by_period(read.use_in(SPAN)) == {
        (FIRST, "night"): 2_400, (FIRST, "day"): 800, (THIRD, "night"): 3_001, (THIRD, "day"): 1_000,
    }  # fmt: skip


def test_where_we_read_nothing_it_is_shared_out_by_the_clock() -> None:
    read = known([], {THIRD: 3_000}, DAY_AND_NIGHT, SPAN)

    assert by_period(read.use_in(SPAN)) == {(THIRD, "night"): 1_000, (THIRD, "day"): 2_000}


def test_what_is_laid_on_days_makes_up_the_whole() -> None:
    history = History(own=(), told_wh={}, calendar=FLAT.calendar)

    evenly = [each.energy_wh for each in history.laid(1_000, [FIRST, SECOND, THIRD])]
    weighted = [each.energy_wh for each in history.laid(1_000, [FIRST, SECOND, THIRD], [1, 0, 2])]
    unused = [each.energy_wh for each in history.laid(0, [FIRST, SECOND], [0, 0])]

    assert (evenly, weighted, unused) == ([334, 333, 333], [333, 0, 667], [0, 0])
