"""What a person sees of a reading that is not all well."""

from datetime import timedelta

from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS
from gateway.core.reading import IntervalRow, IntervalStatus, Reading
from gateway.core.validation import Limits, check_intervals, check_reading
from gateway.reading_report import ReadReport
from tests.builders_meter import a_profile
from tests.fakes_meter import NOON
from wire.units import Quantity

HOUR = timedelta(hours=1)


def row(hour, wh, status=0):
    values = () if wh is None else ((Quantity.ENERGY_IMPORT_WH, wh),)
    return IntervalRow(ends_at=NOON + hour * HOUR, period_s=3_600, status=IntervalStatus(status), values=values)


def report(*rows, clock_at=NOON, without_intervals=""):
    profile = a_profile()
    limits = Limits(supply=profile.supply)
    reading = Reading(
        taken_at=NOON, meter_serial="LMP1", meter_clock_at=clock_at, clock_status=UNSPECIFIED_STATUS, values=()
    )
    return ReadReport(
        port="/dev/meter",
        profile=profile,
        checked=check_reading(reading, None, limits),
        intervals=check_intervals(rows, limits),
        without_intervals=without_intervals,
    )


def test_a_doubtful_hour_stands_in_its_place_with_its_doubt():
    lines = list(report(row(0, 500), row(1, 400, IntervalStatus.POWER_DOWN), row(2, None)).lines())

    assert lines[-3].endswith("500")
    assert lines[-2].endswith("400  power-down")
    assert lines[-1].endswith("-")


def test_missing_hours_are_named():
    lines = list(report(row(0, 500), row(3, 500)).lines())

    assert lines[-1] == "  no rows from 2026-11-21 12:00:00 UTC to 2026-11-21 14:00:00 UTC"


def test_programs_get_the_same_facts():
    facts = report(row(0, 500), row(1, 400, IntervalStatus.POWER_DOWN), row(4, 1)).facts()

    assert [len(facts[name]) for name in ("intervals", "set_aside", "gaps")] == [2, 1, 1]
    assert facts["set_aside"][0]["doubts"][0]["doubt"] == "power-down"
    assert facts["set_aside"][0]["status"] == ["power_down"]


def test_a_clock_that_is_not_set_is_said_in_words():
    told = report(clock_at=None)

    assert any(line.startswith("its clock is not set, or does not say") for line in told.lines())
    assert told.facts()["meter_clock_offset_s"] is None


def test_a_load_profile_that_was_not_had_is_said():
    assert list(report(without_intervals="object-undefined").lines())[-1] == "  no load profile: object-undefined"
