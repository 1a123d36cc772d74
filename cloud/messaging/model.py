"""A message from its composition to its one honest end.

                      .--unavailable--.
                      v               |
    held          queued --claimed--> sending --delivered--> delivered
      ^             | ^                 |  '----refused----> refused --person: send again--> queued
      '--expired----| |                 | answer lost, or found so after a restart
      .--withheld---| '----absent----- unknown ----found----> delivered
      v             v                      '---- or a person decides either way
   withheld     overtaken

`held` is a message that was not written, or not sent, because a fact was missing or too old: no sentence was guessed,
and a person looks. `withheld` is one that the customer has not agreed to, or not any more, or was told often enough;
that is as it should be. `overtaken` is one that the story passed by before it left, or whose beginning was never told.
A send whose answer was lost is `unknown`: it may have arrived, so it is looked up, or a person decides; it is never
blindly repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from cloud.customers.consent import Channel, Purpose
from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, UsagePointId

EMAIL: Final = Channel.EMAIL.value
"""The one channel there is so far; the text for another one is written beside it."""


class Announcement(StrEnum):
    """What a customer can be told; the catalogue has a template for each in every language, or does not load."""

    POWER_OUT = "power_out"
    POWER_BACK = "power_back"
    CHECK_BREAKER = "check_breaker"
    STILL_OUT = "still_out"
    POWER_CHECK = "power_check"
    UNUSUAL_USE = "unusual_use"
    HIGH_BILL_COMING = "high_bill_coming"
    HIGH_BILL_EXPLAINED = "high_bill_explained"
    ASSISTANCE_OFFER = "assistance_offer"


class State(StrEnum):
    """Where a message stands."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"  # the relay has taken it; what becomes of it there is the relay's affair
    REFUSED = "refused"
    UNKNOWN = "unknown"
    OVERTAKEN = "overtaken"
    WITHHELD = "withheld"


class Turn(StrEnum):
    """What can happen to a message."""

    CLAIMED = "claimed"
    DELIVERED = "delivered"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    ANSWER_LOST = "answer_lost"
    FOUND = "found"
    ABSENT = "absent"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    WITHHELD = "withheld"
    MARKED_DELIVERED = "marked_delivered"  # by a person
    SENT_AGAIN = "sent_again"  # by a person


TURNS: Final[Mapping[tuple[State, Turn], State]] = {
    (State.QUEUED, Turn.CLAIMED): State.SENDING,
    (State.QUEUED, Turn.EXPIRED): State.HELD,
    (State.QUEUED, Turn.OVERTAKEN): State.OVERTAKEN,
    (State.QUEUED, Turn.WITHHELD): State.WITHHELD,
    (State.SENDING, Turn.DELIVERED): State.DELIVERED,
    (State.SENDING, Turn.REFUSED): State.REFUSED,
    (State.SENDING, Turn.UNAVAILABLE): State.QUEUED,
    (State.SENDING, Turn.ANSWER_LOST): State.UNKNOWN,
    (State.UNKNOWN, Turn.FOUND): State.DELIVERED,
    (State.UNKNOWN, Turn.ABSENT): State.QUEUED,
    (State.UNKNOWN, Turn.MARKED_DELIVERED): State.DELIVERED,
    (State.UNKNOWN, Turn.SENT_AGAIN): State.QUEUED,
    (State.REFUSED, Turn.SENT_AGAIN): State.QUEUED,
}
"""Every move there is; a message does not make any other."""

MAY_HAVE_BEEN_READ: Final = frozenset({State.SENDING, State.DELIVERED, State.UNKNOWN})
"""An announcement that stands here may have reached its reader, so its sequel is worth telling."""

NEEDS_A_PERSON: Final = frozenset({State.HELD, State.REFUSED, State.UNKNOWN})
"""A message that stands here waits for somebody to look."""


class NoSuchTurn(Exception):
    """The message cannot make this move from where it stands; whoever asked shows where it stands."""


def after(state: State, turn: Turn) -> State:
    """Where the message stands after the turn; raises NoSuchTurn."""
    try:
        return TURNS[state, turn]
    except KeyError:
        raise NoSuchTurn(f"a message that is {state} cannot be {turn.replace('_', ' ')}") from None


def pause_before(attempt: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait before attempt number `attempt` (the first retry is 2): doubling, up to a limit.

    >>> pause_before(4, timedelta(seconds=5), timedelta(minutes=10))
    datetime.timedelta(seconds=20)
    """
    doublings = min(max(attempt - 2, 0), 30)
    return min(timedelta(seconds=first.total_seconds() * 2.0**doublings), longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A stretch of a text that states a fact: `text[start:end]` says what the fact of this id says."""

    start: int
    end: int
    fact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A text in which every figure is known to come from a fact."""

    text: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a template and a fact sheet made; `sms` is the same in a text message, where it fits into one."""

    subject: Traced
    body: Traced
    template_version: str
    sms: Traced | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What makes a message the same message: it is written once, whatever happens on the way."""

    customer: CustomerId
    case: str
    template: str
    stage: int
    channel: str = EMAIL

    def __str__(self) -> str:
        return f"{self.customer}/{self.case}/{self.template}/{self.stage}/{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as it is kept: to whom, in which words, from which facts, and what became of it.

    `reason` says in words why it stands where it stands, where that is not plain. `answer` is the relay's own. With a
    `purpose` it rests on the customer's consent to that; without one it is part of the service.
    """

    id: int
    key: Key
    message_id: str
    usage_point: UsagePointId
    recipient: str
    language: Language
    zone: ZoneInfo
    letter: Letter | None
    facts: FactSheet
    state: State
    reason: str
    answer: str
    attempts: int
    lost_answers: int
    composed_at: datetime
    changed_at: datetime
    valid_until: datetime | None
    overtaken_at: datetime | None
    purpose: Purpose | None = None
