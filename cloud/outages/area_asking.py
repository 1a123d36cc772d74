"""Whom an outage asks whether power is back, and whom it tells that it goes on; each of them once.

A while after the first return each home that cannot be seen, though it has a gateway, is asked; and each customer of a
failure within, who was told "out", is told that there is power around the home and none shown there. Both rest on the
proofs of neighbours, which are named. Out come words for the turn, and members marked as spoken to; whether a message
is written is for the home's own rules.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from cloud.kernel.ids import EventId
from cloud.outages.area_model import Ask, Member, Outage, Standing, TellStillOut
from cloud.outages.area_turn import Turn
from cloud.outages.area_words import has_power

MAX_SOURCES: Final = 8
"""Restorations named as the proof that power came back around a home."""


def ask_and_tell(turn: Turn) -> None:
    """Speak for every open outage whose time to speak has come."""
    for outage in turn.open_ones():
        if turn.is_due(outage, turn.settings.ask_after):
            _ask(turn, outage)
        outer = None if outage.within is None else turn.outages.get(outage.within)
        if outer is not None and turn.is_due(outer, turn.settings.ask_after):
            _tell_still_out(turn, outage, outer)


def _ask(turn: Turn, outage: Outage) -> None:
    assert outage.first_back_at is not None, "nobody is asked before somebody is back"
    unseen = [member for member in _unspoken(outage, Standing.UNVERIFIED) if turn.homes[member.usage_point].has_gateway]
    for member in unseen:
        ask = Ask(
            number=outage.number,
            usage_point=member.usage_point,
            outage_name=outage.name,
            neighbours_back_at=outage.first_back_at,
            sources=_proofs(turn, outage),
        )
        turn.words.append(ask)
    turn.outages[outage.number] = _spoken_to(outage, unseen, turn.now)


def _tell_still_out(turn: Turn, outage: Outage, outer: Outage) -> None:
    assert outer.first_back_at is not None, "a failure within is found after a return"
    outage = turn.outages[outage.number]
    told = [member for member in _unspoken(outage, Standing.OUT) if turn.homes[member.usage_point].is_told]
    for member in told:
        tell = TellStillOut(
            number=outage.number,
            usage_point=member.usage_point,
            neighbours_back_at=outer.first_back_at,
            sources=_proofs(turn, outer),
        )
        turn.words.append(tell)
    turn.outages[outage.number] = _spoken_to(outage, told, turn.now)


def _unspoken(outage: Outage, standing: Standing) -> list[Member]:
    return [member for member in outage.of(standing) if member.asked_at is None]


def _spoken_to(outage: Outage, members: Collection[Member], now: datetime) -> Outage:
    names = {member.usage_point for member in members}
    spoken = (replace(each, asked_at=now) if each.usage_point in names else each for each in outage.members)
    return replace(outage, members=tuple(spoken))


def _proofs(turn: Turn, outage: Outage) -> tuple[EventId, ...]:
    area = (turn.homes[name] for name in turn.area(outage))
    found = [home.proof for home in area if home.proof and has_power(outage, home)]
    return tuple(proof.by for proof in sorted(found, key=lambda proof: (proof.at, proof.by)))[:MAX_SOURCES]
