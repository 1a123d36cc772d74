"""The rules of the machine, one for each place of the table at the end; a place without a rule changes nothing.

After a restart a suspicion waits until the probe has had time to tell the rest: what looks like an hour's loss may be a
dip whose end has not been heard yet. Likewise nothing is restored while the probe is not heard.

Whether the meter fell silent together with the sense is settled when the sense falls, and holds for its silence after:
no reading had failed and been done with before. One under way as the sense fell may well fail because of it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from gateway.core.interruption import trouble
from gateway.core.interruption.assessment import assess, in_doubt, load_of, say_anew, word_of
from gateway.core.interruption.hearing import BEATS_BELIEVED, Back, Heard, Lost, Sensed, hear
from gateway.core.interruption.state import (
    Contradiction,
    Drawn,
    Failing,
    Hold,
    InterruptionState,
    Limits,
    Phase,
    at_rest,
    known,
    sense_changed,
)
from gateway.core.interruption.verdict import PROVES_NOTHING, READS_VOLTAGE, Gasp, MeterWord, Sense
from gateway.core.observations import MeterAnswered, MeterFailed, MeterGasped, MeterPushed, Observation, ProbeLink, Tick
from wire.events import InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.instants import duration_ms, unix_ms
from wire.terms import Cause, Disconnector, LinkFault

_BACKLOG = timedelta(seconds=1)  # two rounds of the probe's repeats
_MOST_COUNTED = 100

SupplyEvent: TypeAlias = SupplyLost | SupplyDipped | InterruptionAssessed | SupplyRestored
Step: TypeAlias = tuple[InterruptionState, tuple[SupplyEvent, ...]]


def step(state: InterruptionState, observation: Observation, now: datetime, limits: Limits) -> Step:
    """What follows from `observation`, handled at `now`."""
    state, heard = hear(state, observation, now)
    rule = None if heard is None else _RULES.get((state.phase, type(heard)))
    return (state, ()) if rule is None else rule(state, heard, now, limits)


def _read_normally(state: InterruptionState, answer: MeterAnswered, now: datetime, limits: Limits) -> Step:
    if _is_from_before(state, answer):
        return state, ()
    state, head = trouble.head_back(state, answer, now, limits)
    state, switch = trouble.switch_seen(state, answer, now)
    drawn = _drawn(state.drawn, answer.asked_at, is_loaded=answer.is_loaded)
    state = replace(_answering(state), power_failures=answer.power_failures, drawn=drawn)
    return state, (*head, *switch)


def _pushed_normally(state: InterruptionState, pushed: MeterPushed, _now: datetime, _limits: Limits) -> Step:
    """What a meter pushes keeps what is known of it fresh between two readings, and clears no trouble."""
    if state.changed_at is not None and pushed.measured_at < state.changed_at:
        return state, ()
    drawn = _drawn(state.drawn, pushed.measured_at, is_loaded=pushed.is_loaded)
    told = state.power_failures if pushed.power_failures is None else pushed.power_failures
    return replace(state, drawn=drawn, power_failures=told), ()


def _drawn(before: Drawn | None, at: datetime, *, is_loaded: bool | None) -> Drawn | None:
    if is_loaded is None:
        return before
    readings = 1 if before is None else min(before.readings + 1, _MOST_COUNTED)
    return Drawn(readings=readings, last_at=at) if is_loaded else None


def _fail_normally(state: InterruptionState, failed: MeterFailed, now: datetime, _limits: Limits) -> Step:
    if _is_from_before(state, failed):
        return state, ()
    state = _silent(_failing(state, now), failed)
    if failed.fault is not LinkFault.SILENT:
        return state, ()
    since = known(state.silent_since)
    return trouble.seen(state, Cause.HEAD_OFF, since, now, testimony=failed, enough=trouble.SEEN_ENOUGH)


def _sensed(state: InterruptionState, _sensed: Sensed, _now: datetime, _limits: Limits) -> Step:
    failing = state.failing
    if failing is not None and not failing.while_sensed:
        state = replace(state, failing=replace(failing, while_sensed=True))
    return state, ()


def _sensed_normally(state: InterruptionState, sensed: Sensed, now: datetime, limits: Limits) -> Step:
    """The beats also tell the gateway's own 5 V input; as with the sense, three in a row are believed."""
    state, _ = _sensed(state, sensed, now, limits)
    is_gone = trouble.trouble_of(state, Cause.GATEWAY_UNPLUGGED) is not None
    if (sensed.input_mv < limits.input_low_mv) is is_gone:
        return (state, ()) if state.input_turn is None else (replace(state, input_turn=None), ())
    turn = state.input_turn or Contradiction(beats=0, since=now)
    turn = replace(turn, beats=turn.beats + 1)
    if turn.beats < BEATS_BELIEVED:
        return replace(state, input_turn=turn), ()
    state = replace(state, input_turn=None)
    if is_gone:
        return trouble.over(state, Cause.GATEWAY_UNPLUGGED, now, testimony=None)
    return trouble.seen(state, Cause.GATEWAY_UNPLUGGED, turn.since, now, testimony=None, enough=1)


