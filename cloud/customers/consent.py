"""What a customer agreed to be told, or agreed we may do; and what she took back.

A message that is no service of the supply itself needs her yes: for its purpose, on its channel, with a date and with
evidence of how it was given. Nothing known means no. A yes is never guessed from another one, and a no stands from the
instant it is said, whatever an older file still says.

So consent is a history of changes, and where it stands follows from it: the change of the latest instant counts, and
of two at one instant the one that says no. In go the changes of one customer; out come where each purpose stands, and
the answer whether she may be told, with the reason when not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from cloud.kernel.ids import CustomerId


class Purpose(StrEnum):
    """What a customer is asked to agree to, each by itself."""

    USAGE_ALERTS = "usage_alerts"  # to be told of unusual use
    BILLING = "billing"  # to be told of a bill to come, and why one changed
    ASSISTANCE = "assistance"  # to be told of programmes that help to pay
    READINGS_FINE = "readings_fine"  # that readings finer than billing needs are used


class Channel(StrEnum):
    """On which way she is told; a purpose that is no telling has none."""

    EMAIL = "email"
    SMS = "sms"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """She said yes or no at `at`; `by` is who told us, `evidence` how it can be shown."""

    customer: CustomerId
    purpose: Purpose
    channel: Channel
    is_given: bool
    at: datetime
    by: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Where one purpose stands on one channel; `evidence` is that of the change that counts.

    Without `given_at` she only ever said no.
    """

    customer: CustomerId
    purpose: Purpose
    channel: Channel
    given_at: datetime | None
    withdrawn_at: datetime | None
    evidence: str

    @property
    def is_given(self) -> bool:
        return self.given_at is not None and self.withdrawn_at is None

    @property
    def said_at(self) -> datetime:
        """When she last said something of it; a consent stands on at least one change."""
        said = [at for at in (self.given_at, self.withdrawn_at) if at is not None]
        return max(said)

    @property
    def name(self) -> str:
        """By which a message names the consent it rests on."""
        return f"{self.customer}/{self.purpose}/{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """She may be told, and this consent says so."""

    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAllowed:
    """She may not be told, and why."""

    reason: str


Decision: TypeAlias = Allowed | NotAllowed


def standing(changes: Iterable[Change]) -> tuple[Consent, ...]:
    """Where each purpose stands on each channel after these changes, in any order, of one customer."""
    found: dict[tuple[Purpose, Channel], Consent] = {}
    for change in sorted(changes, key=lambda change: (change.at, not change.is_given)):
        before = found.get((change.purpose, change.channel))
        given_at = change.at if change.is_given else None if before is None else before.given_at
        found[change.purpose, change.channel] = Consent(
            customer=change.customer,
            purpose=change.purpose,
            channel=change.channel,
            given_at=given_at,
            withdrawn_at=None if change.is_given else change.at,
            evidence=change.evidence,
        )
    return tuple(found[key] for key in sorted(found))


def decide(consents: Iterable[Consent], purpose: Purpose, channel: Channel) -> Decision:
    """Whether she may be told for this purpose on this channel."""
    consent = next((each for each in consents if (each.purpose, each.channel) == (purpose, channel)), None)
    asked = f"{purpose} by {channel}"
    if consent is None:
        return NotAllowed(reason=f"the customer never agreed to {asked}")
    if consent.withdrawn_at is not None:
        return NotAllowed(reason=f"the customer said no to {asked} on {consent.withdrawn_at:%Y-%m-%d %H:%M:%S} UTC")
    return Allowed(consent=consent)
