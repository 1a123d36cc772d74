"""A-XDR: how COSEM values travel (IEC 61334-6, Green Book 9.5), every data type.

What comes in is octets; what goes out is a `Data` that keeps its type. Nothing is written: a gateway only asks.
Refused, always as Undecodable: octets missing or left over, unknown types, lengths that promise more than is there,
nesting deeper than `MAX_DEPTH`, more than `MAX_VALUES` values. No promise of a length is believed before the octets
behind it are seen, so that a hostile answer cannot fill the memory.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.dlms.cosem_time import DATE_BYTES, DATE_TIME_BYTES, TIME_BYTES, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import Data, DataType, Value
from gateway.core.errors import Undecodable

MAX_DEPTH = 12
MAX_VALUES = 100_000

NUMBER_FORMATS = {
    DataType.DOUBLE_LONG: ">i",
    DataType.DOUBLE_LONG_UNSIGNED: ">I",
    DataType.INTEGER: ">b",
    DataType.LONG: ">h",
    DataType.UNSIGNED: ">B",
    DataType.LONG_UNSIGNED: ">H",
    DataType.LONG64: ">q",
    DataType.LONG64_UNSIGNED: ">Q",
    DataType.ENUM: ">B",
    DataType.FLOAT32: ">f",
    DataType.FLOAT64: ">d",
    DataType.DELTA_INTEGER: ">b",
    DataType.DELTA_LONG: ">h",
    DataType.DELTA_DOUBLE_LONG: ">i",
    DataType.DELTA_UNSIGNED: ">B",
    DataType.DELTA_LONG_UNSIGNED: ">H",
    DataType.DELTA_DOUBLE_LONG_UNSIGNED: ">I",
}


def decode(octets: bytes) -> Data:
    """Exactly one value with nothing behind it; raises Undecodable."""
    data, rest = decode_first(octets)
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind a value")
    return data


def decode_first(octets: bytes) -> tuple[Data, bytes]:
    """The first value and the octets behind it; raises Undecodable.

    >>> data, rest = decode_first(bytes.fromhex("1200eb99"))
    >>> str(data.type), data.value, rest
    ('long-unsigned', 235, b'\\x99')
    """
    reader = _Reader(octets)
    data = reader.data(depth=0)
    return data, octets[reader.at :]


def decode_length(octets: bytes) -> tuple[int, bytes]:
    """A length of one to five octets, as values and APDUs carry it, and the octets behind it; raises Undecodable."""
    reader = _Reader(octets)
    return reader.length(), octets[reader.at :]


@dataclass(frozen=True, slots=True)
class _StructureOf:
    members: "tuple[_Description, ...]"


@dataclass(frozen=True, slots=True)
class _ArrayOf:
    count: int
    element: "_Description"


# What a compact array tells once about all its elements, instead of tagging each.
_Description: TypeAlias = DataType | _StructureOf | _ArrayOf


class _Reader:
    """A cursor over octets: gives out none twice and none that is not there."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._values_left = MAX_VALUES
        self.at = 0

    def take(self, count: int) -> bytes:
        if count > len(self._octets) - self.at:
            raise Undecodable(f"{count} octets are promised and {len(self._octets) - self.at} are there")
        self.at += count
        return self._octets[self.at - count : self.at]

    def length(self) -> int:
        first = self.take(1)[0]
        if first < 0x80:
            return first
        if not 1 <= first & 0x7F <= 4:
            raise Undecodable(f"a length cannot be {first & 0x7F} octets long")
        return int.from_bytes(self.take(first & 0x7F), "big")

    def type(self) -> DataType:
        tag = self.take(1)[0]
        try:
            return DataType(tag)
        except ValueError as error:
            raise Undecodable(f"{tag} is no data type of COSEM") from error

    def data(self, *, depth: int) -> Data:
        return self._typed(self.type(), depth)

    def _typed(self, type_: DataType, depth: int) -> Data:
        self._count(depth)
        if type_ in NUMBER_FORMATS:
            number_format = NUMBER_FORMATS[type_]
            number: int | float = struct.unpack(number_format, self.take(struct.calcsize(number_format)))[0]
            return Data(type_, number)
        if type_ in (DataType.ARRAY, DataType.STRUCTURE):
            return Data(type_, tuple(self.data(depth=depth + 1) for _ in range(self.length())))
        if type_ is DataType.COMPACT_ARRAY:
            return Data(type_, self._compact_array(depth))
        return Data(type_, _READERS[type_](self))

    def _count(self, depth: int) -> None:
        self._values_left -= 1
        if depth > MAX_DEPTH or self._values_left < 0:
            raise Undecodable(f"an answer of more than {MAX_DEPTH} levels or {MAX_VALUES} values is not read")

    def _compact_array(self, depth: int) -> tuple[Data, ...]:
        description = self._description(depth)
        end = self.length() + self.at
        if end > len(self._octets):
            raise Undecodable("a compact array promises more octets than are there")
        elements = []
        while self.at < end:
            before = self.at
            elements.append(self._described(description, depth + 1))
            if not before < self.at <= end:
                raise Undecodable("a compact array's octets do not fit its description")
        return tuple(elements)

    def _description(self, depth: int) -> _Description:
        self._count(depth)
        type_ = self.type()
        if type_ is DataType.STRUCTURE:
            return _StructureOf(tuple(self._description(depth + 1) for _ in range(self.length())))
        if type_ is DataType.ARRAY:
            return _ArrayOf(int.from_bytes(self.take(2), "big"), self._description(depth + 1))
        if type_ is DataType.COMPACT_ARRAY:
            raise Undecodable("a compact array cannot hold a compact array")
        return type_

    def _described(self, description: _Description, depth: int) -> Data:
        match description:
            case _StructureOf(members):
                self._count(depth)
                return Data(DataType.STRUCTURE, tuple(self._described(member, depth + 1) for member in members))
            case _ArrayOf(count, element):
                self._count(depth)
                return Data(DataType.ARRAY, tuple(self._described(element, depth + 1) for _ in range(count)))
        return self._typed(description, depth)

    def boolean(self) -> bool:
        return bool(self.take(1)[0])

    def bit_string(self) -> tuple[bool, ...]:
        bits = self.length()
        octets = self.take((bits + 7) // 8)
        return tuple(bool(octets[bit // 8] & (0x80 >> bit % 8)) for bit in range(bits))

    def bcd(self) -> int:
        tens, ones = divmod(self.take(1)[0], 16)
        if tens > 9 or ones > 9:
            raise Undecodable("a BCD octet holds a digit above 9")
        return tens * 10 + ones

    def octet_string(self) -> bytes:
        return self.take(self.length())

    def visible_string(self) -> str:
        # Meters pad with any octet; Latin-1 loses none of them.
        return self.octet_string().decode("latin-1")

    def utf8_string(self) -> str:
        try:
            return self.octet_string().decode("utf-8")
        except UnicodeDecodeError as error:
            raise Undecodable("a utf8-string is not UTF-8") from error


_READERS: Mapping[DataType, Callable[[_Reader], Value]] = {
    DataType.NULL_DATA: lambda _reader: None,
    DataType.DONT_CARE: lambda _reader: None,
    DataType.BOOLEAN: _Reader.boolean,
    DataType.BIT_STRING: _Reader.bit_string,
    DataType.BCD: _Reader.bcd,
    DataType.OCTET_STRING: _Reader.octet_string,
    DataType.VISIBLE_STRING: _Reader.visible_string,
    DataType.UTF8_STRING: _Reader.utf8_string,
    DataType.DATE_TIME: lambda reader: CosemDateTime.decode(reader.take(DATE_TIME_BYTES)),
    DataType.DATE: lambda reader: CosemDate.decode(reader.take(DATE_BYTES)),
    DataType.TIME: lambda reader: CosemTime.decode(reader.take(TIME_BYTES)),
}
