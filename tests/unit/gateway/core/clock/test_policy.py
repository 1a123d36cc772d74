"""When a meter's clock is set, and when it is left alone."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.clock.policy import ClockPolicy, Verdict, judge

NOON = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)
SETS = ClockPolicy(sets=True)


def judged(offset_s, policy=SETS, now=NOON, last_set_at=None, uncertainty_s=0.0):
    return judge(
        policy,
        timedelta(seconds=offset_s),
        now=now,
        period_s=3600,
        last_set_at=last_set_at,
        own_uncertainty=timedelta(seconds=uncertainty_s),
    )


@pytest.mark.parametrize("offset_s", [61, -61, 300, -599])
def test_a_clock_that_is_off_is_set(offset_s):
    assert judged(offset_s) == Verdict(sets=True)


def test_without_a_policy_no_clock_is_touched():
    assert "policy" in judged(120, ClockPolicy()).reason


@pytest.mark.parametrize(
    ("offset_s", "reason"),
    [(60, "left alone"), (-60, "left alone"), (901, "a person looks"), (-86_400, "a person looks")],
)
def test_little_is_left_alone_and_much_goes_to_a_person(offset_s, reason):
    assert reason in judged(offset_s).reason


def test_who_does_not_know_the_time_sets_no_clock():
    assert "time well enough" in judged(120, uncertainty_s=60).reason


@pytest.mark.parametrize(("hours_ago", "sets"), [(23, False), (24, True)])
def test_a_clock_is_set_once_a_day_at_most(hours_ago, sets):
    assert judged(120, last_set_at=NOON - timedelta(hours=hours_ago)).sets is sets


@pytest.mark.parametrize(("minute", "offset_s"), [(58, 125), (1, -125)])
def test_no_clock_is_taken_into_another_capture_period(minute, offset_s):
    assert "leave the capture period" in judged(offset_s, now=NOON.replace(minute=minute)).reason


def test_no_clock_is_set_as_a_capture_period_ends():
    assert "about to end" in judged(-120, now=NOON.replace(minute=59, second=55)).reason


def test_an_hour_of_capture_begins_by_the_meters_own_clock():
    judged_in_india = judge(
        SETS,
        timedelta(seconds=125),
        now=NOON.replace(minute=28),
        period_s=3600,
        last_set_at=None,
        own_uncertainty=timedelta(),
        deviation_min=-330,
    )

    assert "leave the capture period" in judged_in_india.reason
