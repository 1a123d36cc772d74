"""A-XDR (IEC 61334-6): the data types of COSEM, as far as this meter speaks and hears them.

Encoding is a handful of functions from a value to its bytes, to be nested as the data is:

>>> structure(integer(-1), enumerated(30)).hex(" ")
'02 02 0f ff 16 1e'

Decoding is a cursor that refuses what is cut off, nested too deeply or of a type no request of this meter may hold.
"""

from collections.abc import Iterable

NULL = b"\x00"
MAX_DEPTH = 8
# What a request may hold: access parameters are made of these.
Value = None | bool | int | bytes | tuple["Value", ...]

_ARRAY, _STRUCTURE = 0x01, 0x02
_BOOLEAN, _OCTET_STRING, _VISIBLE_STRING, _DATE_TIME = 0x03, 0x09, 0x0A, 0x19
_INTEGERS = {
    0x05: (4, True),
    0x06: (4, False),
    0x0F: (1, True),
    0x10: (2, True),
    0x11: (1, False),
    0x12: (2, False),
    0x14: (8, True),
    0x15: (8, False),
    0x16: (1, False),
}


class NotAxdr(ValueError):
    """These bytes are not the data they claim to be."""


def boolean(value: bool) -> bytes:
    return bytes((_BOOLEAN, value))


def double_long_unsigned(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4, "big")


def integer(value: int) -> bytes:
    return b"\x0f" + value.to_bytes(1, "big", signed=True)


def long(value: int) -> bytes:
    return b"\x10" + value.to_bytes(2, "big", signed=True)


def unsigned(value: int) -> bytes:
    return b"\x11" + value.to_bytes(1, "big")


def long_unsigned(value: int) -> bytes:
    return b"\x12" + value.to_bytes(2, "big")


def long64_unsigned(value: int) -> bytes:
    return b"\x15" + value.to_bytes(8, "big")


def enumerated(value: int) -> bytes:
    return b"\x16" + value.to_bytes(1, "big")


def octet_string(value: bytes) -> bytes:
    return bytes((_OCTET_STRING,)) + length(len(value)) + value


def structure(*parts: bytes) -> bytes:
    return bytes((_STRUCTURE,)) + length(len(parts)) + b"".join(parts)


def array(items: Iterable[bytes]) -> bytes:
    items = tuple(items)
    return bytes((_ARRAY,)) + length(len(items)) + b"".join(items)


def length(count: int) -> bytes:
    """A length: one byte up to 127, else the number of bytes that follow and then the count.

    >>> length(127).hex(), length(128).hex(), length(960).hex()
    ('7f', '8180', '8203c0')
    """
    if count < 0x80:
        return bytes((count,))
    size = (count.bit_length() + 7) // 8
    return bytes((0x80 | size,)) + count.to_bytes(size, "big")


class Cursor:
    """Reads forward through bytes; every method raises NotAxdr when they end too soon."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._data)

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise NotAxdr(f"{count} bytes are wanted, {len(self._data) - self._at} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def unsigned(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")

    def length(self) -> int:
        first = self.unsigned()
        if first < 0x80:
            return first
        if first & 0x7F > 4:
            raise NotAxdr("a length of more than four bytes")
        return self.unsigned(first & 0x7F)

    def value(self, depth: int = 0) -> Value:
        """One data element with its tag."""
        tag = self.unsigned()
        if tag in _INTEGERS:
            size, is_signed = _INTEGERS[tag]
            return int.from_bytes(self.take(size), "big", signed=is_signed)
        if tag in (_ARRAY, _STRUCTURE):
            if depth == MAX_DEPTH:
                raise NotAxdr("nested too deeply")
            return tuple(self.value(depth + 1) for _ in range(self.length()))
        if tag in (_OCTET_STRING, _VISIBLE_STRING):
            return self.take(self.length())
        if tag == _DATE_TIME:
            return self.take(12)
        if tag == _BOOLEAN:
            return bool(self.unsigned())
        if tag == 0x00:
            return None
        raise NotAxdr(f"type {tag}")
