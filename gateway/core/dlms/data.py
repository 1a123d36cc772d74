"""What a COSEM value is once it is read: a type of the standard and a Python value, kept together.

The type stays because it carries meaning: a delta is no value, null-data in a profile means "as before", and a value
must be written again as it came. What a reader wants of it (`integer`, `text`, `date_time`) is asked by name and
refused as Undecodable when the meter sent something else.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias, cast

from gateway.core.dlms.cosem_time import CosemDate, CosemDateTime, CosemTime
from gateway.core.errors import Undecodable


class DataType(IntEnum):
    """The tags of Data, in the standard's words."""

    NULL_DATA = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255

    @property
    def is_delta(self) -> bool:
        """Whether the number is a difference to the same column's value one row before."""
        return _FIRST_DELTA <= self <= _LAST_DELTA

    def __str__(self) -> str:
        return self.name.lower().replace("_", "-")


_FIRST_DELTA, _LAST_DELTA = int(DataType.DELTA_INTEGER), int(DataType.DELTA_DOUBLE_LONG_UNSIGNED)
_SEQUENCES = (DataType.STRUCTURE, DataType.ARRAY, DataType.COMPACT_ARRAY)
Value: TypeAlias = (
    "bool | int | float | bytes | str | CosemDateTime | CosemDate | CosemTime"
    " | tuple[bool, ...] | tuple[Data, ...] | None"
)


@dataclass(frozen=True, slots=True)
class Data:
    """One COSEM value with its type; arrays, compact arrays and structures, and only they, hold a tuple of Data."""

    type: DataType
    value: Value = None

    def integer(self) -> int:
        """A whole number; raises Undecodable when the meter sent none, or a difference only."""
        if isinstance(self.value, int) and not isinstance(self.value, bool) and not self.type.is_delta:
            return self.value
        raise self._unexpected("a whole number")

    def number(self) -> int | float:
        """A whole or floating-point number; raises Undecodable."""
        return self.value if isinstance(self.value, float) else self.integer()

    def octets(self) -> bytes:
        """The value of an octet-string; raises Undecodable."""
        if isinstance(self.value, bytes):
            return self.value
        raise self._unexpected("an octet-string")

    def items(self) -> tuple["Data", ...]:
        """The members of an array, compact array or structure; raises Undecodable."""
        if self.type in _SEQUENCES:
            return cast("tuple[Data, ...]", self.value)
        raise self._unexpected("an array or structure")

    def text(self) -> str:
        """A string, or octets that are printable, without their padding; other octets as hex. Raises Undecodable."""
        if isinstance(self.value, str):
            return self.value.rstrip("\x00 ")
        octets = self.octets()
        unpadded = octets.rstrip(b"\x00 ")
        is_printable = bool(unpadded) and all(0x20 <= octet < 0x7F for octet in unpadded)
        return unpadded.decode("ascii") if is_printable else octets.hex()

    def date_time(self) -> CosemDateTime:
        """A date-time, sent as such or as its 12 octets; raises Undecodable."""
        return self.value if isinstance(self.value, CosemDateTime) else CosemDateTime.decode(self.octets())

    def _unexpected(self, wanted: str) -> Undecodable:
        return Undecodable(f"{wanted} was expected, the meter sent {self.type}")


NULL = Data(DataType.NULL_DATA)
