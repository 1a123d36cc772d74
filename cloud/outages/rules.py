"""The rules of an outage, as a table: (phase, sign) -> next phase and what is done on the way.

    supplied --lost--> suspected --interrupted--> out --notice due--> told
        ^                  |                       |                    |
        +--- restored, or a verdict that it is no outage ---------------+

A pair that is not in the table changes nothing. The rules behind it:

1. Nobody is told of a suspicion, of a verdict that is still provisional or stands without evidence, or of a case that
   closed before its notice fell due.
2. Only the home's own meter, reading a voltage behind a closed switch, proves that power is back.
3. "Power is back" is said only to whom "power is out" was said.
4. A case whose customer was told is never closed as a mistake in silence: it is marked for a person.
5. An event speaks of the instant it names, not of the instant it arrives. What arrives after the end is history.

The fifth rule decides what happens when a gateway's uplink was down and a whole outage arrives after the fact. Telling
"your power is out" would be untrue, and "your power is back" would answer what nobody asked; so the case is recorded
with its raw start and end, and nobody is told. Such events come in a burst, the verdict some moments before the proof
of return, which needs its voltage to have held. Therefore a verdict that was long on its way waits `settle_after` for
the rest; and where "it is out" has outlived its time to live, no message is made, but a question to a person.

Events come twice, late and out of order; each is judged by its place in its gateway's chain and by the interruption it
names, never by when it came.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeAlias

from cloud.kernel.ids import EventId
from cloud.messaging.model import Announcement
from cloud.outages.effects import (
    CaseChanged,
    DropNotice,
    Effect,
    Noted,
    NotifyAt,
    Retract,
    Step,
    Tell,
)
from cloud.outages.model import (
    END_UNKNOWN,
    UNPROVEN,
    WITHDRAWN,
    Case,
    End,
    Ending,
    Phase,
    Remark,
    Return,
    State,
    Suspicion,
)
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import (
    Assessed,
    ClosedByOperator,
    Heard,
    Lost,
    NoticeDue,
    Observation,
    Returned,
    Sign,
    sign_of,
)
from wire.events import Stage


def step(state: State, seen: Observation, now: datetime, settings: OutageSettings) -> Step:
    """What `seen` makes of the home's state at `now`, and what is to be done about it. Pure."""
    if isinstance(seen, NoticeDue):
        is_of_this_case = state.case is not None and state.case.number == seen.case_number
        return _moved(_Turn(state, seen, now, settings), Sign.NOTICE_DUE) if is_of_this_case else Step(state=state)
    if isinstance(seen, ClosedByOperator):
        return _moved(_Turn(state, seen, now, settings), Sign.CLOSED)
    if seen.heard.event in state.seen:
        return Step(state=state)
    turn = _Turn(state.having_seen(seen.heard.event), seen, now, settings)
    sign = sign_of(seen, state.meter)
    return _set_aside(turn, sign) or _moved(turn, sign)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a rule may look at, and the two shapes its answer takes."""

    state: State
    seen: Observation
    now: datetime
    settings: OutageSettings

    @property
    def case(self) -> Case:
        assert self.state.case is not None, "a phase with an open case has one"
        return self.state.case

    @property
    def heard(self) -> Heard | None:
        return None if isinstance(self.seen, NoticeDue | ClosedByOperator) else self.seen.heard

    def noted(self, remark: Remark, case_number: int | None = None, *, state: State | None = None) -> Step:
        """A line in the timeline, and perhaps another state; nothing else."""
        line = Noted(remark=remark, case_number=case_number, heard=self.heard)
        return Step(state=state or self.state, effects=(line,))

    def with_case(self, case: Case, remark: Remark, *more: Effect) -> Step:
        """The case as the home's latest one, a line in the timeline, and what else is to be done."""
        line = Noted(remark=remark, case_number=case.number, heard=self.heard)
        state = replace(self.state, case=case, cases=max(self.state.cases, case.number))
        return Step(state=state, effects=(CaseChanged(case=case), line, *more))


