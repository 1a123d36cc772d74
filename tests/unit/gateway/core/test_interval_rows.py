"""What each period used, from what the meter stored."""

from datetime import timedelta

import pytest

from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.profile_generic import rows as whole_rows
from gateway.core.interval_rows import Captured, interval_rows
from gateway.core.reading import IntervalStatus
from tests.builders_meter import a_profile
from tests.fakes_meter import CLOCK, IMPORT, NOON, STATUS, array, octets, scaler_unit, stamp, structure, u8, u16, u32
from wire.units import Quantity

HOUR = timedelta(hours=1)
SCALERS = {IMPORT.sibling(3): scaler_unit(0, 30)}
TOTALS = a_profile().load_profile
PERIODS = a_profile(load_profile={"energy_import_wh": {"obis": "1.0.1.8.0.255", "counts": "period"}}).load_profile


def intervals(*rows, columns=(CLOCK, STATUS, IMPORT), meaning=TOTALS, scalers=SCALERS, **more):
    captured = Captured(columns=columns, period_s=3600, scalers=scalers)
    return interval_rows(whole_rows(array(*rows), columns, 3600), captured, meaning, **more)


def row(hour, total, status=0):
    return structure(stamp(NOON + hour * HOUR), u8(status), u32(total))


def used(rows):
    return [interval.value(Quantity.ENERGY_IMPORT_WH) for interval in rows]


def test_running_totals_become_what_each_hour_used():
    found = intervals(row(0, 1_000), row(1, 1_200), row(2, 1_650))

    assert used(found) == [None, 200, 450]
    assert [interval.starts_at for interval in found] == [NOON - HOUR, NOON, NOON + HOUR]
    assert {interval.period_s for interval in found} == {3600}


def test_periods_stay_what_they_are():
    assert used(intervals(row(0, 1_000), row(1, 1_200), meaning=PERIODS)) == [1_000, 1_200]


def test_nothing_is_told_across_a_gap():
    assert used(intervals(row(0, 1_000), row(1, 1_200), row(3, 1_900), row(4, 2_000))) == [None, 200, None, 100]


def test_rows_come_out_in_times_order():
    found = intervals(row(2, 1_650), row(0, 1_000), row(1, 1_200))

    assert [interval.ends_at for interval in found] == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert used(found) == [None, 200, 450]


@pytest.mark.parametrize("turned", [1, -1], ids=["oldest first", "newest first"])
def test_where_the_clock_was_set_back_each_stretch_is_reckoned_by_itself(turned):
    first_stretch = [row(0, 1_000), row(1, 1_100), row(2, 1_200), row(3, 1_300)]
    after_it_was_set = [row(2, 1_350), row(3, 1_450), row(4, 1_550)]

    found = intervals(*[*first_stretch, *after_it_was_set][::turned])

    told = sorted((interval.ends_at, interval.value(Quantity.ENERGY_IMPORT_WH) or 0) for interval in found)
    assert told == [
        (NOON, 0),
        (NOON + HOUR, 100),
        (NOON + 2 * HOUR, 0),
        (NOON + 2 * HOUR, 100),
        (NOON + 3 * HOUR, 100),
        (NOON + 3 * HOUR, 100),
        (NOON + 4 * HOUR, 100),
    ]


def test_a_total_that_went_back_is_told_as_it_is():
    assert used(intervals(row(0, 1_000), row(1, 900))) == [None, -100]


@pytest.mark.parametrize(
    ("before", "after", "used_wh"),
    [
        (2**32 - 100, 150, 250),
        (2**32 - 1, 0, 1),
        (99_999_900, 150, 250),
        (999_999_999, 0, 1),
        (99_990, 10, 20),
        (99_999, 2_000, -97_999),
        (98_999, 10, -98_989),
        (9_999, 1, -9_998),
        (2**32 - 100, 2**31, 2**31 - 2**32 + 100),
    ],
    ids=["32 bits", "its last step", "8 digits", "9 digits", "5 digits", "too far", "too soon", "4 digits", "half way"],
)
def test_a_total_rolls_over_at_its_types_end_or_all_nines_and_nowhere_else(before, after, used_wh):
    assert used(intervals(row(0, before), row(1, after))) == [None, used_wh]


def test_a_register_rolls_over_in_its_own_steps():
    kilowatt_hours = {IMPORT.sibling(3): scaler_unit(3, 30)}

    assert used(intervals(row(0, 99_999), row(1, 1), scalers=kilowatt_hours)) == [None, 2_000]


