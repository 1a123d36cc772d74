"""APDUs without any framing, as programs log them: several in a row are told apart by their own lengths.

Nothing proves such octets whole but that they can be read to their end. A logged LLC header before one is passed over.
Ciphered APDUs and blocks say how long they are; a notification is as long as its values, and where those are written
in a way of their own, as long as the rest. What follows an APDU and begins none is refused with it, as a remainder;
so is what stands behind as many APDUs as `MAX_APDUS`.
"""

from collections.abc import Iterator

from gateway.core.dlms.push import block_joiner, notification, sealed
from gateway.core.dlms.push.hdlc_messages import LLC_HEADERS
from gateway.core.errors import Undecodable

_LLC_BYTES = 3
MAX_APDUS = 500


def apdus(octets: bytes) -> Iterator[bytes]:
    """The APDUs of these octets, in order; the last one may be anything."""
    rest = octets
    for number in range(MAX_APDUS):
        if rest[:_LLC_BYTES] in LLC_HEADERS:
            rest = rest[_LLC_BYTES:]
        size = _size(rest) if rest and number < MAX_APDUS - 1 else len(rest)
        yield rest[:size]
        rest = rest[size:]
        if not rest:
            return


def begins_here(octets: bytes) -> bool:
    """Whether the octets begin with an APDU that a meter sends unasked, or with a header of one."""
    first = octets[_LLC_BYTES:] if octets[:_LLC_BYTES] in LLC_HEADERS else octets
    return notification.is_notification(first) or sealed.is_sealed(first) or first[:1] == bytes([block_joiner.TAG])


def _size(octets: bytes) -> int:
    """How long the first APDU is, as far as it says so; else all of them."""
    try:
        behind = _behind(octets)
    except Undecodable:
        return len(octets)
    return len(octets) - len(behind) if not behind or begins_here(behind) else len(octets)


def _behind(octets: bytes) -> bytes:
    if octets[0] == block_joiner.TAG:
        return block_joiner.split(octets)[1]
    if sealed.is_sealed(octets):
        return sealed.behind(octets)
    if notification.is_notification(octets):
        return notification.behind(octets)
    return b""
