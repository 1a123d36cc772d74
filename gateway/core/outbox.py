"""What goes into the journal, what comes out of it towards the cloud, and what a receipt does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from wire.events import EventsDropped, KnownEvent
from wire.terms import DropReason, Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event, and the meter it is about (its serial number; empty for the gateway itself)."""

    subject: str
    event: KnownEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Events and what was concluded from them: kept together, or neither is.

    `remembered` maps a name to the line stored under it (`gateway.core.remembered`). A change that `yields` can be made
    again later: it is refused whole where the disk has room for alarms alone. One that `can_wait` may become durable a
    little later than others: a power cut before that forgets it whole, and it is made again.
    """

    entries: tuple[Entry, ...] = ()
    remembered: Mapping[str, str] = field(default_factory=dict)
    yields: bool = False
    can_wait: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A sealed event that no receipt covers yet: always the same bytes, however often it is sent."""

    lane: Lane
    seq: int
    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Events of a lane that are here no more though no receipt covers them; `head` is the hash of the last of them."""

    lane: Lane
    first_seq: int
    last_seq: int
    head: bytes
    reason: DropReason

    @property
    def size(self) -> int:
        """How many events."""
        return self.last_seq - self.first_seq + 1

    @property
    def declaration(self) -> EventsDropped:
        """How the cloud is told."""
        return EventsDropped(
            of_lane=self.lane,
            first_seq=self.first_seq,
            last_seq=self.last_seq,
            head=self.head,
            reason=self.reason,
        )


class ReceiptOutcome(Enum):
    """What a receipt that the cloud really signed is to this gateway's own chain."""

    APPLIED = "applied"
    STALE = "known already"
    FOREIGN = "of another gateway or generation"
    AHEAD = "of an event this gateway never made"
    CONFLICT = "of another event in this place"
