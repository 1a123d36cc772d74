"""What is no news: said before, about another interruption, or true when it happened and over by the time we heard.

The table of `rules` moves a home by what happens now. What arrives after its end completes the record: it may open a
case that is shut at once, strengthen the evidence of a closed one, or give it its exact end. It makes nobody be told
anything, but for one thing that is still owed: whoever was told "out", and whose case a person then closed, is told
"back" when their own meter proves it.
"""

from dataclasses import replace
from datetime import datetime

from cloud.messaging.model import Announcement
from cloud.outages import findings
from cloud.outages.effects import Effect, Retract, Step, Tell
from cloud.outages.model import END_UNKNOWN, WITHDRAWN, Case, Ending, Phase, Remark, Return, State
from cloud.outages.signs import Assessed, Lost, Returned, Saying, Sign, senses_supply
from cloud.outages.turn import Turn, is_newer


def set_aside(turn: Turn, seen: Saying, sign: Sign) -> Step | None:
    """The step for an event that is no news; None for one that the table shall judge."""
    state = turn.state
    if isinstance(seen, Lost | Assessed):
        ending = ending_over(state, seen)
        if ending is not None and (ending.returned is not None or ending.by_operator):
            return _history(turn, seen, ending)
        if ending is not None and not is_newer(seen.heard.event, ending.by):
            return turn.noted(Remark.REPEATED, ending.case_number)
    if state.latest_loss_at is None or _concerns(state, state.latest_loss_at, seen, sign):
        return None
    if sign is Sign.RESTORED and isinstance(seen, Returned):
        return completed(turn, seen, Remark.HISTORY)
    if sign is Sign.WAS_INTERRUPTED and isinstance(seen, Assessed) and _is_apart(state, seen):
        return _open_and_shut(turn, seen, Return.shown_by(seen))
    return turn.noted(Remark.REPEATED, state.open_case.number if state.open_case else None)


def ending_over(state: State, seen: Lost | Assessed) -> Ending | None:
    """The ending of the very interruption an event names, else a proven return that its chain tells of later."""
    endings = [ending for ending in state.endings if ending.finding is None]
    for ending in endings:
        if ending.began_at == seen.began_at:
            return ending
    after = [ending for ending in endings if ending.returned and seen.began_at < ending.returned.at]
    return next((ending for ending in after if is_newer(ending.by, seen.heard.event)), None)


def is_past(state: State, seen: Assessed) -> bool:
    """Whether what a verdict names is known to be over by a later event."""
    ending = ending_over(state, seen)
    return ending is not None and (ending.returned is not None or not is_newer(seen.heard.event, ending.by))


def recorded(turn: Turn) -> Step:
    """The record of an interruption that the meter's own counter tells of, and its own voltage shows to be over."""
    assert isinstance(turn.seen, Assessed)
    made = findings.seen_again(turn, _open_and_shut(turn, turn.seen, Return.shown_by(turn.seen)))
    state = replace(made.state, suspicion=None)
    return Step(state=state, effects=(*made.effects, Retract(only=Announcement.POWER_CHECK)))


def completed(turn: Turn, seen: Returned, remark: Remark) -> Step:
    """A proof of return outside an open case: the exact end of a closed one that waits for it, or just remembered."""
    returned = Return.of(seen)
    number = _case_ended_by(turn.state, seen)
    over = Ending(began_at=seen.began_at, returned=returned, by=seen.heard.event, case_number=number)
    state = turn.state.remembering(over)
    case = state.case
    if case is None or case.number != number or not _is_exact_end(case, seen):
        return turn.noted(remark, number, state=state)
    case = case.resting_on(seen.heard).completed(returned)
    tell: tuple[Effect, ...] = ()
    if case.closed_by is not None and case.told_at is not None and turn.state.phase is Phase.SUPPLIED:
        tell = (Tell(case=case, announcement=Announcement.POWER_BACK),)
    made = turn.with_case(case, remark, *tell)
    return replace(made, state=replace(state, case=case))


