"""Rows of a profile: whole, whatever the meter left out."""

import pytest

from gateway.core.dlms import axdr
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.profile_generic import CLOCK, MAX_COLUMNS, capture_objects, rows
from gateway.core.errors import Undecodable
from tests.fakes_meter import IMPORT, STATUS, array, capture_object, octets, structure, u8, u16, u32

COLUMNS = (CLOCK, STATUS, IMPORT)
NINE_IN_BERLIN = bytes.fromhex("07ea0b1506090000ffffc400")


def test_columns_are_named_by_the_meter():
    data = array(*(capture_object(column) for column in COLUMNS))

    assert capture_objects(data) == COLUMNS


@pytest.mark.parametrize(
    "data",
    [
        array(),
        u8(1),
        array(structure(u16(8), octets(CLOCK.obis.octets))),
        array(structure(u16(8), octets(b"\x01"), Data(DataType.INTEGER, 2), u16(0))),
        array(*[capture_object(CLOCK)] * (MAX_COLUMNS + 1)),
    ],
)
def test_columns_that_make_no_sense_are_refused(data):
    with pytest.raises(Undecodable):
        capture_objects(data)


def test_a_row_that_leaves_nothing_out_stays_as_it_is():
    row = (octets(NINE_IN_BERLIN), u8(0), u32(100))

    assert rows(array(structure(*row)), COLUMNS, 3600) == (row,)


def test_null_data_stands_for_the_value_before_and_no_column_is_lost():
    buffer = array(structure(octets(NINE_IN_BERLIN), u8(8), u32(100)), structure(NULL, NULL, NULL))

    (_, second) = rows(buffer, COLUMNS, 3600)

    assert len(second) == 3
    assert second[1:] == (u8(8), u32(100))


def test_null_data_in_the_clock_column_is_one_period_later_in_the_same_local_time():
    buffer = array(structure(octets(NINE_IN_BERLIN), u8(0), u32(1)), *[structure(NULL, NULL, u32(2))] * 2)

    clocks = [row[0].date_time().text() for row in rows(buffer, COLUMNS, 3600)]

    assert clocks == ["2026-11-21T09:00:00+01:00", "2026-11-21T10:00:00+01:00", "2026-11-21T11:00:00+01:00"]


def test_a_clock_the_meter_tells_again_is_counted_on_from_there():
    told_again = octets(bytes.fromhex("07ea0b15060c0000ffffc400"))
    buffer = array(
        structure(octets(NINE_IN_BERLIN)), structure(NULL), structure(told_again), structure(NULL), structure(NULL)
    )

    clocks = [row[0].date_time().text() for row in rows(buffer, (CLOCK,), 3600)]

    assert [clock[11:16] for clock in clocks] == ["09:00", "10:00", "12:00", "13:00", "14:00"]


def test_a_clock_counted_on_keeps_its_status():
    summer_and_doubtful = bytes.fromhex("07ea0615060900 00ffff8882".replace(" ", ""))

    (_, second) = rows(array(structure(octets(summer_and_doubtful)), structure(NULL)), (CLOCK,), 900)

    assert second[0].date_time().status.octet == 0x82


@pytest.mark.parametrize("period_s", [2**32, 2**64])
def test_a_clock_is_not_counted_beyond_the_calendar(period_s):
    last_day = octets(bytes.fromhex("270f0c1fff170000 00000000".replace(" ", "")))

    with pytest.raises(Undecodable, match="9999"):
        rows(array(structure(last_day), structure(NULL)), (CLOCK,), period_s)


def test_a_clock_without_deviation_stays_without():
    local = bytes.fromhex("07ea0b15061700 00ff8000ff".replace(" ", ""))
    buffer = array(structure(octets(local), u8(0), u32(1)), structure(NULL, NULL, u32(2)))

    assert [row[0].date_time().text() for row in rows(buffer, COLUMNS, 3600)] == [
        "2026-11-21T23:00:00",
        "2026-11-22T00:00:00",
    ]


def test_a_clock_that_tells_summer_time_by_its_status_alone_is_counted_on_from_what_it_shows():
    summer_afternoon = bytes.fromhex("07ea0715030e000000800080")

    (_, second) = rows(array(structure(octets(summer_afternoon)), structure(NULL)), (CLOCK,), 900)

    assert second[0].date_time().text() == "2026-07-21T14:15:00"
    assert second[0].date_time().status.is_daylight_saving


def test_differences_add_up_on_the_value_before():
    first = structure(octets(NINE_IN_BERLIN), u8(0), u32(100))
    up, down = Data(DataType.DELTA_UNSIGNED, 200), Data(DataType.DELTA_INTEGER, -50)
    buffer = array(first, structure(NULL, NULL, up), structure(NULL, NULL, down))

    assert [row[2] for row in rows(buffer, COLUMNS, 3600)] == [u32(100), u32(300), u32(250)]


def test_what_the_first_row_leaves_out_stays_unsaid():
    (row,) = rows(array(structure(NULL, NULL, NULL)), COLUMNS, 3600)

    assert row == (NULL, NULL, NULL)


def test_a_difference_to_nothing_is_refused():
    buffer = array(structure(octets(NINE_IN_BERLIN), u8(0), Data(DataType.DELTA_INTEGER, 1)))

    with pytest.raises(Undecodable, match="whole number"):
        rows(buffer, COLUMNS, 3600)


@pytest.mark.parametrize("cells", [2, 4])
def test_a_row_of_another_width_is_refused(cells):
    with pytest.raises(Undecodable, match=f"{cells} cells"):
        rows(array(structure(*[u8(0)] * cells)), COLUMNS, 3600)


def test_a_compact_array_is_rows_as_well():
    compact = bytes.fromhex("13 02 03 09 11 06 24 0c") + NINE_IN_BERLIN + bytes.fromhex("00 00000064 0c")
    compact += NINE_IN_BERLIN + bytes.fromhex("08 000000c8")

    found = rows(axdr.decode(compact), COLUMNS, 3600)

    assert [row[1:] for row in found] == [(u8(0), u32(100)), (u8(8), u32(200))]


def test_only_the_clock_column_counts_on():
    other_clock = Attribute(class_id=8, obis=Obis.parse("0.0.1.0.1.255"), index=2)
    buffer = array(structure(octets(NINE_IN_BERLIN)), structure(NULL))

    assert rows(buffer, (other_clock,), 3600)[1] == (octets(NINE_IN_BERLIN),)
