"""Nothing finer than billing needs leaves the house unless the customer agreed, and what may be told is told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.disclosure import Disclosure, FineConsent, Told, may_tell_use, tell_intervals, tell_registers
from gateway.core.reading import IntervalRow, IntervalStatus
from gateway.core.remembered import recall, remember
from wire.events import UnusualUse
from wire.instants import unix_ms
from wire.terms import UseKind, UseStage
from wire.units import Quantity

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
IMPORT, EXPORT = Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH
HOURLY = Disclosure()


def quarter(number: int, wh: int | None = 100, *, period_s: int = 900) -> IntervalRow:
    """The `number`-th period after noon, counted from 1."""
    return IntervalRow(
        ends_at=NOON + timedelta(seconds=period_s * number),
        period_s=period_s,
        status=IntervalStatus(0),
        values=() if wh is None else ((IMPORT, wh),),
    )


def agreed(finest_s: int, since: datetime, until: datetime | None = None) -> Disclosure:
    return Disclosure(consent=FineConsent(finest_period_s=finest_s, since=since, until=until))


def told_of(rows: list[IntervalRow], disclosure: Disclosure) -> list[tuple[datetime, int, int | None]]:
    _, out = tell_intervals(Told(), rows, disclosure)
    return [(row.starts_at, row.period_s, row.value(IMPORT)) for row in out]


def test_quarter_hours_leave_the_house_as_whole_hours():
    rows = [quarter(number, 10 * number) for number in range(1, 9)]

    assert told_of(rows, HOURLY) == [(NOON, 3_600, 100), (NOON + timedelta(hours=1), 3_600, 260)]


def test_hours_go_as_they_are():
    assert told_of([quarter(1, period_s=3_600)], HOURLY) == [(NOON, 3_600, 100)]


@pytest.mark.parametrize("missing", [1, 2, 3, 4])
def test_an_hour_with_a_hole_is_not_told_and_the_next_one_is(missing: int):
    rows = [quarter(number) for number in range(1, 9) if number != missing]

    assert told_of(rows, HOURLY) == [(NOON + timedelta(hours=1), 3_600, 400)]


def test_an_energy_one_quarter_does_not_tell_is_absent_from_the_hour():
    rows = [quarter(1), quarter(2, None), quarter(3), quarter(4)]

    assert told_of(rows, HOURLY) == [(NOON, 3_600, None)]


def test_what_is_added_up_survives_a_restart():
    told, _ = tell_intervals(Told(), [quarter(1), quarter(2)], HOURLY)

    _, out = tell_intervals(recall(Told, remember(told)), [quarter(3), quarter(4)], HOURLY)

    assert [row.value(IMPORT) for row in out] == [400]


def test_with_consent_quarters_go_as_they_are():
    rows = [quarter(1), quarter(2)]

    assert [period_s for _, period_s, _ in told_of(rows, agreed(900, NOON))] == [900, 900]


def test_consent_to_half_hours_is_no_consent_to_quarters():
    rows = [quarter(number) for number in range(1, 5)]

    assert told_of(rows, agreed(1_800, NOON)) == [(NOON, 3_600, 400)]


def test_consent_begins_and_ends_with_a_billing_period_so_that_no_two_statements_overlap():
    disclosure = agreed(900, NOON + timedelta(minutes=20), NOON + timedelta(minutes=80))

    told = told_of([quarter(number) for number in range(1, 13)], disclosure)

    assert [(at.hour, period_s) for at, period_s, _ in told] == [(12, 3_600), *[(13, 900)] * 4, (14, 3_600)]


def test_hours_are_the_homes_where_its_zone_is_half_an_hour_off():
    disclosure = Disclosure(zone=ZoneInfo("Asia/Kolkata"))

    told = told_of([quarter(number) for number in range(1, 7)], disclosure)

    assert [at for at, _, _ in told] == [NOON + timedelta(minutes=30)]


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_day_is_the_homes_day_also_when_the_clock_is_changed(day: str, hours: int):
    zone = ZoneInfo("Europe/Madrid")
    midnight = datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)
    rows = [
        IntervalRow(
            ends_at=midnight + timedelta(hours=hour + 1),
            period_s=3_600,
            status=IntervalStatus(0),
            values=((IMPORT, 10),),
        )
        for hour in range(hours)
    ]

    told = told_of(rows, Disclosure(billing_period_s=86_400, zone=zone))

    assert told == [(midnight, hours * 3_600, 10 * hours)]


def test_registers_of_the_home_are_told_once_a_period_and_the_voltage_each_time():
    values = ((IMPORT, 5_000), (Quantity.POWER_IMPORT_W, 300), (Quantity.VOLTAGE_L1_MV, 230_000))
    told, out = Told(), []

    for minute in (0, 1, 59, 60, 61):
        told, values_now = tell_registers(told, NOON + timedelta(minutes=minute), values, HOURLY)
        out.append(len(values_now))

    assert out == [3, 1, 1, 3, 1]


def test_consent_lets_registers_go_as_often_as_it_says():
    disclosure = agreed(60, NOON - timedelta(days=1))
    told, out = Told(), []

    for second in (0, 30, 60, 90, 120):
        told, values_now = tell_registers(told, NOON + timedelta(seconds=second), ((IMPORT, 1),), disclosure)
        out.append(len(values_now))

    assert out == [1, 0, 1, 0, 1]


def test_an_hour_that_stands_out_is_not_told_where_bills_are_reckoned_in_days():
    spike = UnusualUse(
        kind=UseKind.SPIKE,
        stage=UseStage.RAISED,
        began_at_ms=unix_ms(NOON),
        noticed_at_ms=unix_ms(NOON),
        observed_wh=9_000,
        usual_wh=500,
        period_s=3_600,
        score_milli=1_500,
    )

    assert may_tell_use(spike, HOURLY)
    assert not may_tell_use(spike, Disclosure(billing_period_s=86_400))


@given(
    present=st.lists(st.booleans(), min_size=1, max_size=40),
    cuts=st.sets(st.integers(1, 39), max_size=5),
    since=st.integers(-3_600, 20_000) | st.none(),
    lasts=st.integers(0, 20_000) | st.none(),
)
def test_nothing_fine_is_told_without_consent_nothing_twice_and_cutting_the_stream_changes_nothing(
    present: list[bool], cuts: set[int], since: int | None, lasts: int | None
):
    rows = [quarter(number, number) for number, is_there in enumerate(present, start=1) if is_there]
    begins = None if since is None else NOON + timedelta(seconds=since)
    until = None if begins is None or lasts is None else begins + timedelta(seconds=lasts)
    disclosure = HOURLY if begins is None else agreed(900, begins, until)

    told, pieces = Told(), []
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(rows)], strict=True):
        told, out = tell_intervals(told, rows[first:last] if first <= last else [], disclosure)
        pieces += out

    assert pieces == list(tell_intervals(Told(), rows, disclosure)[1])
    assert all(row.period_s >= disclosure.finest_s(row.starts_at) for row in pieces)
    assert all(before.ends_at <= after.starts_at for before, after in pairwise(pieces))
