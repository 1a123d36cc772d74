"""The rules of an outage, as a table: (phase, sign) -> next phase and what is done on the way.

    supplied --lost--> suspected --interrupted--> out --notice due--> told
        ^                  |                       |                    |
        +--- restored, or a verdict that it is no outage, or closed ----+
                                                   by a person

A pair that is not in the table changes nothing. The rules behind it:

1. Nobody is told of a suspicion, of a verdict that is still provisional, that stands without evidence or that was made
   when supply was sensed or measured again, or of a case that closed before its notice fell due.
2. Only the home's own meter, reading a voltage behind a closed switch, proves that power is back.
3. "Power is back" is said only to whom "power is out" was said; a person who closes a case proves nothing.
4. A case whose customer was told is never closed as a mistake in silence: it is marked for a person. Supply that goes
   again for a reason of its own, before its return was proved, makes no mistake of what was told before.
5. An event speaks of the instant it names, not of the instant it arrives. What arrives after the end is history.
6. Not to know is no verdict: "cannot tell" neither dismisses a suspicion nor closes a case.

The fifth rule decides what happens when a gateway's uplink was down and a whole outage arrives after the fact. Telling
"your power is out" would be untrue, and "your power is back" would answer what nobody asked; so the case is recorded
with its raw start and end, and nobody is told. Such events come in a burst, the verdict some moments before the proof
of return, which needs its voltage to have held. Therefore a verdict that was long on its way waits `settle_after` for
the rest; and where "it is out" has outlived its time to live, no message is made, but a question to a person. A verdict
that says itself that the meter reads a voltage again is history when it is made: its case is opened and shut at once.

Events come twice, late and out of order; each is judged by its place in its gateway's chain and by the interruption it
names, never by when it came. What is no news is set aside before the table is asked (`history`); what a verdict found
that is not an outage is kept while it stands (`findings`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from cloud.messaging.model import Announcement
from cloud.outages import findings, history
from cloud.outages.effects import DropNotice, Effect, NotifyAt, Retract, Step, Tell
from cloud.outages.model import UNPROVEN, Case, End, Ending, Phase, Remark, Return, State, Suspicion
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import (
    Assessed,
    BreakerDue,
    ClosedByOperator,
    Lost,
    NoticeDue,
    Observation,
    Returned,
    Saying,
    Sign,
    Unsaid,
    sign_of,
)
from cloud.outages.turn import Turn
from wire.terms import Stage


def step(state: State, seen: Observation, now: datetime, settings: OutageSettings) -> Step:
    """What `seen` makes of the home's state at `now`, and what is to be done about it. Pure."""
    if isinstance(seen, Unsaid):
        return _moved(Turn(state, seen, now, settings), _UNSAID[type(seen)])
    if seen.heard.event in state.seen:
        return Step(state=state)
    turn = Turn(state.having_seen(seen.heard.event), seen, now, settings)
    sign = _sign(state, seen)
    set_aside = None if sign is Sign.BESIDE else history.set_aside(turn, seen, sign)
    return set_aside or _moved(turn, sign)


_Rule: TypeAlias = Callable[[Turn], Step]
_UNSAID: Final[Mapping[type[Unsaid], Sign]] = {
    NoticeDue: Sign.NOTICE_DUE,
    BreakerDue: Sign.BREAKER_DUE,
    ClosedByOperator: Sign.CLOSED,
}


def _sign(state: State, seen: Saying) -> Sign:
    """What an event says about this home: what denies the interruption we are in denies it beside a supply, too."""
    sign = sign_of(seen, state.meter)
    if not isinstance(seen, Assessed):
        return sign
    is_about = seen.denies and seen.began_at == state.latest_loss_at
    if not is_about and sign is not Sign.NO_OUTAGE:
        return sign
    case = state.open_case
    return Sign.NO_RELAPSE if case is not None and case.was_out_before(seen) else Sign.NO_OUTAGE


def _moved(turn: Turn, sign: Sign) -> Step:
    if (turn.state.phase, sign) not in TABLE or _is_of_another_case(turn):
        return Step(state=turn.state)
    phase, rule = TABLE[turn.state.phase, sign]
    done = rule(turn)
    return replace(done, state=replace(done.state, phase=phase))


def _is_of_another_case(turn: Turn) -> bool:
    return isinstance(turn.seen, NoticeDue) and turn.case.number != turn.seen.case_number


# The rules of the table


def _suspect(turn: Turn) -> Step:
    assert isinstance(turn.seen, Lost)
    suspicion = Suspicion(began_at=turn.seen.began_at, by=turn.seen.heard.event)
    return findings.lost_anew(turn, turn.noted(Remark.SUSPECTED, state=replace(turn.state, suspicion=suspicion)))


