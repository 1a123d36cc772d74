"""Whether to set a meter's clock: the utility's policy, and what no policy may override.

A meter's clock stamps bills, so that the default is to look and never to touch. Where the utility lets the gateway set
it, a small offset is still left alone (a set clock marks the interval), a large one goes to a person (a dead battery, a
wrong zone, somebody at the meter), and a clock is set at most so often. Never is it set by a gateway that does not know
the time itself, nor so that the meter's time leaves the capture period it is in: that would make a period that never
ends or one that comes twice, and energy would stand in the wrong one.

>>> from datetime import UTC, datetime
>>> noon = datetime(2026, 11, 21, 12, 10, tzinfo=UTC)
>>> policy = ClockPolicy(sets=True)
>>> judge(policy, timedelta(seconds=-95), now=noon, period_s=3600, last_set_at=None, own_uncertainty=timedelta())
Verdict(sets=True, reason='')
>>> judge(policy, timedelta(seconds=20), now=noon, period_s=3600, last_set_at=None, own_uncertainty=timedelta()).reason
'it is 20 s off, and up to 60 s are left alone'
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from wire.instants import unix_ms

_BOUNDARY_MARGIN = timedelta(seconds=10)  # for the time the setting itself takes


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """What the utility lets a gateway do; `sets` False: nothing."""

    sets: bool = False
    beyond: timedelta = timedelta(seconds=60)
    up_to: timedelta = timedelta(minutes=15)
    at_most_every: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the clock is to be set, and else why it is not."""

    sets: bool
    reason: str = ""


def judge(
    policy: ClockPolicy,
    offset: timedelta,
    *,
    now: datetime,
    period_s: int,
    last_set_at: datetime | None,
    own_uncertainty: timedelta,
    deviation_min: int = 0,
) -> Verdict:
    """Whether to set a clock that is ahead of ours by `offset` (behind, where negative).

    Args:
        period_s: the capture period of the load profile.
        own_uncertainty: how far the gateway's own clock may be off.
        deviation_min: from the meter's local time to UTC, since a day or an hour of capture begins by its own clock.
    """
    off = abs(offset)
    if not policy.sets:
        return _left("the utility's policy is to leave meters' clocks alone")
    if off <= policy.beyond:
        return _left(
            f"it is {off.total_seconds():.0f} s off, and up to {policy.beyond.total_seconds():.0f} s are left alone"
        )
    if off > policy.up_to:
        return _left(
            f"it is {off.total_seconds():.0f} s off: beyond {policy.up_to.total_seconds():.0f} s a person looks first"
        )
    if own_uncertainty >= policy.beyond:
        return _left("the gateway does not know the time well enough itself")
    if last_set_at is not None and now - last_set_at < policy.at_most_every:
        return _left(f"it was set at {last_set_at:%Y-%m-%d %H:%M} UTC already")
    period = capture_period(now, period_s, deviation_min)
    if capture_period(now + offset, period_s, deviation_min) != period:
        return _left("it would leave the capture period it is in")
    if capture_period(now + _BOUNDARY_MARGIN, period_s, deviation_min) != period:
        return _left("the capture period is about to end")
    return Verdict(sets=True)


def capture_period(at: datetime, period_s: int, deviation_min: int) -> int:
    """The number of the capture period that an instant lies in, by local time `deviation_min` minutes from UTC.

    >>> from datetime import UTC
    >>> half_past = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)  # six o'clock in India, 330 minutes ahead
    >>> capture_period(half_past, 3600, -330) - capture_period(half_past - timedelta(seconds=1), 3600, -330)
    1
    """
    return (unix_ms(at) // 1000 - 60 * deviation_min) // period_s


def _left(reason: str) -> Verdict:
    return Verdict(sets=False, reason=reason)
