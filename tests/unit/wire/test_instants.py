"""Instants and Unix milliseconds: one way each, nothing dropped in silence."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.instants import duration_ms, from_unix_ms, unix_ms

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(st.integers(min_value=-(2**45), max_value=2**47))
def test_every_millisecond_comes_back_as_it_went_in(at_ms: int) -> None:
    assert unix_ms(from_unix_ms(at_ms)) == at_ms


@pytest.mark.parametrize(("microseconds", "at_ms"), [(1_999, 1), (0, 0), (-1, -1)])
def test_an_instant_falls_in_the_millisecond_that_began_before_it(microseconds: int, at_ms: int) -> None:
    assert unix_ms(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)) == at_ms


@pytest.mark.parametrize("at", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=-3)))])
def test_an_instant_that_is_not_in_utc_is_refused(at: datetime) -> None:
    with pytest.raises(ValueError, match="in UTC"):
        unix_ms(at)


def test_no_instant_is_made_of_a_number_beyond_the_calendar() -> None:
    with pytest.raises(OverflowError):
        from_unix_ms(2**60)


def test_a_clock_that_was_set_back_makes_no_negative_duration() -> None:
    assert duration_ms(timedelta(seconds=-1)) == 0
    assert duration_ms(timedelta(seconds=1, microseconds=1_999)) == 1_001