def _dismiss(turn: Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    over = Ending(began_at=turn.seen.began_at, returned=None, by=turn.seen.heard.event)
    remark = Remark.FOUND if turn.state.suspicion is None and turn.seen.denies else Remark.DISMISSED
    made = turn.noted(remark, state=replace(turn.state, suspicion=None).remembering(over))
    return findings.taken_up(turn, made)


def _remember_return(turn: Turn) -> Step:
    assert isinstance(turn.seen, Returned)
    made = findings.cleared(turn, history.completed(turn, turn.seen, Remark.RESTORED))
    return replace(made, state=replace(made.state, suspicion=None))


def _look_beside(turn: Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    return findings.look_beside(turn, history.is_past(turn.state, turn.seen))


def _open(turn: Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    led_here = () if turn.state.suspicion is None else (turn.state.suspicion.by,)
    case = Case.opened(turn.state.cases + 1, turn.state.meter, turn.seen, led_here, turn.now)
    made = findings.cleared(turn, turn.with_case(case, Remark.OPENED, _notice(turn, case, turn.seen)))
    return replace(made, state=replace(made.state, suspicion=None))


def _strengthen(turn: Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    case = turn.case.judged(turn.seen)
    notice = () if case.told_at else (_notice(turn, case, turn.seen),)
    return findings.cleared(turn, turn.with_case(case, Remark.STRENGTHENED, *notice, *_of_return(case)))


def _lose_again(turn: Turn) -> Step:
    assert isinstance(turn.seen, Lost)
    is_another = turn.seen.began_at > turn.case.latest_loss_at
    case = replace(turn.case.resting_on(turn.seen.heard), latest_loss_at=turn.seen.began_at)
    made = turn.with_case(case, Remark.LOST_AGAIN if is_another else Remark.STRENGTHENED)
    return findings.lost_anew(turn, made)


def _tell_out(turn: Turn) -> Step:
    case = replace(turn.case, told_at=turn.now)
    return turn.with_case(case, Remark.TOLD, Tell(case=case, announcement=Announcement.POWER_OUT))


def _restore(turn: Turn) -> Step:
    case = _closed(turn)
    made = turn.with_case(case, Remark.RESTORED, DropNotice(case_number=case.number))
    return findings.cleared(turn, _shut(case, made))


def _restore_and_tell(turn: Turn) -> Step:
    case = _closed(turn)
    tell = Tell(case=case, announcement=Announcement.POWER_BACK)
    return findings.cleared(turn, _shut(case, turn.with_case(case, Remark.RESTORED, tell)))


def _unfounded(turn: Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    case = turn.case.dismissed(turn.seen, turn.now)
    remark = Remark.WITHDRAWN_AFTER_TELLING if case.told_at else Remark.DISMISSED
    made = turn.with_case(case, remark, DropNotice(case_number=case.number), Retract())
    return findings.taken_up(turn, _shut(case, made))


def _look_beside_relapse(turn: Turn) -> Step:
    made = _look_beside(turn)
    notice = () if turn.case.told_at else (DropNotice(case_number=turn.case.number),)
    return replace(made, effects=(*made.effects, *notice))


def _close_by_operator(turn: Turn) -> Step:
    assert isinstance(turn.seen, ClosedByOperator)
    case = turn.case.closed_by_operator(turn.seen, turn.now)
    made = turn.with_case(case, Remark.CLOSED_BY_OPERATOR, DropNotice(case_number=case.number), Retract())
    return _shut(case, made)


def _doubt_return(turn: Turn) -> Step:
    assert isinstance(turn.seen, Returned)
    case = replace(turn.case.resting_on(turn.seen.heard), attention=UNPROVEN)
    return turn.with_case(case, Remark.RETURN_UNPROVEN, *_of_return(case))


def _count_dip(turn: Turn) -> Step:
    return turn.noted(Remark.DIPPED, state=replace(turn.state, dips=turn.state.dips + 1))


TABLE: Final[Mapping[tuple[Phase, Sign], tuple[Phase, _Rule]]] = {
    (Phase.SUPPLIED, Sign.LOST): (Phase.SUSPECTED, _suspect),
    (Phase.SUPPLIED, Sign.INTERRUPTED): (Phase.OUT, _open),
    (Phase.SUPPLIED, Sign.WAS_INTERRUPTED): (Phase.SUPPLIED, history.recorded),
    (Phase.SUPPLIED, Sign.NO_OUTAGE): (Phase.SUPPLIED, _dismiss),
    (Phase.SUPPLIED, Sign.BESIDE): (Phase.SUPPLIED, _look_beside),
    (Phase.SUPPLIED, Sign.RESTORED): (Phase.SUPPLIED, _remember_return),
    (Phase.SUPPLIED, Sign.UNPROVEN): (Phase.SUPPLIED, findings.sense_back),
    (Phase.SUPPLIED, Sign.DIPPED): (Phase.SUPPLIED, _count_dip),
    (Phase.SUPPLIED, Sign.BREAKER_DUE): (Phase.SUPPLIED, findings.tell_of_breaker),
    (Phase.SUSPECTED, Sign.LOST): (Phase.SUSPECTED, _suspect),
    (Phase.SUSPECTED, Sign.INTERRUPTED): (Phase.OUT, _open),
    (Phase.SUSPECTED, Sign.WAS_INTERRUPTED): (Phase.SUPPLIED, history.recorded),
    (Phase.SUSPECTED, Sign.NO_OUTAGE): (Phase.SUPPLIED, _dismiss),
    (Phase.SUSPECTED, Sign.BESIDE): (Phase.SUSPECTED, _look_beside),
    (Phase.SUSPECTED, Sign.RESTORED): (Phase.SUPPLIED, _remember_return),
    (Phase.SUSPECTED, Sign.DIPPED): (Phase.SUSPECTED, _count_dip),
    (Phase.OUT, Sign.LOST): (Phase.OUT, _lose_again),
    (Phase.OUT, Sign.INTERRUPTED): (Phase.OUT, _strengthen),
    (Phase.OUT, Sign.WAS_INTERRUPTED): (Phase.OUT, _strengthen),
    (Phase.OUT, Sign.NO_OUTAGE): (Phase.SUPPLIED, _unfounded),
    (Phase.OUT, Sign.NO_RELAPSE): (Phase.OUT, _look_beside_relapse),
    (Phase.OUT, Sign.BESIDE): (Phase.OUT, _look_beside),
    (Phase.OUT, Sign.RESTORED): (Phase.SUPPLIED, _restore),
    (Phase.OUT, Sign.UNPROVEN): (Phase.OUT, _doubt_return),
    (Phase.OUT, Sign.DIPPED): (Phase.OUT, _count_dip),
    (Phase.OUT, Sign.NOTICE_DUE): (Phase.TOLD, _tell_out),
    (Phase.OUT, Sign.CLOSED): (Phase.SUPPLIED, _close_by_operator),
    (Phase.TOLD, Sign.LOST): (Phase.TOLD, _lose_again),
    (Phase.TOLD, Sign.INTERRUPTED): (Phase.TOLD, _strengthen),
    (Phase.TOLD, Sign.WAS_INTERRUPTED): (Phase.TOLD, _strengthen),
    (Phase.TOLD, Sign.NO_OUTAGE): (Phase.SUPPLIED, _unfounded),
    (Phase.TOLD, Sign.NO_RELAPSE): (Phase.TOLD, _look_beside_relapse),
    (Phase.TOLD, Sign.BESIDE): (Phase.TOLD, _look_beside),
    (Phase.TOLD, Sign.RESTORED): (Phase.SUPPLIED, _restore_and_tell),
    (Phase.TOLD, Sign.UNPROVEN): (Phase.TOLD, _doubt_return),
    (Phase.TOLD, Sign.DIPPED): (Phase.TOLD, _count_dip),
    (Phase.TOLD, Sign.CLOSED): (Phase.SUPPLIED, _close_by_operator),
}
"""Every move there is; the diagram above is this table."""


# What the rules share


def _closed(turn: Turn) -> Case:
    assert isinstance(turn.seen, Returned)
    return turn.case.resting_on(turn.seen.heard).restored(Return.of(turn.seen), turn.now)


def _shut(case: Case, made: Step) -> Step:
    """The step of closing a case, remembering every interruption that ended with it."""
    state = made.state
    for began_at in dict.fromkeys((case.began_at, case.latest_loss_at)):
        over = Ending(
            began_at=began_at,
            returned=case.returned,
            by=case.end_by or case.verdict_by,
            case_number=case.number,
            by_operator=case.end is End.OPERATOR,
        )
        state = state.remembering(over)
    return replace(made, state=state)


def _of_return(case: Case) -> tuple[Effect, ...]:
    """Where something speaks for a return, "nothing tells us that it is back" must not leave any more."""
    return (Retract(only=Announcement.STILL_OUT),) if case.is_returning else ()


def _notice(turn: Turn, case: Case, seen: Assessed) -> Effect:
    """When to tell: soon after the start if the verdict is fresh, after what else was held up if it is late.

    A verdict on which nobody may be told takes back the notice that one before it set.
    """
    is_dark = seen.senses_supply is False and seen.live is None
    if not is_dark or not case.has_evidence or case.stage is not Stage.CONFIRMED:
        return DropNotice(case_number=case.number)
    due_at = turn.now + turn.settings.settle_after if turn.is_late else turn.soon_after(case.began_at)
    return NotifyAt(case_number=case.number, due_at=due_at)
