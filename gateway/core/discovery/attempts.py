"""What a discovery has done at a port, and what it is told of it: values between the plan and whoever owns the line."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gateway.core.dlms.enquiry import HdlcAddress
from gateway.core.dlms.link import LinkFailed
from gateway.core.dlms.opto import SignedOn


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a meter was found, and how one comes to speak with it. `address` None is the wrapper's way."""

    address: HdlcAddress | None
    baud: int = 0
    signs_on: bool = False
    wake_up_s: float = 0  # how long it has to be woken before it hears a sign-on


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Tell the person what is tried now, and how long it takes at most."""

    words: str
    at_most_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Tell the person what came of the step."""

    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Hear what comes, for so long."""

    baud: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Say these octets, and hear what comes until it was silent for `wait_s`."""

    baud: int
    octets: bytes
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOn:
    """Sign on as at an optical head, to a meter that has to be woken first where it saves its battery."""

    wake_up_s: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """Come to where requests may go, as this client; a link that was open is given back first."""

    place: Place
    client_sap: int


@dataclass(frozen=True, slots=True)
class Request:
    """Ask this over the link that was opened."""

    apdu: bytes


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Give the link back."""


Attempt: TypeAlias = Step | Outcome | Listen | Exchange | SignOn | OpenLink | Request | CloseLink


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What came of an attempt: what was heard or answered, or how it failed."""

    octets: bytes = b""
    failure: LinkFailed | None = None
    signed_on: SignedOn | None = None
    reflects: bool = False
    at: datetime | None = None  # the gateway's clock when it came
