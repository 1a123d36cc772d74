"""What may be asked of any meter by somebody who has no secret: is anybody there, who is let in, and as whom.

Three things are said, and what comes back is put into words:
- a call (SNRM) to an HDLC address, answered by whoever has it, or by the one meter there is where nobody in particular
  is called;
- an association request that offers nothing, and, where that is not enough, one that opens the exchange of proofs of
  HLS-GMAC and leaves it there: a challenge is no attempt at a key, so no meter counts it as one. A password is never
  offered, since there is no way to offer none: what asks for a secret, and knows no GMAC, is told as "a password";
- a GET of one attribute.
Nothing here is kept secret and nothing is changed at the meter.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum

from gateway.core.dlms import association, get_response
from gateway.core.dlms.association import Associated
from gateway.core.dlms.data import Data
from gateway.core.dlms.get_response import ServiceRefused, Values
from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address
from gateway.core.dlms.obis import Attribute
from gateway.core.errors import Undecodable

CALLING_PHYSICAL = {2: 0x7E, 4: 0x3FFE}  # "whoever is there": answered by a meter that is alone on its line
CHALLENGE_BYTES = 16
_AARQ = 0x60
_PLAIN_CONTEXT = bytes.fromhex("a109060760857405080101")
_GMAC = bytes.fromhex("8a0207808b0760857405080205")
# What is proposed: version 6, GET with lists, blocks and selection, any length of PDU.
_PROPOSAL = bytes.fromhex("be10040e01000000065f1f0400001214ffff")
_GET_NORMAL = bytes.fromhex("c001c1")
RELEASE = bytes.fromhex("6203800100")


@dataclass(frozen=True, slots=True, kw_only=True)
class HdlcAddress:
    """A meter's HDLC address: logical and physical device, in `size` octets."""

    logical: int = 1
    physical: int = 0
    size: int = 1

    @property
    def octets(self) -> bytes:
        """As a frame carries it."""
        return server_address(logical=self.logical, physical=self.physical, size=self.size)

    @classmethod
    def of(cls, octets: bytes) -> "HdlcAddress":
        """From a frame; the octets are whole, since the frame was."""
        size, parts = len(octets), [octet >> 1 for octet in octets]
        if size == 1:
            return cls(logical=parts[0], physical=0, size=1)
        half = size // 2
        logical, physical = (
            sum(part << 7 * at for at, part in enumerate(reversed(each))) for each in (parts[:half], parts[half:])
        )
        return cls(logical=logical, physical=physical, size=size)

    def __str__(self) -> str:
        octets = "octet" if self.size == 1 else "octets"
        device = f"{self.logical}" if self.size == 1 else f"{self.logical}/{self.physical}"
        return f"{device} ({self.size} {octets})"


