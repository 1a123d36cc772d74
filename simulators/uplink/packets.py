"""MQTT control packets in a stream of bytes, as much of them as a bad line needs: where each ends, and its identifier.

In comes a stream, cut anywhere; out come pieces that, put together, are that stream again, byte for byte. A piece is a
whole packet when it could be read as one, and nobody is asked to understand any other. MQTT 3.1.1 and 5 look alike this
far (both: section 2.1, and 3.3 and 3.4 for PUBLISH and PUBACK):

    kind(4) flags(4) | remaining length, 1 to 4 bytes of 7 bits | PUBLISH: topic, identifier if qos > 0, the rest

What is no MQTT (TLS, noise) is passed on from there to its end, unread. A packet longer than `MAX_HELD_BYTES` is passed
on as it comes, unread, and the next one is read again; so no more than that is ever held.
"""

from dataclasses import dataclass
from enum import IntEnum

MAX_HELD_BYTES = 131_072
_MAX_HEAD_BYTES = 5
_DUP = 0x08


class Kind(IntEnum):
    """The kinds of packets that are told apart; `OTHER` is every other one, and what was not read at all."""

    OTHER = 0
    PUBLISH = 3
    PUBACK = 4


# The flags that each kind of packet must carry (MQTT 5, table 2-2); those of a PUBLISH say something.
_FIXED_FLAGS = {kind: 0b0010 if kind in (6, 8, 10) else 0 for kind in range(1, 16) if kind != Kind.PUBLISH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some octets of the stream. `packet_id` is that of a PUBLISH of quality 1 or 2, or of what a PUBACK answers."""

    octets: bytes
    kind: Kind = Kind.OTHER
    quality: int = 0
    packet_id: int = 0

    def again(self) -> bytes:
        """The octets of a PUBLISH as they are sent a second time: marked as such, where the standard lets them be."""
        if self.quality == 0:
            return self.octets
        return bytes((self.octets[0] | _DUP,)) + self.octets[1:]


def puback(packet_id: int) -> bytes:
    """The acknowledgement of a PUBLISH, good for both versions.

    >>> puback(258).hex()
    '40020102'
    """
    return bytes((Kind.PUBACK << 4, 2)) + packet_id.to_bytes(2, "big")


class Cutter:
    """Cuts one direction of one connection."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._passing_bytes = 0  # of a long packet, still to come
        self._is_blind = False  # what came was no MQTT; nothing is read any longer

    @property
    def held(self) -> bytes:
        """The beginning of a packet whose rest has not come."""
        return bytes(self._held)

    def feed(self, octets: bytes) -> list[Piece]:
        """The pieces that `octets` complete."""
        self._held += octets
        pieces = []
        while self._held and (length := self._next_length()):
            pieces.append(self._take(length))
        return pieces

    def _next_length(self) -> int:
        """How many bytes at the front make a piece; 0 when more must come."""
        if self._is_blind:
            return len(self._held)
        if self._passing_bytes:
            return min(self._passing_bytes, len(self._held))
        length = _length_of(self._held)
        if length is None:
            self._is_blind = True
            return len(self._held)
        if length > MAX_HELD_BYTES:
            self._passing_bytes = length
            return len(self._held[:length])
        return length if length <= len(self._held) else 0

    def _take(self, length: int) -> Piece:
        octets = bytes(self._held[:length])
        del self._held[:length]
        if self._is_blind:
            return Piece(octets=octets)
        if self._passing_bytes:
            self._passing_bytes -= length
            return Piece(octets=octets)
        return _read(octets)


def _length_of(front: bytearray) -> int | None:
    """The length of the packet that begins here; 0 when that cannot be said yet, None when it is no packet."""
    kind, flags = front[0] >> 4, front[0] & 0x0F
    if kind == Kind.PUBLISH:
        if flags & 0b0110 == 0b0110:
            return None
    elif _FIXED_FLAGS.get(kind) != flags:
        return None
    remaining = 0
    for place, octet in enumerate(front[1:_MAX_HEAD_BYTES]):
        remaining |= (octet & 0x7F) << 7 * place
        if not octet & 0x80:
            return 2 + place + remaining
    return 0 if len(front) < _MAX_HEAD_BYTES else None


def _read(packet: bytes) -> Piece:
    """A whole packet, known for what it is; one that contradicts itself is left to those who know MQTT."""
    body_at = next(place for place in range(1, _MAX_HEAD_BYTES) if not packet[place] & 0x80) + 1
    body = memoryview(packet)[body_at:]
    kind, quality = packet[0] >> 4, packet[0] >> 1 & 0b11
    if kind == Kind.PUBACK and len(body) >= 2:
        return Piece(octets=packet, kind=Kind.PUBACK, packet_id=int.from_bytes(body[:2], "big"))
    if kind == Kind.PUBLISH and len(body) >= 2:
        id_at = 2 + int.from_bytes(body[:2], "big")
        if quality == 0 and len(body) >= id_at:
            return Piece(octets=packet, kind=Kind.PUBLISH)
        if quality > 0 and len(body) >= id_at + 2:
            packet_id = int.from_bytes(body[id_at : id_at + 2], "big")
            return Piece(octets=packet, kind=Kind.PUBLISH, quality=quality, packet_id=packet_id)
    return Piece(octets=packet)
