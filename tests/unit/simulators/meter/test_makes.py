"""Every make is whole: what it names it has, and what it tells can be read."""

from dataclasses import replace

import pytest

from simulators.meter.apdu import Target
from simulators.meter.axdr import Cursor, Value
from simulators.meter.cosem_object import ObjectModel, obis
from simulators.meter.life import Life
from simulators.meter.makes import MAKES, Make
from simulators.meter.objects import model_of
from simulators.meter.profile_objects import COLUMN_NAMES
from tests.fakes_simulators import NOW, a_life

EVERY_MAKE = pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)


def made(make: Make, phases: int = 3) -> tuple[Life, ObjectModel]:
    life = a_life(phases=phases)
    life.make = make
    return life, model_of(life)


def read(model: ObjectModel, class_id: int, name: str | bytes, attribute: int = 2) -> Value:
    logical_name = name if isinstance(name, bytes) else obis(name)
    return Cursor(model.read(Target(class_id=class_id, obis=logical_name, member=attribute), NOW)).value()


@EVERY_MAKE
def test_every_code_stands_in_a_log_the_make_has(make: Make) -> None:
    assert {log for log, _ in make.codes.values()} <= set(make.logs)
    assert set(make.columns) <= set(COLUMN_NAMES)


@EVERY_MAKE
def test_every_attribute_in_the_object_list_can_be_read(make: Make) -> None:
    _, model = made(make)

    listed = read(model, 15, "0.0.40.0.0.255")

    assert isinstance(listed, tuple)
    for item in listed:
        class_id, _version, name, (attributes, _methods) = item  # type: ignore[misc]
        for number, *_rights in attributes:  # type: ignore[misc,union-attr]
            read(model, class_id, name, number)  # type: ignore[arg-type]


@EVERY_MAKE
def test_an_energy_times_its_scaler_is_what_was_drawn(make: Make) -> None:
    life, model = made(make)

    scaler, unit = read(model, 3, "1.0.1.8.0.255", 3)  # type: ignore[misc]
    steps = read(model, 3, "1.0.1.8.0.255")

    step_wh = 10**scaler  # type: ignore[operator]
    assert unit == 30
    assert steps == life.energy_import_wh(NOW) // step_wh


def test_a_step_finer_than_a_watt_hour_is_told_in_eight_octets() -> None:
    life, model = made(replace(MAKES["idis"], energy_scaler=-3))

    assert read(model, 3, "1.0.1.8.0.255") == life.energy_import_wh(NOW) * 1_000


def test_the_tariffs_of_a_make_that_has_two_add_up() -> None:
    life, model = made(MAKES["dsmr5"])

    told = [read(model, 3, f"1.0.1.8.{tariff}.255") for tariff in (0, 1, 2)]

    assert told[0] == life.energy_import_wh(NOW) == told[1] + told[2]  # type: ignore[operator]


@pytest.mark.parametrize(("make", "logged"), [("lamplight", 1), ("dsmr5", 0)])
def test_a_short_failure_is_counted_by_all_and_logged_by_some(make: str, logged: int) -> None:
    life, model = made(MAKES[make])
    life.history = life.history.with_supply(False, NOW.replace(hour=1)).with_supply(
        True, NOW.replace(hour=1, minute=32, second=59)
    )

    assert read(model, 1, "0.0.96.7.21.255") == 1
    assert read(model, 1, "0.0.96.7.9.255") == logged
    assert len(read(model, 7, "1.0.99.97.0.255")) == logged  # type: ignore[arg-type]
