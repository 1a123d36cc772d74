"""What is seen of a home: events of its gateway, read into what they say about supply, two timers, and a person.

An event speaks of the instant it names (`began_at`, `returned_at`), was said at `said_at` by a clock that may or may
not be believed, and was heard by us at `heard_at`. The three are kept apart, because everything that goes wrong between
a meter cupboard and here goes wrong between two of them.

A verdict that is not an outage says by its stage and evidence whether it still holds. One that is made while the supply
sense is away (unplugged, switched off, own breaker) holds until supply is back. One that is made beside a supply that
is there (the head is off, the uplink was away) holds while it is provisional; once confirmed beside a supply, it is
over.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from cloud.kernel.ids import EventId
from wire.events import Evidence
from wire.terms import Cause, EvidenceKind, Grade, Stage

LIVE_MV: Final = 90_000
"""A meter that reads this much has power: far below any mains in band, far above what a dead line shows.

Whether mains are in band the gateway judges; a home whose meter reads less on any phase is not held to have power.
"""

_DENIALS: Final = frozenset({Cause.GATEWAY_UNPLUGGED, Cause.SWITCHED_OFF, Cause.OWN_BREAKER, Cause.PHASE_LOST})


class Sign(StrEnum):
    """What an event says about the home; the last three are the timers' and a person's."""

    LOST = "lost"
    INTERRUPTED = "interrupted"
    WAS_INTERRUPTED = "was_interrupted"  # and the meter reads a voltage now: the verdict speaks of what is over
    NO_OUTAGE = "no_outage"
    NO_RELAPSE = "no_relapse"  # the same of supply that went again before its return was proved: it had been out before
    BESIDE = "beside"  # a verdict that neither is an interruption nor denies one
    RESTORED = "restored"
    UNPROVEN = "unproven"  # supply is said to be back, without proof of power at the home's own meter
    DIPPED = "dipped"
    NOTICE_DUE = "notice_due"
    BREAKER_DUE = "breaker_due"
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

    @property
    def denies(self) -> bool:
        """Whether it explains a supply that is away by something that is no outage of the street."""
        return self.cause in _DENIALS and self.stage is not Stage.WITHDRAWN

    @property
    def senses_supply(self) -> bool | None:
        """What the probe sensed when it was made; None where it does not say."""
        return senses_supply(self.evidence)

    @property
    def live(self) -> Evidence | None:
        """The voltage that the meter read when it was made, if that is power; None otherwise."""
        return live_voltage(self.evidence)

    @property
    def stands(self) -> bool:
        """Of a verdict that is not an interruption: whether what it found still lasts, by its own word."""
        return self.stage is Stage.PROVISIONAL or (self.stage is Stage.CONFIRMED and not self.senses_supply)


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
class BreakerDue:
    """The time to tell the customer of a home's own breaker has come."""

    occurrence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedByOperator:
    """A person at the utility closes the open case, and says why."""

    who: str
    reason: str


Saying = Lost | Assessed | Returned | Dipped
Unsaid = NoticeDue | BreakerDue | ClosedByOperator
Observation = Saying | Unsaid


def sign_of(seen: Saying, meter: str) -> Sign:
    """What an event says about a home whose own meter is `meter`."""
    match seen:
        case Lost():
            return Sign.LOST
        case Assessed():
            return _sign_of_verdict(seen)
        case Returned():
            is_proof = seen.heard.meter == meter and seen.lowest_mv and not seen.is_switched_off
            return Sign.RESTORED if is_proof else Sign.UNPROVEN
        case Dipped():
            return Sign.DIPPED


def _sign_of_verdict(seen: Assessed) -> Sign:
    if seen.is_interruption:
        return Sign.INTERRUPTED if seen.live is None else Sign.WAS_INTERRUPTED
    is_withdrawal = seen.cause is Cause.SUPPLY_INTERRUPTED
    return Sign.NO_OUTAGE if is_withdrawal or (seen.denies and not seen.senses_supply) else Sign.BESIDE


def senses_supply(evidence: tuple[Evidence, ...]) -> bool | None:
    """Whether the probe sensed supply, by this evidence; None where it does not say."""
    sensed = [item.value for item in evidence if item.kind is EvidenceKind.SUPPLY_SENSE]
    return all(sensed) if sensed else None


def live_voltage(evidence: tuple[Evidence, ...]) -> Evidence | None:
    """The voltage that is power in this evidence, if the meter read one."""
    read = (item for item in evidence if item.kind is EvidenceKind.METER_VOLTAGE)
    return next((item for item in read if item.value >= LIVE_MV), None)
