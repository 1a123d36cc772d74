"""The rules of outages on the tree: what every home's evidence makes of the outages of its feeder.

In go the tree, what is known of each home and the outages there are; out come those that changed, lines for their
timelines, people to ask and instants to look again. Pure; an unchanged world changes nothing.

1. An outage needs a home's own open case. It stands where `locate` finds the failure, and moves while evidence comes:
   up, taking in the outages it explains, or down, never leaving behind a home that is out. Losses far apart in time are
   not one failure, so each moment of loss is located by itself.
2. Its members are the homes below its place. Each stands by its own evidence alone; what is unknown stays unverified.
3. A home's case is of one outage: of the one that had it first, else of the newest above it that can hold it. In the
   others it is elsewhere.
4. When the first member that was dark is proven back, the outage stays where it is. A loss after that is another
   outage's. A voltage of one that was never dark is no return: it shows that the failure is lower.
5. A while after the first return, those still out are located among those that are back: a failure within the first,
   unless it is the same place, which then simply has not returned.
6. Still later, each home that cannot be seen, though it has a gateway, is asked; and each customer of a failure within,
   who was told "out", is told that it goes on; once. A proof takes about a minute to make; one that is older was held
   up on its way, and the proofs of others with it, so the clock starts a minute before it was heard, at the earliest.
7. An outage closes when every member that has a gateway is settled; while one of those is unverified it is restored,
   and not closed. A home without a gateway can never speak: it stays listed, and counted, as unverified.

Where an outage stands (1 and 5) is decided in `area_places`, whom to ask or tell (6) in `area_asking`; the others here.

The cost is O(N) in the homes of the feeder for each outage and each moment of loss there is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from cloud.grid.model import Tree
from cloud.kernel.ids import UsagePointId
from cloud.outages.area_asking import ask_and_tell
from cloud.outages.area_model import SETTLED, Home, Line, Mark, Member, Outage, Scene, Standing, Survey, Wake
from cloud.outages.area_places import look_within, open_and_move
from cloud.outages.area_turn import Turn, handed_on
from cloud.outages.area_words import member_of, shows_return
from cloud.outages.settings import OutageSettings

_NO_FEEDER: Final = "its feeder is on the grid no more"
_ENDED: Final = frozenset({Standing.ELSEWHERE, Standing.CLOSED})


def survey(tree: Tree, scene: Scene, now: datetime, settings: OutageSettings) -> Survey:
    """Look at a feeder once. Pure."""
    before = {each.number: each for each in scene.outages}
    turn = Turn(tree, scene.homes, now, settings, scene.next_number, dict(before))
    _note_returns(turn)
    open_and_move(turn)
    _note_returns(turn)
    _judge_members(turn)
    look_within(turn)
    _judge_members(turn)
    ask_and_tell(turn)
    _close(turn, before)
    return turn.result(before)


def without_feeder(outages: Sequence[Outage], now: datetime) -> Survey:
    """The end of the open outages of a feeder that is on the grid no more: its homes are on another one, or on none."""
    return Survey(
        outages=tuple(handed_on(outage, now) for outage in outages),
        lines=tuple(Line(number=each.number, mark=Mark.CLOSED, detail=_NO_FEEDER) for each in outages),
        over=tuple(outage.number for outage in outages),
    )


# 2 to 4: returns and members


def _note_returns(turn: Turn) -> None:
    """What has begun to come back stays where it is."""
    for outage in turn.open_ones():
        if outage.first_back_at is None and (back_at := _first_back_at(turn, outage)) is not None:
            turn.outages[outage.number] = replace(outage, first_back_at=back_at)
            turn.returned.add(outage.number)
            turn.lines.append(Line(number=outage.number, mark=Mark.FIRST_BACK, detail=back_at.isoformat()))
            soonest = turn.now + turn.settings.gather
            for why, after in (("nested", turn.settings.nested_after), ("ask", turn.settings.ask_after)):
                turn.wakes.append(Wake(number=outage.number, why=why, due_at=max(back_at + after, soonest)))


def _judge_members(turn: Turn) -> None:
    owners = turn.owners()
    for outage in turn.open_ones():
        turn.outages[outage.number] = _judged(turn, outage, owners)


def _judged(turn: Turn, outage: Outage, owners: Mapping[UsagePointId, int]) -> Outage:
    known = {member.usage_point: member for member in outage.members}
    members = tuple(
        member_of(outage, turn.homes[name], known.get(name), owners.get(name), turn.now)
        for name in sorted(turn.area(outage))
    )
    return outage if members == outage.members else replace(outage, members=members)


def _first_back_at(turn: Turn, outage: Outage) -> datetime | None:
    """When the first member was proven back; no longer ago than a proof takes to make."""
    known = {member.usage_point: member for member in outage.members}
    same_loss = turn.settings.same_loss
    back = (
        turn.homes[name].proof
        for name in turn.area(outage)
        if shows_return(outage, turn.homes[name], known.get(name), same_loss)
    )
    proofs = [proof.at for proof in back if proof is not None]
    return max(min(proofs), turn.now - turn.settings.late_after) if proofs else None


# 7: close


def _close(turn: Turn, before: Mapping[int, Outage]) -> None:
    for outage in turn.open_ones():
        known = before.get(outage.number)
        if outage.count(Standing.OUT):
            continue
        if outage.first_back_at is None and not any(member.standing in _ENDED for member in outage.members):
            _end(turn, outage, Mark.DISMISSED)
        elif not any(_holds_open(member, turn.homes.get(member.usage_point)) for member in outage.members):
            _end(turn, outage, Mark.CLOSED)
        elif known is not None and known.count(Standing.OUT):
            turn.lines.append(Line(number=outage.number, mark=Mark.RESTORED, detail=_unseen(outage)))


def _holds_open(member: Member, home: Home | None) -> bool:
    """Whether something may still be heard of it that is not known yet."""
    return member.standing not in SETTLED and home is not None and home.has_gateway


def _end(turn: Turn, outage: Outage, mark: Mark) -> None:
    turn.outages[outage.number] = replace(outage, closed_at=turn.now)
    turn.lines.append(Line(number=outage.number, mark=mark, detail=_unseen(outage)))
    turn.over.append(outage.number)


def _unseen(outage: Outage) -> str:
    unseen = outage.count(Standing.UNVERIFIED)
    return f"{unseen} unverified" if unseen else ""
