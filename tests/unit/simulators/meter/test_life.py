from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.generated_load import GeneratedHousehold
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Failure, Life
from simulators.meter.makes import LAMPLIGHT
from simulators.meter.meter_clock import Capture, MeterClock
from tests.fakes_simulators import NOW, SteadyHousehold, a_life

HOUR = timedelta(hours=1)
NEW = History.of_new_meter("LMP10000001", NOW)
BITS = LAMPLIGHT.status


def stamps(life: Life, at: datetime = NOW) -> list[datetime]:
    return [row.stamp for row in life.captures(at)]


def test_one_kilowatt_for_an_hour_is_a_thousand_watt_hours() -> None:
    life = a_life(steady_w=1_000.0)

    assert life.energy_import_wh(NOW + HOUR) - life.energy_import_wh(NOW) == 1_000
    assert life.energy_export_wh(NOW + HOUR) == 0


def test_what_is_given_back_counts_on_the_other_register() -> None:
    life = a_life(steady_w=-500.0)

    assert life.energy_export_wh(NOW + HOUR) - life.energy_export_wh(NOW) == 500
    assert life.energy_import_wh(NOW + HOUR) == life.energy_import_wh(NOW)
    assert (life.power_import_w(NOW), life.power_export_w(NOW)) == (0, 500)


def test_no_energy_flows_through_a_cut() -> None:
    life = a_life(history=NEW.with_supply(False, NOW).with_supply(True, NOW + HOUR))

    assert life.energy_import_wh(NOW + HOUR) == life.energy_import_wh(NOW)
    assert life.energy_import_wh(NOW + 2 * HOUR) - life.energy_import_wh(NOW) == 1_000


def test_an_open_disconnector_lets_voltage_stand_and_no_power_flow() -> None:
    life = a_life(history=NEW.switched(SwitchState.OPEN, NOW))

    assert life.power_import_w(NOW) == 0
    assert 228.0 < life.voltage_v(1, NOW) < 232.0


def test_an_open_breaker_lets_voltage_stand_and_no_energy_flow() -> None:
    life = a_life(history=NEW.with_breaker(False, NOW))

    assert life.power_import_w(NOW) == 0
    assert life.energy_import_wh(NOW + HOUR) == life.energy_import_wh(NOW)
    assert 228.0 < life.voltage_v(1, NOW) < 232.0
    assert life.power_failures() == 0


def test_without_supply_there_is_no_voltage() -> None:
    life = a_life(history=NEW.with_supply(False, NOW))

    assert life.voltage_v(1, NOW) == 0.0
    assert life.power_import_w(NOW) == 0


def test_phases_differ_and_a_voltage_is_the_same_for_whoever_asks() -> None:
    life, same = a_life(phases=3), a_life(phases=3)

    voltages = [life.voltage_v(phase, NOW) for phase in (1, 2, 3)]

    assert len(set(voltages)) == 3
    assert voltages == [same.voltage_v(phase, NOW) for phase in (1, 2, 3)]


def test_the_load_profile_holds_more_than_forty_days_from_the_start() -> None:
    hours = stamps(a_life())

    assert len(hours) >= 40 * 24
    assert hours[-1] == NOW.replace(minute=0)
    assert all(later - earlier == HOUR for earlier, later in pairwise(hours))


def test_the_load_profile_forgets_its_oldest_rows() -> None:
    hours = stamps(a_life(), NOW + timedelta(days=30))

    assert len(hours) == a_life().capacity == 60 * 24


def test_an_hour_is_captured_when_it_is_full() -> None:
    life = a_life()
    full = NOW.replace(hour=19, minute=0)

    assert stamps(life, full - timedelta(seconds=1))[-1] == full - HOUR
    assert stamps(life, full)[-1] == full


@given(st.lists(st.integers(0, 10_000), max_size=8), st.integers(-1_000, 1_000))
def test_rows_that_were_looked_at_as_they_came_are_those_of_a_meter_asked_only_once(
    asked_after_s: list[int], drift_ppm: int
) -> None:
    history = replace(NEW, clock=MeterClock().drifting(drift_ppm, NOW))
    often, once = a_life(history=history), a_life(history=history)
    at = NOW
    for after_s in asked_after_s:
        at += timedelta(seconds=after_s)
        often.captures(at)

    assert often.captures(at) == once.captures(at)


def test_hours_are_those_of_local_time() -> None:
    life = Life(household=SteadyHousehold(), history=NEW, zone=ZoneInfo("Asia/Kolkata"))

    assert stamps(life)[-1] == NOW


def test_every_hour_touched_by_a_cut_bears_the_power_down_bit() -> None:
    began_at = NOW.replace(hour=14, minute=59)
    life = a_life(history=NEW.with_supply(False, began_at).with_supply(True, began_at + HOUR))

    marked = [row.stamp.hour for row in life.captures(NOW) if life.status(row) & BITS.power_down]

    assert marked == [15, 16]


def test_a_cut_from_hour_to_hour_marks_no_neighbour() -> None:
    began_at = NOW.replace(hour=14, minute=0)
    life = a_life(history=NEW.with_supply(False, began_at).with_supply(True, began_at + HOUR))

    marked = [row.stamp.hour for row in life.captures(NOW) if life.status(row)]

    assert marked == [15]


def test_summer_hours_bear_their_bit() -> None:
    life = Life(household=SteadyHousehold(), history=NEW, zone=ZoneInfo("Europe/Madrid"))
    summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)

    assert life.status(Capture(stamp=summer, at=summer)) == BITS.daylight_saving
    assert life.status(Capture(stamp=winter, at=winter)) == 0


def test_the_log_tells_when_a_failure_ended_and_how_long_it_lasted() -> None:
    life = a_life(history=NEW.with_supply(False, NOW).with_supply(True, NOW + timedelta(seconds=301)))

    assert life.power_failure_log() == [Failure(stamp=NOW + timedelta(seconds=301), duration_s=301)]
    assert life.power_failures() == 1
    assert life.last_failure_s() == 301


def test_a_failure_that_goes_on_is_counted_and_not_yet_logged() -> None:
    life = a_life(history=NEW.with_supply(False, NOW))

    assert life.power_failures() == 1
    assert life.power_failure_log() == []
    assert life.last_failure_s() == 0


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 1_000),
    minutes=st.lists(st.integers(-60 * 24, 60 * 24), min_size=4, max_size=4).map(sorted),
    cut=st.lists(st.integers(-60 * 24, 60 * 24), min_size=2, max_size=2).map(sorted),
)
def test_registers_never_fall_and_no_energy_comes_from_nowhere(seed: int, minutes: list[int], cut: list[int]) -> None:
    cut_at, back_at = (NOW + timedelta(minutes=minute) for minute in cut)
    home = GeneratedHousehold(seed=seed)
    life = Life(household=home, history=NEW.with_supply(False, cut_at).with_supply(True, back_at))
    instants = [NOW + timedelta(minutes=minute) for minute in minutes]

    readings_wh = [life.energy_import_wh(at) for at in instants]

    assert readings_wh == sorted(readings_wh)
    assert readings_wh[-1] - readings_wh[0] <= home.energy_wh_between(instants[0], instants[-1]) + 1
    assert life.energy_import_wh(back_at) == life.energy_import_wh(cut_at)
