"""What one home's evidence says about an outage: a word for the localiser, and its standing as a member.

Both are read anew from what is known now, never from what was concluded before, so that the order in which news came
does not matter. A gateway's clock may be some seconds off; a voltage counts as read after a loss only when it was read
clearly after it.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from cloud.kernel.ids import UsagePointId
from cloud.outages.area_model import Home, Member, Outage, Standing
from cloud.outages.locate import Word
from cloud.outages.settings import OutageSettings
from wire.terms import Cause

_CLEARLY_AFTER: Final = timedelta(seconds=10)
_HOLD_UP: Final = timedelta(seconds=60)  # how long a gateway in the dark may still speak
_DARK_BY_ITSELF: Final = frozenset({Cause.SWITCHED_OFF, Cause.OWN_BREAKER})
_BLIND: Final = frozenset({Cause.GATEWAY_UNPLUGGED, Cause.HEAD_OFF, Cause.WAN_FAULT})
_STAYS: Final = frozenset({Standing.BACK, Standing.CLOSED, Standing.ELSEWHERE})


def is_proven_after(home: Home, at: datetime) -> bool:
    """Whether the home's own meter read a voltage clearly after this instant."""
    return home.proof is not None and home.proof.at > at + _CLEARLY_AFTER


def has_power(outage: Outage, home: Home) -> bool:
    """Whether it is on: no case of its own is open, and its own meter read a voltage clearly after the outage began."""
    return is_proven_after(home, outage.began_at) and home.out_since is None


def can_hold(outage: Outage, home: Home, same_loss: timedelta) -> bool:
    """Whether a home's open case can be of this outage: begun neither long before it nor after its first return."""
    if home.out_since is None or home.out_since < outage.began_at - same_loss:
        return False
    return outage.first_back_at is None or home.out_since <= outage.first_back_at


def shows_return(outage: Outage, home: Home, known: Member | None, same_loss: timedelta) -> bool:
    """Whether it was dark through this outage, or may have been, and its own meter has read a voltage since.

    A voltage of a home that was never dark tells where the outage is not, and nothing of its end.
    """
    if home.out_since is not None or not is_proven_after(home, outage.began_at):
        return False
    if known is not None and known.case_number is not None and known.case_number == home.returned_case:
        return True
    began = (home.was_out_since, home.suspected_at)
    return any(at is not None and abs(at - outage.began_at) <= same_loss for at in began)


def is_suspected(home: Home, at: datetime, same_loss: timedelta) -> bool:
    """Whether its supply sense fell about then; a suspicion has no end of its own, so an older one says nothing."""
    return home.suspected_at is not None and abs(home.suspected_at - at) <= same_loss


def word_of(home: Home, lost: Collection[UsagePointId], at: datetime, now: datetime, settings: OutageSettings) -> Word:
    """What is known of a home about the loss at `at` of the homes that are `lost`."""
    if home.usage_point in lost:
        return Word.OUT
    if home.out_since is not None:  # a later loss of its own shows supply until then; an earlier one hides this one
        return Word.ALIVE if home.out_since > at + _CLEARLY_AFTER else Word.NOTHING
    if is_proven_after(home, at):
        return Word.ALIVE
    if is_suspected(home, at, settings.same_loss):
        return Word.SUSPECTED
    if home.suspected_at is not None and home.suspected_at < at:  # away before, its sense could not fall with others
        return Word.NOTHING
    if home.finding in _DARK_BY_ITSELF or home.finding in _BLIND or not home.has_gateway:
        return Word.NOTHING
    if home.heard_at is None:
        return Word.UNHEARD
    spoke_since = home.heard_at > at + _HOLD_UP
    return Word.QUIET if spoke_since or now - home.heard_at <= settings.silent_after else Word.UNHEARD


def standing_of(outage: Outage, home: Home, known: Member | None, owner: int | None) -> Standing:
    """How a home below the outage's place stands; `owner` is the outage that has its case, or could have one."""
    held = None if known is None else known.standing
    if home.out_since is not None:
        if owner == outage.number:
            return Standing.OUT
        return held if held is not None and held in _STAYS else Standing.ELSEWHERE
    if home.finding in _DARK_BY_ITSELF:
        return Standing.OTHER_CAUSE
    if is_proven_after(home, outage.began_at) and held is not Standing.ELSEWHERE:
        return Standing.OTHER_CAUSE if home.finding is Cause.GATEWAY_UNPLUGGED else Standing.BACK
    if known is not None and known.case_number is not None and known.case_number == home.closed_case:
        return Standing.CLOSED
    if held is not None and held in _STAYS:
        return held
    return Standing.ELSEWHERE if owner is not None and owner > outage.number else Standing.UNVERIFIED


def member_of(outage: Outage, home: Home, known: Member | None, owner: int | None, now: datetime) -> Member:
    """The home as a member of the outage; the very member that is known where nothing changed."""
    standing = standing_of(outage, home, known, owner)
    number = home.case_number if standing is Standing.OUT else None if known is None else known.case_number
    if known is not None and (known.standing, known.case_number) == (standing, number):
        return known
    if known is None:
        return Member(
            usage_point=home.usage_point, standing=standing, since=_since(home, standing, now), case_number=number
        )
    return Member(
        usage_point=home.usage_point,
        standing=standing,
        since=known.since if known.standing is standing else _since(home, standing, now),
        case_number=number,
        asked_at=known.asked_at,
        closed_by=known.closed_by,
        close_reason=known.close_reason,
    )


def _since(home: Home, standing: Standing, now: datetime) -> datetime:
    if standing is Standing.OUT and home.out_since is not None:
        return home.out_since
    if standing is Standing.BACK and home.proof is not None:
        return home.proof.at
    return now
