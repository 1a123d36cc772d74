"""What an observation amounts to: an edge counts once, beats count when they insist, everything else is what it is.

Edges say when something happened and may come late or twice; beats say what is. Edges are believed. Three beats in a
row that say otherwise are believed more: then an edge was lost, or the probe began anew in the dark. When the supply
really fell is then not known.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from gateway.core.interruption.state import Contradiction, InputSeen, InterruptionState, Phase
from gateway.core.observations import (
    MeterAnswered,
    MeterFailed,
    MeterGasped,
    MeterPushed,
    Observation,
    ProbeBeat,
    ProbeLink,
    SupplyEdge,
    Tick,
)
from wire.terms import Disconnector

BEATS_BELIEVED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The supply sense fell, by an edge that dates it or by the word of the beats."""

    at: datetime
    is_dated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """The supply sense rose."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensed:
    """A beat tells what is known already: supply is there. `input_mv` stands at the gateway's 5 V input."""

    input_mv: int


Heard: TypeAlias = Lost | Back | Sensed | ProbeLink | MeterAnswered | MeterFailed | MeterPushed | MeterGasped | Tick


def hear(state: InterruptionState, observation: Observation, now: datetime) -> tuple[InterruptionState, Heard | None]:
    """What `observation` says to the rules; None when it says nothing new."""
    match observation:
        case SupplyEdge():
            return _edge(state, observation)
        case ProbeBeat():
            return _beat(state, observation, now)
        case ProbeLink():
            input_seen = None if observation.up else state.input_seen  # what was said before is of another conversation
            return replace(state, link_up=observation.up, contradiction=None, input_seen=input_seen), observation
        case MeterAnswered() if observation.disconnector is not Disconnector.UNKNOWN:
            return replace(state, tells_disconnector=True), observation
        case _:
            return state, observation


def _edge(state: InterruptionState, seen: SupplyEdge) -> tuple[InterruptionState, Heard | None]:
    newest = state.newest_edge
    if newest is not None and newest.boot_id == seen.edge.boot_id and seen.edge.event_id <= newest.event_id:
        return state, None
    known = replace(state, newest_edge=seen.edge, link_up=True, contradiction=None)
    return known, Back(at=seen.occurred_at) if seen.present else Lost(at=seen.occurred_at, is_dated=True)


def _beat(state: InterruptionState, beat: ProbeBeat, now: datetime) -> tuple[InterruptionState, Heard | None]:
    so_far = state.contradiction or Contradiction(beats=0, since=now)
    seen = InputSeen(input_mv=beat.input_mv, at=now)
    state = replace(state, link_up=True, input_seen=seen, contradiction=None)
    if beat.present is (state.phase in (Phase.PRESENT, Phase.RETURNING)):
        return state, Sensed(input_mv=beat.input_mv) if beat.present else None
    if so_far.beats + 1 < BEATS_BELIEVED:
        return replace(state, contradiction=replace(so_far, beats=so_far.beats + 1)), None
    heard = Back(at=so_far.since) if beat.present else Lost(at=so_far.since, is_dated=False)
    return state, heard