def _suspect(state: InterruptionState, lost: Lost, now: datetime, limits: Limits) -> Step:
    due_at = lost.at + limits.hold_off
    if now - lost.at > _BACKLOG:
        due_at = max(due_at, now + _BACKLOG)
    state = replace(state, together=_fell_together(state, lost), began_at=lost.at, due_at=due_at)
    return sense_changed(state, Phase.SUSPECT, lost.at), ()


def _hear_the_backlog(state: InterruptionState, link: ProbeLink, now: datetime, _limits: Limits) -> Step:
    return (replace(state, due_at=max(known(state.due_at), now + _BACKLOG)), ()) if link.up else (state, ())


def _lost_when_due(state: InterruptionState, _tick: Tick, now: datetime, _limits: Limits) -> Step:
    if state.link_up is None or now < known(state.due_at):
        return state, ()
    return _lost(state, now)


def _lost(state: InterruptionState, now: datetime) -> Step:
    input_mv = state.input_seen.input_mv if state.input_seen else 0
    event = SupplyLost(began_at_ms=unix_ms(known(state.began_at)), input_mv=input_mv)
    state, ended = trouble.end_all(state, now)
    state, assessments = assess(replace(state, phase=Phase.LOST), Sense.LOST, now)
    return state, (*ended, event, *assessments)


def _back_in_suspicion(state: InterruptionState, back: Back, now: datetime, limits: Limits) -> Step:
    began_at = known(state.began_at)
    if back.at - began_at < limits.hold_off:
        dip = SupplyDipped(began_at_ms=unix_ms(began_at), duration_ms=duration_ms(back.at - began_at))
        at = max(back.at, known(state.changed_at))
        return at_rest(replace(state, changed_at=at), power_failures=None), (dip,)  # the meter may have counted the dip
    state, lost = _lost(state, now)
    state, returning = _returning(state, back, now, limits)
    return state, (*lost, *returning)


def _returning(state: InterruptionState, back: Back, now: datetime, _limits: Limits) -> Step:
    """Nothing is proved yet; but who is about to tell somebody of an interruption must know that it may be over."""
    at = max(back.at, known(state.changed_at))
    if state.testimony is not None and state.testimony.asked_at >= at:  # the edge is late: it spoke of a supply there
        state = sense_changed(state, Phase.LOST, known(state.changed_at))
    state = replace(state, phase=Phase.RETURNING, changed_at=at, returned_at=at, testimony=None, failing=None)
    return state, say_anew(state, Sense.BACK, now)


def _fall_back(state: InterruptionState, lost: Lost, now: datetime, _limits: Limits) -> Step:
    """Supply goes again before its return was proved.

    If the meter had read a voltage meanwhile, this is another interruption, told at once: a hold-off is for those that
    sit in the light. If not, it may be the same one, and what was held of it must be shown again.
    """
    state, at = replace(state, together=_fell_together(state, lost)), max(lost.at, known(state.changed_at))
    if not state.has_read_voltage:
        return sense_changed(replace(state, verdict=in_doubt(state.verdict)), Phase.LOST, at), ()
    seen = state.testimony
    power_failures = seen.power_failures if isinstance(seen, MeterAnswered) else None
    state = replace(state, began_at=at, verdict=None, power_failures=power_failures)
    return _lost(sense_changed(state, Phase.LOST, at), now)


