"""An outage of the grid: a place that failed, and the homes below it with what is known of each.

A home has cases of its own, which its own evidence opens and closes; an outage only says which of them belong
together, and where. It tells nobody "out" or "back". Values only: `areas` has the rules, `area_store` the tables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from cloud.kernel.ids import DeviceId, EventId, UsagePointId
from wire.terms import Cause


class Standing(StrEnum):
    """What is known of a home that an outage reached."""

    OUT = "out"  # it has an open case of its own
    BACK = "back"  # its own meter read a voltage after the outage began
    UNVERIFIED = "unverified"  # nothing of its own says either
    OTHER_CAUSE = "other_cause"  # it is dark, or cannot be seen, for a reason of its own
    ELSEWHERE = "elsewhere"  # a later outage has it: one found within this one, or a new one
    CLOSED = "closed"  # a person said so, and why


SETTLED = frozenset({Standing.BACK, Standing.OTHER_CAUSE, Standing.ELSEWHERE, Standing.CLOSED})
"""Standings that keep no outage open; nor does UNVERIFIED of a home that has no gateway."""


class Mark(StrEnum):
    """A line of an outage's timeline."""

    OPENED = "opened"
    MOVED = "moved"  # more, or better, evidence names another place
    ABSORBED = "absorbed"  # another outage explains this one too
    FIRST_BACK = "first_back"
    FOUND_WITHIN = "found_within"  # a home, or several, stay dark, and homes around have power
    STILL_OUT = "still_out"  # a customer who was told "out" is told that it goes on
    ASKED = "asked"  # a customer whose home cannot be seen is asked
    RESTORED = "restored"  # no home is known to be out; the unverified ones stay listed
    MEMBER_CLOSED = "member_closed"
    DISMISSED = "dismissed"  # every case it rested on was no outage
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A home below the place, since when it stands so, and its case if it has or had one.

    `asked_at` is when its customer was to be asked, or told that it goes on; `closed_by` and `close_reason` are a
    person's.
    """

    usage_point: UsagePointId
    standing: Standing
    since: datetime
    case_number: int | None = None
    asked_at: datetime | None = None
    closed_by: str | None = None
    close_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One failure of the grid. `device` is a device of the feeder or, for a single home, its usage point.

    `opened_at_device` is where it was first held to be, which its name keeps. `first_back_at` is when the first of its
    members was proven back, or when we could first have known. `within` is the outage it was found in.
    """

    number: int
    feeder: DeviceId
    device: str
    opened_at_device: str
    began_at: datetime
    opened_at: datetime
    within: int | None = None
    first_back_at: datetime | None = None
    closed_at: datetime | None = None
    absorbed_by: int | None = None
    members: tuple[Member, ...] = ()

    @property
    def name(self) -> str:
        """What it is called towards people."""
        return f"{self.opened_at_device}-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def is_restored(self) -> bool:
        """Whether power came back and no home is known to be out; some may be unverified."""
        return self.first_back_at is not None and not self.count(Standing.OUT)

    def count(self, standing: Standing) -> int:
        """How many homes stand so."""
        return sum(member.standing is standing for member in self.members)

    def of(self, standing: Standing) -> Iterator[Member]:
        """The homes that stand so."""
        return (member for member in self.members if member.standing is standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A home's own meter read a voltage at `at`; the event that says so."""

    at: datetime
    by: EventId


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What is known of one home, as far as an outage of the grid asks.

    `out_since` and `case_number` are of its open case. `returned_case` is its last case if that is over by a return,
    and `was_out_since` when that began; `closed_case` is its last case if a person closed that. `suspected_at` is when
    its supply sense fell, if nothing was concluded from it. `heard_at` is when its gateway was last heard of at all.
    """

    usage_point: UsagePointId
    out_since: datetime | None = None
    case_number: int | None = None
    is_told: bool = False
    was_out_since: datetime | None = None
    returned_case: int | None = None
    closed_case: int | None = None
    suspected_at: datetime | None = None
    finding: Cause | None = None
    proof: Proof | None = None
    has_gateway: bool = False
    heard_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something to write into an outage's timeline; `usage_point` where it is about one home."""

    number: int
    mark: Mark
    detail: str = ""
    usage_point: UsagePointId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask the customer of a home that cannot be seen whether power is on; `number` is the outage's."""

    number: int
    usage_point: UsagePointId
    outage_name: str
    neighbours_back_at: datetime
    sources: tuple[EventId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellStillOut:
    """Tell a customer who was told "out" that there is power around the home, but none shown there."""

    number: int
    usage_point: UsagePointId
    neighbours_back_at: datetime
    sources: tuple[EventId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Survey again at `due_at` because of this outage."""

    number: int
    why: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a survey changed: outages as they stand now (only those that changed), and what is to be done.

    `over` are outages whose wakes are void; `answered` are homes that were asked and can be seen again, or are settled.
    """

    outages: tuple[Outage, ...] = ()
    lines: tuple[Line, ...] = ()
    words: tuple[Ask | TellStillOut, ...] = ()
    wakes: tuple[Wake, ...] = ()
    over: tuple[int, ...] = ()
    answered: tuple[UsagePointId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a survey looks at: every home of a feeder, its open outages and the parents of those."""

    homes: Mapping[UsagePointId, Home] = field(default_factory=lambda: MappingProxyType({}))
    outages: tuple[Outage, ...] = ()
    next_number: int = 1
