"""Deterministic CBOR (RFC 8949, section 4.2.1), and nothing else.

One value has one encoding, so a payload can be hashed, compared and signed as bytes.
Allowed: integers of 64 bits, byte strings, text, arrays, maps with integer keys, booleans and null.
Refused: floats, tags, indefinite lengths, duplicate keys, non-minimal lengths, trailing bytes, depth over 8.
A decoder that takes more than its encoder writes is how one signed message comes to mean two things.

The decoder is our own and stops at the first octet that is none of these. A general one builds what tags stand for
(decimals, shared references that refer to each other) before anybody can refuse it, and a few hundred octets then keep
it busy for days. The encoder writes what we made ourselves, and a library does that.
"""

from typing import Final, TypeAlias

import cbor2

from wire.refusals import CodecRefused, Reason

MAX_DEPTH = 8
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
_TAGS: Final = 0xC0  # from this first octet on there are tags, floats and what is simple
_SIMPLE: Final = {0xF4: False, 0xF5: True, 0xF6: None}
_LONGER, _LONGEST = 24, 27  # a number stands in the octets behind the first one, 1 to 8 of them
_BEFORE_ALL: Final = -1

Value: TypeAlias = "int | bytes | str | bool | list[Value] | dict[int, Value] | None"


def encode(value: Value) -> bytes:
    """The one encoding of `value`.

    Raises CodecRefused for what the contract does not allow.

    >>> encode({7: "a", 1: -1}).hex()
    'a20120076161'
    """
    data: bytes = cbor2.dumps(_ordered(value, 0))
    return data


def decode(data: bytes) -> Value:
    """The value whose one encoding is `data`; raises CodecRefused when there is none.

    Its time and memory grow with the octets there are, never with what they claim.
    """
    try:
        value, end = _item(data, 0, 0)
    except IndexError as error:
        raise CodecRefused(Reason.NOT_CANONICAL, "cut short") from error
    if end != len(data):
        raise CodecRefused(Reason.NOT_CANONICAL, "cut short, or trailing bytes")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The item that begins at `at`, and where it ends; raises IndexError where the data ends before."""
    initial = data[at]
    if initial >= _TAGS:
        return _simple(initial), at + 1
    number = initial & 31
    if number < _LONGER:
        at += 1
    else:
        number, at = _number(data, at)
    if initial < 0x20:
        return number, at
    if initial < 0x40:
        return -1 - number, at
    if initial < 0x80:
        end = at + number
        return data[at:end] if initial < 0x60 else _read_text(data[at:end]), end
    if number and depth >= MAX_DEPTH:
        raise CodecRefused(Reason.NOT_CANONICAL, "nested too deep")
    return _array(data, at, number, depth + 1) if initial < 0xA0 else _map(data, at, number, depth + 1)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The number behind the first octet of the item at `at`, in its shortest form, and where it ends."""
    number = data[at] & 31
    if number == _LONGER:
        least, number, end = 24, data[at + 1], at + 2
    elif number <= _LONGEST:
        size = 1 << (number - _LONGER)
        end = at + 1 + size
        least, number = 1 << (size * 4), int.from_bytes(data[at + 1 : end], "big")
    else:
        raise CodecRefused(Reason.NOT_CANONICAL, "an indefinite or reserved length")
    if not least <= number <= _INT_MAX:
        raise CodecRefused(Reason.NOT_CANONICAL, "a number over 64 bits, or longer than it needs")
    return number, end


def _simple(initial: int) -> Value:
    """What stands in a byte of its own; a tag or a float is refused by that byte, and nothing behind it is read."""
    if initial not in _SIMPLE:
        raise CodecRefused(Reason.NOT_CANONICAL, "a tag" if initial < 0xE0 else "a float or a simple value")
    return _SIMPLE[initial]


def _read_text(octets: bytes) -> str:
    if 0 in octets:
        raise CodecRefused(Reason.NOT_CANONICAL, "NUL in text")
    try:
        return octets.decode()
    except UnicodeDecodeError as error:
        raise CodecRefused(Reason.NOT_CANONICAL, "text is not UTF-8") from error


def _array(data: bytes, at: int, length: int, depth: int) -> tuple[Value, int]:
    items: list[Value] = []
    for _ in range(length):
        if data[at] < _LONGER:  # most of a day's quarter-hours
            items.append(data[at])
            at += 1
            continue
        item, at = _item(data, at, depth)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, length: int, depth: int) -> tuple[Value, int]:
    items: dict[int, Value] = {}
    last = _BEFORE_ALL
    for _ in range(length):
        if data[at] < _LONGER:  # as nearly all keys
            key = order = data[at]
            at += 1
        else:
            item, at = _item(data, at, depth)
            order = _key_order(key := _key(item))
        if order <= last:
            raise CodecRefused(Reason.NOT_CANONICAL, "map keys twice or out of order")
        last = order
        if data[at] < _LONGER:
            items[key] = data[at]
            at += 1
        else:
            items[key], at = _item(data, at, depth)
    return items, at


def _ordered(value: object, depth: int) -> Value:
    """The same value, proved to be of the contract, its maps in the order of their encoded keys."""
    if depth > MAX_DEPTH:
        raise CodecRefused(Reason.NOT_CANONICAL, "nested too deep")
    match value:
        case None | bool() | bytes():
            return value
        case int():
            return _bounded(value)
        case str():
            return _text(value)
        case list():
            return [_ordered(item, depth + 1) for item in value]
        case dict():
            keys = sorted(map(_key, value), key=_key_order)
            return {key: _ordered(value[key], depth + 1) for key in keys}
        case _:
            raise CodecRefused(Reason.NOT_CANONICAL, f"a {type(value).__name__} is not allowed")


def _key(key: object) -> int:
    if type(key) is not int:
        raise CodecRefused(Reason.NOT_CANONICAL, "a map key is not an integer")
    return _bounded(key)


def _key_order(key: int) -> int:
    """Bytewise order of the encoded keys: 0, 1, 2 ... and then -1, -2, -3 ... (cbor2's own order is the older one)."""
    return key if key >= 0 else _INT_MAX - key


def _bounded(number: int) -> int:
    if not _INT_MIN <= number <= _INT_MAX:
        raise CodecRefused(Reason.NOT_CANONICAL, "integer over 64 bits")
    return int(number)


def _text(text: str) -> str:
    if "\0" in text:
        raise CodecRefused(Reason.NOT_CANONICAL, "NUL in text")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise CodecRefused(Reason.NOT_CANONICAL, "text is not Unicode") from error
    return text
