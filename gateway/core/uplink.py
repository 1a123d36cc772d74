"""Whether the way to the cloud is gone while the home has supply: a fault of the network, and none of the grid.

    HERE ---away---> AWAY ---past the hold-off, supply sensed all the while---> TOLD: WAN_FAULT, provisional
      ^                |                                                          |
      |<--- here ------+<----------------- here: WAN_FAULT, confirmed ------------+

If the supply sense was away as the uplink fell, or falls within the hold-off, nothing is said of this absence: what may
be one cause is not called two, and the interruption has its own verdict. Once told, it stands until the uplink is back,
whatever the supply does. Without a probe nobody can say what the supply did, and nothing is said.

The verdict is journaled when it is made and reaches the cloud when it is over; that is its use: an hour's silence of a
gateway is then known to have been no outage, or to have hidden one.

>>> from datetime import UTC
>>> def at(s):
...     return datetime(2026, 11, 21, 18, 0, tzinfo=UTC) + timedelta(seconds=s)
>>> state = UplinkState()
>>> for s, up in ((0, True), (60, False), (75, False), (90, False), (600, True)):
...     state, events = step(state, UplinkSeen(up=up, at=at(s)), True, at(s), timedelta(seconds=30))
...     print(s, *(f"{event.cause.name} {event.stage.name}" for event in events))
0
60
75
90 WAN_FAULT PROVISIONAL
600 WAN_FAULT CONFIRMED
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from gateway.core.interruption import Verdict
from wire.events import Evidence, InterruptionAssessed
from wire.instants import duration_ms, unix_ms
from wire.terms import Cause, EvidenceKind, Grade, Stage

WAN_FAULT = Verdict(cause=Cause.WAN_FAULT, stage=Stage.PROVISIONAL, grade=Grade.FAIR)


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkSeen:
    """The cloud's broker lets this gateway speak and listen (`up`), or no longer, since `at`."""

    up: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkState:
    """Since when the uplink is away, whether that may be told of the network, and when it was."""

    away_since: datetime | None = None
    is_excused: bool = False  # the supply sense was away too
    told_at: datetime | None = None

    @property
    def verdict(self) -> Verdict | None:
        """What stands about the uplink, once it was told."""
        return None if self.told_at is None else WAN_FAULT


Step: TypeAlias = tuple[UplinkState, tuple[InterruptionAssessed, ...]]


def step(
    state: UplinkState, seen: UplinkSeen | None, is_supplied: bool | None, now: datetime, hold_off: timedelta
) -> Step:
    """What follows from the uplink as last seen, None before it was tried, and from the supply sense now.

    Args:
        is_supplied: what the probe senses; None while it is not heard.
    """
    if seen is None:
        return state, ()
    if seen.up:
        return _here(state, now)
    since = state.away_since or seen.at
    state = replace(state, away_since=since)
    if state.told_at is not None or state.is_excused:
        return state, ()
    if is_supplied is False:
        return replace(state, is_excused=True), ()
    if is_supplied is None or now - since < hold_off:
        return state, ()
    state = replace(state, told_at=now)
    return state, (_assessed(state, Stage.PROVISIONAL, is_up=False, now=now),)


def _here(state: UplinkState, now: datetime) -> Step:
    if state.told_at is None:
        return UplinkState(), ()
    return UplinkState(), (_assessed(state, Stage.CONFIRMED, is_up=True, now=now),)


def _assessed(state: UplinkState, stage: Stage, *, is_up: bool, now: datetime) -> InterruptionAssessed:
    """The verdict; the supply was sensed when it was first told."""
    assert state.away_since is not None
    sensed_at = state.told_at or now
    uplink_at = now if is_up else state.away_since
    return InterruptionAssessed(
        began_at_ms=unix_ms(state.away_since),
        cause=Cause.WAN_FAULT,
        stage=stage,
        grade=Grade.FAIR,
        evidence=(
            Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=duration_ms(now - sensed_at)),
            Evidence(kind=EvidenceKind.UPLINK, value=int(is_up), age_ms=duration_ms(now - uplink_at)),
        ),
    )
