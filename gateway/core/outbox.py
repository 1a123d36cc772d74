"""What goes into the journal, what comes out of it towards the cloud, and what a receipt does to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from wire.events import KnownEvent
from wire.terms import Lane


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event, and the meter it is about (its serial number; empty for the gateway itself)."""

    subject: str
    event: KnownEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Events and what was concluded from them: kept together, or neither is.

    `remembered` maps a name to the line stored under it (`gateway.core.remembered`). A change that `yields` is refused
    whole when one of its lanes is full: it can be made again later. Of any other change, only the events go.
    """

    entries: tuple[Entry, ...] = ()
    remembered: Mapping[str, str] = field(default_factory=dict)
    yields: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A sealed event that no receipt covers yet: always the same bytes, however often it is sent."""

    lane: Lane
    seq: int
    envelope: bytes


class ReceiptOutcome(Enum):
    """What a receipt that the cloud really signed is to this gateway's own chain."""

    APPLIED = "applied"
    STALE = "known already"
    FOREIGN = "of another gateway or generation"
    AHEAD = "of an event this gateway never made"
    CONFLICT = "of another event in this place"