def _weigh(state: InterruptionState, testimony: MeterAnswered | MeterFailed, now: datetime, limits: Limits) -> Step:
    """What the meter says while the sense is away; in a suspicion it is kept until there is something to assess.

    After a restart the probe is heard first: the sense may have come back meanwhile.
    """
    is_unsure = state.link_up is None or state.contradiction is not None
    if is_unsure or _is_from_before(state, testimony):
        return state, ()
    word = word_of(testimony, limits, together=state.together)
    if word not in PROVES_NOTHING or state.word in PROVES_NOTHING:
        said = (word, Disconnector.UNKNOWN, state.load)
        if isinstance(testimony, MeterAnswered):
            said = (word, testimony.disconnector, load_of(state, testimony))
        agreeing = state.agreeing + 1 if said == (state.word, state.switch, state.load) else 1
        state = replace(state, word=word, switch=said[1], load=said[2], agreeing=agreeing)
    together = state.together and word not in READS_VOLTAGE
    state, events = _judge(replace(state, testimony=testimony, together=together), now)
    return _answering(state) if isinstance(testimony, MeterAnswered) else _silent(state, testimony), events


def _judge(state: InterruptionState, now: datetime) -> Step:
    return (state, ()) if state.phase is Phase.SUSPECT else assess(state, Sense.LOST, now)


def _weigh_while_lost(
    state: InterruptionState, testimony: MeterAnswered | MeterFailed, now: datetime, limits: Limits
) -> Step:
    """The same; but where no probe is heard, a voltage in band is what says that supply is back."""
    if not state.is_alone or state.link_up:
        return _weigh(state, testimony, now, limits)
    if isinstance(testimony, MeterAnswered) and limits.word(testimony.voltages_mv) is MeterWord.IN_BAND:
        at = testimony.asked_at
        if at < known(state.changed_at):
            return state, ()
        state = replace(state, phase=Phase.RETURNING, changed_at=at, returned_at=at, testimony=None, failing=None)
        return _prove(state, testimony, now, limits)
    return _weigh(replace(state, link_up=False), testimony, now, limits)


def _gasped_normally(state: InterruptionState, gasp: MeterGasped, now: datetime, _limits: Limits) -> Step:
    """With a probe, its sense says what the gasp was worth; without one, the gasp is what there is."""
    state = replace(state, gasped_at=gasp.heard_at)
    return (state, ()) if state.link_up else _lost_by_gasp(state, gasp, now)


def _gasped_in_return(state: InterruptionState, gasp: MeterGasped, now: datetime, _limits: Limits) -> Step:
    state = replace(state, gasped_at=gasp.heard_at)
    return _lost_by_gasp(state, gasp, now) if state.is_alone and not state.link_up else (state, ())


def _lost_by_gasp(state: InterruptionState, gasp: MeterGasped, now: datetime) -> Step:
    state, ended = trouble.end_all(replace(state, is_alone=True, changed_at=gasp.heard_at), now)
    state = replace(state, began_at=gasp.heard_at, verdict=None, together=True)
    state, assessments = assess(sense_changed(state, Phase.LOST, gasp.heard_at), Sense.LOST, now)
    return state, (*ended, *assessments)


def _gasped_in_the_dark(state: InterruptionState, gasp: MeterGasped, now: datetime, _limits: Limits) -> Step:
    """A gasp that came behind the probe's edge; one that is heard twice is the first."""
    if state.gasp is Gasp.NONE:
        state = replace(state, gasped_at=gasp.heard_at)
    return _judge(state, now)