def _concerns(state: State, latest_loss_at: datetime, seen: Saying, sign: Sign) -> bool:
    """Whether an event can change what we hold of the interruption that last began at `latest_loss_at`."""
    match seen:
        case Lost():
            return seen.began_at >= latest_loss_at
        case Assessed() if sign is Sign.WAS_INTERRUPTED and state.suspicion is not None:
            return is_newer(seen.heard.event, state.suspicion.by)
        case Assessed():
            is_about = seen.began_at == latest_loss_at or (seen.is_interruption and seen.began_at > latest_loss_at)
            return is_about and (state.open_case is None or is_newer(seen.heard.event, state.open_case.verdict_by))
        case Returned():
            return seen.began_at == latest_loss_at or seen.returned_at > latest_loss_at
        case _:
            return True


def _is_apart(state: State, seen: Assessed) -> bool:
    """Whether what a verdict tells of was over before the interruption we are in, or suspect, began."""
    began_at = state.open_case.began_at if state.open_case else state.latest_loss_at
    return began_at is None or Return.shown_by(seen).at < began_at


def _history(turn: Turn, seen: Lost | Assessed, ending: Ending) -> Step:
    """An event about an interruption that is over can complete the record; it makes nobody be told anything."""
    if isinstance(seen, Lost):
        return turn.noted(Remark.HISTORY, ending.case_number)
    if ending.case_number is None:
        returned = Return.shown_by(seen) if seen.live is not None else ending.returned
        if returned is None or not seen.is_interruption:
            return turn.noted(Remark.HISTORY)
        return _open_and_shut(turn, seen, returned)
    case = turn.state.case
    if case is None or case.number != ending.case_number or not is_newer(seen.heard.event, case.verdict_by):
        return turn.noted(Remark.REPEATED, ending.case_number)
    if seen.is_interruption:
        return turn.with_case(case.judged(seen), Remark.STRENGTHENED)
    doubted = replace(case, end_cause=seen.cause, attention=WITHDRAWN if case.told_at else case.attention)
    made = turn.with_case(doubted, Remark.WITHDRAWN_AFTER_TELLING if case.told_at else Remark.HISTORY)
    return made if ending.returned is not None else findings.taken_up(turn, made)


def _open_and_shut(turn: Turn, seen: Assessed, returned: Return) -> Step:
    """The record of an outage that was over when we learnt of it; an open case stays the home's latest one."""
    case = Case.opened(turn.state.cases + 1, turn.state.meter, seen, (), turn.now).restored(returned, turn.now)
    if returned.proven_by == seen.heard.event or all(known.began_at != seen.began_at for known in turn.state.endings):
        case = replace(case, attention=END_UNKNOWN)
    made = turn.with_case(case, Remark.HISTORY)
    made = replace(made, state=replace(made.state, case=turn.state.open_case or case))
    finding = turn.state.finding
    if finding is not None and finding.began_at == seen.began_at and not finding.senses_supply:
        return made  # what keeps the sense away began then, and is not over
    over = Ending(began_at=seen.began_at, returned=returned, by=returned.proven_by, case_number=case.number)
    return replace(made, state=made.state.remembering(over))


def _case_ended_by(state: State, seen: Returned) -> int | None:
    """The number of the case that a proof of return speaks of: of the same start, or a record that holds all of it."""
    ended = (ending for ending in state.endings if ending.began_at == seen.began_at and ending.finding is None)
    number = next((ending.case_number for ending in ended), None)
    case = state.case
    if number is not None or case is None or case.returned is None or not case.lacks_exact_end:
        return number
    is_within = case.began_at <= seen.began_at and seen.returned_at <= case.returned.at
    return case.number if is_within else None


def _is_exact_end(case: Case, seen: Returned) -> bool:
    """Whether a proof of return is the end that a closed case waits for.

    A record in hindsight that was made while the sense was still away ended by then: what the sense came back from
    later is something else.
    """
    if not case.lacks_exact_end:
        return False
    is_of_the_sense = case.returned is None or bool(senses_supply(case.evidence))
    return is_of_the_sense or (case.returned is not None and seen.returned_at <= case.returned.at)
