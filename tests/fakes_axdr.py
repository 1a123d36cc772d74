"""What a meter writes in A-XDR: the other way of `gateway.core.dlms.axdr`, which only reads."""

import struct

from gateway.core.dlms.axdr import NUMBER_FORMATS
from gateway.core.dlms.data import NULL, Data, DataType


def encode(data: Data) -> bytes:
    """The octets of a value, its type first. It must fit its type."""
    return bytes([data.type]) + _contents(data)


def encode_length(length: int) -> bytes:
    """The shortest form of a length: 127 takes one octet, 128 takes two."""
    if length < 0x80:
        return bytes([length])
    size = (length.bit_length() + 7) // 8
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def _contents(data: Data) -> bytes:
    if data.type is DataType.COMPACT_ARRAY:
        elements = data.items()
        contents = b"".join(_described_contents(element) for element in elements)
        return _describe(elements[0] if elements else NULL) + _with_length(contents)
    if data.type in (DataType.ARRAY, DataType.STRUCTURE):
        return encode_length(len(data.items())) + b"".join(map(encode, data.items()))
    match data.value:
        case None:
            return b""
        case tuple() as bits:
            octets = bytearray((len(bits) + 7) // 8)
            for index, is_set in enumerate(bits):
                octets[index // 8] |= 0x80 >> index % 8 if is_set else 0
            return encode_length(len(bits)) + bytes(octets)
        case bytes() as octet_string:
            return _with_length(octet_string)
        case str() as text:
            return _with_length(text.encode("utf-8" if data.type is DataType.UTF8_STRING else "latin-1"))
        case bool() as truth:
            return bytes([truth])
        case int() as digits if data.type is DataType.BCD:
            return bytes([digits // 10 * 16 + digits % 10])
        case int() | float() as number:
            return struct.pack(NUMBER_FORMATS[data.type], number)
        case moment:
            return moment.encode()


def _with_length(octets: bytes) -> bytes:
    return encode_length(len(octets)) + octets


def _describe(element: Data) -> bytes:
    if element.type is DataType.STRUCTURE:
        members = element.items()
        return bytes([element.type]) + encode_length(len(members)) + b"".join(map(_describe, members))
    if element.type is DataType.ARRAY:
        inner = element.items()
        return bytes([element.type]) + len(inner).to_bytes(2, "big") + _describe(inner[0] if inner else NULL)
    return bytes([element.type])


def _described_contents(element: Data) -> bytes:
    if element.type in (DataType.STRUCTURE, DataType.ARRAY):
        return b"".join(map(_described_contents, element.items()))
    return _contents(element)
