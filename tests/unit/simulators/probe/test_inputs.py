from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.probe import inputs
from simulators.probe.hold_up import FULL_MV, LAST_MV, SWITCH_OFF_MV, HoldUp
from simulators.probe.inputs import Inputs

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = Inputs.on_a_good_day(NOW)


def test_a_full_capacitor_stays_full() -> None:
    assert GOOD.hold_up.voltage_mv(NOW + 60 * MINUTE) == FULL_MV


def test_a_capacitor_carries_the_gateway_for_two_minutes_and_the_probe_for_longer() -> None:
    lost = GOOD.with_supply(False, NOW).hold_up

    assert lost.voltage_mv(NOW + 2 * MINUTE) > SWITCH_OFF_MV > lost.voltage_mv(NOW + 3 * MINUTE) > LAST_MV
    assert lost.voltage_mv(NOW + 60 * MINUTE) == LAST_MV


def test_a_capacitor_only_falls_while_the_supply_is_away() -> None:
    lost = GOOD.with_supply(False, NOW).hold_up

    voltages = [lost.voltage_mv(NOW + timedelta(seconds=second)) for second in range(0, 900, 5)]

    assert voltages == sorted(voltages, reverse=True)


def test_a_capacitor_charges_from_where_it_had_fallen_to() -> None:
    lost = GOOD.with_supply(False, NOW)
    back = lost.with_supply(True, NOW + MINUTE).hold_up

    assert back.voltage_mv(NOW + MINUTE) == lost.hold_up.voltage_mv(NOW + MINUTE)
    assert back.voltage_mv(NOW + MINUTE + timedelta(seconds=10)) == back.from_mv + 200
    assert back.voltage_mv(NOW + 3 * MINUTE) == FULL_MV


def test_unplugged_the_input_is_gone_while_the_street_is_there() -> None:
    unplugged = GOOD.with_input(False, NOW)

    assert (unplugged.has_supply, unplugged.input_mv) == (True, 0)
    assert unplugged.hold_up.voltage_mv(NOW + MINUTE) < FULL_MV


def test_without_the_street_the_plug_gives_nothing() -> None:
    assert GOOD.with_supply(False, NOW).input_mv == 0
    assert GOOD.with_input(False, NOW).with_supply(False, NOW).with_supply(True, NOW).input_mv == 0


def test_inputs_survive_a_kill(tmp_path: Path) -> None:
    lost = GOOD.with_supply(False, NOW + MINUTE)

    inputs.save(lost, tmp_path / "probe.json")

    assert inputs.load(tmp_path / "probe.json") == lost
    assert inputs.load(tmp_path / "none.json") is None


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 2}', '{"format": 1}', "[" * 9_999])
def test_a_file_that_is_no_state_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "probe.json").write_text(text)

    with pytest.raises(InputRefused, match="not a probe's state"):
        inputs.load(tmp_path / "probe.json")


def test_a_clock_set_back_changes_nothing() -> None:
    assert HoldUp(since=NOW, from_mv=4_000, is_charging=False).voltage_mv(NOW - MINUTE) == 4_000
