"""What may be doubted about a reading, and what may not."""

from datetime import timedelta

import pytest

from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS, ClockStatus
from gateway.core.profile_settings import SupplySettings
from gateway.core.reading import Doubt, Finding, IntervalGap, IntervalRow, IntervalStatus, Reading
from gateway.core.validation import Limits, check_intervals, check_reading
from tests.fakes_meter import NOON
from wire.units import Quantity

IMPORT, EXPORT = Quantity.ENERGY_IMPORT_WH, Quantity.ENERGY_EXPORT_WH
HOUR = timedelta(hours=1)
NO_REMARK = IntervalStatus(0)
LIMITS = Limits(supply=SupplySettings(nominal_mv=230_000, band_percent=10, fuse_rating_a=63, phases=1))
MOST_IN_AN_HOUR_WH = 26_502  # 253 V x 63 A x 1.6, and 1 kWh for the register's step


def reading(at=NOON, serial="LMP1", clock_at=NOON, status=UNSPECIFIED_STATUS, **values):
    return Reading(
        taken_at=at,
        meter_serial=serial,
        meter_clock_at=clock_at,
        clock_status=status,
        values=tuple((Quantity[name.upper()], value) for name, value in values.items()),
    )


def later(**values):
    return reading(at=NOON + HOUR, clock_at=NOON + HOUR, **values)


def doubts(checked):
    return [(finding.doubt, finding.quantity) for finding in checked.findings]


def row(hour, wh=500, status=NO_REMARK, period_s=3600):
    return IntervalRow(ends_at=NOON + hour * HOUR, period_s=period_s, status=status, values=((IMPORT, wh),))


