"""How others take the same frames in: dlms-cosem's own HDLC, and the Gurux client. Benchmarks only; see the ADR.

Each gets a whole frame and nothing behind it. Whoever then asks for more waits for ever, or as long as its time-out.
"""

from enum import Enum, auto
from typing import Any

from dlms_cosem.hdlc import state
from dlms_cosem.hdlc.exceptions import HdlcException, LocalProtocolError
from dlms_cosem.io import HdlcTransport
from gurux_dlms import GXByteBuffer, GXDLMSClient, GXReplyData

from benchmarks import dlms_cosem_log
from gateway.core.dlms.hdlc import FLAG, Frame, FrameKind, client_address, server_address

_LLC = bytes.fromhex("e6e700")
_GET_RESPONSE_OCTETS = bytes.fromhex("c401c10009")
_TROUBLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    HdlcException,
    LocalProtocolError,
)  # what a good frame has met with


class Taken(Enum):
    """What became of a frame."""

    WHOLE = auto()
    OTHER = auto()
    HANGS = auto()
    REFUSED = auto()


def answer(octets: bytes) -> Frame:
    """A meter's first answer to client 16: this octet string, at most 127 octets."""
    return Frame(
        destination=client_address(16),
        source=server_address(logical=1, physical=0, size=1),
        kind=FrameKind.INFORMATION,
        is_final=True,
        receive_seq=1,
        info=_LLC + _GET_RESPONSE_OCTETS + bytes([len(octets)]) + octets,
    )


class _Starved(Exception):
    """It asks for more, and there is no more."""


class _Given:
    """A line with one frame on it."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def recv_until(self, end: bytes) -> bytes:
        at = self._octets.find(end)
        if at < 0:
            raise _Starved
        given, self._octets = self._octets[: at + 1], self._octets[at + 1 :]
        return given


def taken_by_dlms_cosem(sent: Frame) -> Taken:
    """By its transport, as it stands in 25.1.0."""
    dlms_cosem_log.silence()
    transport = HdlcTransport(16, 1, io=_Given(sent.encode()))
    transport.hdlc_connection.state.current_state = state.AWAITING_RESPONSE
    transport.hdlc_connection.client_rsn = sent.receive_seq
    try:
        found: Any = transport.next_event()
    except _Starved:
        return Taken.HANGS
    except _TROUBLE:
        return Taken.REFUSED
    return Taken.WHOLE if bytes(found.payload) == sent.info else Taken.OTHER


def taken_by_gurux(sent: Frame) -> Taken:
    """By its client, which reads the value as well."""
    reply, client = GXReplyData(), GXDLMSClient(True, 16, 1)
    client.settings.senderFrame = 0x10
    try:
        is_whole = client.getData(GXByteBuffer(sent.encode()), reply)
    except _TROUBLE:
        return Taken.REFUSED
    if not is_whole:
        return Taken.HANGS
    octets = sent.info[len(_LLC + _GET_RESPONSE_OCTETS) + 1 :]
    return Taken.WHOLE if bytes(reply.data.array()).endswith(octets) else Taken.OTHER


def ends_in_a_flag(sent: Frame) -> bool:
    """Whether the last octet of its checksum is a flag."""
    return sent.encode()[-2] == FLAG