def _prove(state: InterruptionState, answer: MeterAnswered, now: datetime, limits: Limits) -> Step:
    """A reading after the sense came back: one more proof that supply is restored, or the end of a run of them."""
    word = limits.word(answer.voltages_mv)
    is_in_band = word is MeterWord.IN_BAND
    is_late = is_in_band and state.hold is not None and answer.asked_at < state.hold.until
    if is_late or _is_from_before(state, answer):
        return state, ()
    before = None if state.testimony is None else state.drawn
    drawn = _drawn(before, answer.asked_at, is_loaded=answer.is_loaded)
    state = replace(state, drawn=drawn, has_read_voltage=state.has_read_voltage or word in READS_VOLTAGE)
    state, assessments = assess(replace(_answering(state), testimony=answer), Sense.BACK, now)
    if not is_in_band:
        returned_at = None if answer.voltages_mv else state.returned_at
        return replace(state, hold=None, returned_at=returned_at), assessments
    hold = state.hold
    if hold is None or answer.asked_at - hold.until > limits.restored_hold:
        hold = Hold(since=answer.asked_at, until=answer.asked_at)
    hold = replace(hold, until=answer.asked_at)
    state = replace(state, hold=hold, returned_at=state.returned_at or answer.asked_at)
    is_heard = state.link_up or state.is_alone
    if hold.until - hold.since < limits.restored_hold or not is_heard or not _is_closed(state, answer):
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


def _break_hold(state: InterruptionState, failed: MeterFailed, now: datetime, _limits: Limits) -> Step:
    if _is_from_before(state, failed):
        return state, ()
    return _silent(_failing(replace(state, hold=None), now), failed), ()


def _is_closed(state: InterruptionState, answer: MeterAnswered) -> bool:
    """Whether current can flow to the home; a meter that never told of a disconnector has none to be open."""
    unknown_is_none = answer.disconnector is Disconnector.UNKNOWN and not state.tells_disconnector
    return answer.disconnector is Disconnector.CLOSED or unknown_is_none


def _is_from_before(state: InterruptionState, testimony: MeterAnswered | MeterFailed) -> bool:
    """Whether the meter was asked before the sense last changed: then it spoke of another moment."""
    return state.changed_at is not None and testimony.asked_at < state.changed_at


def _answering(state: InterruptionState) -> InterruptionState:
    return replace(state, failing=None, silent_since=None)


def _failing(state: InterruptionState, now: datetime) -> InterruptionState:
    failing = state.failing
    counted = Failing(noticed_at=now) if failing is None else replace(failing, failures=failing.failures + 1)
    return replace(state, failing=counted)


def _silent(state: InterruptionState, failed: MeterFailed) -> InterruptionState:
    is_first = failed.fault is LinkFault.SILENT and state.silent_since is None
    return replace(state, silent_since=failed.asked_at) if is_first else state


def _fell_together(state: InterruptionState, lost: Lost) -> bool:
    """Whether the meter had not failed before; without a word from it since the last fall, it stays as it was then."""
    failing = state.failing
    if failing is not None and (failing.while_sensed or (lost.is_dated and failing.noticed_at < lost.at)):
        return False
    is_heard_anew = state.phase is Phase.PRESENT or isinstance(state.testimony, MeterAnswered)
    return is_heard_anew or state.together


_RULES: dict[tuple[Phase, type[Heard]], Callable[..., Step]] = {
    (Phase.PRESENT, Lost): _suspect,
    (Phase.PRESENT, Sensed): _sensed_normally,
    (Phase.PRESENT, MeterAnswered): _read_normally,
    (Phase.PRESENT, MeterFailed): _fail_normally,
    (Phase.PRESENT, MeterPushed): _pushed_normally,
    (Phase.PRESENT, MeterGasped): _gasped_normally,
    (Phase.SUSPECT, Back): _back_in_suspicion,
    (Phase.SUSPECT, ProbeLink): _hear_the_backlog,
    (Phase.SUSPECT, Tick): _lost_when_due,
    (Phase.SUSPECT, MeterAnswered): _weigh,
    (Phase.SUSPECT, MeterFailed): _weigh,
    (Phase.SUSPECT, MeterGasped): _gasped_in_the_dark,
    (Phase.LOST, Back): _returning,
    (Phase.LOST, MeterAnswered): _weigh_while_lost,
    (Phase.LOST, MeterFailed): _weigh_while_lost,
    (Phase.LOST, MeterGasped): _gasped_in_the_dark,
    (Phase.RETURNING, Lost): _fall_back,
    (Phase.RETURNING, Sensed): _sensed,
    (Phase.RETURNING, MeterAnswered): _prove,
    (Phase.RETURNING, MeterFailed): _break_hold,
    (Phase.RETURNING, MeterGasped): _gasped_in_return,
}
