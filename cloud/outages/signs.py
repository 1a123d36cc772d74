"""What is seen of a home: events of its gateway, read into what they say about supply, two timers, and a person.

An event speaks of the instant it names (`began_at`, `returned_at`), was said at `said_at` by a clock that may or may
not be believed, and was heard by us at `heard_at`. The three are kept apart, because everything that goes wrong between
a meter cupboard and here goes wrong between two of them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloud.kernel.ids import EventId
from wire.events import Cause, Evidence, Grade, Stage


class Sign(StrEnum):
    """What an event says about the home; the last two are the timer's and a person's."""

    LOST = "lost"
    INTERRUPTED = "interrupted"
    NO_OUTAGE = "no_outage"
    RESTORED = "restored"
    UNPROVEN = "unproven"  # supply is said to be back, without proof of power at the home's own meter
    DIPPED = "dipped"
    NOTICE_DUE = "notice_due"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """The frame of an event: which one, of which meter, when it was said and heard, whether its time can be used."""

    event: EventId
    meter: str
    said_at: datetime
    heard_at: datetime
    clock_is_good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The supply sense fell at `began_at` and stayed away."""

    heard: Heard
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """The gateway's verdict on the interruption that began at `began_at`."""

    heard: Heard
    began_at: datetime
    cause: Cause
    stage: Stage
    grade: Grade
    evidence: tuple[Evidence, ...]

    @property
    def is_interruption(self) -> bool:
        """Whether it holds the supply to be interrupted."""
        return self.cause is Cause.SUPPLY_INTERRUPTED and self.stage is not Stage.WITHDRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """Supply is back since `returned_at`, and a meter read `lowest_mv` on its lowest phase for `held_s`."""

    heard: Heard
    began_at: datetime
    returned_at: datetime
    held_s: int
    lowest_mv: int | None
    is_switched_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dipped:
    """Supply was away for less than the hold-off."""

    heard: Heard
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeDue:
    """The time to tell the customer of a case has come."""

    case_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedByOperator:
    """A person at the utility closes the open case, and says why."""

    who: str
    reason: str


Saying = Lost | Assessed | Returned | Dipped
Observation = Saying | NoticeDue | ClosedByOperator


def sign_of(seen: Saying, meter: str) -> Sign:
    """What an event says about a home whose own meter is `meter`."""
    match seen:
        case Lost():
            return Sign.LOST
        case Assessed():
            return Sign.INTERRUPTED if seen.is_interruption else Sign.NO_OUTAGE
        case Returned():
            is_proof = seen.heard.meter == meter and seen.lowest_mv and not seen.is_switched_off
            return Sign.RESTORED if is_proof else Sign.UNPROVEN
        case Dipped():
            return Sign.DIPPED