class Call(Enum):
    """What a call brought."""

    ANSWERED = "answers"
    BUSY = "is there, and refuses the link for now (DM)"
    REJECTED = "is there, and rejects the frame (FRMR)"
    NOISE = "octets, and no sound frame among them"
    ECHO = "only our own words"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What came back to one call: from which address, where somebody answered; and whether the line echoes."""

    call: Call
    address: HdlcAddress | None = None
    is_echoing: bool = False
    noise_bytes: int = 0


class Entry(StrEnum):
    """What one client of a meter has to show."""

    OPEN = "nothing"
    PASSWORD = "a password"  # noqa: S105 - the word, not one
    KEYS = "keys"
    SOME_SECRET = "a secret"  # noqa: S105 - as above
    REFUSED = "not let in"
    UNHEARD = "no answer"


_NO_SUCH_CLIENT = ("no-reason-given", "calling-title-not-recognised", "diagnostic 2")
_OTHER_MECHANISM = "authentication-mechanism-not-recognised"


def call(address: HdlcAddress, client_sap: int) -> bytes:
    """SNRM: is anybody there?"""
    return _command(FrameKind.SET_NORMAL_RESPONSE_MODE, address, client_sap)


def farewell(address: HdlcAddress, client_sap: int) -> bytes:
    """DISC: gives back the link that a call opened."""
    return _command(FrameKind.DISCONNECT, address, client_sap)


def _command(kind: FrameKind, address: HdlcAddress, client_sap: int) -> bytes:
    source = client_address(client_sap)
    return Frame(destination=address.octets, source=source, kind=kind, is_final=True).encode()


def call_result(heard: bytes, said: bytes, client_sap: int) -> CallResult:
    """What a call brought, from everything that was heard after it."""
    deframer = Deframer()
    frames = (*deframer.feed(heard), *deframer.flush())
    own, ours = Deframer().feed(said), client_address(client_sap)
    is_echoing = any(frame in own for frame in frames)
    kinds = {
        FrameKind.UNNUMBERED_ACKNOWLEDGE: Call.ANSWERED,
        FrameKind.DISCONNECTED_MODE: Call.BUSY,
        FrameKind.FRAME_REJECT: Call.REJECTED,
    }
    for frame in frames:
        if frame.destination == ours and frame.kind in kinds:
            address = HdlcAddress.of(frame.source)
            return CallResult(call=kinds[frame.kind], address=address, is_echoing=is_echoing)
    if deframer.noise_bytes:
        return CallResult(call=Call.NOISE, is_echoing=is_echoing, noise_bytes=deframer.noise_bytes)
    return CallResult(call=Call.ECHO if is_echoing else Call.NOTHING, is_echoing=is_echoing)


def open_request() -> bytes:
    """AARQ of somebody who offers nothing."""
    return _aarq(_PLAIN_CONTEXT + _PROPOSAL)


def challenge_request(title: bytes, challenge: bytes) -> bytes:
    """AARQ that opens HLS-GMAC; the proof that would follow is never given."""
    called = b"\xa6" + _counted(b"\x04" + _counted(title))
    asked = b"\xac" + _counted(b"\x80" + _counted(challenge))
    return _aarq(_PLAIN_CONTEXT + called + _GMAC + asked + _PROPOSAL)


def _aarq(fields: bytes) -> bytes:
    return bytes([_AARQ]) + _counted(fields)


def _counted(content: bytes) -> bytes:
    return bytes([len(content)]) + content


def entry_of(answer: bytes) -> tuple[Entry, str]:
    """What the client has to show, from the answer to `open_request`, and the meter's own word; raises Undecodable."""
    response = association.parse(answer)
    if isinstance(response, Associated):
        return (Entry.SOME_SECRET, "authentication-required") if response.wants_proof else (Entry.OPEN, "accepted")
    if isinstance(response, ServiceRefused):
        return Entry.REFUSED, response.reason
    is_stranger = not response.is_about_secrets or response.reason.startswith(_NO_SUCH_CLIENT)
    return (Entry.REFUSED if is_stranger else Entry.SOME_SECRET), response.reason


def secret_of(answer: bytes) -> tuple[Entry, str]:
    """Which secret, from the answer to `challenge_request`, and the meter's own word; raises Undecodable."""
    response = association.parse(answer)
    if isinstance(response, Associated):
        return (Entry.KEYS, "HLS-GMAC") if response.wants_proof else (Entry.OPEN, "accepted")
    if isinstance(response, ServiceRefused):
        return Entry.SOME_SECRET, response.reason
    is_password = response.reason.startswith(_OTHER_MECHANISM)
    return (Entry.PASSWORD if is_password else Entry.SOME_SECRET), response.reason


def get_request(attribute: Attribute) -> bytes:
    """GET of one attribute."""
    return _GET_NORMAL + attribute.class_id.to_bytes(2, "big") + attribute.obis.octets + bytes([attribute.index, 0])


def value_of(answer: bytes) -> Data | str:
    """The value, or the meter's word for why there is none; raises Undecodable."""
    response = get_response.parse(answer)
    if isinstance(response, Values) and len(response.items) == 1:
        item = response.items[0]
        return item if isinstance(item, Data) else item.reason
    if isinstance(response, ServiceRefused):
        return response.reason
    raise Undecodable("one value was asked for, and something else came")
