"""No Wh is lost between a meter and a bill: whatever the clock does, each lands in exactly one period of the tariff."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.billing.calendars import WORKDAYS, Calendar, Rule
from cloud.billing.day_use import IntervalUse, classify, gaps, midnight
from cloud.billing.tariff import BillingPeriod, Tariff, Tier, Version
from cloud.billing.tariff import Energy as EnergyCharge
from cloud.kernel.money import Currency

CALENDAR = Calendar(
    rules=(
        Rule(period="P1", weekdays=WORKDAYS, on_holidays=False, hours=((600, 840), (1080, 1320))),
        Rule(period="P2", hours=((0, 90), (1410, 1440))),
        Rule(period="P3"),
    )
)
# (zone, day, quarters of the day): the clock put forward, put back, and neither.
DAYS = [
    ("Europe/Madrid", date(2027, 3, 28), 92),
    ("Europe/Madrid", date(2027, 10, 31), 100),
    ("Europe/Paris", date(2026, 3, 29), 92),
    ("Europe/Paris", date(2026, 10, 25), 100),
    ("America/New_York", date(2027, 3, 14), 92),
    ("America/New_York", date(2027, 11, 7), 100),
    ("Australia/Lord_Howe", date(2026, 10, 4), 94),
    ("Australia/Lord_Howe", date(2027, 4, 4), 98),
    ("America/Sao_Paulo", date(2018, 11, 4), 92),  # midnight itself did not exist
    ("America/Sao_Paulo", date(2018, 2, 17), 100),  # the last hour of the day came twice
    ("America/Sao_Paulo", date(2027, 7, 1), 96),
]


def tariff_of(zone: str) -> Tariff:
    tiers = tuple((name, (Tier(up_to_kwh=None, rate=Decimal(1)),)) for name in CALENDAR.periods)
    version = Version(first_day=date(2000, 1, 1), last_day=None, charges=(EnergyCharge(name="energy", tiers=tiers),))
    return Tariff(id="t", title="t", currency=Currency.EUR, zone=ZoneInfo(zone), calendar=CALENDAR, versions=(version,))


def quarters(tariff: Tariff, period: BillingPeriod, period_s: int = 900) -> list[IntervalUse]:
    """The intervals of a billing period, each of another energy."""
    start, end = (midnight(day, tariff) for day in (period.first_day, period.last_day + timedelta(days=1)))
    count = int((end - start).total_seconds()) // period_s
    return [
        IntervalUse(starts_at=start + timedelta(seconds=at * period_s), period_s=period_s, energy_wh=101 + at * 7 % 89)
        for at in range(count)
    ]


@pytest.mark.parametrize(("zone", "day", "expected"), DAYS)
def test_every_quarter_of_a_strange_day_is_billed_once(zone: str, day: date, expected: int) -> None:
    tariff, period = tariff_of(zone), BillingPeriod(first_day=day, last_day=day)
    series = quarters(tariff, period)

    use = classify(series, tariff, period)

    assert len(series) == expected
    assert gaps(series, tariff, period) == ()
    assert sum(each.energy_wh for each in use) == sum(each.energy_wh for each in series)


@pytest.mark.parametrize(("zone", "day", "_quarters"), DAYS)
def test_each_period_has_what_the_clock_face_says(zone: str, day: date, _quarters: int) -> None:
    tariff, period = tariff_of(zone), BillingPeriod(first_day=day, last_day=day)
    series = quarters(tariff, period)
    expected = dict.fromkeys(CALENDAR.periods, 0)
    for each in series:
        face = each.starts_at.astimezone(tariff.zone)
        minute = face.hour * 60 + face.minute
        expected[max(item for item in CALENDAR.plan(day) if item[0] <= minute)[1]] += each.energy_wh

    use = classify(series, tariff, period)

    assert {each.period: each.energy_wh for each in use} == {name: wh for name, wh in expected.items() if wh}


@given(
    at=st.sampled_from(DAYS),
    cuts=st.lists(st.integers(0, 100), max_size=4),
    period_s=st.sampled_from([300, 900, 1800, 3600]),
    shift_s=st.sampled_from([0, 300, 420, 1500]),
)
def test_sums_do_not_depend_on_where_the_series_is_cut(
    at: tuple[str, date, int], cuts: list[int], period_s: int, shift_s: int
) -> None:
    zone, day, _ = at
    tariff = tariff_of(zone)
    period = BillingPeriod(first_day=day, last_day=day)
    series = [
        IntervalUse(
            starts_at=each.starts_at + timedelta(seconds=shift_s), period_s=each.period_s, energy_wh=each.energy_wh
        )
        for each in quarters(tariff, period, period_s)[: -2 - shift_s // period_s]
    ]
    edges = [0, *sorted(min(cut, len(series)) for cut in cuts), len(series)]

    whole = {(each.day, each.period): each.energy_wh for each in classify(series, tariff, period)}

    pieces: dict[tuple[date, str], int] = {}
    for first, end in pairwise(edges):
        for each in classify(series[first:end], tariff, period):
            pieces[each.day, each.period] = pieces.get((each.day, each.period), 0) + each.energy_wh
    assert pieces == whole
    assert sum(whole.values()) == sum(each.energy_wh for each in series)


def test_what_lies_before_and_after_the_billing_period_is_left_to_other_bills() -> None:
    tariff = tariff_of("Europe/Paris")
    period = BillingPeriod(first_day=date(2027, 10, 31), last_day=date(2027, 10, 31))
    around = BillingPeriod(first_day=date(2027, 10, 30), last_day=date(2027, 11, 1))

    use = classify(quarters(tariff, around), tariff, period)

    assert {each.day for each in use} == {period.first_day}
    assert datetime(2027, 10, 30, 22, tzinfo=UTC) == midnight(period.first_day, tariff)