def test_a_signed_total_never_rolls_over():
    cell = Data(DataType.DOUBLE_LONG, 99_999)

    found = intervals(structure(stamp(NOON), u8(0), cell), structure(stamp(NOON + HOUR), u8(0), u32(1)))

    assert used(found) == [None, -99_998]


def test_the_meters_remarks_travel_with_the_row():
    (interval,) = intervals(row(0, 1_000, status=0b1000_0010))

    assert interval.status == IntervalStatus.POWER_DOWN | IntervalStatus.CLOCK_INVALID


def test_a_clock_that_calls_itself_invalid_marks_the_row():
    invalid = octets(bytes.fromhex("07ea0b15060c000000000001"))

    (interval,) = intervals(structure(invalid, u8(0), u32(1)))

    assert interval.status is IntervalStatus.CLOCK_INVALID


@pytest.mark.parametrize(
    ("bits", "status"),
    [((True,) + (False,) * 7, IntervalStatus.POWER_DOWN), ((False,) * 7 + (True,), IntervalStatus(0))],
)
def test_a_status_may_be_a_bit_string_with_its_highest_bit_first(bits, status):
    (interval,) = intervals(structure(stamp(NOON), Data(DataType.BIT_STRING, bits), u32(1)))

    assert interval.status == status


def test_a_status_of_no_meaning_is_none():
    (interval,) = intervals(structure(stamp(NOON), octets(b"?"), u32(1)))

    assert interval.status == IntervalStatus(0)


def test_a_row_without_a_time_becomes_a_gap():
    no_time = octets(bytes.fromhex("ffffffffffffffffff8000ff"))

    found = intervals(row(0, 1_000), structure(no_time, u8(0), u32(1_100)), row(2, 1_650))

    assert [interval.ends_at for interval in found] == [NOON, NOON + 2 * HOUR]
    assert used(found) == [None, None]


def test_a_profile_without_a_clock_has_no_rows():
    assert intervals(structure(u32(1)), columns=(IMPORT,)) == ()


def test_local_time_of_an_unknown_place_needs_the_profiles_word():
    local = structure(octets(bytes.fromhex("07ea0b15060d0000008000ff")), u8(0), u32(1))

    assert intervals(local) == ()
    assert intervals(local, unspecified_deviation_min=-60)[0].ends_at == NOON


def test_a_cell_the_meter_left_out_is_absent_and_so_is_the_hour_behind_it():
    missing = structure(stamp(NOON + HOUR), u8(0), Data(DataType.DONT_CARE))

    assert used(intervals(row(0, 1_000), missing, row(2, 1_650), row(3, 1_700))) == [None, None, None, 50]


def test_a_column_the_meter_does_not_capture_is_absent():
    found = intervals(structure(stamp(NOON), u8(0)), columns=(CLOCK, STATUS))

    assert found[0].values == ()


def test_a_register_without_a_known_unit_is_absent():
    assert used(intervals(row(0, 1_000), row(1, 1_200), scalers={})) == [None, None]


def test_the_registers_scaler_applies_to_its_column():
    kilo = {IMPORT.sibling(3): scaler_unit(3, 30)}

    assert used(intervals(row(0, 10), row(1, 12), scalers=kilo)) == [None, 2_000]


def test_a_scaler_fixed_by_the_profile_needs_no_register():
    meaning = a_profile(load_profile={"energy_import_wh": {"obis": "1.0.1.8.0.255", "scaler": 1}}).load_profile

    assert used(intervals(row(0, 10), row(1, 12), meaning=meaning, scalers={})) == [None, 20]


def test_summer_times_end_leaves_no_hour_out_and_none_twice():
    hours = [
        stamp(NOON.replace(month=10, day=24, hour=23) + number * HOUR, -120 if number < 2 else -60)
        for number in range(4)
    ]

    found = intervals(*(structure(at, u8(0), u32(100 * number)) for number, at in enumerate(hours)))

    assert used(found) == [None, 100, 100, 100]


def test_null_data_saves_the_line_and_loses_nothing():
    found = intervals(
        row(0, 1_000), structure(NULL, NULL, u32(1_200)), structure(NULL, NULL, Data(DataType.DELTA_UNSIGNED, 50))
    )

    assert used(found) == [None, 200, 50]


def test_a_wide_value_fits():
    wide = structure(stamp(NOON), u16(0), Data(DataType.LONG64_UNSIGNED, 2**40))

    assert used(intervals(wide, meaning=PERIODS)) == [2**40]
