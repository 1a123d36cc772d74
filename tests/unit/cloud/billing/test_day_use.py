"""Intervals that can be billed, and those that cannot."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.billing.day_use import Gap, IntervalUse, ReadingsRefused, classify, gaps, peaks
from cloud.billing.rating import BillingPeriod
from cloud.billing.tariff import Tariff
from tests.unit.cloud.billing.tariffs import VERSION, charging, tariff

DAY = BillingPeriod(first_day=date(2026, 6, 1), last_day=date(2026, 6, 1))  # 22:00 UTC to 22:00 UTC in Madrid
NIGHT = '[calendar]\n[[calendar.period]]\nname = "night"\nhours = ["00:00-07:30"]\n[[calendar.period]]\nname = "day"\n'
START = datetime(2026, 5, 31, 22, tzinfo=UTC)


def hours(first: int, end: int, *, wh: int = 100) -> list[IntervalUse]:
    return [hour(at, wh=wh) for at in range(first, end)]


def hour(at: float, *, wh: int = 100, period_s: int = 3600) -> IntervalUse:
    return IntervalUse(starts_at=START + timedelta(hours=at), period_s=period_s, energy_wh=wh)


def night_and_day() -> Tariff:
    return tariff(NIGHT, VERSION.replace("all = 0.2", "night = 0.1, day = 0.2"))


def test_an_hour_across_two_periods_is_shared_by_time_and_loses_nothing() -> None:
    use = classify(hours(7, 8, wh=101), night_and_day(), DAY)

    assert [(each.period, each.energy_wh) for each in use] == [("night", 51), ("day", 50)]


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ([hour(1), hour(0)], "the readings go backwards in time"),
        ([hour(1), hour(1)], "two readings of one interval"),
        ([hour(0), hour(0.5)], "two readings overlap"),
        ([hour(0, wh=-1)], "given to the grid"),
        ([hour(0, period_s=0)], "an interval of 0 s"),
        ([hour(0, period_s=86_400)], "lies across 2026-06-01 night and 2026-06-01 day"),
    ],
)
def test_each_fault_of_a_series_is_told_apart(series: list[IntervalUse], said: str) -> None:
    with pytest.raises(ReadingsRefused, match=said):
        classify(series, night_and_day(), DAY)


def test_a_whole_day_can_be_one_interval_where_the_tariff_has_one_period() -> None:
    use = classify([hour(0, wh=9_000, period_s=86_400)], tariff(), DAY)

    assert [(each.day, each.period, each.energy_wh) for each in use] == [(DAY.first_day, "all", 9_000)]


def test_gaps_are_found_before_between_and_after_the_readings() -> None:
    found = gaps([*hours(-2, 0), *hours(1, 5), *hours(6, 20)], tariff(), DAY)

    assert found == (
        Gap(from_at=START, until_at=START + timedelta(hours=1)),
        Gap(from_at=START + timedelta(hours=5), until_at=START + timedelta(hours=6)),
        Gap(from_at=START + timedelta(hours=20), until_at=START + timedelta(hours=24)),
    )
    assert gaps(hours(-3, 30), tariff(), DAY) == ()


def test_the_highest_power_is_that_of_the_hours_a_charge_names() -> None:
    demand = charging('kind = "demand"\nname = "peak"\nrate_kw = 4\nwhen = [{ hours = ["10:00-12:00"] }]')
    series = [hour(9, wh=900), hour(10, wh=300), hour(10 + 1, wh=500), hour(12, wh=900)]

    found = peaks(series, demand, DAY)

    assert [(peak.charge, peak.power_w) for peak in found] == [("peak", 500)]
