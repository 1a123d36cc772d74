"""How a pushed APDU is wrapped for its way: blocks, seals and frames, each a function from octets to octets.

    general block transfer   E0, control, number, acknowledged, length, block; the last one says so
    general-glo-ciphering    DB, system title, length, security control, counter, ciphered text, perhaps a tag
    HDLC                     UI frames from the meter to whoever listens, in segments where it is long
    M-Bus                    long frames of EN 13757-3, numbered, the last one marked
    wrapper                  eight octets before the APDU

The encoders are this simulator's own, so that both ends cannot share one mistake.
"""

from collections.abc import Callable, Sequence
from enum import Enum

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from runtime.secret import Secret
from simulators.meter import axdr, hdlc
from simulators.meter.general_blocks import GENERAL_BLOCK_TRANSFER
from simulators.meter.security import COUNTER_BYTES, TAG_BYTES

GENERAL_GLO_CIPHERING = 0xDB
_ENCRYPTED, _AUTHENTICATED = 0x20, 0x10
_LLC = b"\xe6\xe7\x00"
_PUSH_CLIENT, _METER = 102, 1
_LAST_BLOCK, _STREAMING = 0x80, 0x40
_SEGMENT_BYTES = 480
_M_BUS_TEXT_BYTES = 250
_M_BUS_START, _M_BUS_STOP, _M_BUS_SEND, _M_BUS_BROADCAST, _M_BUS_LAST = 0x68, 0x16, 0x53, 0xFF, 0x10


class Framing(Enum):
    """What the line carries."""

    HDLC = "hdlc"
    M_BUS = "m-bus"
    WRAPPER = "wrapper"


def sealed(apdu: bytes, *, title: bytes, counter: int, key: Secret, auth_key: Secret | None) -> bytes:
    """The APDU under the global key; without an authentication key nothing proves it."""
    control = bytes((_ENCRYPTED | (_AUTHENTICATED if auth_key is not None else 0),))
    number = counter.to_bytes(COUNTER_BYTES, "big")
    encryptor = Cipher(algorithms.AES(key.reveal()), modes.GCM(title + number)).encryptor()
    if auth_key is not None:
        encryptor.authenticate_additional_data(control + auth_key.reveal())
    text = encryptor.update(apdu) + encryptor.finalize()
    tag = encryptor.tag[:TAG_BYTES] if auth_key is not None else b""
    body = control + number + text + tag
    return bytes((GENERAL_GLO_CIPHERING, len(title))) + title + axdr.length(len(body)) + body


def blocks(apdu: bytes, block_bytes: int) -> list[bytes]:
    """The APDU in general blocks that nobody acknowledges; as it is where it shall not be cut."""
    if not block_bytes:
        return [apdu]
    parts = [apdu[at : at + block_bytes] for at in range(0, len(apdu), block_bytes)]
    return [
        bytes((GENERAL_BLOCK_TRANSFER, (_LAST_BLOCK if number == len(parts) else _STREAMING) | 1))
        + number.to_bytes(2, "big")
        + bytes(2)
        + axdr.length(len(part))
        + part
        for number, part in enumerate(parts, start=1)
    ]


def framed(apdus: Sequence[bytes], framing: Framing) -> bytes:
    """What goes onto the line, in one breath."""
    return b"".join(_FRAMINGS[framing](apdu) for apdu in apdus)


def _hdlc(apdu: bytes) -> bytes:
    message = _LLC + apdu
    parts = [message[at : at + _SEGMENT_BYTES] for at in range(0, len(message), _SEGMENT_BYTES)]
    return b"".join(
        hdlc.Frame(
            destination=hdlc.Address(logical=_PUSH_CLIENT),
            source=hdlc.Address(logical=_METER, physical=17, size=2),
            control=hdlc.unnumbered(hdlc.Kind.UNNUMBERED_INFORMATION),
            information=part,
            is_segment=number < len(parts),
        ).to_bytes()
        for number, part in enumerate(parts, start=1)
    )


def _m_bus(apdu: bytes) -> bytes:
    parts = [apdu[at : at + _M_BUS_TEXT_BYTES] for at in range(0, len(apdu), _M_BUS_TEXT_BYTES)]
    return b"".join(
        _m_bus_frame(number | (_M_BUS_LAST if number == len(parts) - 1 else 0), part)
        for number, part in enumerate(parts)
    )


def _m_bus_frame(number: int, part: bytes) -> bytes:
    text = bytes((_M_BUS_SEND, _M_BUS_BROADCAST, number, _METER, _PUSH_CLIENT)) + part
    head = bytes((_M_BUS_START, len(text), len(text), _M_BUS_START))
    return head + text + bytes((sum(text) & 0xFF, _M_BUS_STOP))


def _wrapper(apdu: bytes) -> bytes:
    return b"".join(number.to_bytes(2, "big") for number in (1, _METER, _PUSH_CLIENT, len(apdu))) + apdu


_FRAMINGS: dict[Framing, Callable[[bytes], bytes]] = {
    Framing.HDLC: _hdlc,
    Framing.M_BUS: _m_bus,
    Framing.WRAPPER: _wrapper,
}
