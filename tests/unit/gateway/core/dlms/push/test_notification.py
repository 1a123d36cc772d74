"""What a meter sends unasked: its time, its values however they are laid out, and what happened."""

from decimal import Decimal

import pytest

from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.push import notification
from gateway.core.dlms.push.pushed import EventKind
from gateway.core.errors import Undecodable
from tests import fakes_axdr
from tests.fakes_meter import NOON, array, octets, scaler_unit, stamp, structure, u8, u16, u32
from tests.fakes_push_octets import SENT
from tests.fakes_push_octets import notification as a_notification

IMPORT, VOLTAGE, CLOCK = bytes((1, 0, 1, 8, 0, 255)), bytes((1, 0, 32, 7, 0, 255)), bytes((0, 0, 1, 0, 0, 255))
SETUP, ALARM_SETUP, LAST_GASP_SETUP = (bytes((0, number, 25, 9, 0, 255)) for number in (0, 1, 3))
LAST_GASP = bytes((128, 128, 128, 128, 128, 0))
EQUIPMENT = b"E0003000000000017"


def i8(number):
    return Data(DataType.INTEGER, number)


def descriptor(class_id, code, attribute=2, *more):
    return structure(u16(class_id), octets(code), i8(attribute), *more)


def read(body, **told):
    return notification.parse(a_notification(body, **told), ())


def values(told):
    return [(str(reading.obis), reading.value, reading.unit) for reading in told.readings]


NAMED = [("1.0.1.8.0.255", Decimal(5000), "Wh"), ("1.0.32.7.0.255", Decimal("230.1"), "V")]
RAW = [("1.0.1.8.0.255", Decimal(5), ""), ("1.0.32.7.0.255", Decimal(2301), "")]
KWH, TENTHS = scaler_unit(3, 30), scaler_unit(-1, 35)
LAYOUTS = {
    "pairs of code and value": (structure(octets(IMPORT), u32(5), octets(VOLTAGE), u16(2301)), RAW),
    "code, value, scaler in a row": (structure(octets(IMPORT), u32(5), KWH, octets(VOLTAGE), u16(2301), TENTHS), NAMED),
    "a structure for each": (
        array(structure(octets(IMPORT), u32(5), KWH), structure(octets(VOLTAGE), u16(2301), TENTHS)),
        NAMED,
    ),
    "code, attribute, value": (
        array(structure(octets(IMPORT), i8(2), u32(5)), structure(octets(VOLTAGE), i8(2), u16(2301))),
        RAW,
    ),
    "class, code, attribute, value": (
        array(structure(u16(3), octets(IMPORT), i8(2), u32(5)), structure(u16(3), octets(VOLTAGE), i8(2), u16(2301))),
        RAW,
    ),
    "the same in a row": (
        structure(u16(3), octets(IMPORT), i8(2), u32(5), u16(3), octets(VOLTAGE), i8(2), u16(2301)),
        RAW,
    ),
    "value, class, scaler, code": (
        array(structure(u32(5), u16(3), KWH, octets(IMPORT)), structure(u16(2301), u16(3), TENTHS, octets(VOLTAGE))),
        NAMED,
    ),
    "descriptors, then values": (
        structure(array(descriptor(3, IMPORT), descriptor(3, VOLTAGE)), u32(5), u16(2301)),
        RAW,
    ),
    "descriptors with the list's own first": (
        structure(array(descriptor(40, SETUP), descriptor(3, IMPORT), descriptor(3, VOLTAGE)), u32(5), u16(2301)),
        RAW,
    ),
    "descriptors, then values in a list": (
        structure(array(descriptor(3, IMPORT), descriptor(3, VOLTAGE)), structure(u32(5), u16(2301))),
        RAW,
    ),
    "descriptors with index and restriction": (
        structure(
            array(
                *(
                    descriptor(3, code, 2, u16(0), structure(u8(0), NULL), array())
                    for code in (IMPORT, VOLTAGE)
                )
            ),
            u32(5),
            u16(2301),
        ),
        RAW,
    ),
    "scalers as attributes of their own": (
        structure(
            array(descriptor(3, IMPORT), descriptor(3, IMPORT, 3), descriptor(3, VOLTAGE), descriptor(3, VOLTAGE, 3)),
            u32(5), KWH, u16(2301), TENTHS,
        ),
        NAMED,
    ),
    "whole objects": (
        structure(
            array(descriptor(3, IMPORT, 0), descriptor(3, VOLTAGE, 0)),
            structure(octets(IMPORT), u32(5), KWH),
            structure(octets(VOLTAGE), u16(2301), TENTHS),
        ),
        NAMED,
    ),
    "a push setup's name first": (
        structure(octets(SETUP), octets(b"1121378381199"), octets(IMPORT), u32(5), octets(VOLTAGE), u16(2301)),
        RAW,
    ),
    "empty places between": (structure(octets(IMPORT), u32(5), NULL, NULL, octets(VOLTAGE), u16(2301), NULL), RAW),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_values_are_found_however_they_are_laid_out(name):
    body, expected = LAYOUTS[name]

    assert values(read(body)) == expected


def test_values_without_a_code_are_counted_and_empty_places_are_not():
    told = read(structure(octets(SETUP), octets(b"1121378381199"), NULL, octets(IMPORT), u32(5)))

    assert told.unnamed == 2


def test_rows_of_a_buffer_carry_their_own_time():
    body = structure(
        array(descriptor(8, CLOCK), descriptor(3, IMPORT)),
        array(structure(stamp(NOON), u32(5)), structure(stamp(NOON), u32(6))),
    )

    told = read(body)

    energies = [reading for reading in told.readings if reading.obis.octets == IMPORT]
    assert [(reading.value, reading.at.text()) for reading in energies] == [
        (5, "2026-11-21T12:00:00+00:00"),
        (6, "2026-11-21T12:00:00+00:00"),
    ]


@pytest.mark.parametrize("more", [(), (u16(0),)])
def test_descriptors_that_do_not_fit_their_values_name_none(more):
    told = read(structure(array(*(descriptor(3, code, 2, *more) for code in (IMPORT, VOLTAGE))), u32(5)))

    assert (told.readings, told.unnamed) == ((), 2)


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        (b"\x00", None),
        (b"\x09\x00", None),
        (b"\x0c" + SENT, SENT),
        (b"\x09\x0c" + SENT, SENT),
        (b"\x01\x0c" + SENT, SENT),
        (b"\x19" + SENT, SENT),
        (b"\x0c" + bytes.fromhex("07e60b03ff0f2619ffff4cff"), bytes.fromhex("07e60b03ff0f2619ffff4cff")),
        (b"\x0c" + b"\xff" * 9 + b"\x80\x00\xff", b"\xff" * 9 + b"\x80\x00\xff"),
        (b"\x0c" + bytes(12), None),
    ],
)
def test_the_time_may_be_written_in_many_ways(date, sent):
    told = read(structure(octets(IMPORT), u32(5)), date=date)

    assert (told.sent_at.encode() if told.sent_at else None) == sent
    assert values(told) == RAW[:1]


