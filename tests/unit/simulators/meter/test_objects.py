from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulators.meter.apdu import AccessDenied, DataAccessResult, Selection, Target
from simulators.meter.axdr import Cursor, Value
from simulators.meter.cosem_object import ObjectModel, obis
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Life
from simulators.meter.objects import model_of
from tests.fakes_simulators import NOW, SteadyHousehold, a_life

NEW = History.of_new_meter("LMP10000001", NOW)
CLOCK = ("0.0.1.0.0.255", 8)


def read(model: ObjectModel, class_id: int, name: str, attribute: int = 2) -> Value:
    cursor = Cursor(model.read(Target(class_id=class_id, obis=obis(name), member=attribute), NOW))
    value = cursor.value()
    assert cursor.is_at_end
    return value


def test_the_meter_names_itself() -> None:
    model = model_of(a_life())

    assert read(model, 1, "0.0.42.0.0.255") == b"LMPLMP10000001"
    assert read(model, 1, "0.0.96.1.0.255") == b"LMP10000001"
    assert read(model, 1, "0.0.96.1.0.255", 1) == obis("0.0.96.1.0.255")


@pytest.mark.parametrize(
    ("name", "scaler_unit"),
    [
        ("1.0.1.8.0.255", (0, 30)),
        ("1.0.2.8.0.255", (0, 30)),
        ("1.0.1.7.0.255", (0, 27)),
        ("1.0.2.7.0.255", (0, 27)),
        ("1.0.32.7.0.255", (-1, 35)),
        ("0.0.96.7.19.255", (0, 7)),
    ],
)
def test_every_register_tells_its_unit(name: str, scaler_unit: Value) -> None:
    assert read(model_of(a_life()), 3, name, 3) == scaler_unit


def test_registers_show_what_the_life_shows() -> None:
    life = a_life(steady_w=1_500.0)
    model = model_of(life)

    assert read(model, 3, "1.0.1.8.0.255") == life.energy_import_wh(NOW)
    assert read(model, 3, "1.0.1.7.0.255") == 1_500
    assert read(model, 3, "1.0.32.7.0.255") == round(life.voltage_v(1, NOW) * 10)


def test_one_phase_has_one_voltage_and_three_have_three() -> None:
    names = ["1.0.32.7.0.255", "1.0.52.7.0.255", "1.0.72.7.0.255"]

    assert [model_of(a_life(phases=1)).has(3, obis(name)) for name in names] == [True, False, False]
    assert [model_of(a_life(phases=3)).has(3, obis(name)) for name in names] == [True, True, True]


@pytest.mark.parametrize(
    ("state", "output", "control"),
    [(SwitchState.OPEN, False, 0), (SwitchState.CLOSED, True, 1), (SwitchState.READY, False, 2)],
)
def test_the_disconnector_tells_its_state(state: SwitchState, output: bool, control: int) -> None:
    model = model_of(a_life(history=NEW.switched(state, NOW)))

    assert read(model, 70, "0.0.96.3.10.255", 2) is output
    assert read(model, 70, "0.0.96.3.10.255", 3) == control
    assert read(model, 70, "0.0.96.3.10.255", 4) == 4


def test_the_clock_tells_its_zone() -> None:
    model = model_of(Life(household=SteadyHousehold(), history=NEW, zone=ZoneInfo("Europe/Madrid")))

    assert [read(model, 8, CLOCK[0], attribute) for attribute in (3, 4, 7, 8, 9)] == [-60, 0, 60, True, 1]


def test_the_load_profile_describes_itself() -> None:
    model = model_of(a_life())

    assert read(model, 7, "1.0.99.1.0.255", 3) == (
        (8, obis("0.0.1.0.0.255"), 2, 0),
        (1, obis("0.0.96.10.1.255"), 2, 0),
        (3, obis("1.0.1.8.0.255"), 2, 0),
        (3, obis("1.0.2.8.0.255"), 2, 0),
    )
    assert [read(model, 7, "1.0.99.1.0.255", attribute) for attribute in (4, 5, 7, 8)] == [3_600, 1, 1_440, 1_440]
    assert read(model, 7, "1.0.99.1.0.255", 6) == (8, obis("0.0.1.0.0.255"), 2, 0)


def test_a_row_of_the_load_profile_holds_time_status_and_both_registers() -> None:
    life = a_life()
    hour = life.captures(NOW)[-1].stamp

    rows = read(model_of(life), 7, "1.0.99.1.0.255")

    assert isinstance(rows, tuple)
    assert rows[-1] == (bytes.fromhex("07ea0b1506120000 00000000"), 0, life.energy_import_wh(hour), 0)


def test_the_power_failure_log_tells_the_end_and_the_duration() -> None:
    model = model_of(a_life(history=NEW.with_supply(False, NOW).with_supply(True, NOW + timedelta(seconds=301))))

    assert read(model, 7, "1.0.99.97.0.255") == ((bytes.fromhex("07ea0b1506122301 00000000"), 301),)
    assert read(model, 1, "0.0.96.7.21.255") == 1
    assert read(model, 3, "0.0.96.7.19.255") == 301


def test_the_object_list_names_every_object_and_itself() -> None:
    listed = read(model_of(a_life()), 15, "0.0.40.0.0.255")

    assert isinstance(listed, tuple)
    names = [(item[0], item[2]) for item in listed if isinstance(item, tuple)]
    assert (7, obis("1.0.99.1.0.255")) in names
    assert (15, obis("0.0.40.0.0.255")) in names
    assert len(names) == len(set(names)) == 26


def items(value: object) -> tuple[Any, ...]:
    """A structure or array as decoded; what it holds has no static shape."""
    assert isinstance(value, tuple)
    return value


def test_every_attribute_that_is_listed_can_be_read() -> None:
    model = model_of(a_life(phases=3))
    listed = [
        Target(class_id=class_id, obis=name, member=attribute)
        for class_id, _, name, (attributes, _) in items(read(model, 15, "0.0.40.0.0.255"))
        for attribute, _, _ in attributes
    ]

    values = [model.read(target, NOW) for target in listed]

    assert len(values) > 3 * 17


@pytest.mark.parametrize(
    ("target", "result"),
    [
        (Target(class_id=3, obis=obis("9.9.9.9.9.9"), member=2), DataAccessResult.OBJECT_UNDEFINED),
        (Target(class_id=1, obis=obis(CLOCK[0]), member=2), DataAccessResult.OBJECT_CLASS_INCONSISTENT),
        (Target(class_id=8, obis=obis(CLOCK[0]), member=0), DataAccessResult.READ_WRITE_DENIED),
        (Target(class_id=8, obis=obis(CLOCK[0]), member=10), DataAccessResult.READ_WRITE_DENIED),
        (
            Target(class_id=8, obis=obis(CLOCK[0]), member=2, selection=Selection(selector=1, parameters=None)),
            DataAccessResult.SCOPE_OF_ACCESS_VIOLATED,
        ),
    ],
    ids=["no such object", "another class", "all attributes", "no such attribute", "nothing to select"],
)
def test_what_is_not_there_is_denied(target: Target, result: DataAccessResult) -> None:
    with pytest.raises(AccessDenied) as denied:
        model_of(a_life()).read(target, NOW)

    assert denied.value.result is result
