"""A meter at the other end of an HDLC link, frame by frame: what it says, and what we said to it."""

from typing import Any

from gateway.core.dlms.hdlc import Deframer, Frame, FrameKind, client_address, server_address
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import Effects, LinkUp, Transmit

METER, US = server_address(logical=1, physical=0, size=1), client_address(16)
SETTINGS = LinkSettings(response_timeout_s=2.0, retries=2)
INFO, RR, RNR, REJ = FrameKind.INFORMATION, FrameKind.RECEIVE_READY, FrameKind.RECEIVE_NOT_READY, FrameKind.REJECT
UA, DM, FRMR = FrameKind.UNNUMBERED_ACKNOWLEDGE, FrameKind.DISCONNECTED_MODE, FrameKind.FRAME_REJECT
SNRM, DISC, UI = FrameKind.SET_NORMAL_RESPONSE_MODE, FrameKind.DISCONNECT, FrameKind.UNNUMBERED_INFORMATION
TAKES_64_BYTES_THREE_IN_A_ROW = bytes.fromhex("818012050140060140070400000003080400000003")
ANSWER = b"\xe6\xe7\x00" + b"answer"


def said(kind: FrameKind, info: bytes = b"", *, final: bool = True, **fields: Any) -> bytes:
    """What the meter sends."""
    return Frame(destination=US, source=METER, kind=kind, is_final=final, info=info, **fields).encode()


def frames_of(effects: Effects) -> tuple[Frame, ...]:
    """What we send, as frames."""
    octets = b"".join(effect.octets for effect in effects if isinstance(effect, Transmit))
    return Deframer().feed(octets)


def opened(parameters: bytes = b"", settings: LinkSettings = SETTINGS) -> HdlcLink:
    """A link the meter has taken up, with the parameters it answered."""
    link = HdlcLink(settings)
    link.open(0.0)
    assert link.receive(said(UA, parameters), 0.1) == (LinkUp(),)
    return link