@pytest.mark.parametrize("date", [b"\x05" + SENT, b"\x0c" + SENT[:5], b"\x09\x0b" + SENT])
def test_a_time_that_is_none_in_length_is_refused(date):
    with pytest.raises(Undecodable):
        read(structure(u8(1)), date=date)


class TestHabits:
    """What is not A-XDR, and is read nevertheless."""

    HEAD = b"\x0f\x40\x00\x00\x00\x00"

    def test_a_code_tagged_the_wrong_way_round(self):
        body = b"\x02\x04\x06\x09" + IMPORT + b"\x06\x00\x00\x00\x05" + b"\x06\x09" + VOLTAGE + b"\x12\x08\xfd"

        assert values(notification.parse(self.HEAD + body, ())) == RAW

    @pytest.mark.parametrize("index", [b"", b"\x00\x00"])
    @pytest.mark.parametrize(("count", "is_counted"), [(2, False), (4, True)])
    def test_descriptors_without_tags_before_their_values(self, index, count, is_counted):
        body = (
            bytes([0x02, count])
            + b"\x00\x03" + IMPORT + b"\x02" + index + b"\x06\x00\x00\x00\x05"
            + b"\x00\x03" + VOLTAGE + b"\x02" + index + b"\x12\x08\xfd"
        )  # fmt: skip

        assert values(notification.parse(self.HEAD + body, ())) == RAW

    def test_descriptors_without_tags_each_in_a_structure_with_scaler(self):
        one = b"\x02\x02" + b"\x00\x03" + IMPORT + b"\x02" + b"\x06\x00\x00\x00\x05" + fakes_axdr.encode(KWH)
        other = b"\x02\x02" + b"\x00\x03" + VOLTAGE + b"\x02" + b"\x12\x08\xfd" + fakes_axdr.encode(TENTHS)

        assert values(notification.parse(self.HEAD + b"\x01\x02" + one + other, ())) == NAMED

    def test_a_list_of_descriptors_without_tags_ahead_of_the_values(self):
        listed = b"\x01\x03" + b"".join(
            bytes([0, class_id]) + code + b"\x02" for class_id, code in ((40, SETUP), (3, IMPORT), (3, VOLTAGE))
        )
        body = b"\x02\x03" + listed + b"\x06\x00\x00\x00\x05" + b"\x12\x08\xfd"

        assert values(notification.parse(self.HEAD + body, ())) == RAW

    def test_octets_that_are_merely_damaged_stay_refused(self):
        body = b"\x02\x04\x06\x09" + IMPORT + b"\x06\x00\x00\x00\x05" + b"\x07\x09" + VOLTAGE + b"\x12\x08\xfd"

        with pytest.raises(Undecodable):
            notification.parse(self.HEAD + body, ())


