"""A meter profile: data that says what an answer means."""

import dataclasses

import pytest

from gateway.adapters.profile_files import load_profile
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.obis import Obis
from gateway.core.errors import Undecodable
from gateway.core.line_address import SerialAddress, TcpAddress
from gateway.core.meter_profile import LoadProfile, MeterProfile
from gateway.core.profile_settings import QuantitiesSettings, SupplySettings
from gateway.core.reading import IntervalStatus, Snapshot
from runtime.errors import InputRefused
from tests.builders_meter import a_profile
from tests.fakes_meter import (
    CLOCK,
    DISCONNECTOR,
    IMPORT,
    NOON,
    SERIAL,
    VOLTAGE,
    home_meter,
    octets,
    scaler_unit,
    stamp,
    u8,
    u16,
    u32,
)
from wire.terms import Disconnector
from wire.units import Quantity


def snapshot(answers=None, **changes):
    return Snapshot(read_at=NOON, answers=(home_meter() if answers is None else answers) | changes, denied={})


def changed(attribute, data):
    return Snapshot(read_at=NOON, answers=home_meter() | {attribute: data}, denied={})


def test_every_quantity_of_the_wire_has_its_place_in_a_profile():
    assert {field.name for field in dataclasses.fields(QuantitiesSettings)} == {
        quantity.name.lower() for quantity in Quantity
    }


def test_registers_are_scaled_into_the_products_units():
    reading = a_profile().interpret(snapshot())

    assert reading.meter_serial == "LMP10000001"
    assert reading.meter_clock_at == NOON
    assert dict(reading.values) == {
        Quantity.ENERGY_IMPORT_WH: 1_234_500,
        Quantity.VOLTAGE_L1_MV: 230_100,
        Quantity.DISCONNECTOR: Disconnector.CLOSED,
    }


def test_what_the_meter_does_not_give_is_absent_with_its_own_reason():
    silent_about_voltage = home_meter()
    del silent_about_voltage[VOLTAGE]

    reading = a_profile().interpret(
        Snapshot(read_at=NOON, answers=silent_about_voltage, denied={VOLTAGE: "object-undefined"})
    )

    assert reading.voltages_mv == ()
    assert dict(reading.unread)[Quantity.VOLTAGE_L1_MV] == "object-undefined"


@pytest.mark.parametrize(
    ("exponent", "value", "millivolts"), [(-3, 230_123, 230_123), (0, 230, 230_000), (-4, 2_301_235, 230_124)]
)
def test_any_scaler_gives_the_same_unit(exponent, value, millivolts):
    meter = home_meter() | {VOLTAGE: u32(value), VOLTAGE.sibling(3): scaler_unit(exponent, 35)}

    assert a_profile().interpret(snapshot(meter)).voltages_mv == (millivolts,)


@pytest.mark.parametrize(("tenths", "watt_hours"), [(5, 0), (15, 2), (25, 2), (26, 3)])
def test_a_half_is_rounded_to_even_so_that_sums_do_not_drift(tenths, watt_hours):
    meter = home_meter() | {IMPORT: u32(tenths), IMPORT.sibling(3): scaler_unit(-1, 30)}

    assert a_profile().interpret(snapshot(meter)).value(Quantity.ENERGY_IMPORT_WH) == watt_hours


def test_a_floating_point_register_is_read():
    meter = home_meter() | {VOLTAGE: Data(DataType.FLOAT32, 230.5), VOLTAGE.sibling(3): scaler_unit(0, 35)}

    assert a_profile().interpret(snapshot(meter)).voltages_mv == (230_500,)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_unread(number):
    reading = a_profile().interpret(changed(VOLTAGE, Data(DataType.FLOAT64, number)))

    assert reading.voltages_mv == ()


def test_a_number_beyond_what_a_record_can_carry_is_unread_and_the_rest_is_read():
    reading = a_profile().interpret(changed(IMPORT, Data(DataType.LONG64_UNSIGNED, 2**64 - 1)))

    assert "no measurement" in dict(reading.unread)[Quantity.ENERGY_IMPORT_WH]
    assert reading.voltages_mv


