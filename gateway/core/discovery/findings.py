"""What a discovery knows so far: how the line is spoken on, which meters are there, who is let in, who they are.

It is written to as the plan goes on, so that what is known stays known wherever it is stopped.
"""

from dataclasses import dataclass, field
from datetime import datetime

from gateway.core.discovery.attempts import Place
from gateway.core.discovery.talk import Talk
from gateway.core.dlms.data import Data
from gateway.core.dlms.enquiry import Entry
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.opto import SignedOn
from gateway.core.errors import Undecodable

DEVICE_NAME = Attribute(class_id=1, obis=Obis.parse("0.0.42.0.0.255"), index=2)
SERIAL = Attribute(class_id=1, obis=Obis.parse("0.0.96.1.0.255"), index=2)
CLOCK = Attribute(class_id=8, obis=Obis.parse("0.0.1.0.0.255"), index=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundClient:
    """A client address, what it has to show, and the meter's own word."""

    sap: int
    entry: Entry
    word: str


@dataclass(slots=True, kw_only=True)
class FoundMeter:
    """A meter, and what it told without a secret."""

    place: Place
    also_at: list[Place] = field(default_factory=list)
    clients: list[FoundClient] = field(default_factory=list)
    answers: dict[Attribute, Data] = field(default_factory=dict)
    denied: dict[Attribute, str] = field(default_factory=dict)
    asked_at: datetime | None = None  # the gateway's clock when its clock was read

    def text(self, attribute: Attribute) -> str:
        """A name it told; empty where it did not, or where it is no text."""
        try:
            told = self.answers[attribute].text() if attribute in self.answers else ""
        except Undecodable:
            return ""
        return told if told.isprintable() else ""


@dataclass(slots=True, kw_only=True)
class Findings:
    """Everything that is known so far; `tried` tells each step with what came of it."""

    tried: list[tuple[str, str]] = field(default_factory=list)
    talk: Talk | None = None
    signed_on: SignedOn | None = None
    wake_up_s: float = 0  # how long the meter was woken before it was signed on to
    older_mode: str = ""  # a meter that signs on and speaks no HDLC: who it is, and what it speaks
    is_echoing: bool = False
    heard_bytes: int = 0  # octets that meant nothing
    is_cut_short: bool = False
    meters: list[FoundMeter] = field(default_factory=list)

    @property
    def has_found(self) -> bool:
        """Whether anything was found that can be gone on with."""
        return bool(self.meters or self.talk or self.older_mode)
