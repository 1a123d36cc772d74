"""The story's clock is the same in every process, and an unset clock stops a program."""

from datetime import UTC, datetime, timedelta

import pytest

from runtime.clock import BUILD_FLOOR, StoryClock, SystemClock, check_clock_is_set, clock_from_environment
from runtime.errors import EnvironmentRefused, SettingsError

T0 = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)


def test_ten_minutes_of_story_pass_in_one_minute_at_rate_ten():
    clock = StoryClock(t0=T0, w0=500.0, rate=10)

    assert clock.at(560.0) == T0 + timedelta(minutes=10)
    assert clock.wall_seconds(600) == 60


def test_a_clock_handed_on_as_text_tells_the_same_time():
    clock = StoryClock(t0=T0, w0=1_795_000_000.123456, rate=2.5)

    assert StoryClock.parse(clock.text()) == clock


def test_the_environment_decides_which_clock_runs(monkeypatch):
    monkeypatch.setenv("LAMPLIGHT_STORY", StoryClock(t0=T0, w0=0, rate=1).text())
    story = clock_from_environment()
    monkeypatch.delenv("LAMPLIGHT_STORY")
    system = clock_from_environment()

    assert isinstance(story, StoryClock)
    assert isinstance(system, SystemClock)
    assert system.now().tzinfo is UTC
    assert system.wall_seconds(3) == 3


@pytest.mark.parametrize("w0", ["nan", "inf", "1e308", "-9e18", "9e18", "-3e11", "7e10"])
def test_a_story_that_leaves_the_calendar_is_refused(w0):
    with pytest.raises(SettingsError, match="LAMPLIGHT_STORY"):
        StoryClock.parse(f"{T0.isoformat()};{w0};1")


@pytest.mark.parametrize(
    "text", ["yesterday", "2026-11-21T18:00;0;1", f"{T0.isoformat()};0;0", f"{T0.isoformat()};0;11", "a;b;c", ";;"]
)
def test_a_story_that_cannot_be_read_is_refused(text):
    with pytest.raises(SettingsError, match="LAMPLIGHT_STORY"):
        StoryClock.parse(text)


def test_a_clock_before_the_build_was_never_set():
    unset = StoryClock(t0=datetime(1970, 1, 1, tzinfo=UTC), w0=0, rate=1e-9)
    just_set = StoryClock(t0=BUILD_FLOOR, w0=0, rate=1e-9)

    with pytest.raises(EnvironmentRefused, match="clock"):
        check_clock_is_set(unset)
    check_clock_is_set(just_set)
