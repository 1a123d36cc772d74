"""What a meter said unasked, or as text: the one type that every reader of pushes and telegrams gives.

A push names its values by OBIS codes, in base units, and says what vouches for it: who ciphered it, and which check its
octets passed. Where nothing but a line's luck stands behind the octets, `proof` is NONE: then two agreeing messages
are needed before a counter counts. What happened rather than what was measured stands in `event`.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.obis import Obis


class Protection(StrEnum):
    """Whether a message was ciphered, and whether its authentication was checked."""

    NONE = "none"
    CHECKED = "checked"
    UNCHECKED = "unchecked"  # decrypted without an authentication key


class Proof(StrEnum):
    """What says that the octets are those the meter sent."""

    TAG = "tag"  # the meter's own authentication tag
    TCP = "tcp"  # the connection's checksum
    CRC16 = "crc16"  # misses one damaged message in 65,536
    BLOCK_CHECK = "block-check"  # one octet over the whole message: misses one in 256
    LINE_CHECKS = "line-checks"  # a sum of six bits for each line: misses one in 64 of the damaged lines
    NONE = "none"

    @property
    def is_strong(self) -> bool:
        """Whether one message alone is enough for a counter to count."""
        return self in (Proof.TAG, Proof.TCP, Proof.CRC16)


class EventKind(StrEnum):
    """What a meter tells of by an event rather than by values."""

    LAST_GASP = "last-gasp"  # its supply is going, and this is what its capacitor still pays for
    WAKE_UP = "wake-up"  # it is there, or there again
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedEvent:
    """What happened, and the code and value by which the meter told it: the code is kept, whatever we take it for."""

    kind: EventKind
    obis: Obis
    value: Decimal | str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedReading:
    """One value with its code: a number in its unit (empty for a count), or a text.

    `at` is the meter's own time of the value, where it gives one besides the message's.
    """

    obis: Obis
    value: Decimal | str
    unit: str
    at: CosemDateTime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One message of a meter. `sent_at` is its own time, None where it gave none."""

    kind: str
    sent_at: CosemDateTime | None
    readings: tuple[PushedReading, ...]
    unnamed: int = 0  # values that came without an OBIS code
    set_aside: int = 0  # entries of a log that tell of the meter's birth, and groups whose own check does not hold
    protection: Protection = Protection.NONE
    proof: Proof = Proof.CRC16
    sender: str = ""  # who it says it is: a system title in hex, or the identification of a text telegram
    event: PushedEvent | None = None
    sealed_by: str = ""  # the system title it was ciphered under, in hex
    counter: int | None = None  # and the invocation counter; each serves once