def test_a_register_told_in_another_unit_is_unread():
    reading = a_profile().interpret(changed(VOLTAGE.sibling(3), scaler_unit(-1, 33)))

    assert dict(reading.unread)[Quantity.VOLTAGE_L1_MV] == "the meter tells voltage_l1_mv in A, not in V"


def test_a_register_without_scaler_is_unread():
    without = home_meter()
    del without[IMPORT.sibling(3)]

    reading = a_profile().interpret(snapshot(without))

    assert "no unit" in dict(reading.unread)[Quantity.ENERGY_IMPORT_WH]


def test_a_scaler_fixed_by_the_profile_is_believed_over_the_meters():
    profile = a_profile(quantities={"energy_import_wh": {"class_id": 3, "obis": "1.0.1.8.0.255", "scaler": 1}})

    reading = profile.interpret(changed(IMPORT.sibling(3), scaler_unit(0, 33)))

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 123_450
    assert IMPORT.sibling(3) not in profile.scalers


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (Data(DataType.ENUM, 0), Disconnector.OPEN),
        (Data(DataType.ENUM, 1), Disconnector.CLOSED),
        (Data(DataType.ENUM, 2), Disconnector.READY),
        (Data(DataType.ENUM, 9), Disconnector.UNKNOWN),
        (Data(DataType.BOOLEAN, True), Disconnector.CLOSED),
        (Data(DataType.BOOLEAN, False), Disconnector.OPEN),
    ],
)
def test_the_disconnector_is_told_by_state_or_by_output(told, state):
    assert a_profile().interpret(changed(DISCONNECTOR, told)).disconnector is state


def test_a_value_of_the_wrong_type_is_unread_and_the_rest_is_read():
    reading = a_profile().interpret(changed(IMPORT, octets(b"garbage")))

    assert reading.value(Quantity.ENERGY_IMPORT_WH) is None
    assert reading.voltages_mv == (230_100,)


def test_a_meter_without_serial_number_cannot_be_read():
    with pytest.raises(Undecodable, match="serial number"):
        a_profile().interpret(changed(SERIAL, octets(b"")))


@pytest.mark.parametrize(
    "told", [Data(DataType.VISIBLE_STRING, "\x1b[2JLMP1"), Data(DataType.VISIBLE_STRING, "9" * 33), octets(bytes(17))]
)
def test_a_serial_number_that_could_be_neither_kept_nor_sent_is_none(told):
    with pytest.raises(Undecodable, match="too long or holds what cannot be printed"):
        a_profile().interpret(changed(SERIAL, told))


@pytest.mark.parametrize("clock", [NULL, octets(b"short"), octets(bytes.fromhex("ffffffffffffffffff8000ff"))])
def test_a_clock_that_is_not_set_is_none(clock):
    reading = a_profile().interpret(changed(CLOCK, clock))

    assert reading.meter_clock_at is None


def test_a_meter_without_a_clock_is_read_without_one():
    without = home_meter()
    del without[CLOCK]

    assert a_profile().interpret(snapshot(without)).meter_clock_at is None


def test_a_clock_that_does_not_say_its_place_is_read_by_the_profile():
    local = octets(bytes.fromhex("07ea0b15060d000000800001"))

    reading = a_profile(clock={"unspecified_deviation_min": -60}).interpret(changed(CLOCK, local))

    assert reading.meter_clock_at == NOON
    assert reading.clock_status.is_invalid


@pytest.mark.parametrize(
    ("clock", "deviation_min"),
    [
        ("07ea0b15060d000000800000", -60),
        ("07ea0715030d000000800080", -120),  # in summer, which its status alone tells
        ("07ea0715030d000000ff8880", -120),
    ],
)
def test_a_range_is_asked_for_in_the_local_time_that_the_clock_shows(clock, deviation_min):
    told = changed(CLOCK, octets(bytes.fromhex(clock)))

    assert a_profile(clock={"unspecified_deviation_min": -60}).deviation_min(told) == deviation_min


