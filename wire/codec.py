"""Deterministic CBOR (RFC 8949, section 4.2.1), and nothing else.

One value has one encoding, so a payload can be hashed, compared and signed as bytes.
Allowed: integers of 64 bits, byte strings, text, arrays, maps with integer keys, booleans and null.
Refused: floats, tags, indefinite lengths, duplicate keys, non-minimal lengths, trailing bytes, depth over 8.
A decoder that takes more than its encoder writes is how one signed message comes to mean two things.
"""

from collections.abc import Collection
from typing import Any, TypeAlias

import cbor2

from wire.refusals import CodecRefused, Reason

MAX_DEPTH = 8
_INT = frozenset((int,))
_PLAIN = (bytes, bool, type(None))
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1

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

    Verify the signature first: this guards against a faulty signer, not against a flood.
    """
    try:
        value: Any = cbor2.loads(data, tag_hook=_refuse_tag)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise CodecRefused(Reason.NOT_CANONICAL, type(error).__name__) from error
    _check((value,), 0)
    if cbor2.dumps(value) != data:
        raise CodecRefused(Reason.NOT_CANONICAL, "another encoding of the same value")
    checked: Value = value
    return checked


def _refuse_tag(_decoder: object, tag: object) -> object:
    raise CodecRefused(Reason.NOT_CANONICAL, f"tag {getattr(tag, 'tag', '?')}")


def _check(items: Collection[Any], depth: int) -> None:
    """Refuse what is not of the contract among `items`; maps must stand in the order of their encoded keys.

    It refuses what `_ordered` does and makes nothing new, since every event that is taken in passes here.
    """
    if depth > MAX_DEPTH and items:
        raise CodecRefused(Reason.NOT_CANONICAL, "nested too deep")
    for item in items:
        kind = type(item)
        if kind is int:
            if not _INT_MIN <= item <= _INT_MAX:
                raise CodecRefused(Reason.NOT_CANONICAL, "integer over 64 bits")
        elif kind is str:
            _text(item)
        elif kind is list:
            _check(item, depth + 1)
        elif kind is dict:
            _check_keys(item)
            _check(item.values(), depth + 1)
        elif kind not in _PLAIN:
            raise CodecRefused(Reason.NOT_CANONICAL, f"a {kind.__name__} is not allowed")


def _check_keys(value: dict[Any, Any]) -> None:
    keys = list(value)
    if not _INT.issuperset(map(type, keys)):
        raise CodecRefused(Reason.NOT_CANONICAL, "a map key is not an integer")
    rising = sorted(keys)
    if keys != rising or (keys and rising[0] < 0):  # keys below 0 come last and fall: worth the slower look
        rising.sort(key=_key_order)
    if keys != rising:
        raise CodecRefused(Reason.NOT_CANONICAL, "keys out of order")
    _check((min(keys, default=0), max(keys, default=0)), 0)


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


def _key_order(key: int) -> tuple[bool, int]:
    """Bytewise order of the encoded keys: 0, 1, 2 ... and then -1, -2, -3 ... (cbor2's own order is the older one)."""
    return key < 0, abs(key)


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
