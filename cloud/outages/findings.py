"""The rules of findings: verdicts that are not an outage, kept while they stand.

    cause                                       made while the sense is   stands until
    ------------------------------------------  ------------------------  ------------------------------------------
    gateway unplugged, switched off,            away                      supply is back, or another verdict
    own breaker, phase lost
    cannot tell                                 away                      supply is back, or another verdict
    head off, wan fault; or any of the above    there                     it is confirmed (then it is over)
    any                                                                   it is withdrawn

A finding tells why a home is dark, or why it cannot be seen. It never moves a case: a verdict that *denies* an
interruption is judged by the rules of outages first (`rules`), and what it found is kept here. One that cannot see
(cannot tell, head off, wan fault) denies nothing, so a suspicion stays one.

One finding is told, and once: the home's own breaker, confirmed and lasting, because its customer is the one who can
mend it. If the verdict was held up on its way nobody is told, for it may be over.
"""

from dataclasses import replace
from typing import Final

from cloud.messaging.model import Announcement
from cloud.outages.effects import BreakerNoticeAt, DropBreakerNotice, DropNotice, Effect, Retract, Step, TellOfBreaker
from cloud.outages.model import Breaker, Case, Ending, Finding, Remark, State
from cloud.outages.signs import Assessed, BreakerDue, Lost, Returned
from cloud.outages.turn import Turn, is_newer
from wire.terms import Cause, Stage

_UNSEEING: Final = frozenset({Cause.CANNOT_TELL, Cause.HEAD_OFF})


def look_beside(turn: Turn, is_past: bool) -> Step:
    """A verdict that neither is an interruption nor denies one; `is_past` if what it names is known to be over."""
    assert isinstance(turn.seen, Assessed)
    state, seen = turn.state, turn.seen
    if not seen.stands:
        return _over(turn, seen)
    if is_past or _ended(state, seen):
        return turn.noted(Remark.HISTORY)
    if not _is_newest(state, seen):
        return turn.noted(Remark.REPEATED)
    made = taken_up(turn, turn.noted(Remark.FOUND))
    case = state.open_case
    if case is None or case.told_at is not None or not _doubts(seen, case):
        return made
    return replace(made, effects=(*made.effects, DropNotice(case_number=case.number)))


def taken_up(turn: Turn, made: Step) -> Step:
    """The step with what the verdict found, if that stands and nothing newer was found."""
    assert isinstance(turn.seen, Assessed)
    seen, before = turn.seen, made.state.finding
    if seen.cause is Cause.SUPPLY_INTERRUPTED or not seen.stands or _ended(made.state, seen):
        return made
    if before is not None and not is_newer(seen.heard.event, before.by):
        return made
    if before is not None and not before.is_of(seen):
        made = _dropped(made)
    return _watched(turn, seen, replace(made, state=replace(made.state, finding=Finding.of(seen))))


def cleared(turn: Turn, made: Step) -> Step:
    """The step without the finding: what was seen is a later word on the home's supply."""
    heard, finding = turn.heard, made.state.finding
    if finding is None or heard is None or not is_newer(heard.event, finding.by):
        return made
    return _dropped(made)


def seen_again(turn: Turn, made: Step) -> Step:
    """The step without a finding of not being able to see: the meter was read. What keeps the home dark still does."""
    finding = made.state.finding
    return cleared(turn, made) if finding is not None and finding.cause in _UNSEEING else made


def lost_anew(turn: Turn, made: Step) -> Step:
    """Supply that is lost anew was back before: what explained its absence is over."""
    finding = made.state.finding
    is_other = isinstance(turn.seen, Lost) and finding is not None and turn.seen.began_at > finding.began_at
    return cleared(turn, made) if is_other and finding and not finding.senses_supply else made


def sense_back(turn: Turn) -> Step:
    """Supply is sensed again without proof of power at the meter: what explained its absence is over all the same."""
    assert isinstance(turn.seen, Returned)
    seen, finding = turn.seen, turn.state.finding
    is_explained = finding is not None and finding.began_at == seen.began_at and not finding.senses_supply
    if finding is None or not is_explained or seen.heard.meter != turn.state.meter:
        return Step(state=turn.state)
    if not is_newer(seen.heard.event, finding.by):
        return Step(state=turn.state)
    over = Ending(began_at=seen.began_at, returned=None, by=seen.heard.event)
    return cleared(turn, turn.noted(Remark.FINDING_OVER, state=turn.state.remembering(over)))


