"""General block transfer: an APDU of any service, ciphered or not, in numbered blocks (Green Book 9.4.6.13, tag E0).

The end that has more to say than one APDU may hold cuts it into blocks. Each block says how many the speaker would take
in a row, which of the other's it has, whether more follow at once (streaming) and whether it was the last. We send our
own one at a time; of the meter's we take up to `WINDOW` before we say what arrived. A block that went missing is asked
for again by repeating which was the last in order; a transfer that does not go on, as in block after block with nothing
in them, that takes more than `MAX_BLOCKS`, or says nonsense, is Undecodable.

>>> exchange = BlockExchange(b"\\xc1" + bytes(40), block_bytes=30)
>>> exchange.begin().hex()[:14], exchange.receive(Block(number=1, acknowledged=1).encode()).octets.hex()[:14]
('e007000100001e', 'e087000200000b')
"""

from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.dlms import axdr
from gateway.core.errors import Undecodable

GENERAL_BLOCK_TRANSFER = 0xE0
WINDOW = 7  # how many blocks in a row we offer to take
HEADER_BYTES = 1 + 1 + 2 + 2 + 3
MAX_ANSWER_BYTES = 1_000_000
MAX_BLOCKS = 10_000  # a meter's blocks hold a hundred octets and more
MAX_REPEATS = 5
_LAST, _STREAMING, _WINDOW_BITS = 0x80, 0x40, 0x3F


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block, or only the word of what has arrived; numbers count from 1."""

    number: int
    acknowledged: int
    octets: bytes = b""
    is_last: bool = True
    is_streaming: bool = False
    window: int = WINDOW

    @classmethod
    def parse(cls, apdu: bytes) -> "Block":
        """From one APDU; raises Undecodable."""
        if apdu[:1] != bytes([GENERAL_BLOCK_TRANSFER]) or len(apdu) < 7:
            raise Undecodable(f"no block of a transfer begins with {apdu[:3].hex() or 'nothing'}")
        length, octets = axdr.decode_length(apdu[6:])
        if length != len(octets):
            raise Undecodable(f"a block promises {length} octets and holds {len(octets)}")
        return cls(
            number=int.from_bytes(apdu[2:4], "big"),
            acknowledged=int.from_bytes(apdu[4:6], "big"),
            octets=octets,
            is_last=bool(apdu[1] & _LAST),
            is_streaming=bool(apdu[1] & _STREAMING),
            window=apdu[1] & _WINDOW_BITS,
        )

    def encode(self) -> bytes:
        """The APDU."""
        control = self.window | (_LAST if self.is_last else 0) | (_STREAMING if self.is_streaming else 0)
        numbers = self.number.to_bytes(2, "big") + self.acknowledged.to_bytes(2, "big")
        return bytes([GENERAL_BLOCK_TRANSFER, control]) + numbers + axdr.encode_length(len(self.octets)) + self.octets


@dataclass(frozen=True, slots=True)
class Send:
    """Send this APDU and hand in what comes."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Await:
    """More comes without our asking; hand it in."""


@dataclass(frozen=True, slots=True)
class Whole:
    """The answer, complete."""

    apdu: bytes


Step: TypeAlias = Send | Await | Whole


class BlockExchange:
    """One request and its answer, either of them in blocks; without I/O."""

    def __init__(self, request: bytes = b"", *, block_bytes: int = 1) -> None:
        """
        Args:
            request: what is too long for one APDU; nothing where it went as one and only the answer is in blocks.
            block_bytes: how much of the request one block holds.
        """
        self._own = [request[at : at + block_bytes] for at in range(0, len(request), block_bytes)]
        self._said = 0  # the number of our newest block
        self._heard = 0  # of the meter's last in order
        self._answer = bytearray()
        self._repeats_left = MAX_REPEATS

    def begin(self) -> bytes:
        """The first block of the request."""
        return self._own_block(1)

    def receive(self, apdu: bytes) -> Step:
        """Take what the meter says; raises Undecodable."""
        if apdu[:1] != bytes([GENERAL_BLOCK_TRANSFER]):
            return Whole(apdu)  # short enough to go without, or a refusal
        block = Block.parse(apdu)
        if block.acknowledged < len(self._own):
            return self._go_on(block.acknowledged)
        self._own = []
        return self._take(block)

    def _go_on(self, acknowledged: int) -> Step:
        if not self._said - 1 <= acknowledged <= self._said:
            raise Undecodable(f"the meter has {acknowledged} blocks of the {self._said} that were sent")
        if acknowledged < self._said:
            self._note_repeat()
        return Send(self._own_block(acknowledged + 1))

    def _take(self, block: Block) -> Step:
        is_next = block.number == self._heard + 1
        if is_next:
            self._heard = block.number
            self._answer += block.octets
        if is_next and block.octets:
            self._repeats_left = MAX_REPEATS
        if len(self._answer) > MAX_ANSWER_BYTES:
            raise Undecodable(f"an answer of more than {MAX_ANSWER_BYTES} octets is not read")
        if is_next and block.is_last:
            return Whole(bytes(self._answer))
        if block.is_streaming:
            return Await()
        if not is_next or not block.octets:
            self._note_repeat()
        self._said += 1
        if self._said > MAX_BLOCKS:
            raise Undecodable(f"an answer of more than {MAX_BLOCKS} blocks is not read")
        return Send(Block(number=self._said, acknowledged=self._heard).encode())

    def _own_block(self, number: int) -> bytes:
        self._said = number
        block = Block(number=number, acknowledged=0, octets=self._own[number - 1], is_last=number == len(self._own))
        return block.encode()

    def _note_repeat(self) -> None:
        self._repeats_left -= 1
        if self._repeats_left < 0:
            raise Undecodable("a transfer in blocks does not go on")
