"""The rules of the machine, one for each place of the table at the end; a place without a rule changes nothing.

After a restart a suspicion waits until the probe has had time to tell the rest: what looks like an hour's loss may be a
dip whose end has not been heard yet. Likewise nothing is restored while the probe is not heard.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from gateway.core.interruption.assessment import assess, word_of
from gateway.core.interruption.hearing import Back, Heard, Lost, hear
from gateway.core.interruption.state import (
    Hold,
    InterruptionState,
    Limits,
    Phase,
    at_rest,
    known,
    sense_changed,
)
from gateway.core.interruption.verdict import PROVES_NOTHING, MeterWord, Sense
from gateway.core.observations import MeterAnswered, MeterFailed, Observation, ProbeLink, Tick
from wire.events import Disconnector, InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.instants import duration_ms, unix_ms

_BACKLOG = timedelta(seconds=1)  # two rounds of the probe's repeats

SupplyEvent: TypeAlias = SupplyLost | SupplyDipped | InterruptionAssessed | SupplyRestored
Step: TypeAlias = tuple[InterruptionState, tuple[SupplyEvent, ...]]


def step(state: InterruptionState, observation: Observation, now: datetime, limits: Limits) -> Step:
    """What follows from `observation`, handled at `now`."""
    state, heard = hear(state, observation, now)
    rule = None if heard is None else _RULES.get((state.phase, type(heard)))
    return (state, ()) if rule is None else rule(state, heard, now, limits)


def _remember_count(state: InterruptionState, answer: MeterAnswered, _now: datetime, _limits: Limits) -> Step:
    return replace(state, power_failures=answer.power_failures), ()


def _suspect(state: InterruptionState, lost: Lost, now: datetime, limits: Limits) -> Step:
    due_at = lost.at + limits.hold_off
    if now - lost.at > _BACKLOG:
        due_at = max(due_at, now + _BACKLOG)
    return replace(sense_changed(state, Phase.SUSPECT, lost.at), began_at=lost.at, due_at=due_at), ()


def _hear_the_backlog(state: InterruptionState, link: ProbeLink, now: datetime, _limits: Limits) -> Step:
    return (replace(state, due_at=max(known(state.due_at), now + _BACKLOG)), ()) if link.up else (state, ())


def _lost_when_due(state: InterruptionState, _tick: Tick, now: datetime, _limits: Limits) -> Step:
    if state.link_up is None or now < known(state.due_at):
        return state, ()
    return _lost(state, now)


def _lost(state: InterruptionState, now: datetime) -> Step:
    input_mv = state.input_seen.input_mv if state.input_seen else 0
    event = SupplyLost(began_at_ms=unix_ms(known(state.began_at)), input_mv=input_mv)
    state, assessments = assess(replace(state, phase=Phase.LOST), Sense.LOST, now)
    return state, (event, *assessments)


def _back_in_suspicion(state: InterruptionState, back: Back, now: datetime, limits: Limits) -> Step:
    began_at = known(state.began_at)
    if back.at - began_at < limits.hold_off:
        dip = SupplyDipped(began_at_ms=unix_ms(began_at), duration_ms=duration_ms(back.at - began_at))
        return at_rest(state, power_failures=None), (dip,)  # the meter may have counted the dip
    state, lost = _lost(state, now)
    state, returning = _returning(state, back, now, limits)
    return state, (*lost, *returning)


def _returning(state: InterruptionState, back: Back, _now: datetime, _limits: Limits) -> Step:
    at = max(back.at, known(state.changed_at))
    return replace(state, phase=Phase.RETURNING, changed_at=at, returned_at=at, testimony=None), ()


def _fall_back(state: InterruptionState, lost: Lost, _now: datetime, _limits: Limits) -> Step:
    return sense_changed(state, Phase.LOST, lost.at), ()


def _weigh(state: InterruptionState, testimony: MeterAnswered | MeterFailed, now: datetime, limits: Limits) -> Step:
    """What the meter says while the sense is away; in a suspicion it is kept until there is something to assess."""
    if testimony.asked_at < known(state.changed_at):
        return state, ()
    word = word_of(testimony, limits)
    if word not in PROVES_NOTHING or state.word in PROVES_NOTHING:
        switch = testimony.disconnector if isinstance(testimony, MeterAnswered) else Disconnector.UNKNOWN
        agreeing = state.agreeing + 1 if word is state.word else 1
        state = replace(state, word=word, agreeing=agreeing, switch=switch)
    state = replace(state, testimony=testimony)
    return (state, ()) if state.phase is Phase.SUSPECT else assess(state, Sense.LOST, now)


def _prove(state: InterruptionState, answer: MeterAnswered, now: datetime, limits: Limits) -> Step:
    """A reading after the sense came back: one more proof that supply is restored, or the end of a run of them."""
    if answer.asked_at < known(state.changed_at):
        return state, ()
    state, assessments = assess(replace(state, testimony=answer), Sense.BACK, now)
    if limits.word(answer.voltages_mv) is not MeterWord.IN_BAND:
        returned_at = None if answer.voltages_mv else state.returned_at
        return replace(state, hold=None, returned_at=returned_at), assessments
    hold = state.hold
    if hold is None or answer.asked_at - hold.until > limits.restored_hold:
        hold = Hold(since=answer.asked_at, until=answer.asked_at)
    hold = replace(hold, until=max(hold.until, answer.asked_at))
    state = replace(state, hold=hold, returned_at=state.returned_at or answer.asked_at)
    if hold.until - hold.since < limits.restored_hold or not state.link_up or not _is_closed(state, answer):
        return state, assessments
    state, last = assess(state, Sense.RESTORED, now)
    restored = SupplyRestored(
        began_at_ms=unix_ms(known(state.began_at)),
        restored_at_ms=unix_ms(known(state.returned_at)),
        held_s=(hold.until - hold.since) // timedelta(seconds=1),
        voltages_mv=answer.voltages_mv,
        disconnector=answer.disconnector,
        power_failures=answer.power_failures,
    )
    return at_rest(state, power_failures=answer.power_failures), (*assessments, *last, restored)


def _break_hold(state: InterruptionState, failed: MeterFailed, _now: datetime, _limits: Limits) -> Step:
    return (state, ()) if failed.asked_at < known(state.changed_at) else (replace(state, hold=None), ())


def _is_closed(state: InterruptionState, answer: MeterAnswered) -> bool:
    """Whether current can flow to the home; a meter that never told of a disconnector has none to be open."""
    unknown_is_none = answer.disconnector is Disconnector.UNKNOWN and not state.tells_disconnector
    return answer.disconnector is Disconnector.CLOSED or unknown_is_none


_RULES: dict[tuple[Phase, type[Heard]], Callable[..., Step]] = {
    (Phase.PRESENT, Lost): _suspect,
    (Phase.PRESENT, MeterAnswered): _remember_count,
    (Phase.SUSPECT, Back): _back_in_suspicion,
    (Phase.SUSPECT, ProbeLink): _hear_the_backlog,
    (Phase.SUSPECT, Tick): _lost_when_due,
    (Phase.SUSPECT, MeterAnswered): _weigh,
    (Phase.SUSPECT, MeterFailed): _weigh,
    (Phase.LOST, Back): _returning,
    (Phase.LOST, MeterAnswered): _weigh,
    (Phase.LOST, MeterFailed): _weigh,
    (Phase.RETURNING, Lost): _fall_back,
    (Phase.RETURNING, MeterAnswered): _prove,
    (Phase.RETURNING, MeterFailed): _break_hold,
}