def tell_of_breaker(turn: Turn) -> Step:
    """The notice fell due: tell, if the breaker is still what was found, and was not told before."""
    assert isinstance(turn.seen, BreakerDue)
    finding, breaker = turn.state.finding, _of_breaker(turn.state)
    if finding is None or breaker is None or breaker.number != turn.seen.occurrence or breaker.told_at:
        return Step(state=turn.state)
    if finding.stage is not Stage.CONFIRMED:
        return Step(state=turn.state)
    made = turn.noted(Remark.BREAKER_TOLD, state=replace(turn.state, breaker=replace(breaker, told_at=turn.now)))
    tell = TellOfBreaker(finding=finding, occurrence=breaker.number)
    return replace(made, effects=(*made.effects, tell))


def _over(turn: Turn, seen: Assessed) -> Step:
    """The gateway says that what it found is over, or was not so."""
    state = turn.state
    if _ended(state, seen):
        return turn.noted(Remark.REPEATED)
    over = Ending(began_at=seen.began_at, returned=None, by=seen.heard.event, finding=seen.cause)
    finding = state.finding
    state = state.remembering(over)
    if finding is not None and finding.is_of(seen) and is_newer(seen.heard.event, finding.by):
        return cleared(turn, turn.noted(Remark.FINDING_OVER, state=state))
    return turn.noted(Remark.HISTORY if seen.stage is Stage.CONFIRMED else Remark.REPEATED, state=state)


def _ended(state: State, seen: Assessed) -> bool:
    """Whether this very finding was said to be over by a later event."""
    of = (seen.began_at, seen.cause)
    known = (ending for ending in state.endings if (ending.began_at, ending.finding) == of)
    return any(not is_newer(seen.heard.event, ending.by) for ending in known)


def _is_newest(state: State, seen: Assessed) -> bool:
    """Whether no later verdict is held."""
    held = [state.finding.by] if state.finding else []
    held += [state.open_case.verdict_by] if state.open_case else []
    return all(is_newer(seen.heard.event, event) for event in held)


def _doubts(seen: Assessed, case: Case) -> bool:
    """Whether it takes away what the open case would be told on: supply is sensed, or nobody can tell any more."""
    if seen.cause is Cause.WAN_FAULT:
        return False
    return bool(seen.senses_supply) or seen.began_at == case.latest_loss_at


def _of_breaker(state: State) -> Breaker | None:
    """The count of the home's own breaker, if that is what was found."""
    finding, breaker = state.finding, state.breaker
    is_it = finding is not None and finding.cause is Cause.OWN_BREAKER
    return breaker if is_it and finding and breaker and breaker.began_at == finding.began_at else None


def _watched(turn: Turn, seen: Assessed, made: Step) -> Step:
    """The step that also counts the home's own breaker, and sets the notice of it."""
    is_theirs = seen.cause is Cause.OWN_BREAKER and seen.senses_supply is False and seen.live is not None
    if not is_theirs or seen.stage is not Stage.CONFIRMED:
        return made
    breaker = made.state.breaker
    if breaker is None or breaker.began_at != seen.began_at:
        breaker = Breaker(number=breaker.number + 1 if breaker else 1, began_at=seen.began_at)
    notice: tuple[Effect, ...] = ()
    if breaker.told_at is None and not turn.is_late:
        notice = (BreakerNoticeAt(occurrence=breaker.number, due_at=turn.soon_after(seen.began_at)),)
    return Step(state=replace(made.state, breaker=breaker), effects=(*made.effects, *notice))


def _dropped(made: Step) -> Step:
    """The step without the finding, and without what was still to be told of it."""
    breaker = _of_breaker(made.state)
    void: tuple[Effect, ...] = ()
    if breaker is not None:
        void = (DropBreakerNotice(occurrence=breaker.number), Retract(only=Announcement.CHECK_BREAKER))
    return Step(state=replace(made.state, finding=None), effects=(*made.effects, *void))
