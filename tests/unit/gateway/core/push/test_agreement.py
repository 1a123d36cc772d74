"""When two telegrams agree."""

from decimal import Decimal

import pytest

from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import Push, PushedReading
from gateway.core.push.agreement import agreed

ENERGY, SERIAL, VOLTAGE = Obis.parse("1.0.1.8.0"), Obis.parse("0.0.96.1.0"), Obis.parse("1.0.32.7.0")


def telling(obis, value, unit=""):
    return Push(kind="", sent_at=None, readings=(PushedReading(obis=obis, value=value, unit=unit),))


def disputed(first, second, elapsed_s=2.0):
    return agreed(first, second, elapsed_s=elapsed_s, most_power_w=36_000).disputed


@pytest.mark.parametrize(("growth_wh", "is_believed"), [(0, True), (20, True), (21, True), (22, False), (-1, False)])
def test_energy_grows_by_what_the_fuse_lets_pass_and_one_step(growth_wh, is_believed):
    first, second = (telling(ENERGY, Decimal(value), "Wh") for value in (1_001, 1_001 + growth_wh))

    assert (not disputed(first, second)) is is_believed


def test_names_and_counts_are_equal():
    assert disputed(telling(SERIAL, "123"), telling(SERIAL, "124")) == {SERIAL}
    assert disputed(telling(SERIAL, Decimal(1)), telling(SERIAL, Decimal(2))) == {SERIAL}


def test_what_is_measured_now_is_taken_as_it_stands():
    both = agreed(telling(VOLTAGE, Decimal(230), "V"), telling(VOLTAGE, Decimal(231), "V"), elapsed_s=1, most_power_w=1)

    assert both.push.readings[0].value == Decimal(231)
    assert not both.disputed


def test_what_only_one_of_them_tells_is_disputed():
    assert disputed(telling(SERIAL, "123"), telling(ENERGY, Decimal(1), "Wh")) == {SERIAL, ENERGY}


def test_a_value_in_another_unit_is_disputed():
    assert disputed(telling(ENERGY, Decimal(1), "Wh"), telling(ENERGY, Decimal(1), "varh")) == {ENERGY}