class TestReadings:
    def test_a_first_reading_that_is_plausible_is_not_doubted(self):
        assert check_reading(reading(energy_import_wh=0, voltage_l1_mv=230_000), None, LIMITS).findings == ()

    def test_a_counter_may_stand_still_and_may_not_go_back(self):
        before = reading(energy_import_wh=1_000)

        assert doubts(check_reading(later(energy_import_wh=1_000), before, LIMITS)) == []
        assert check_reading(later(energy_import_wh=999), before, LIMITS).findings == (
            Finding(doubt=Doubt.COUNTER_BACKWARDS, quantity=IMPORT, observed=999, allowed=1_000),
        )

    def test_the_count_of_power_failures_may_not_go_back_either(self):
        checked = check_reading(later(power_failures=2), reading(power_failures=3), LIMITS)

        assert doubts(checked) == [(Doubt.COUNTER_BACKWARDS, Quantity.POWER_FAILURES)]

    @pytest.mark.parametrize(("used", "findings"), [(MOST_IN_AN_HOUR_WH, 0), (MOST_IN_AN_HOUR_WH + 1, 1)])
    def test_no_more_can_have_passed_than_the_main_fuse_lets_through(self, used, findings):
        checked = check_reading(later(energy_export_wh=used), reading(energy_export_wh=0), LIMITS)

        assert doubts(checked) == [(Doubt.COUNTER_JUMP, EXPORT)] * findings

    def test_a_register_that_steps_in_whole_kilowatt_hours_is_believed(self):
        before = reading(energy_import_wh=1_000)
        a_moment_later = reading(at=NOON + timedelta(seconds=1), energy_import_wh=2_000)

        assert check_reading(a_moment_later, before, LIMITS).findings == ()

    def test_a_clock_of_ours_that_was_set_back_makes_no_jump_of_a_step(self):
        before = reading(at=NOON + HOUR, clock_at=NOON + HOUR, energy_import_wh=1_000)

        assert check_reading(reading(energy_import_wh=1_500), before, LIMITS).findings == ()

    def test_what_was_not_told_before_or_is_not_told_now_is_not_compared(self):
        assert check_reading(later(energy_import_wh=5), reading(), LIMITS).findings == ()
        assert check_reading(later(), reading(energy_import_wh=5), LIMITS).findings == ()

    def test_another_meter_is_noticed_and_its_counters_are_not_compared(self):
        checked = check_reading(later(serial="LMP2", energy_import_wh=0), reading(energy_import_wh=9_999), LIMITS)

        assert doubts(checked) == [(Doubt.METER_SERIAL_CHANGED, None)]
        assert checked.usable == ()

    @pytest.mark.parametrize(("offset_s", "findings"), [(60, 0), (-60, 0), (61, 1), (-61, 1)])
    def test_a_meters_clock_may_be_a_minute_off(self, offset_s, findings):
        checked = check_reading(reading(clock_at=NOON + timedelta(seconds=offset_s)), None, LIMITS)

        assert [finding.observed for finding in checked.findings] == [offset_s] * findings

    @pytest.mark.parametrize("octet", [0x01, 0x02, 0x08])
    def test_a_clock_that_doubts_itself_is_doubted(self, octet):
        checked = check_reading(reading(status=ClockStatus(octet=octet)), None, LIMITS)

        assert doubts(checked) == [(Doubt.METER_CLOCK_DOUBTFUL, None)]

    def test_a_clock_that_is_not_set_is_doubted_and_summer_time_is_not(self):
        assert doubts(check_reading(reading(clock_at=None), None, LIMITS)) == [(Doubt.METER_CLOCK_DOUBTFUL, None)]
        assert check_reading(reading(status=ClockStatus(octet=0x80)), None, LIMITS).findings == ()

    @pytest.mark.parametrize(
        ("values", "found"),
        [
            ({"voltage_l1_mv": 0}, []),
            ({"voltage_l1_mv": 460_000}, []),
            ({"voltage_l1_mv": 460_001}, [(Doubt.VOLTAGE_IMPLAUSIBLE, Quantity.VOLTAGE_L1_MV)]),
            ({"voltage_l2_mv": -1}, [(Doubt.VOLTAGE_IMPLAUSIBLE, Quantity.VOLTAGE_L2_MV)]),
            ({"power_import_w": 15_939}, []),
            ({"power_import_w": 30_000}, [(Doubt.POWER_IMPLAUSIBLE, Quantity.POWER_IMPORT_W)]),
            ({"energy_import_wh": -1}, [(Doubt.COUNTER_BACKWARDS, IMPORT)]),
        ],
    )
    def test_what_cannot_be_is_doubted_on_the_first_reading(self, values, found):
        assert doubts(check_reading(reading(**values), None, LIMITS)) == found

    def test_an_outage_is_no_reason_for_doubt(self):
        assert check_reading(reading(voltage_l1_mv=0, power_import_w=0), None, LIMITS).findings == ()