_Rule: TypeAlias = Callable[[_Turn], Step]


def _moved(turn: _Turn, sign: Sign) -> Step:
    if (turn.state.phase, sign) not in TABLE:
        return Step(state=turn.state)
    phase, rule = TABLE[turn.state.phase, sign]
    done = rule(turn)
    return replace(done, state=replace(done.state, phase=phase))


# What must not move the table: said before, about another interruption, or history


def _set_aside(turn: _Turn, sign: Sign) -> Step | None:
    """The step for an event that is no news; None for one that the table shall judge."""
    seen, state = turn.seen, turn.state
    if isinstance(seen, Lost | Assessed):
        ending = _ending_over(state, seen)
        if ending is not None and ending.returned is not None:
            return _history(turn, seen, ending, ending.returned)
        if ending is not None and not _is_newer(seen.heard.event, ending.by):
            return turn.noted(Remark.REPEATED, ending.case_number)
    if state.latest_loss_at is None or _concerns(state, state.latest_loss_at, seen):
        return None
    if sign is Sign.RESTORED and isinstance(seen, Returned):
        over = Ending(began_at=seen.began_at, returned=Return.of(seen), by=seen.heard.event)
        return turn.noted(Remark.HISTORY, state=state.remembering(over))
    return turn.noted(Remark.REPEATED, state.open_case.number if state.open_case else None)


def _ending_over(state: State, seen: Lost | Assessed) -> Ending | None:
    """The ending of the very interruption an event names, else a proven return that its chain tells of later."""
    for ending in state.endings:
        if ending.began_at == seen.began_at:
            return ending
    after = [ending for ending in state.endings if ending.returned and seen.began_at < ending.returned.at]
    return next((ending for ending in after if _is_newer(ending.by, seen.heard.event)), None)


def _concerns(state: State, latest_loss_at: datetime, seen: Observation) -> bool:
    """Whether an event can change what we hold of the interruption that last began at `latest_loss_at`."""
    match seen:
        case Lost():
            return seen.began_at >= latest_loss_at
        case Assessed():
            is_about = seen.began_at == latest_loss_at or (seen.is_interruption and seen.began_at > latest_loss_at)
            return is_about and (state.open_case is None or _is_newer(seen.heard.event, state.open_case.verdict_by))
        case Returned():
            return seen.began_at == latest_loss_at or seen.returned_at > latest_loss_at
        case _:
            return True


def _history(turn: _Turn, seen: Lost | Assessed, ending: Ending, returned: Return) -> Step:
    """An event about an interruption that is over can complete the record; it makes nobody be told anything."""
    if isinstance(seen, Lost):
        return turn.noted(Remark.HISTORY, ending.case_number)
    if ending.case_number is None:
        return _open_and_shut(turn, seen, returned) if seen.is_interruption else turn.noted(Remark.HISTORY)
    case = turn.state.case
    if case is None or case.number != ending.case_number or not _is_newer(seen.heard.event, case.verdict_by):
        return turn.noted(Remark.REPEATED, ending.case_number)
    if seen.is_interruption:
        return turn.with_case(case.judged(seen), Remark.STRENGTHENED)
    doubted = replace(case, end_cause=seen.cause, attention=WITHDRAWN if case.told_at else case.attention)
    return turn.with_case(doubted, Remark.WITHDRAWN_AFTER_TELLING if case.told_at else Remark.HISTORY)


def _open_and_shut(turn: _Turn, seen: Assessed, returned: Return) -> Step:
    """The record of an outage that was over when we learnt of it; an open case stays the home's latest one."""
    case = Case.opened(turn.state.cases + 1, turn.state.meter, seen, (), turn.now).restored(returned, turn.now)
    if all(known.began_at != seen.began_at for known in turn.state.endings):
        case = replace(case, attention=END_UNKNOWN)
    made = turn.with_case(case, Remark.HISTORY)
    over = Ending(began_at=seen.began_at, returned=returned, by=returned.proven_by, case_number=case.number)
    return replace(made, state=replace(made.state, case=turn.state.open_case or case).remembering(over))


