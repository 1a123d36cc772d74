"""General block transfer (Green Book 9.3.17): an APDU too long for one piece, sent as numbered blocks.

What comes in is one block at a time; what goes out is the APDU, when its last block is there. A push streams: nobody
acknowledges, so nothing can be asked for again. Blocks that are missing, come twice or in another order, and an APDU
that never ends, come out as a CaptureRefused; what had come by then is forgotten.
"""

from gateway.core.dlms import axdr
from gateway.core.dlms.push.capture_kind import CaptureKind, refusal
from gateway.core.errors import CaptureRefused, Undecodable

TAG = 0xE0
MAX_APDU_BYTES = 65_536
_LAST_BLOCK = 0x80
_HEADER_BYTES = 6  # tag, block control, block number, block number acknowledged


class BlockJoiner:
    """The blocks of one sender, until they are an APDU."""

    def __init__(self) -> None:
        self._parts = bytearray()
        self._next = 1

    @property
    def is_waiting(self) -> bool:
        """Whether an APDU has begun and not ended."""
        return self._next > 1

    def take(self, block: bytes) -> tuple[bytes | CaptureRefused, ...]:
        """The APDU that ends with this block, nothing while more are due, a refusal for what cannot be joined."""
        try:
            data, rest = split(block)
        except Undecodable as error:
            return (self.give_up(str(error)),)
        if rest:
            return (self.give_up(f"{len(rest)} octets are left over behind a block"),)
        number = int.from_bytes(block[2:4], "big")
        refused: tuple[CaptureRefused, ...] = ()
        if number == 1 and self.is_waiting:
            refused = (self.give_up("an APDU begins before the last one ended"),)
        if number != self._next:
            return (self.give_up(f"block {number} came where block {self._next} was due"),)
        self._parts += data
        self._next += 1
        if len(self._parts) > MAX_APDU_BYTES:
            return (*refused, self.give_up(f"they are more than {MAX_APDU_BYTES} octets"))
        return (*refused, self._joined()) if block[1] & _LAST_BLOCK else refused

    def give_up(self, why: str) -> CaptureRefused:
        """Forget what has come, and say why; the next APDU begins anew."""
        self._joined()
        return refusal(CaptureKind.BLOCK_TRANSFER, why)

    def _joined(self) -> bytes:
        apdu = bytes(self._parts)
        self._parts.clear()
        self._next = 1
        return apdu


def split(octets: bytes) -> tuple[bytes, bytes]:
    """The data of the first block, and the octets behind the block; raises Undecodable."""
    if len(octets) <= _HEADER_BYTES or octets[0] != TAG:
        raise Undecodable("no block begins here")
    length, rest = axdr.decode_length(octets[_HEADER_BYTES:])
    if length > len(rest):
        raise Undecodable(f"a block promises {length} octets and {len(rest)} are there")
    return rest[:length], rest[length:]