def test_a_meter_in_winter_time_tells_the_same_instant():
    assert a_profile().interpret(changed(CLOCK, stamp(NOON, deviation_min=-60))).meter_clock_at == NOON


def test_a_quantity_the_meter_lacks_is_not_asked_for():
    profile = a_profile(absent=["voltage_l1_mv"])

    assert VOLTAGE not in profile.values
    assert VOLTAGE.sibling(3) not in profile.scalers


def test_a_count_needs_no_unit():
    profile = a_profile(quantities={"power_failures": {"class_id": 1, "obis": "0.0.96.7.21.255"}})
    (counter,) = (measured.attribute for quantity, measured in profile.quantities.items() if quantity == 20)

    assert profile.interpret(changed(counter, u16(7))).power_failures == 7


def test_status_bits_mean_what_the_profile_says():
    profile = LoadProfile(
        buffer=IMPORT,
        columns=(),
        status_obis=Obis.parse("0.0.96.10.1.255"),
        status_bits={7: IntervalStatus.POWER_DOWN, 1: IntervalStatus.CLOCK_INVALID},
    )

    assert profile.status(0b1000_0010) == IntervalStatus.POWER_DOWN | IntervalStatus.CLOCK_INVALID
    assert profile.status(0b0100_0000) == IntervalStatus(0)


def test_the_band_and_the_fuse_follow_from_the_supply():
    supply = SupplySettings(nominal_mv=230_000, band_percent=10, fuse_rating_a=63, phases=1)

    assert (supply.lowest_mv, supply.highest_mv, supply.most_power_w) == (207_000, 253_000, 15_939)


def test_a_code_that_is_none_is_refused():
    with pytest.raises(Undecodable, match="no OBIS code"):
        a_profile(load_profile={"obis": "1.8"})


def test_a_profile_may_have_no_load_profile():
    assert isinstance(a_profile(), MeterProfile)
    assert a_profile(without=("load_profile",)).load_profile is None


def test_small_numbers_stay_small():
    assert a_profile().interpret(changed(VOLTAGE, u8(0))).voltages_mv == (0,)


HEAD, WIRE = SerialAddress("/dev/ttyUSB0"), SerialAddress("/dev/ttyUSB1")
BUS = load_profile("lamplight-sim-bus")


@pytest.mark.parametrize(
    ("in_file", "address", "octets_needed"),
    [(1, 16, 2), (1, 125, 2), (1, 126, 4), (2, 17, 2), (4, 17, 4), (2, 16_381, 4)],
)
def test_an_address_takes_as_many_octets_as_it_needs_and_the_profile_wants(in_file, address, octets_needed):
    profile = dataclasses.replace(BUS, link=dataclasses.replace(BUS.link, address_bytes=in_file))

    link = profile.addressed(address, WIRE).link

    assert (link.server_physical, link.address_bytes) == (address, octets_needed)


def test_without_an_address_a_profile_stays_as_its_file_says():
    assert BUS.addressed(None, WIRE) is BUS


@pytest.mark.parametrize("address", [-1, 0, 15, 16_382, 16_383, 70_000])
def test_an_address_that_hdlc_reserves_is_no_meters(address):
    with pytest.raises(InputRefused, match=f"no meter has the address {address}"):
        BUS.addressed(address, WIRE)


def test_behind_an_optical_head_no_address_is_taken():
    with pytest.raises(InputRefused, match="an optical head sees one meter"):
        load_profile("lamplight-sim").addressed(17, HEAD)


def test_an_address_needs_hdlc_and_a_converter_carries_it():
    converter = TcpAddress(host="10.0.0.7", port=4_001, carries_hdlc=True)

    assert BUS.addressed(17, converter).link.server_physical == 17
    with pytest.raises(InputRefused, match="carries HDLC"):
        BUS.addressed(17, dataclasses.replace(converter, carries_hdlc=False))
