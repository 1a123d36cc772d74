"""A-XDR: how COSEM values travel (IEC 61334-6, Green Book 9.5), every data type.

What comes in is octets; what goes out is a `Data` that keeps its type. Of writing there is the length alone.
Refused, always as Undecodable: octets missing or left over, unknown types, lengths that promise more than is there,
nesting deeper than `MAX_DEPTH`, more values than the caller takes, at most `MAX_VALUES`. No promise of a length is
believed before the octets behind it are seen, so that a hostile answer cannot fill the memory.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.core.dlms.cosem_time import DATE_BYTES, DATE_TIME_BYTES, TIME_BYTES, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import NULL, Data, DataType, Value
from gateway.core.dlms.row_form import RowForm
from gateway.core.errors import Undecodable

_FEW, _MOST_FORMS = 4, 16  # elements that are worth a form; forms worth trying in one array
MAX_DEPTH = 12
MAX_VALUES = 100_000
MIN_VALUES, MAX_VALUES_PER_OCTET = 100, 2  # only a compact array can tell more values than it has octets

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


def decode(octets: bytes, most_values: int = MAX_VALUES) -> Data:
    """Exactly one value with nothing behind it; raises Undecodable."""
    data, rest = decode_first(octets, most_values)
    if rest:
        raise Undecodable(f"{len(rest)} octets are left over behind a value")
    return data


def decode_first(octets: bytes, most_values: int = MAX_VALUES) -> tuple[Data, bytes]:
    """The first value and the octets behind it; raises Undecodable.

    >>> data, rest = decode_first(bytes.fromhex("1200eb99"))
    >>> str(data.type), data.value, rest
    ('long-unsigned', 235, b'\\x99')
    """
    reader = Reader(octets, most_values)
    data = reader.data(0)
    return data, octets[reader.at :]


def decode_length(octets: bytes) -> tuple[int, bytes]:
    """A length of one to five octets, as values and APDUs carry it, and the octets behind it; raises Undecodable."""
    reader = Reader(octets)
    return reader.length(), octets[reader.at :]


def counted(octets: bytes) -> tuple[bytes, bytes]:
    """As many octets as the length before them says, and what stands behind; raises Undecodable."""
    length, rest = decode_length(octets)
    if length > len(rest):
        raise Undecodable(f"{length} octets are promised, {len(rest)} are there")
    return rest[:length], rest[length:]


def encode_length(count: int) -> bytes:
    """A length in its shortest form.

    >>> encode_length(127).hex(), encode_length(200).hex()
    ('7f', '81c8')
    """
    if count < 0x80:
        return bytes([count])
    size = (count.bit_length() + 7) // 8
    return bytes([0x80 | size]) + count.to_bytes(size, "big")


@dataclass(frozen=True, slots=True)
class _StructureOf:
    members: "tuple[_Description, ...]"


@dataclass(frozen=True, slots=True)
class _ArrayOf:
    count: int
    element: "_Description"


# What a compact array tells once about all its elements, instead of tagging each; a plain type as its tag.
_Description: TypeAlias = int | _StructureOf | _ArrayOf


class Reader:
    """A cursor over octets: gives out none twice and none that is not there.

    A day of load profile is five hundred values, so that `typed` is told by the tag alone what to do, and does the
    commonest of it itself: no enumeration is looked up and no octets are copied.
    """

    def __init__(self, octets: bytes, most_values: int = MAX_VALUES) -> None:
        self._octets = octets
        self._end = len(octets)
        self._values_left = min(most_values, MIN_VALUES + MAX_VALUES_PER_OCTET * len(octets))
        self.at = 0

    def take(self, count: int) -> bytes:
        """The next octets; raises Undecodable where there are not as many."""
        at = self.at
        if count > self._end - at:
            raise self._missing(count)
        self.at = at + count
        return self._octets[at : at + count]

    def octet(self) -> int:
        at = self.at
        if at >= self._end:
            raise self._missing(1)
        self.at = at + 1
        return self._octets[at]

    def _missing(self, count: int) -> Undecodable:
        return Undecodable(f"{count} octets are promised and {self._end - self.at} are there")

    def length(self) -> int:
        first = self.octet()
        if first < 0x80:
            return first
        if not 1 <= first & 0x7F <= 4:
            raise Undecodable(f"a length cannot be {first & 0x7F} octets long")
        return int.from_bytes(self.take(first & 0x7F), "big")

    def data(self, depth: int) -> Data:
        """The value that begins here."""
        return self.typed(self.octet(), depth)

    def typed(self, tag: int, depth: int) -> Data:
        """The value of a type whose tag has been read, or was told for all."""
        self._values_left -= 1
        if depth > MAX_DEPTH or self._values_left < 0:
            raise _too_much()
        number = _NUMBERS.get(tag)
        if number is not None:
            type_, size, unpack = number
            at = self.at
            if size > self._end - at:
                raise self._missing(size)
            self.at = at + size
            return Data(type_, unpack(self._octets, at)[0])
        read = _READERS.get(tag)
        if read is not None:
            return Data(_TYPES[tag], read(self))
        if tag == DataType.NULL_DATA:
            return NULL
        if tag in (DataType.ARRAY, DataType.STRUCTURE):
            return Data(_TYPES[tag], self.elements(self.length(), depth + 1))
        if tag == DataType.COMPACT_ARRAY:
            return Data(DataType.COMPACT_ARRAY, self._compact_array(depth))
        raise Undecodable(f"{tag} is no data type of COSEM")

    def elements(self, count: int, depth: int) -> tuple[Data, ...]:
        """The elements of an array or structure."""
        if count < _FEW:
            return tuple([self.typed(self.octet(), depth) for _ in range(count)])
        form, forms_left, elements = None, _MOST_FORMS, []
        for _ in range(count):
            element = self._of_form(form) if form is not None else None
            if element is None:
                element, form = self.typed(self.octet(), depth), None
                if element.type is DataType.STRUCTURE and forms_left:
                    forms_left -= 1
                    form = _form_of(element)
            elements.append(element)
        return tuple(elements)

    def _of_form(self, form: RowForm) -> Data | None:
        """The next structure, where it is of the form of the one before it."""
        at, end = self.at, self.at + form.size
        if end > self._end:
            return None
        row = form.read(self._octets, at)
        if row is not None:
            self.at = end
            self._values_left -= 1 + form.cells
            if self._values_left < 0:
                raise _too_much()
        return row

    def _count(self, depth: int) -> None:
        self._values_left -= 1
        if depth > MAX_DEPTH or self._values_left < 0:
            raise _too_much()

    def _compact_array(self, depth: int) -> tuple[Data, ...]:
        description = self._description(depth)
        end = self.length() + self.at
        if end > self._end:
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
        tag = self.octet()
        if tag == DataType.STRUCTURE:
            return _StructureOf(tuple(self._description(depth + 1) for _ in range(self.length())))
        if tag == DataType.ARRAY:
            return _ArrayOf(int.from_bytes(self.take(2), "big"), self._description(depth + 1))
        if tag == DataType.COMPACT_ARRAY:
            raise Undecodable("a compact array cannot hold a compact array")
        if tag not in _TYPES:
            raise Undecodable(f"{tag} is no data type of COSEM")
        return tag

    def _described(self, description: _Description, depth: int) -> Data:
        if isinstance(description, int):
            return self.typed(description, depth)
        self._count(depth)
        if isinstance(description, _StructureOf):
            return Data(
                DataType.STRUCTURE, tuple([self._described(member, depth + 1) for member in description.members])
            )
        return Data(
            DataType.ARRAY, tuple([self._described(description.element, depth + 1) for _ in range(description.count)])
        )

    def boolean(self) -> bool:
        return bool(self.octet())

    def bit_string(self) -> tuple[bool, ...]:
        bits = self.length()
        octets = self.take((bits + 7) // 8)
        self._values_left -= len(octets)  # each becomes eight
        if self._values_left < 0:
            raise _too_much()
        return tuple(bool(octets[bit // 8] & (0x80 >> bit % 8)) for bit in range(bits))

    def bcd(self) -> int:
        tens, ones = divmod(self.octet(), 16)
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


def _form_of(structure: Data) -> RowForm | None:
    try:
        return RowForm(structure, NUMBER_FORMATS)
    except ValueError:
        return None


def _too_much() -> Undecodable:
    return Undecodable(f"values on more than {MAX_DEPTH} levels, or more of them than anybody sends, are not read")


_TYPES: Mapping[int, DataType] = {int(type_): type_ for type_ in DataType}
_NUMBERS: Mapping[int, tuple[DataType, int, Callable[[bytes, int], tuple[Any, ...]]]] = {
    int(type_): (type_, struct.calcsize(form), struct.Struct(form).unpack_from)
    for type_, form in NUMBER_FORMATS.items()
}
_READERS: Mapping[int, Callable[[Reader], Value]] = {
    int(type_): read
    for type_, read in {
        DataType.DONT_CARE: lambda _reader: None,
        DataType.BOOLEAN: Reader.boolean,
        DataType.BIT_STRING: Reader.bit_string,
        DataType.BCD: Reader.bcd,
        DataType.OCTET_STRING: Reader.octet_string,
        DataType.VISIBLE_STRING: Reader.visible_string,
        DataType.UTF8_STRING: Reader.utf8_string,
        DataType.DATE_TIME: lambda reader: CosemDateTime.decode(reader.take(DATE_TIME_BYTES)),
        DataType.DATE: lambda reader: CosemDate.decode(reader.take(DATE_BYTES)),
        DataType.TIME: lambda reader: CosemTime.decode(reader.take(TIME_BYTES)),
    }.items()
}
