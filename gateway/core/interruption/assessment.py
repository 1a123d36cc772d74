"""The facts of an interruption held against the truth table, and the evidence that goes with every verdict.

A failure that the meter counted and that is over while the gateway still senses nothing (it is unplugged, or hangs
behind an open switch) is told in hindsight: confirmed, with the voltage the meter reads now. The verdict on what keeps
the sense away stands, and the count is taken anew.
"""

from dataclasses import replace
from datetime import datetime

from gateway.core.interruption.state import InterruptionState, Limits, known
from gateway.core.interruption.verdict import Counter, Facts, Gasp, Load, MeterWord, Sense, Verdict, find, revise
from gateway.core.observations import MeterAnswered, MeterFailed
from wire.events import Evidence, InterruptionAssessed
from wire.instants import duration_ms, unix_ms
from wire.terms import Cause, Disconnector, EvidenceKind, Grade, LinkFault, Stage

IN_HINDSIGHT = Verdict(cause=Cause.SUPPLY_INTERRUPTED, stage=Stage.CONFIRMED, grade=Grade.STRONG)


def assess(
    state: InterruptionState, sense: Sense, now: datetime
) -> tuple[InterruptionState, tuple[InterruptionAssessed, ...]]:
    """Hold the facts against the table, and say what changes."""
    state, in_hindsight = _look_back(state, sense, now)
    facts = Facts(
        sense=sense,
        meter=state.word,
        agreeing=state.agreeing,
        disconnector=state.switch,
        counter=counter_of(state.power_failures, state.testimony),
        load=state.load,
        gasp=state.gasp,
    )
    found = find(facts)
    said = () if found is None else revise(state.verdict, found)
    if not said:
        return state, in_hindsight
    evidence = _evidence(state, sense, now)
    events = tuple(assessed(verdict, known(state.began_at), evidence) for verdict in said)
    return replace(state, verdict=said[-1]), (*in_hindsight, *events)


def say_anew(state: InterruptionState, sense: Sense, now: datetime) -> tuple[InterruptionAssessed, ...]:
    """A verdict that stands, with what is sensed now: it is the same, and its evidence is not."""
    standing = state.verdict
    if standing is None or standing.stage is Stage.WITHDRAWN or standing.is_in_doubt:
        return ()
    return (assessed(standing, known(state.began_at), _evidence(state, sense, now)),)


def in_doubt(standing: Verdict | None) -> Verdict | None:
    """What is left of a verdict once supply had been sensed again, and is lost again without a word from the meter.

    An interruption may well go on, and somebody may have acted on it; everything else was over.
    """
    if standing is None or not _holds_interrupted(standing):
        return None
    return replace(standing, grade=min(standing.grade, Grade.WEAK))


def _look_back(
    state: InterruptionState, sense: Sense, now: datetime
) -> tuple[InterruptionState, tuple[InterruptionAssessed, ...]]:
    """An interruption that came and went while something else keeps the sense away."""
    testimony = state.testimony
    if sense is not Sense.LOST or not isinstance(testimony, MeterAnswered) or not testimony.voltages_mv:
        return state, ()
    has_moved = counter_of(state.power_failures, testimony) is Counter.MOVED
    if not has_moved or state.word is not MeterWord.IN_BAND or _holds_interrupted(state.verdict):
        return state, ()
    began_at = state.silent_since or known(state.changed_at)
    event = assessed(IN_HINDSIGHT, began_at, _evidence(state, sense, now))
    return replace(state, power_failures=testimony.power_failures), (event,)


def _holds_interrupted(standing: Verdict | None) -> bool:
    if standing is None or standing.cause is not Cause.SUPPLY_INTERRUPTED:
        return False
    return standing.stage is not Stage.WITHDRAWN