def event(code, value, *, date=b"\x00"):
    return b"\xc2" + date + b"\x00\x01" + code + b"\x02" + fakes_axdr.encode(value)


@pytest.mark.parametrize("date", [b"\x00", b"\x09\x0c" + SENT, b"\x01\x0c" + SENT])
def test_the_last_gasp_of_an_event_notification(date):
    told = notification.parse(event(LAST_GASP, octets(b"KA6P005039021110"), date=date), ())

    assert (told.event.kind, told.event.value, told.sender) == (
        EventKind.LAST_GASP,
        "KA6P005039021110",
        "KA6P005039021110",
    )


def test_any_other_event_keeps_its_code_and_value():
    told = notification.parse(event(IMPORT, u32(77)), ())

    assert (told.event.kind, str(told.event.obis), told.event.value) == (EventKind.OTHER, "1.0.1.8.0.255", 77)


@pytest.mark.parametrize(
    ("setup", "registers", "kind", "codes"),
    [
        (SETUP, (), EventKind.WAKE_UP, []),
        (ALARM_SETUP, (1,), EventKind.OTHER, ["0.0.97.98.0.255"]),
        (ALARM_SETUP, (0x80000000, 1), EventKind.OTHER, ["0.0.97.98.0.255", "0.0.97.98.1.255"]),
        (LAST_GASP_SETUP, (1,), EventKind.LAST_GASP, ["0.0.97.98.2.255"]),
        (LAST_GASP_SETUP, (2,), EventKind.OTHER, ["0.0.97.98.2.255"]),
    ],
)
def test_an_alarm_of_a_dutch_meter_is_told_by_its_setup_and_registers(setup, registers, kind, codes):
    told = read(structure(octets(EQUIPMENT), octets(setup), *map(u32, registers)), date=b"\x00")

    assert (told.event.kind, told.sender) == (kind, EQUIPMENT.decode())
    assert [str(reading.obis) for reading in told.readings] == ["0.0.96.1.1.255", *codes]


@pytest.mark.parametrize("apdu", [b"", b"\xc4\x01", b"\xc2", b"\xc2\x00\x00\x01", b"\x0f\x00"])
def test_what_is_no_notification_is_refused(apdu):
    assert not notification.looks_right(apdu)
    with pytest.raises(Undecodable):
        notification.parse(apdu, ())


@pytest.mark.parametrize(
    "body",
    [
        bytes.fromhex("01830186a0") + b"\x00" * 100_000,  # an array of nulls
        bytes.fromhex("01827530") + bytes.fromhex("0201 00") * 30_000,
        bytes.fromhex("130384") + (60_000).to_bytes(4, "big") + bytes(60_000),  # a compact array of booleans
        bytes.fromhex("020104830ea600") + bytes(120_000),  # a bit-string of 960,000 bits
    ],
    ids=["nulls", "structures", "booleans", "bits"],
)
def test_more_values_than_any_meter_sends_are_refused_before_they_cost_time(body):
    with pytest.raises(Undecodable, match="more of them than anybody sends"):
        notification.parse(bytes.fromhex("0f0000000100") + body, ())
