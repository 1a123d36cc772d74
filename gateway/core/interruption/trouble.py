"""What is wrong while supply is sensed: told while it lasts, and once more when it is over.

    seen once       nothing is said: a frame lost by chance, a switch that was just being thrown
    seen again      the verdict, provisional, as long as the probe is heard and senses supply
    gone            the verdict, confirmed: it is over, and it was that
    not that        the verdict, withdrawn: the meter's count moved or is not known, or the supply sense fell after all

A trouble that was never told ends unsaid. When the sense falls every trouble ends: what follows is an interruption of
its own, which is judged with all that was learnt before it.
"""

from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from gateway.core.interruption.assessment import IN_HINDSIGHT, assessed, counter_of, evidence_of
from gateway.core.interruption.state import InterruptionState, Limits, Trouble, known
from gateway.core.interruption.verdict import Counter, MeterWord, Verdict
from gateway.core.observations import MeterAnswered, MeterFailed
from wire.events import Evidence, InterruptionAssessed
from wire.terms import Cause, Disconnector, Grade, Stage

Testimony: TypeAlias = MeterAnswered | MeterFailed | None
Told: TypeAlias = tuple[InterruptionState, tuple[InterruptionAssessed, ...]]
SEEN_ENOUGH = 2  # readings in a row


def trouble_of(state: InterruptionState, cause: Cause) -> Trouble | None:
    """The trouble of this cause, seen or told."""
    return next((trouble for trouble in state.troubles if trouble.cause is cause), None)


def seen(
    state: InterruptionState, cause: Cause, at: datetime, now: datetime, *, testimony: Testimony, enough: int
) -> Told:
    """It shows, first at `at`; told when it has shown often `enough` in a row and supply is sensed."""
    trouble = trouble_of(state, cause) or Trouble(cause=cause, began_at=at)
    if trouble.told_at is not None:
        return state, ()
    trouble = replace(trouble, seen=min(trouble.seen + 1, enough))
    if trouble.seen < enough or not state.is_sensed:
        return _with(state, trouble), ()
    event = assessed(trouble.verdict, trouble.began_at, _evidence(state, trouble, testimony, now))
    return _with(state, replace(trouble, told_at=now)), (event,)


def over(
    state: InterruptionState,
    cause: Cause,
    now: datetime,
    *,
    testimony: Testimony,
    stage: Stage = Stage.CONFIRMED,
    grade: Grade = Grade.FAIR,
) -> Told:
    """It no longer shows: said if it was told."""
    trouble = trouble_of(state, cause)
    if trouble is None:
        return state, ()
    state = replace(state, troubles=tuple(other for other in state.troubles if other.cause is not cause))
    if trouble.told_at is None:
        return state, ()
    verdict = Verdict(cause=cause, stage=stage, grade=grade)
    return state, (assessed(verdict, trouble.began_at, _evidence(state, trouble, testimony, now)),)


def switch_seen(state: InterruptionState, answer: MeterAnswered, now: datetime) -> Told:
    """The meter told its disconnector while supply is sensed."""
    match answer.disconnector:
        case Disconnector.CLOSED:
            return over(state, Cause.SWITCHED_OFF, now, testimony=answer)
        case Disconnector.UNKNOWN:
            return state, ()
        case _:
            return seen(state, Cause.SWITCHED_OFF, answer.asked_at, now, testimony=answer, enough=SEEN_ENOUGH)


def head_back(state: InterruptionState, answer: MeterAnswered, now: datetime, limits: Limits) -> Told:
    """The meter answers. Its count tells whether only its words had been cut off, or its line too."""
    trouble = trouble_of(state, Cause.HEAD_OFF)
    count = counter_of(state.power_failures, answer)
    if trouble is None or trouble.told_at is None or count is Counter.UNMOVED:
        return over(state, Cause.HEAD_OFF, now, testimony=answer)
    if count is Counter.UNKNOWN or limits.word(answer.voltages_mv) is not MeterWord.IN_BAND:
        return over(state, Cause.HEAD_OFF, now, testimony=answer, stage=Stage.WITHDRAWN)
    in_hindsight = assessed(IN_HINDSIGHT, trouble.began_at, _evidence(state, trouble, answer, now))
    state, withdrawn = over(
        state, Cause.HEAD_OFF, now, testimony=answer, stage=Stage.WITHDRAWN, grade=IN_HINDSIGHT.grade
    )
    return state, (*withdrawn, in_hindsight)


def end_all(state: InterruptionState, now: datetime) -> Told:
    """The sense fell."""
    sensed = (0, known(state.changed_at))
    withdrawn = tuple(
        assessed(
            Verdict(cause=trouble.cause, stage=Stage.WITHDRAWN, grade=Grade.FAIR),
            trouble.began_at,
            evidence_of(state, sensed, None, now),
        )
        for trouble in state.told_troubles
    )
    return replace(state, troubles=()), withdrawn


def _with(state: InterruptionState, trouble: Trouble) -> InterruptionState:
    others = (other for other in state.troubles if other.cause is not trouble.cause)
    return replace(state, troubles=(*others, trouble))


def _evidence(state: InterruptionState, trouble: Trouble, testimony: Testimony, now: datetime) -> tuple[Evidence, ...]:
    """Supply was sensed with the last beat; after a restart without one yet, when the trouble was told."""
    if state.input_seen is not None:
        return evidence_of(state, (1, state.input_seen.at), testimony, now)
    return evidence_of(state, (1, trouble.told_at or now), testimony, now)
