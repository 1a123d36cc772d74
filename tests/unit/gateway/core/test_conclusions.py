"""The way of a reading: from a snapshot to what is said and what is concluded."""

from dataclasses import replace

import pytest

from gateway.core.batches import Window
from gateway.core.conclusions import Conclusion, Standing, from_fault, from_observation, from_reading
from gateway.core.interruption import Phase
from gateway.core.interruption.state import Drawn
from gateway.core.observations import ProbeLink, Tick
from gateway.core.reading import Doubt, IntervalRow, IntervalStatus
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import METER_SERIAL, RULES, at, edge, hour_row, snapshot, standing
from tests.fakes_meter import LOAD_PROFILE
from wire.events import IntervalReadings, KnownEvent, MeterReachable, MeterUnreachable, RegisterReadings, SupplyLost
from wire.terms import Disconnector, LinkFault
from wire.units import Quantity

HOUR_S = 3600


def read(
    before: Standing,
    s: float,
    volts: float | None = 230.0,
    *,
    rows: tuple[IntervalRow, ...] = (),
    window: Window | None = None,
    **answers: object,
) -> Conclusion:
    return from_reading(before, snapshot(s, volts, **answers), rows, window, RULES, at(s + 1))


def test_a_reading_tells_its_registers_as_they_stand() -> None:
    concluded = read(standing(), 60, 230.1, energy_wh=1_234_500)

    assert concluded.readings == (
        RegisterReadings(
            at_ms=1_795_284_060_000,
            values=(
                (Quantity.ENERGY_IMPORT_WH, 1_234_500),
                (Quantity.VOLTAGE_L1_MV, 230_100),
                (Quantity.POWER_FAILURES, 12),
                (Quantity.DISCONNECTOR, Disconnector.CLOSED),
            ),
        ),
    )
    assert concluded.events == ()


def test_the_meter_names_itself_at_its_first_reading() -> None:
    concluded = read(standing(serial=""), 60)

    assert concluded.standing.serial == METER_SERIAL


def test_the_latest_reading_is_kept_for_the_technician() -> None:
    latest = read(standing(), 60).standing.latest

    assert latest is not None
    assert (latest.taken_at, latest.serial) == (at(60), METER_SERIAL)
    assert dict(latest.values)[Quantity.ENERGY_IMPORT_WH] == 1_234_500
    assert recall(type(latest), remember(latest)) == latest


def test_rows_that_are_set_aside_are_not_watched_for_what_is_unusual() -> None:
    rows = (hour_row(1, 500), hour_row(2, 700, IntervalStatus.POWER_DOWN), hour_row(3, 600))

    concluded = read(standing(), 3 * HOUR_S, rows=rows, window=Window(since=at(0), until=at(3 * HOUR_S)))

    assert concluded.standing.consumption.day_wh == (500.0, None, 600.0)


def test_another_meter_on_the_port_is_not_listened_to() -> None:
    known = read(standing(), 0).standing

    once = read(known, 60, serial="SOMEBODYELSE")
    twice = read(once.standing, 120, serial="SOMEBODYELSE")

    assert once.readings == twice.readings == ()
    assert twice.events == (MeterUnreachable(since_ms=1_795_284_060_000, reason=LinkFault.REFUSED),)
    assert [finding.doubt for finding in twice.doubts] == [Doubt.METER_SERIAL_CHANGED]
    assert twice.standing.serial == METER_SERIAL


def test_a_meter_that_does_not_tell_its_name_is_not_understood() -> None:
    concluded = read(standing(), 60, serial="")

    assert concluded.readings == ()
    assert concluded.standing.reach.failures == 1


def test_a_value_nobody_believes_is_not_sent_and_judges_no_supply() -> None:
    lost = from_observation(standing(), edge(1, present=False, s=0), RULES, at(0)).standing
    lost = from_observation(lost, Tick(), RULES, at(2)).standing

    concluded = read(lost, 5, 900)

    sent = dict(concluded.readings[0].values) if isinstance(concluded.readings[0], RegisterReadings) else {}
    assert Quantity.VOLTAGE_L1_MV not in sent
    assert [finding.doubt for finding in concluded.doubts] == [Doubt.VOLTAGE_IMPLAUSIBLE]
    assert str(concluded.standing.supply.verdict) == "cannot tell, provisional, none"


