"""Is the power on? The one question the page answers first, from what is held of the home and how old it is.

Silence proves nothing. "On" needs a voltage that this home's own meter read a short while ago, "out" an open case with
evidence; between the two stand "lost, being verified" and "back, being verified". Whatever is older than `fresh_for`,
or was said by a gateway that has gone silent, is told as what was known then, never as what is.

A home can be dark, or out of sight, for a reason of its own: that is the gateway's finding, and it stands beside the
answer as a note. An unplugged gateway whose meter reads a voltage is a home with power; an optical head that fell off
is a home nobody can read; an open switch or an own breaker is a home without power on a street that has it. And a home
that lies in an outage and gives no sign is unverified, whatever was read before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cloud.kernel.ids import EventId
from cloud.outages.model import UNPROVEN, Case, Finding, Phase, State
from cloud.outages.signs import LIVE_MV
from cloud.readings.store import RegisterReading
from wire.terms import Cause, EvidenceKind, Grade, Stage
from wire.units import VOLTAGES


class Standing(StrEnum):
    """What can be said of a home's power now."""

    ON = "on"
    OUT = "out"
    LOST = "lost"  # supply sense fell, no verdict yet
    RETURNING = "returning"  # a case is open, and something already speaks for its end
    LOW = "low"  # the meter reads next to nothing, and nothing was reported lost
    STALE = "stale"  # it was on when last heard, too long ago to say that it is
    UNHEARD = "unheard"  # nothing was ever heard that could say
    UNVERIFIED = "unverified"  # an outage lies around it, or its supply sense fell, and nothing tells how it stands
    SWITCHED_OFF = "switched_off"  # the meter's own switch is open
    OWN_BREAKER = "own_breaker"  # power reaches the meter, and the home's own breaker is off


class Note(StrEnum):
    """What is known beside: a finding of the gateway, or that nothing is heard of it."""

    UNPLUGGED = "unplugged"
    HEAD_OFF = "head_off"
    SWITCHED_OFF = "switched_off"
    OWN_BREAKER = "own_breaker"
    PHASE_LOST = "phase_lost"
    CANNOT_TELL = "cannot_tell"
    SILENT = "silent"