def assessed(verdict: Verdict, began_at: datetime, evidence: tuple[Evidence, ...]) -> InterruptionAssessed:
    """The verdict as it is told."""
    return InterruptionAssessed(
        began_at_ms=unix_ms(began_at),
        cause=verdict.cause,
        stage=verdict.stage,
        grade=verdict.grade,
        evidence=evidence,
    )


def _evidence(state: InterruptionState, sense: Sense, now: datetime) -> tuple[Evidence, ...]:
    sensed = (int(sense is not Sense.LOST), known(state.changed_at))
    return evidence_of(state, sensed, state.testimony, now)


def evidence_of(
    state: InterruptionState, sensed: tuple[int, datetime], testimony: MeterAnswered | MeterFailed | None, now: datetime
) -> tuple[Evidence, ...]:
    """Everything that was looked at, as it was, and how old it is; `sensed` is the supply sense, and since when."""
    looked_at = [] if state.is_alone and not state.link_up else [(EvidenceKind.SUPPLY_SENSE, *sensed)]
    if state.gasp is not Gasp.NONE:
        looked_at.append((EvidenceKind.METER_LAST_GASP, 1, known(state.gasped_at)))
    if state.input_seen is not None:
        looked_at.append((EvidenceKind.INPUT_VOLTAGE, state.input_seen.input_mv, state.input_seen.at))
    match testimony:
        case MeterFailed(asked_at=at, fault=LinkFault.SILENT):
            looked_at.append((EvidenceKind.METER_ANSWERS, 0, at))
        case MeterFailed(asked_at=at, fault=fault):
            looked_at.append((EvidenceKind.METER_LINK, fault, at))
        case MeterAnswered(asked_at=at) as answer:
            looked_at.append((EvidenceKind.METER_ANSWERS, 1, at))
            if answer.voltages_mv:
                looked_at.append((EvidenceKind.METER_VOLTAGE, min(answer.voltages_mv), at))
            if answer.is_loaded is not None:
                looked_at.append((EvidenceKind.METER_LOAD, int(answer.is_loaded), at))
            if answer.power_failures is not None and state.power_failures is not None:
                looked_at.append((EvidenceKind.POWER_FAILURES, answer.power_failures - state.power_failures, at))
            if answer.disconnector is not Disconnector.UNKNOWN:
                looked_at.append((EvidenceKind.DISCONNECTOR, answer.disconnector, at))
    return tuple(Evidence(kind=kind, value=value, age_ms=duration_ms(now - at)) for kind, value, at in looked_at)


def counter_of(before: int | None, testimony: MeterAnswered | MeterFailed | None) -> Counter:
    """Whether the meter counted a power failure; a count that went back is another meter's, and says nothing."""
    after = testimony.power_failures if isinstance(testimony, MeterAnswered) else None
    if before is None or after is None or after < before:
        return Counter.UNKNOWN
    return Counter.MOVED if after > before else Counter.UNMOVED


def load_of(state: InterruptionState, answer: MeterAnswered) -> Load:
    """What the answer says of the load. What was drawn since the sense fell shows that no breaker took the supply.

    What was gone at once stays gone; of what is not drawn some minutes later nobody knows since when.
    """
    if state.load is Load.DRAWN or answer.is_loaded:
        return Load.DRAWN
    if answer.is_loaded is None:
        return Load.UNTOLD
    drawn, fell_at = state.drawn, known(state.began_at)
    is_sign = state.load is Load.GONE or (drawn is not None and drawn.makes_a_sign(fell_at, answer.asked_at))
    return Load.GONE if is_sign else Load.NONE


def word_of(testimony: MeterAnswered | MeterFailed, limits: Limits, *, together: bool) -> MeterWord:
    """What the meter's answer, or its silence, comes to."""
    match testimony:
        case MeterAnswered():
            return limits.word(testimony.voltages_mv)
        case MeterFailed(fault=LinkFault.SILENT):
            return MeterWord.SILENT if together else MeterWord.SILENT_ALONE
        case _:
            return MeterWord.LINK_FAULT
