"""Is the power on? The one question the page answers first, from what is held of the home and how old it is.

Silence proves nothing. "On" needs a voltage that this home's own meter read a short while ago, "out" an open case with
evidence; between the two stand "lost, being verified" and "back, being verified". Whatever is older than `fresh_for`
is told as what was known then, never as what is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cloud.kernel.ids import EventId
from cloud.outages.model import UNPROVEN, Case, Phase, State
from cloud.readings.store import RegisterReading
from wire.events import EvidenceKind, Grade
from wire.units import VOLTAGES

_LIVE_MV: Final = 90_000  # far below any mains in band, far above what a dead line shows; the gateway judges the band


class Standing(StrEnum):
    """What can be said of a home's power now."""

    ON = "on"
    OUT = "out"
    LOST = "lost"  # supply sense fell, no verdict yet
    RETURNING = "returning"  # a case is open, and something already speaks for its end
    LOW = "low"  # the meter reads next to nothing, and nothing was reported lost
    STALE = "stale"  # it was on when last heard, too long ago to say that it is
    UNHEARD = "unheard"  # nothing was ever heard that could say


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """The answer: what stands, since when, on which events it rests, and of when these are.

    `voltage_mv` is the lowest phase that was read, where a reading is the proof; `case` the open case, or the one whose
    proven end is the newest evidence.
    """

    standing: Standing
    since: datetime | None = None
    proven_by: tuple[EventId, ...] = ()
    as_of: datetime | None = None
    voltage_mv: int | None = None
    case: Case | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A voltage the meter read: its lowest phase, when, and the event that says so."""

    voltage_mv: int
    at: datetime
    source: EventId


def supply_of(state: State, registers: Sequence[RegisterReading], now: datetime, *, fresh_for: timedelta) -> Supply:
    """What can be said of a home's power at `now`, from its case book and its meter's latest registers."""
    sighting = _sighting(registers)
    if state.open_case is not None:
        return _in_the_dark(state.open_case, sighting)
    if state.phase is Phase.SUSPECTED and state.suspicion is not None:
        held = state.suspicion
        return Supply(standing=Standing.LOST, since=held.began_at, proven_by=(held.by,), as_of=held.began_at)
    return _supplied(state.case, sighting, now, fresh_for)


def _in_the_dark(case: Case, sighting: Sighting | None) -> Supply:
    if sighting is not None and sighting.voltage_mv >= _LIVE_MV and sighting.at > case.latest_loss_at:
        return Supply(
            standing=Standing.RETURNING,
            since=case.began_at,
            proven_by=(sighting.source,),
            as_of=sighting.at,
            voltage_mv=sighting.voltage_mv,
            case=case,
        )
    is_back = any(item.kind is EvidenceKind.SUPPLY_SENSE and item.value for item in case.evidence)
    is_doubted = case.attention == UNPROVEN
    return Supply(
        standing=Standing.RETURNING if is_back or is_doubted else Standing.OUT,
        since=case.began_at,
        proven_by=(case.sources[-1] if is_doubted else case.verdict_by,),
        as_of=case.verdict_at,
        case=case,
    )


def _supplied(case: Case | None, sighting: Sighting | None, now: datetime, fresh_for: timedelta) -> Supply:
    seen = [] if sighting is None else [_by_reading(sighting)]
    if case is not None and case.returned is not None:
        seen.append(_on_by_return(case))
    if not seen:
        return Supply(standing=Standing.UNHEARD)
    newest = max(seen, key=lambda supply: supply.as_of or now)
    assert newest.as_of is not None, "both kinds of sighting have an instant"
    if now - newest.as_of <= fresh_for:
        return newest
    return Supply(standing=Standing.STALE, proven_by=newest.proven_by, as_of=newest.as_of, voltage_mv=newest.voltage_mv)


def _by_reading(sighting: Sighting) -> Supply:
    standing = Standing.ON if sighting.voltage_mv >= _LIVE_MV else Standing.LOW
    return Supply(standing=standing, proven_by=(sighting.source,), as_of=sighting.at, voltage_mv=sighting.voltage_mv)


def _on_by_return(case: Case) -> Supply:
    returned = case.returned
    assert returned is not None, "asked for cases that returned only"
    return Supply(
        standing=Standing.ON,
        since=returned.at,
        proven_by=(returned.proven_by,),
        as_of=returned.said_at,
        voltage_mv=returned.lowest_mv,
        case=case,
    )


def _sighting(registers: Sequence[RegisterReading]) -> Sighting | None:
    """The lowest phase of the newest reading that holds voltages."""
    voltages = [reading for reading in registers if reading.quantity in VOLTAGES]
    if not voltages:
        return None
    newest_at = max(reading.as_of for reading in voltages)
    lowest = min((reading for reading in voltages if reading.as_of == newest_at), key=lambda reading: reading.value)
    return Sighting(voltage_mv=lowest.value, at=lowest.as_of, source=lowest.source)


def strength(grade: Grade) -> str:
    """How strong the evidence is, in a word."""
    return {Grade.NONE: "no", Grade.WEAK: "weak", Grade.FAIR: "fair", Grade.STRONG: "strong"}[grade]
