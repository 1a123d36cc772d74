"""What a step asks for: the shell writes all of it in the transaction that keeps the new state."""

from dataclasses import dataclass
from datetime import datetime

from cloud.messaging.model import Announcement
from cloud.outages.model import Case, Finding, Remark, State
from cloud.outages.signs import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseChanged:
    """The case stands as given from now on."""

    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A line of the home's timeline; without an event where a timer drew it."""

    remark: Remark
    case_number: int | None
    heard: Heard | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyAt:
    """Ask again at `due_at` whether the case is still open; replaces an earlier such wish."""

    case_number: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DropNotice:
    """Nobody may be told of the case, or not any more: a notice that is still to come is void."""

    case_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Tell the home's customer; the case holds the facts."""

    case: Case
    announcement: Announcement


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerNoticeAt:
    """Ask again at `due_at` whether the home's own breaker is still the finding; replaces an earlier such wish."""

    occurrence: int
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DropBreakerNotice:
    """The finding is over: a notice of it that is still to come is void."""

    occurrence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellOfBreaker:
    """Tell the home's customer that power reaches the meter; the finding holds the facts."""

    finding: Finding
    occurrence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retract:
    """What has not left the house must not leave any more; only these announcements, or (None) whatever it is."""

    only: Announcement | None = None


Effect = (
    CaseChanged | Noted | NotifyAt | DropNotice | Tell | BreakerNoticeAt | DropBreakerNotice | TellOfBreaker | Retract
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an observation makes of a state, and what is to be done about it."""

    state: State
    effects: tuple[Effect, ...] = ()
