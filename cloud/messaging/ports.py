"""What sending needs from the world, and the four ends a send can come to."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeAlias

from cloud.messaging.mail import Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The relay has taken the mail and said so."""

    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The relay will not take this mail, now or later."""

    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """Nothing was taken, and the same mail may be taken later."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The mail was handed over and the answer was lost: it may or may not have been taken."""

    reason: str


Ending: TypeAlias = Delivered | Refused | Unavailable | Unknown


class Presence(StrEnum):
    """What a look-up says of a mail."""

    FOUND = "found"
    ABSENT = "absent"


class MailSender(Protocol):
    """Hands mails to a relay, one at a time."""

    def send(self, mail: Mail) -> Ending:
        """Send the mail. Raises nothing that a network can cause: those are endings."""
        ...

    def close(self) -> None:
        """Let go of the relay."""
        ...


class DeliveryLookup(Protocol):
    """Knows whether a mail arrived, by its Message-ID."""

    def find(self, message_id: str) -> Presence | Unavailable:
        """Whether the mail is there; Unavailable when nobody could say."""
        ...
