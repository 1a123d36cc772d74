"""What we hold of a home: its phase, its latest case with everything that rests on it, and what is over.

The edge speaks of supply and of interruptions; only here is there an outage. Values only: the rules that move them are
in `rules`, the events they come from in `signs`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cloud.kernel.ids import EventId
from cloud.outages.signs import Assessed, ClosedByOperator, Heard, Returned, live_voltage, senses_supply
from wire.events import Evidence
from wire.terms import Cause, Grade, Stage

MAX_SEEN: Final = 64
"""Events remembered per home, so that one that comes again changes nothing."""
MAX_ENDINGS: Final = 16
"""Ended interruptions remembered per home, so that what arrives after the end is known to be history."""
MAX_SOURCES: Final = 32
"""Events named in one case; one that goes on for more keeps its first."""

WITHDRAWN: Final = "the customer was told of an outage, and the gateway then took its verdict back"
END_UNKNOWN: Final = "its exact end was not reported: power was back by then at the latest"
NO_EVIDENCE: Final = "the gateway gave a verdict without evidence, so nobody was told"
UNPROVEN: Final = "supply was reported back without a voltage at this home's own meter behind a closed switch"


class Phase(StrEnum):
    """What we hold of one home."""

    SUPPLIED = "supplied"  # nothing open; whether power is really on is for its readings to say
    SUSPECTED = "suspected"  # the supply sense fell, no verdict yet
    OUT = "out"  # a case is open, its customer not told
    TOLD = "told"  # a case is open and its customer was told


class End(StrEnum):
    """How a case was closed."""

    RESTORED = "restored"  # its own meter has shown that power is back
    NO_OUTAGE = "no_outage"  # the gateway's evidence turned out to speak of something else
    OPERATOR = "operator"  # a person closed it and said why


class Remark(StrEnum):
    """What an event did to the home's story, for its timeline."""

    SUSPECTED = "suspected"
    OPENED = "opened"
    STRENGTHENED = "strengthened"
    LOST_AGAIN = "lost_again"
    TOLD = "told"
    RESTORED = "restored"
    RETURN_UNPROVEN = "return_unproven"
    DISMISSED = "dismissed"
    FOUND = "found"  # a verdict that is not an outage stands
    FINDING_OVER = "finding_over"
    BREAKER_TOLD = "breaker_told"
    CLOSED_BY_OPERATOR = "closed_by_operator"
    STILL_OUT_TOLD = "still_out_told"
    ASKED = "asked"
    WITHDRAWN_AFTER_TELLING = "withdrawn_after_telling"
    DIPPED = "dipped"
    HISTORY = "history"  # true when it happened, over by the time we heard
    REPEATED = "repeated"  # changes nothing: said before, or overtaken by a newer verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """The proof that power is back: a voltage at the home's own meter, held, and the event that says so."""

    at: datetime
    held_s: int
    lowest_mv: int
    proven_by: EventId
    said_at: datetime
    clock_is_good: bool

    @classmethod
    def of(cls, seen: Returned) -> "Return":
        """From an observation that is proof."""
        return cls(
            at=seen.returned_at,
            held_s=seen.held_s,
            lowest_mv=seen.lowest_mv or 0,
            proven_by=seen.heard.event,
            said_at=seen.heard.said_at,
            clock_is_good=seen.heard.clock_is_good,
        )

    @classmethod
    def shown_by(cls, seen: Assessed) -> "Return":
        """From a verdict whose own evidence shows that power was back by then."""
        assert seen.live is not None, "only a voltage the meter reads shows a return"
        return cls(
            at=seen.heard.said_at - timedelta(milliseconds=seen.live.age_ms),
            held_s=0,
            lowest_mv=seen.live.value,
            proven_by=seen.heard.event,
            said_at=seen.heard.said_at,
            clock_is_good=seen.heard.clock_is_good,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One outage of one home, with everything it rests on.

    `began_at` and `returned.at` are as the gateway gave them, to the millisecond: whether an outage counts as momentary
    or sustained is a policy of whoever asks. `latest_loss_at` differs from `began_at` when supply went again before it
    had properly come back. `attention` says why a person should look.
    """

    number: int
    meter: str
    began_at: datetime
    latest_loss_at: datetime
    clock_is_good: bool
    stage: Stage
    grade: Grade
    evidence: tuple[Evidence, ...]
    verdict_by: EventId
    verdict_at: datetime
    sources: tuple[EventId, ...]
    opened_at: datetime
    told_at: datetime | None = None
    returned: Return | None = None
    closed_at: datetime | None = None
    end: End | None = None
    end_by: EventId | None = None
    end_cause: Cause | None = None
    closed_by: str | None = None
    close_reason: str | None = None
    attention: str | None = None

    @classmethod
    def opened(cls, number: int, meter: str, seen: Assessed, sources: tuple[EventId, ...], now: datetime) -> "Case":
        """The case that a verdict opens; `sources` are the events that led to it."""
        return cls(
            number=number,
            meter=meter,
            began_at=seen.began_at,
            latest_loss_at=seen.began_at,
            clock_is_good=seen.heard.clock_is_good,
            stage=seen.stage,
            grade=seen.grade,
            evidence=seen.evidence,
            verdict_by=seen.heard.event,
            verdict_at=seen.heard.said_at,
            sources=(*sources, seen.heard.event),
            opened_at=now,
            attention=None if seen.evidence and seen.grade is not Grade.NONE else NO_EVIDENCE,
        )

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def has_evidence(self) -> bool:
        return bool(self.evidence) and self.grade is not Grade.NONE

    @property
    def is_returning(self) -> bool:
        """Whether something already speaks for its end, short of the proof."""
        is_seen = bool(senses_supply(self.evidence)) or live_voltage(self.evidence) is not None
        return self.is_open and (is_seen or self.attention == UNPROVEN)

    def was_out_before(self, seen: Assessed) -> bool:
        """Whether a verdict is on supply that went again, and what this case was opened or told on came before that."""
        is_relapse = self.began_at < seen.began_at == self.latest_loss_at
        was_so = self.stage is Stage.CONFIRMED if self.told_at is None else self.told_at < seen.began_at
        return is_relapse and was_so

    def resting_on(self, heard: Heard) -> "Case":
        """The case with one more event behind it."""
        return replace(self, sources=(*self.sources, heard.event)[:MAX_SOURCES])

    def judged(self, seen: Assessed) -> "Case":
        """The case by a newer verdict, which replaces the one before."""
        return replace(
            self.resting_on(seen.heard),
            latest_loss_at=max(self.latest_loss_at, seen.began_at),
            stage=seen.stage,
            grade=seen.grade,
            evidence=seen.evidence,
            verdict_by=seen.heard.event,
            verdict_at=seen.heard.said_at,
            attention=None if self.attention == NO_EVIDENCE and seen.evidence else self.attention,
        )

    def restored(self, returned: Return, now: datetime) -> "Case":
        """The case closed by its own meter; what was doubted about its return is settled by that."""
        return replace(
            self, returned=returned, closed_at=now, end=End.RESTORED, end_by=returned.proven_by, attention=None
        )

    @property
    def lacks_exact_end(self) -> bool:
        """Whether it is closed and still waits for its own meter's proof of when power returned."""
        is_unproven = self.end is End.OPERATOR and self.returned is None
        return not self.is_open and (is_unproven or self.attention == END_UNKNOWN)

    def completed(self, returned: Return) -> "Case":
        """The closed case with the exact end that was proven later; how it was closed stays as it was."""
        attention = None if self.attention == END_UNKNOWN else self.attention
        return replace(self, returned=returned, end_by=returned.proven_by, attention=attention)

    def dismissed(self, seen: Assessed, now: datetime) -> "Case":
        """The case closed by a verdict that it is no outage; a person looks if its customer was told of one."""
        return replace(
            self.resting_on(seen.heard),
            closed_at=now,
            end=End.NO_OUTAGE,
            end_by=seen.heard.event,
            end_cause=seen.cause,
            attention=WITHDRAWN if self.told_at is not None else self.attention,
        )

    def closed_by_operator(self, word: ClosedByOperator, now: datetime) -> "Case":
        """The case closed on a person's word, which also settles whatever a person was to look at."""
        return replace(
            self,
            closed_at=now,
            end=End.OPERATOR,
            closed_by=word.who,
            close_reason=word.reason,
            attention=None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A verdict of the gateway that is not an outage, and stands: what keeps a home dark, or us from seeing it.

    `began_at` names the interruption it explains, or the instant since when the home cannot be seen.
    """

    cause: Cause
    stage: Stage
    grade: Grade
    evidence: tuple[Evidence, ...]
    by: EventId
    began_at: datetime
    said_at: datetime
    clock_is_good: bool

    @classmethod
    def of(cls, seen: Assessed) -> "Finding":
        """From a verdict that stands."""
        return cls(
            cause=seen.cause,
            stage=seen.stage,
            grade=seen.grade,
            evidence=seen.evidence,
            by=seen.heard.event,
            began_at=seen.began_at,
            said_at=seen.heard.said_at,
            clock_is_good=seen.heard.clock_is_good,
        )

    def is_of(self, seen: Assessed) -> bool:
        """Whether a verdict speaks of the same thing."""
        return (self.cause, self.began_at) == (seen.cause, seen.began_at)

    @property
    def senses_supply(self) -> bool | None:
        """What the probe sensed when the verdict was made; None where it does not say."""
        return senses_supply(self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """The last time the home's own breaker was found: which time that is, and when its customer was told."""

    number: int
    began_at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """The supply sense fell at `began_at`; `by` says so."""

    began_at: datetime
    by: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """An interruption that is over: by a proven return, or (None) by a verdict that it was no outage, or by a person.

    With a `finding` it is that one that is over: a finding beside a supply that was there ends without a return.
    """

    began_at: datetime
    returned: Return | None
    by: EventId
    case_number: int | None = None
    by_operator: bool = False
    finding: Cause | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What we hold of one home between two events. `case` is the latest one; the phase says whether it is open."""

    meter: str
    phase: Phase = Phase.SUPPLIED
    suspicion: Suspicion | None = None
    finding: Finding | None = None
    case: Case | None = None
    cases: int = 0
    dips: int = 0
    breaker: Breaker | None = None
    endings: tuple[Ending, ...] = ()
    seen: tuple[EventId, ...] = ()

    @property
    def open_case(self) -> Case | None:
        return self.case if self.phase in {Phase.OUT, Phase.TOLD} else None

    @property
    def latest_loss_at(self) -> datetime | None:
        """When the interruption we are in, or suspect, began last; None while the home is supplied."""
        if self.open_case is not None:
            return self.open_case.latest_loss_at
        return None if self.suspicion is None else self.suspicion.began_at

    def remembering(self, ending: Ending) -> "State":
        """With this ending in place of what was held of the same interruption; the oldest are forgotten."""
        of = (ending.began_at, ending.finding)
        others = (known for known in self.endings if (known.began_at, known.finding) != of)
        return replace(self, endings=(*others, ending)[-MAX_ENDINGS:])

    def having_seen(self, event: EventId) -> "State":
        return replace(self, seen=(*self.seen, event)[-MAX_SEEN:])
