"""DLMS over TCP (IEC 62056-47): eight octets before each APDU say whom it is for and how long it is.

TCP repeats and orders by itself, so this link only waits; its one repair is none. What does not begin with version 1,
comes from another port pair or promises more than an APDU can hold ends the link as GARBLED, since on TCP there is no
noise to skip: the peer speaks something else.
"""

import struct

from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import PUBLIC_CLIENT, Delivered, Effects, LinkDown, LinkFailed, LinkUp, Transmit
from wire.terms import LinkFault

_VERSION = 1
_HEADER = struct.Struct(">4H")  # version, source, destination, length
HEADER_BYTES = _HEADER.size


def wrap(apdu: bytes, *, source: int, destination: int) -> bytes:
    """The APDU behind its header.

    >>> wrap(b"\\xc0", source=16, destination=1).hex()
    '0001001000010001c0'
    """
    return _HEADER.pack(_VERSION, source, destination, len(apdu)) + apdu


class WrapperLink:
    """A `Link` over a TCP connection that is already there."""

    def __init__(self, settings: LinkSettings, client_sap: int = PUBLIC_CLIENT) -> None:
        self._settings = settings
        self._client_sap = client_sap
        self._buffer = bytearray()
        self._wake_at: float | None = None

    @property
    def wake_at(self) -> float | None:
        return self._wake_at

    def open(self, now: float) -> Effects:  # noqa: ARG002 - a wrapper has nothing to open, the protocol has
        return (LinkUp(),)

    def request(self, apdu: bytes, now: float) -> Effects:
        self._buffer.clear()
        self._wake_at = now + self._settings.response_timeout_s
        wrapped = wrap(apdu, source=self._client_sap, destination=self._settings.server_logical)
        return (Transmit(wrapped),)

    def more(self, now: float) -> Effects:
        self._wake_at = now + self._settings.response_timeout_s
        return self._delivered()

    def close(self, now: float) -> Effects:  # noqa: ARG002 - see open
        self._wake_at = None
        return (LinkDown(),)

    def sent(self, now: float) -> None:
        self._wake_at = now + self._settings.response_timeout_s

    def receive(self, octets: bytes, now: float) -> Effects:
        if self._wake_at is None:
            return ()  # late, and asked for by nobody
        self._wake_at = now + self._settings.response_timeout_s
        self._buffer += octets
        return self._delivered()

    def _delivered(self) -> Effects:
        """The APDU that is complete, if one is; what stands behind it stays for `more`."""
        if len(self._buffer) < HEADER_BYTES:
            return ()
        version, source, destination, length = _HEADER.unpack_from(self._buffer)
        called = (self._settings.server_logical, self._client_sap)
        if version != _VERSION:
            return self._fail(LinkFault.GARBLED, f"{self._buffer[:HEADER_BYTES].hex()} is no header of DLMS over TCP")
        if (source, destination) != called:
            seen = f"device {called[0]} was called by client {called[1]}, and device {source} answers {destination}"
            return self._fail(LinkFault.GARBLED, seen)
        if len(self._buffer) < HEADER_BYTES + length:
            return ()
        self._wake_at = None
        apdu = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + length])
        del self._buffer[: HEADER_BYTES + length]
        return (Delivered(apdu),)

    def tick(self, now: float) -> Effects:
        if self._wake_at is None or now < self._wake_at:
            return ()
        if self._buffer:
            return self._fail(LinkFault.GARBLED, f"an answer broke off after {len(self._buffer)} octets")
        return self._fail(LinkFault.SILENT, "no answer")

    def _fail(self, fault: LinkFault, detail: str) -> Effects:
        self._wake_at = None
        return (LinkFailed(fault, detail),)
