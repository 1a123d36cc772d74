"""Instants as the wire writes them: Unix milliseconds, UTC."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def unix_ms(at: datetime) -> int:
    """The millisecond `at` falls in; an aware instant.

    >>> unix_ms(datetime(2026, 11, 21, 18, 0, tzinfo=UTC))
    1795284000000
    """
    return (at - _EPOCH) // _MILLISECOND


def from_unix_ms(at_ms: int) -> datetime:
    """The aware UTC instant that begins this millisecond."""
    return _EPOCH + at_ms * _MILLISECOND


def duration_ms(duration: timedelta) -> int:
    """Whole milliseconds, never negative: a clock that was set back makes no negative age."""
    return max(duration // _MILLISECOND, 0)