@pytest.mark.parametrize(
    ("import_w", "export_w", "readings"),
    [(230, 0, 3), (0, 1_500, 3), (0, 0, 0), (0, None, 0), (None, None, 2), (None, 0, 2)],
)
def test_a_reading_tells_whether_anything_flows_and_no_watts(
    import_w: int | None, export_w: int | None, readings: int
) -> None:
    before = standing()
    drawn = Drawn(readings=2, last_at=at(0))
    before = replace(before, supply=replace(before.supply, drawn=drawn))

    concluded = read(before, 60, power_w=(import_w, export_w))

    after = concluded.standing.supply.drawn
    assert (after.readings if after else 0) == readings


def test_the_load_profile_is_sent_as_far_as_it_is_new() -> None:
    before = standing(through_h=1)
    window = Window(since=at(HOUR_S), until=at(3 * HOUR_S + 60))
    rows = (hour_row(1, 100), hour_row(2, 200), hour_row(3, 300))

    concluded = read(before, 3 * HOUR_S + 60, rows=rows, window=window)

    batch = concluded.readings[1]
    assert isinstance(batch, IntervalReadings)
    assert batch.values == (200, 300)
    assert concluded.standing.progress.through == at(3 * HOUR_S)


def test_a_row_the_meter_itself_doubts_is_set_aside_and_not_asked_for_again() -> None:
    window = Window(since=at(0), until=at(2 * HOUR_S + 60))
    rows = (hour_row(1, 100), hour_row(2, 5, IntervalStatus.POWER_DOWN))

    concluded = read(standing(), 2 * HOUR_S + 60, rows=rows, window=window)

    batch = concluded.readings[1]
    assert isinstance(batch, IntervalReadings)
    assert batch.values == (100,)
    assert [finding.doubt for finding in concluded.doubts] == [Doubt.POWER_DOWN]
    assert concluded.standing.progress.through == at(2 * HOUR_S)


def test_a_reading_without_load_profile_leaves_its_progress_alone() -> None:
    before = standing(through_h=1)

    assert read(before, 5 * HOUR_S).standing.progress == before.progress


def test_a_load_profile_that_is_not_given_is_not_passed_over_at_once() -> None:
    before = standing(through_h=1)
    window, now_s = Window(since=at(HOUR_S), until=at(9 * HOUR_S)), 400 * HOUR_S
    refusing = replace(snapshot(now_s), denied={LOAD_PROFILE: "temporary-failure"})

    refused = from_reading(before, refusing, (), window, RULES, at(now_s + 1)).standing.progress
    empty = from_reading(before, snapshot(now_s), (), window, RULES, at(now_s + 1)).standing.progress

    assert (refused.through, refused.is_stalled) == (at(HOUR_S), True)
    assert empty.through == window.until


def test_a_meter_out_of_reach_is_told_and_its_return_too() -> None:
    state, said = standing(), list[KnownEvent]()
    for s in (0, 60):
        concluded = from_fault(state, LinkFault.SILENT, at(s), RULES, at(s + 5))
        state, said = concluded.standing, [*said, *concluded.events]
    said += read(state, 120).events

    assert said == [
        MeterUnreachable(since_ms=1_795_284_000_000, reason=LinkFault.SILENT),
        MeterReachable(silent_for_ms=120_000),
    ]


def test_the_probes_word_moves_the_supply() -> None:
    state = from_observation(standing(), ProbeLink(up=True), RULES, at(0)).standing
    state = from_observation(state, edge(1, present=False, s=0), RULES, at(0)).standing

    concluded = from_observation(state, Tick(), RULES, at(2))

    assert [type(event) for event in concluded.events] == [SupplyLost]
    assert concluded.standing.supply.phase is Phase.LOST


@pytest.mark.parametrize("volts", [None, 230.0])
def test_what_a_reading_says_of_the_supply_dates_from_when_the_meter_was_asked(volts: float | None) -> None:
    state = from_observation(standing(), edge(1, present=False, s=10), RULES, at(10)).standing

    concluded = from_reading(state, snapshot(9.9, volts), (), None, RULES, at(12))

    assert concluded.standing.supply == replace(state.supply, tells_disconnector=True)
