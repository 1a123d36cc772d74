"""A reading in the product's words."""

from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS
from gateway.core.reading import CheckedReading, Doubt, Finding, IntervalRow, IntervalStatus, Reading
from tests.fakes_meter import NOON
from wire.terms import Disconnector
from wire.units import Quantity


def reading(*values):
    return Reading(
        taken_at=NOON, meter_serial="LMP1", meter_clock_at=NOON, clock_status=UNSPECIFIED_STATUS, values=values
    )


def test_what_the_meter_does_not_tell_is_absent_and_not_zero():
    nothing = reading()

    assert nothing.value(Quantity.ENERGY_IMPORT_WH) is None
    assert nothing.voltages_mv == ()
    assert nothing.power_failures is None
    assert nothing.disconnector is Disconnector.UNKNOWN


def test_voltages_come_in_the_order_of_the_phases():
    three = reading(
        (Quantity.VOLTAGE_L3_MV, 3),
        (Quantity.ENERGY_IMPORT_WH, 9),
        (Quantity.VOLTAGE_L1_MV, 1),
        (Quantity.VOLTAGE_L2_MV, 2),
    )

    assert three.voltages_mv == (1, 2, 3)


def test_the_switch_and_the_count_of_failures_have_their_own_words():
    told = reading((Quantity.DISCONNECTOR, 2), (Quantity.POWER_FAILURES, 0))

    assert told.disconnector is Disconnector.OPEN
    assert told.power_failures == 0


def test_a_doubted_value_is_kept_and_not_used():
    doubtful = reading((Quantity.ENERGY_IMPORT_WH, 9), (Quantity.VOLTAGE_L1_MV, 230_000))
    finding = Finding(doubt=Doubt.COUNTER_BACKWARDS, quantity=Quantity.ENERGY_IMPORT_WH, observed=9, allowed=10)

    checked = CheckedReading(reading=doubtful, findings=(finding,))

    assert checked.usable == ((Quantity.VOLTAGE_L1_MV, 230_000),)
    assert checked.reading.value(Quantity.ENERGY_IMPORT_WH) == 9


def test_nothing_of_another_meter_is_used():
    checked = CheckedReading(
        reading=reading((Quantity.ENERGY_IMPORT_WH, 9)), findings=(Finding(doubt=Doubt.METER_SERIAL_CHANGED),)
    )

    assert checked.usable == ()


def test_a_doubt_about_the_clock_leaves_the_values():
    checked = CheckedReading(
        reading=reading((Quantity.ENERGY_IMPORT_WH, 9)), findings=(Finding(doubt=Doubt.METER_CLOCK_OFF, observed=90),)
    )

    assert checked.usable == ((Quantity.ENERGY_IMPORT_WH, 9),)


def test_a_row_ends_when_it_is_stamped():
    row = IntervalRow(ends_at=NOON, period_s=900, status=IntervalStatus(0), values=((Quantity.ENERGY_IMPORT_WH, 120),))

    assert row.starts_at.isoformat() == "2026-11-21T11:45:00+00:00"
    assert (row.value(Quantity.ENERGY_IMPORT_WH), row.value(Quantity.ENERGY_EXPORT_WH)) == (120, None)