class TestRollover:
    @pytest.mark.parametrize("size", [10**8, 10**9, 2**32])
    def test_a_register_that_passed_its_last_digit_is_told_from_one_that_went_back(self, size):
        before = reading(energy_import_wh=size - 300, energy_export_wh=size // 2)

        checked = check_reading(later(energy_import_wh=200, energy_export_wh=0), before, LIMITS)

        assert doubts(checked) == [(Doubt.COUNTER_ROLLED_OVER, IMPORT), (Doubt.COUNTER_BACKWARDS, EXPORT)]

    def test_so_is_a_counter_of_failures(self):
        checked = check_reading(later(power_failures=1), reading(power_failures=65_535), LIMITS)

        assert doubts(checked) == [(Doubt.COUNTER_ROLLED_OVER, Quantity.POWER_FAILURES)]

    def test_more_than_can_have_passed_is_no_rollover(self):
        before = reading(energy_import_wh=10**8 - 300)

        checked = check_reading(later(energy_import_wh=MOST_IN_AN_HOUR_WH), before, LIMITS)

        assert doubts(checked) == [(Doubt.COUNTER_BACKWARDS, IMPORT)]

    def test_what_a_period_used_across_a_rollover_is_made_right_and_told(self):
        across = row(1, wh=500 - 10**8)

        checked = check_intervals([row(0), across, row(2)], LIMITS)

        assert checked.usable == (row(0), row(1, wh=500), row(2))
        assert checked.set_aside == ()
        assert checked.rolled_over == (
            (
                row(1, wh=500),
                (Finding(doubt=Doubt.COUNTER_ROLLED_OVER, quantity=IMPORT, observed=500 - 10**8, allowed=10**8),),
            ),
        )

    def test_a_period_that_is_set_aside_for_another_reason_stays_so(self):
        across = row(1, wh=500 - 10**8, status=IntervalStatus.CLOCK_INVALID)

        checked = check_intervals([across], LIMITS)

        assert checked.usable == checked.rolled_over == ()
        assert [finding.doubt for _, findings in checked.set_aside for finding in findings] == [Doubt.CLOCK_INVALID]


class TestIntervals:
    def test_an_unbroken_day_is_used_whole(self):
        rows = [row(hour) for hour in range(24)]

        checked = check_intervals(reversed(rows), LIMITS)

        assert checked.usable == tuple(rows)
        assert (checked.set_aside, checked.gaps) == ((), ())

    @pytest.mark.parametrize(
        ("status", "doubt"),
        [
            (IntervalStatus.POWER_DOWN, Doubt.POWER_DOWN),
            (IntervalStatus.CLOCK_INVALID, Doubt.CLOCK_INVALID),
            (IntervalStatus.CLOCK_ADJUSTED, Doubt.CLOCK_ADJUSTED),
            (IntervalStatus.DATA_INVALID, Doubt.DATA_INVALID),
            (IntervalStatus.CRITICAL_ERROR, Doubt.DATA_INVALID),
        ],
    )
    def test_a_row_the_meter_itself_remarks_on_is_set_aside_with_the_remark(self, status, doubt):
        checked = check_intervals([row(0), row(1, status=status), row(2)], LIMITS)

        assert checked.usable == (row(0), row(2))
        assert checked.set_aside == ((row(1, status=status), (Finding(doubt=doubt),)),)
        assert checked.gaps == ()

    def test_summer_time_is_no_remark(self):
        summer = row(0, status=IntervalStatus.DAYLIGHT_SAVING)

        assert check_intervals([summer], LIMITS).usable == (summer,)

    def test_a_missing_hour_is_a_gap_and_no_row(self):
        checked = check_intervals([row(0), row(3)], LIMITS)

        assert checked.gaps == (IntervalGap(starts_at=NOON, ends_at=NOON + 2 * HOUR),)
        assert len(checked.usable) == 2

    def test_an_hour_told_twice_is_used_once(self):
        checked = check_intervals([row(0), row(0, wh=900), row(1)], LIMITS)

        assert checked.usable == (row(0), row(1))
        assert [findings[0].doubt for _, findings in checked.set_aside] == [Doubt.DUPLICATE_INTERVAL]

    def test_periods_that_overlap_are_not_added_up(self):
        quarter_past = IntervalRow(
            ends_at=NOON + timedelta(minutes=15), period_s=3600, status=IntervalStatus(0), values=()
        )

        checked = check_intervals([row(0), quarter_past], LIMITS)

        assert [findings[0].doubt for _, findings in checked.set_aside] == [Doubt.OVERLAPPING_INTERVAL]

    @pytest.mark.parametrize(
        ("wh", "found"),
        [
            (0, []),
            (MOST_IN_AN_HOUR_WH, []),
            (MOST_IN_AN_HOUR_WH + 1, [Doubt.COUNTER_JUMP]),
            (-1, [Doubt.COUNTER_BACKWARDS]),
        ],
    )
    def test_an_hour_has_its_bounds(self, wh, found):
        checked = check_intervals([row(0, wh=wh)], LIMITS)

        assert [finding.doubt for _, findings in checked.set_aside for finding in findings] == found

    def test_no_rows_are_no_gap(self):
        checked = check_intervals([], LIMITS)

        assert (checked.usable, checked.set_aside, checked.gaps) == ((), (), ())