def _is_newer(event: EventId, than: EventId) -> bool:
    """Whether a gateway said `event` after `than`; of two gateways, the one that is heard later is believed."""
    return event.gateway != than.gateway or (event.gen, event.seq) > (than.gen, than.seq)


# The rules of the table


def _suspect(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Lost)
    suspicion = Suspicion(began_at=turn.seen.began_at, by=turn.seen.heard.event)
    return turn.noted(Remark.SUSPECTED, state=replace(turn.state, suspicion=suspicion))


def _dismiss(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    over = Ending(began_at=turn.seen.began_at, returned=None, by=turn.seen.heard.event)
    return turn.noted(Remark.DISMISSED, state=replace(turn.state, suspicion=None).remembering(over))


def _remember_return(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Returned)
    over = Ending(began_at=turn.seen.began_at, returned=Return.of(turn.seen), by=turn.seen.heard.event)
    return turn.noted(Remark.RESTORED, state=replace(turn.state, suspicion=None).remembering(over))


def _open(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    led_here = () if turn.state.suspicion is None else (turn.state.suspicion.by,)
    case = Case.opened(turn.state.cases + 1, turn.state.meter, turn.seen, led_here, turn.now)
    made = turn.with_case(case, Remark.OPENED, *_notice(turn, case, turn.seen))
    return replace(made, state=replace(made.state, suspicion=None))


def _strengthen(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    case = turn.case.judged(turn.seen)
    return turn.with_case(case, Remark.STRENGTHENED, *_notice(turn, case, turn.seen))


def _lose_again(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Lost)
    is_another = turn.seen.began_at > turn.case.latest_loss_at
    case = replace(turn.case.resting_on(turn.seen.heard), latest_loss_at=turn.seen.began_at)
    return turn.with_case(case, Remark.LOST_AGAIN if is_another else Remark.STRENGTHENED)


def _tell_out(turn: _Turn) -> Step:
    case = replace(turn.case, told_at=turn.now)
    return turn.with_case(case, Remark.TOLD, Tell(case=case, announcement=Announcement.POWER_OUT))


def _restore(turn: _Turn) -> Step:
    case = _closed(turn)
    return _shut(case, turn.with_case(case, Remark.RESTORED, DropNotice(case_number=case.number)))


def _restore_and_tell(turn: _Turn) -> Step:
    case = _closed(turn)
    tell = Tell(case=case, announcement=Announcement.POWER_BACK)
    return _shut(case, turn.with_case(case, Remark.RESTORED, tell))


def _unfounded(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Assessed)
    case = turn.case.dismissed(turn.seen, turn.now)
    remark = Remark.WITHDRAWN_AFTER_TELLING if case.told_at else Remark.DISMISSED
    drop, retract = DropNotice(case_number=case.number), Retract(case_number=case.number)
    return _shut(case, turn.with_case(case, remark, drop, retract))


def _close_by_operator(turn: _Turn) -> Step:
    assert isinstance(turn.seen, ClosedByOperator)
    case = turn.case.closed_by_operator(turn.seen, turn.now)
    drop, retract = DropNotice(case_number=case.number), Retract(case_number=case.number)
    return _shut(case, turn.with_case(case, Remark.CLOSED_BY_OPERATOR, drop, retract))


def _doubt_return(turn: _Turn) -> Step:
    assert isinstance(turn.seen, Returned)
    case = replace(turn.case.resting_on(turn.seen.heard), attention=UNPROVEN)
    return turn.with_case(case, Remark.RETURN_UNPROVEN)


def _count_dip(turn: _Turn) -> Step:
    return turn.noted(Remark.DIPPED, state=replace(turn.state, dips=turn.state.dips + 1))


TABLE: Final[Mapping[tuple[Phase, Sign], tuple[Phase, _Rule]]] = {
    (Phase.SUPPLIED, Sign.LOST): (Phase.SUSPECTED, _suspect),
    (Phase.SUPPLIED, Sign.INTERRUPTED): (Phase.OUT, _open),
    (Phase.SUPPLIED, Sign.NO_OUTAGE): (Phase.SUPPLIED, _dismiss),
    (Phase.SUPPLIED, Sign.RESTORED): (Phase.SUPPLIED, _remember_return),
    (Phase.SUPPLIED, Sign.DIPPED): (Phase.SUPPLIED, _count_dip),
    (Phase.SUSPECTED, Sign.LOST): (Phase.SUSPECTED, _suspect),
    (Phase.SUSPECTED, Sign.INTERRUPTED): (Phase.OUT, _open),
    (Phase.SUSPECTED, Sign.NO_OUTAGE): (Phase.SUPPLIED, _dismiss),
    (Phase.SUSPECTED, Sign.RESTORED): (Phase.SUPPLIED, _remember_return),
    (Phase.SUSPECTED, Sign.DIPPED): (Phase.SUSPECTED, _count_dip),
    (Phase.OUT, Sign.LOST): (Phase.OUT, _lose_again),
    (Phase.OUT, Sign.INTERRUPTED): (Phase.OUT, _strengthen),
    (Phase.OUT, Sign.NO_OUTAGE): (Phase.SUPPLIED, _unfounded),
    (Phase.OUT, Sign.RESTORED): (Phase.SUPPLIED, _restore),
    (Phase.OUT, Sign.UNPROVEN): (Phase.OUT, _doubt_return),
    (Phase.OUT, Sign.DIPPED): (Phase.OUT, _count_dip),
    (Phase.OUT, Sign.NOTICE_DUE): (Phase.TOLD, _tell_out),
    (Phase.OUT, Sign.CLOSED): (Phase.SUPPLIED, _close_by_operator),
    (Phase.TOLD, Sign.CLOSED): (Phase.SUPPLIED, _close_by_operator),
    (Phase.TOLD, Sign.LOST): (Phase.TOLD, _lose_again),
    (Phase.TOLD, Sign.INTERRUPTED): (Phase.TOLD, _strengthen),
    (Phase.TOLD, Sign.NO_OUTAGE): (Phase.SUPPLIED, _unfounded),
    (Phase.TOLD, Sign.RESTORED): (Phase.SUPPLIED, _restore_and_tell),
    (Phase.TOLD, Sign.UNPROVEN): (Phase.TOLD, _doubt_return),
    (Phase.TOLD, Sign.DIPPED): (Phase.TOLD, _count_dip),
}
"""Every move there is; the diagram above is this table."""


# What the rules share


def _closed(turn: _Turn) -> Case:
    assert isinstance(turn.seen, Returned)
    return turn.case.resting_on(turn.seen.heard).restored(Return.of(turn.seen), turn.now)


def _shut(case: Case, made: Step) -> Step:
    """The step of closing a case, remembering every interruption that ended with it."""
    state, last = made.state, case.end_by or case.sources[-1]
    for began_at in dict.fromkeys((case.began_at, case.latest_loss_at)):
        over = Ending(
            began_at=began_at,
            returned=case.returned,
            by=last,
            case_number=case.number,
            by_operator=case.end is End.OPERATOR,
        )
        state = state.remembering(over)
    return replace(made, state=state)


def _notice(turn: _Turn, case: Case, seen: Assessed) -> tuple[Effect, ...]:
    """When to tell: soon after the start if the verdict is fresh, after what else was held up if it is late."""
    if case.told_at is not None or not case.has_evidence or case.stage is not Stage.CONFIRMED:
        return ()
    soonest, latest = turn.now, turn.now + turn.settings.notify_after
    due_at = min(max(case.began_at + turn.settings.notify_after, soonest), latest)
    if seen.heard.heard_at - seen.heard.said_at > turn.settings.late_after:
        due_at = turn.now + turn.settings.settle_after
    return (NotifyAt(case_number=case.number, due_at=due_at),)
