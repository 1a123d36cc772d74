"""Instants as the wire writes them: whole Unix milliseconds. Inside of the programs they are aware and in UTC.

The one place where either becomes the other, so that no side drops an offset or rounds as the other does not.
"""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NO_OFFSET = timedelta(0)


def unix_ms(at: datetime) -> int:
    """The millisecond `at` falls in, also before 1970; ValueError for a naive or a non-UTC instant.

    >>> unix_ms(datetime(2026, 11, 21, 18, 0, tzinfo=UTC))
    1795284000000
    """
    if at.tzinfo is not UTC and at.utcoffset() != _NO_OFFSET:
        raise ValueError(f"an instant must be aware and in UTC, not {at.isoformat()}")
    return (at - _EPOCH) // _MILLISECOND


def from_unix_ms(at_ms: int) -> datetime:
    """The aware UTC instant that begins this millisecond; OverflowError beyond the years 1 to 9999."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def duration_ms(duration: timedelta) -> int:
    """Whole milliseconds, never negative: a clock that was set back makes no negative age."""
    return max(duration // _MILLISECOND, 0)
