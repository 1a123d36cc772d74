"""What an observation amounts to: an edge counts once, beats count when they insist, everything else is what it is.

Edges say when something happened and may come late or twice; beats say what is. Edges are believed. Three beats in a
row that say otherwise are believed more: then an edge was lost, or the probe began anew in the dark.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from gateway.core.interruption.state import Contradiction, InputSeen, InterruptionState, Phase
from gateway.core.observations import (
    MeterAnswered,
    MeterFailed,
    Observation,
    ProbeBeat,
    ProbeLink,
    SupplyEdge,
    Tick,
)
from wire.events import Disconnector

_BEATS_BELIEVED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The supply sense fell, by an edge or by the word of the beats."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """The supply sense rose."""

    at: datetime


Heard: TypeAlias = Lost | Back | ProbeLink | MeterAnswered | MeterFailed | Tick


def hear(state: InterruptionState, observation: Observation, now: datetime) -> tuple[InterruptionState, Heard | None]:
    """What `observation` says to the rules; None when it says nothing new."""
    match observation:
        case SupplyEdge():
            return _edge(state, observation)
        case ProbeBeat():
            return _beat(state, observation, now)
        case ProbeLink():
            return replace(state, link_up=observation.up, contradiction=None), observation
        case MeterAnswered() if observation.disconnector is not Disconnector.UNKNOWN:
            return replace(state, tells_disconnector=True), observation
        case _:
            return state, observation


def _edge(state: InterruptionState, seen: SupplyEdge) -> tuple[InterruptionState, Heard | None]:
    newest = state.newest_edge
    if newest is not None and newest.boot_id == seen.edge.boot_id and seen.edge.event_id <= newest.event_id:
        return state, None
    known = replace(state, newest_edge=seen.edge, link_up=True, contradiction=None)
    return known, Back(at=seen.occurred_at) if seen.present else Lost(at=seen.occurred_at)


def _beat(state: InterruptionState, beat: ProbeBeat, now: datetime) -> tuple[InterruptionState, Heard | None]:
    state = replace(state, link_up=True, input_seen=InputSeen(input_mv=beat.input_mv, at=now))
    if beat.present is (state.phase in (Phase.PRESENT, Phase.RETURNING)):
        return replace(state, contradiction=None), None
    so_far = state.contradiction or Contradiction(beats=0, since=now)
    if so_far.beats + 1 < _BEATS_BELIEVED:
        return replace(state, contradiction=replace(so_far, beats=so_far.beats + 1)), None
    return replace(state, contradiction=None), Back(at=so_far.since) if beat.present else Lost(at=so_far.since)
