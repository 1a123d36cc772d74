"""A push becomes a snapshot, and the profile interprets it like the answers of a meter that was asked."""

from decimal import Decimal

import pytest

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import Push, PushedReading
from gateway.core.push.snapshot import NOT_SENT, snapshot_of
from tests.builders_meter import a_profile
from tests.fakes_meter import NOON
from wire.terms import Disconnector
from wire.units import Quantity

SERIAL, ENERGY, VOLTAGE, SWITCH = "0.0.96.1.0.255", "1.0.1.8.0.255", "1.0.32.7.0.255", "0.0.96.3.10.255"
LOCAL_SUMMER = CosemDateTime.decode(bytes.fromhex("07e60704010f2a1e00800080"))  # 15:42:30, deviation unsaid
BY_TARIFF = {
    "quantities": {"energy_import_wh": {"class_id": 3, "obis": "1.0.1.8.1.255", "plus": ["1.0.1.8.2.255"]}},
}


def a_push(readings, sent_at=None):
    spoken = tuple(PushedReading(obis=Obis.parse(code), value=value, unit=unit) for code, value, unit in readings)
    return Push(kind="p1-telegram", sent_at=sent_at, readings=spoken)


def interpreted(readings, sent_at=None, **changes):
    profile = a_profile(**changes)
    told = [(SERIAL, "LMP10000001", ""), *readings]
    return profile.interpret(snapshot_of(a_push(told, sent_at), profile, NOON))


def test_numbers_texts_and_states_find_their_place_in_the_profile():
    reading = interpreted(
        [(ENERGY, Decimal("1234.5"), "Wh"), (VOLTAGE, Decimal("230.1"), "V"), (SWITCH, Decimal(1), "")]
    )

    assert reading.meter_serial == "LMP10000001"
    assert reading.taken_at == NOON
    assert dict(reading.values) == {
        Quantity.ENERGY_IMPORT_WH: 1_234,
        Quantity.VOLTAGE_L1_MV: 230_100,
        Quantity.DISCONNECTOR: Disconnector.CLOSED,
    }


def test_what_the_message_lacks_is_unread_with_the_reason():
    reading = interpreted([(ENERGY, Decimal(7), "Wh")])

    assert dict(reading.unread)[Quantity.VOLTAGE_L1_MV] == NOT_SENT


@pytest.mark.parametrize(("value", "unit"), [(Decimal(5), "kWh"), (Decimal("NaN"), "Wh"), ("5", "")])
def test_what_is_no_measurement_in_the_quantitys_unit_is_unread(value, unit):
    reading = interpreted([(ENERGY, value, unit)])

    assert reading.value(Quantity.ENERGY_IMPORT_WH) is None
    assert Quantity.ENERGY_IMPORT_WH in dict(reading.unread)


def test_a_number_told_with_an_exponent_is_whole():
    reading = interpreted([(ENERGY, Decimal("5.2E+4"), "Wh")])

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 52_000


def test_of_a_thing_said_twice_the_first_word_counts():
    reading = interpreted([(ENERGY, Decimal(1), "Wh"), (ENERGY, Decimal(2), "Wh")])

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 1


def test_the_messages_time_is_the_meters_clock_and_summer_time_is_an_hour_ahead_of_the_profiles():
    reading = interpreted([], LOCAL_SUMMER, clock={"unspecified_deviation_min": -60})

    assert reading.meter_clock_at.isoformat() == "2022-07-04T13:42:30+00:00"


def test_the_sum_of_tariffs_is_rounded_once():
    reading = interpreted(
        [("1.0.1.8.1.255", Decimal("1.4"), "Wh"), ("1.0.1.8.2.255", Decimal("1.3"), "Wh")], **BY_TARIFF
    )

    assert reading.value(Quantity.ENERGY_IMPORT_WH) == 3


def test_a_sum_whose_part_is_missing_is_unread():
    reading = interpreted([("1.0.1.8.1.255", Decimal(1), "Wh")], **BY_TARIFF)

    assert reading.value(Quantity.ENERGY_IMPORT_WH) is None
    assert dict(reading.unread)[Quantity.ENERGY_IMPORT_WH] == NOT_SENT


def test_every_part_of_a_sum_is_asked_of_a_meter_that_is_asked():
    profile = a_profile(**BY_TARIFF)

    asked = [str(attribute) for attribute in (*profile.values, *profile.scalers)]

    assert {"3:1.0.1.8.1.255:2", "3:1.0.1.8.2.255:2", "3:1.0.1.8.1.255:3", "3:1.0.1.8.2.255:3"} <= set(asked)