_NOTES: Final = {
    Cause.GATEWAY_UNPLUGGED: Note.UNPLUGGED,
    Cause.HEAD_OFF: Note.HEAD_OFF,
    Cause.SWITCHED_OFF: Note.SWITCHED_OFF,
    Cause.OWN_BREAKER: Note.OWN_BREAKER,
    Cause.PHASE_LOST: Note.PHASE_LOST,
    Cause.CANNOT_TELL: Note.CANNOT_TELL,
}
_OF_ITS_OWN: Final = {Cause.SWITCHED_OFF: Standing.SWITCHED_OFF, Cause.OWN_BREAKER: Standing.OWN_BREAKER}
_DARKENS_ITS_GATEWAY: Final = frozenset({Standing.OUT, Standing.LOST, Standing.RETURNING, Standing.UNHEARD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """The answer: what stands, since when, on which events it rests, and of when these are.

    `voltage_mv` is the lowest phase that was read, where a reading is the proof; `case` the open case, or the one whose
    proven end is the newest evidence; `finding` the verdict other than an outage that stands; `silent_since` is when
    the gateway was heard last, where that is too long ago.
    """

    standing: Standing
    since: datetime | None = None
    proven_by: tuple[EventId, ...] = ()
    as_of: datetime | None = None
    voltage_mv: int | None = None
    case: Case | None = None
    finding: Finding | None = None
    silent_since: datetime | None = None

    @property
    def notes(self) -> tuple[Note, ...]:
        """What is known beside."""
        found = () if self.finding is None else (_NOTES.get(self.finding.cause),)
        silent = Note.SILENT if self.silent_since is not None else None
        return tuple(note for note in (*found, silent) if note is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A voltage the meter read: its lowest phase, when, and the event that says so."""

    voltage_mv: int
    at: datetime
    source: EventId

    @property
    def is_live(self) -> bool:
        return self.voltage_mv >= LIVE_MV


def supply_of(
    state: State,
    registers: Sequence[RegisterReading],
    now: datetime,
    *,
    fresh_for: timedelta,
    unverified_since: datetime | None = None,
    silent_since: datetime | None = None,
) -> Supply:
    """What can be said of a home's power at `now`, from its case book and its meter's latest registers.

    `unverified_since` is the beginning of an outage in which the home gives no sign; `silent_since` when its gateway
    was heard last, where that is too long ago.
    """
    finding = state.finding if state.finding is not None and state.finding.stage is not Stage.WITHDRAWN else None
    sighting = _newest(_sighting(registers), None if finding is None else _sighting_in(finding))
    supply = replace(_judged(state, finding, sighting, now, fresh_for, unverified_since), finding=finding)
    if silent_since is None or supply.standing in _DARKENS_ITS_GATEWAY:
        return supply
    is_on = supply.standing is Standing.ON
    return replace(supply, standing=Standing.STALE if is_on else supply.standing, silent_since=silent_since)


def _judged(
    state: State,
    finding: Finding | None,
    sighting: Sighting | None,
    now: datetime,
    fresh_for: timedelta,
    unverified_since: datetime | None,
) -> Supply:
    if state.open_case is not None:
        return _in_the_dark(state.open_case, sighting)
    held = state.suspicion if state.phase is Phase.SUSPECTED else None
    if held is not None and unverified_since is None and not _is_told_of(finding, held.began_at):
        return Supply(standing=Standing.LOST, since=held.began_at, proven_by=(held.by,), as_of=held.began_at)
    if finding is not None and finding.cause in _OF_ITS_OWN:
        return _by_finding(finding, _OF_ITS_OWN[finding.cause], sighting)
    if unverified_since is not None and not _is_live_after(sighting, unverified_since):
        return replace(_last_known(finding, sighting), standing=Standing.UNVERIFIED, since=unverified_since)
    if finding is not None and finding.cause is Cause.CANNOT_TELL and not _is_live_after(sighting, finding.said_at):
        return _by_finding(finding, Standing.UNVERIFIED, None)
    supply = _supplied(state.case, sighting, now, fresh_for)
    head_off_at = finding.said_at if finding is not None and finding.cause is Cause.HEAD_OFF else None
    is_blind = head_off_at is not None and not _is_live_after(sighting, head_off_at)
    return replace(supply, standing=Standing.STALE) if is_blind and supply.standing is Standing.ON else supply


def _is_told_of(finding: Finding | None, lost_at: datetime) -> bool:
    """Whether the gateway has said of this loss, or a later one, that it cannot tell, or what else it is."""
    return finding is not None and finding.began_at >= lost_at


def _by_finding(finding: Finding, standing: Standing, sighting: Sighting | None) -> Supply:
    return Supply(
        standing=standing,
        since=finding.began_at,
        proven_by=(finding.by,),
        as_of=finding.said_at,
        voltage_mv=None if sighting is None or sighting.at < finding.began_at else sighting.voltage_mv,
    )


def _last_known(finding: Finding | None, sighting: Sighting | None) -> Supply:
    """What is known of a home that cannot be verified: the newer of a finding and of a voltage."""
    if finding is not None and (sighting is None or finding.said_at > sighting.at):
        return _by_finding(finding, Standing.STALE, None)
    if sighting is None:
        return Supply(standing=Standing.UNHEARD)
    return Supply(
        standing=Standing.STALE, proven_by=(sighting.source,), as_of=sighting.at, voltage_mv=sighting.voltage_mv
    )


def _is_live_after(sighting: Sighting | None, at: datetime) -> bool:
    return sighting is not None and sighting.is_live and sighting.at > at


def _in_the_dark(case: Case, sighting: Sighting | None) -> Supply:
    if sighting is not None and _is_live_after(sighting, case.latest_loss_at):
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
    standing = Standing.ON if sighting.is_live else Standing.LOW
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


def _sighting_in(finding: Finding) -> Sighting | None:
    """The voltage a verdict rests on, read at the home's own meter."""
    for item in finding.evidence:
        if item.kind is EvidenceKind.METER_VOLTAGE:
            at = finding.said_at - timedelta(milliseconds=item.age_ms)
            return Sighting(voltage_mv=item.value, at=at, source=finding.by)
    return None


def _newest(*sightings: Sighting | None) -> Sighting | None:
    return max((seen for seen in sightings if seen is not None), key=lambda seen: seen.at, default=None)


def strength(grade: Grade) -> str:
    """How strong the evidence is, in a word."""
    return {Grade.NONE: "no", Grade.WEAK: "weak", Grade.FAIR: "fair", Grade.STRONG: "strong"}[grade]
