"""General block transfer (Green Book 9.4.6.13): an answer of any kind cut into blocks, under whatever protects it.

    E0 | last-block, streaming, window(6) | block number | block acknowledged | the block

This meter sends one block and waits; the reader acknowledges it with a block of its own that carries nothing, and may
ask for blocks again by acknowledging less. Such a block has a number, too, and is acknowledged like any other. A
reader's long request is taken the same way, one block at a time.
"""

from dataclasses import dataclass

from simulators.meter.axdr import Cursor, NotAxdr, length

GENERAL_BLOCK_TRANSFER = 0xE0
MAX_MESSAGE_BYTES = 65_536
_LAST, _WINDOW_OF_ONE = 0x80, 0x01
_HEAD_BYTES = 1 + 1 + 2 + 2
_MIN_BLOCK_BYTES = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block, either way."""

    is_last: bool
    number: int
    acknowledged: int
    data: bytes = b""

    def to_bytes(self) -> bytes:
        control = (_LAST if self.is_last else 0) | _WINDOW_OF_ONE
        head = bytes((GENERAL_BLOCK_TRANSFER, control))
        return head + _number(self.number) + _number(self.acknowledged) + length(len(self.data)) + self.data


def parse(apdu: bytes) -> Block:
    """Read a block; raises NotAxdr."""
    cursor = Cursor(apdu)
    cursor.take(1)
    control, number, acknowledged = cursor.unsigned(), cursor.unsigned(2), cursor.unsigned(2)
    data = cursor.take(cursor.length())
    if not cursor.is_at_end:
        raise NotAxdr("octets are left over")
    return Block(is_last=bool(control & _LAST), number=number, acknowledged=acknowledged, data=data)


class GeneralBlocks:
    """One long message to a reader and one from it, both under way at most."""

    def __init__(self) -> None:
        self._outgoing: list[bytes] = []
        self._incoming = bytearray()
        self._heard = 0

    def cut(self, answer: bytes, max_pdu_bytes: int) -> bytes:
        """The answer's first block, or the answer itself where it fits."""
        self._outgoing, self._incoming, self._heard = [], bytearray(), 0
        if len(answer) <= max_pdu_bytes:
            return answer
        room = max_pdu_bytes - _HEAD_BYTES
        size = max(room - len(length(room)), _MIN_BLOCK_BYTES)
        self._outgoing = [answer[at : at + size] for at in range(0, len(answer), size)]
        return self._block(1)

    def following(self, block: Block) -> bytes:
        """The answer's block behind the one the reader has; raises NotAxdr where there is none."""
        if not 0 <= block.acknowledged < len(self._outgoing):
            raise NotAxdr("no such block")
        self._heard = block.number
        return self._block(block.acknowledged + 1)

    def take(self, block: Block) -> bytes | None:
        """Take a block of a reader's request; give the request when it is whole. Raises NotAxdr."""
        if block.number == 1:
            self._incoming, self._heard = bytearray(), 0
        if block.number != self._heard + 1 or len(self._incoming) + len(block.data) > MAX_MESSAGE_BYTES:
            raise NotAxdr("a block is missing, or there are too many")
        self._heard = block.number
        self._incoming += block.data
        return bytes(self._incoming) if block.is_last else None

    def acknowledgement(self) -> bytes:
        """Have that; go on."""
        return Block(is_last=False, number=0, acknowledged=self._heard).to_bytes()

    def _block(self, number: int) -> bytes:
        is_last = number == len(self._outgoing)
        data = self._outgoing[number - 1]
        return Block(is_last=is_last, number=number, acknowledged=self._heard, data=data).to_bytes()


def _number(value: int) -> bytes:
    return (value & 0xFFFF).to_bytes(2, "big")
