"""What a link to a meter does for its owner, whichever protocol keeps it.

A link is a machine without I/O: octets and the time go in, effects come out for the owner to carry out in order. The
owner sends what `Transmit` holds and says `sent` when the last bit has left, hands in what arrives, and calls `tick`
once `wake_at` has passed. One request is under way at a time, as DLMS wants it.
"""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

from wire.terms import LinkFault

PUBLIC_CLIENT = 16  # the service access point of whoever has no secret


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send these octets."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The meter has taken the link; requests may go."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The meter's answer to the request, whole."""

    apdu: bytes


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link is closed, whether the meter confirmed it or did not answer any more."""


@dataclass(frozen=True, slots=True)
class LinkFailed:
    """The link gave up: what kind of failure, what was seen, and where it says more, what to do. It may be closed.

    `is_held` where the meter is there, and may be another reader's.
    """

    fault: LinkFault
    detail: str
    do: str = ""
    is_held: bool = False


Effect: TypeAlias = Transmit | LinkUp | Delivered | LinkDown | LinkFailed
Effects: TypeAlias = tuple[Effect, ...]


class Link(Protocol):
    """One meter's link; see the module. `now` is always monotonic seconds."""

    @property
    def wake_at(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        ...

    def open(self, now: float) -> Effects:
        """Ask for the link; ends in LinkUp or LinkFailed."""
        ...

    def request(self, apdu: bytes, now: float) -> Effects:
        """Send one request; ends in Delivered or LinkFailed."""
        ...

    def more(self, now: float) -> Effects:
        """Wait for another APDU, which the meter sends without being asked again; ends in Delivered or LinkFailed."""
        ...

    def close(self, now: float) -> Effects:
        """Give the link back, also after a failure; ends in LinkDown."""
        ...

    def sent(self, now: float) -> None:
        """What was to be transmitted has left: the meter's time to answer begins."""
        ...

    def receive(self, octets: bytes, now: float) -> Effects:
        """Octets have arrived, cut anywhere."""
        ...

    def tick(self, now: float) -> Effects:
        """The time is `now`; does nothing before `wake_at`."""
        ...
