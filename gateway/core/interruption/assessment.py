"""The facts of an interruption held against the truth table, and the evidence that goes with every verdict."""

from dataclasses import replace
from datetime import datetime

from gateway.core.interruption.state import InterruptionState, Limits, known
from gateway.core.interruption.verdict import Counter, Facts, MeterWord, Sense, find, revise
from gateway.core.observations import MeterAnswered, MeterFailed
from wire.events import Disconnector, Evidence, EvidenceKind, InterruptionAssessed, LinkFault
from wire.instants import duration_ms, unix_ms


def assess(
    state: InterruptionState, sense: Sense, now: datetime
) -> tuple[InterruptionState, tuple[InterruptionAssessed, ...]]:
    """Hold the facts against the table, and say what changes."""
    facts = Facts(
        sense=sense,
        meter=state.word,
        agreeing=state.agreeing,
        disconnector=state.switch,
        counter=_counter(state.power_failures, state.testimony),
    )
    found = find(facts)
    said = () if found is None else revise(state.verdict, found)
    if not said:
        return state, ()
    evidence = _evidence(state, sense, now)
    events = tuple(
        InterruptionAssessed(
            began_at_ms=unix_ms(known(state.began_at)),
            cause=verdict.cause,
            stage=verdict.stage,
            grade=verdict.grade,
            evidence=evidence,
        )
        for verdict in said
    )
    return replace(state, verdict=said[-1]), events


def _evidence(state: InterruptionState, sense: Sense, now: datetime) -> tuple[Evidence, ...]:
    """Everything that was looked at, as it was, and how old it is."""
    looked_at = [(EvidenceKind.SUPPLY_SENSE, int(sense is not Sense.LOST), known(state.changed_at))]
    if state.input_seen is not None:
        looked_at.append((EvidenceKind.INPUT_VOLTAGE, state.input_seen.input_mv, state.input_seen.at))
    match state.testimony:
        case MeterFailed(asked_at=at, fault=LinkFault.SILENT):
            looked_at.append((EvidenceKind.METER_ANSWERS, 0, at))
        case MeterFailed(asked_at=at, fault=fault):
            looked_at.append((EvidenceKind.METER_LINK, fault, at))
        case MeterAnswered(asked_at=at) as answer:
            looked_at.append((EvidenceKind.METER_ANSWERS, 1, at))
            if answer.voltages_mv:
                looked_at.append((EvidenceKind.METER_VOLTAGE, min(answer.voltages_mv), at))
            if answer.power_failures is not None and state.power_failures is not None:
                looked_at.append((EvidenceKind.POWER_FAILURES, answer.power_failures - state.power_failures, at))
            if answer.disconnector is not Disconnector.UNKNOWN:
                looked_at.append((EvidenceKind.DISCONNECTOR, answer.disconnector, at))
    return tuple(Evidence(kind=kind, value=value, age_ms=duration_ms(now - at)) for kind, value, at in looked_at)


def _counter(before: int | None, testimony: MeterAnswered | MeterFailed | None) -> Counter:
    """Whether the meter counted a power failure; a count that went back is another meter's, and says nothing."""
    after = testimony.power_failures if isinstance(testimony, MeterAnswered) else None
    if before is None or after is None or after < before:
        return Counter.UNKNOWN
    return Counter.MOVED if after > before else Counter.UNMOVED


def word_of(testimony: MeterAnswered | MeterFailed, limits: Limits) -> MeterWord:
    """What the meter's answer, or its silence, comes to."""
    match testimony:
        case MeterAnswered():
            return limits.word(testimony.voltages_mv)
        case MeterFailed(fault=LinkFault.SILENT):
            return MeterWord.SILENT
        case _:
            return MeterWord.LINK_FAULT
