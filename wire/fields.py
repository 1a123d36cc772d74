"""How one field of an event stands in CBOR: its key, its type and its bounds, declared once beside its name.

An event's class says `began_at_ms: Annotated[int, At(1, INSTANT_MS)]`; from that come its encoding, its strict decoding
and its readable form. A kind packs a Python value and unpacks what came over the wire, or raises RecordRefused.
"""

import dataclasses
import typing
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any, Protocol, TypeAlias

from wire.codec import Value
from wire.refusals import Reason, RecordRefused


class Kind(Protocol):
    """A type of field on the wire."""

    def pack(self, value: Any) -> Value: ...

    def unpack(self, value: Value) -> Any: ...


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer within bounds, both included."""

    minimum: int
    maximum: int

    def pack(self, value: Any) -> Value:
        return int(self.unpack(int(value)))

    def unpack(self, value: Value) -> Any:
        if type(value) is not int or not self.minimum <= value <= self.maximum:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{value!r:.40} is not {self.minimum} to {self.maximum}")
        return value


@dataclass(frozen=True, slots=True)
class Text:
    """UTF-8 text of bounded length."""

    maximum: int

    def pack(self, value: Any) -> Value:
        return str(self.unpack(value))

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, str) or len(value) > self.maximum:
            raise RecordRefused(Reason.NOT_A_RECORD, f"not a text of at most {self.maximum} characters")
        return value


@dataclass(frozen=True, slots=True)
class Octets:
    """A byte string of fixed length."""

    length: int

    def pack(self, value: Any) -> Value:
        return bytes(self.unpack(value))

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, bytes) or len(value) != self.length:
            raise RecordRefused(Reason.NOT_A_RECORD, f"not {self.length} bytes")
        return value


@dataclass(frozen=True, slots=True)
class OctetsUpTo:
    """A byte string of bounded length, one byte at least."""

    maximum: int

    def pack(self, value: Any) -> Value:
        return bytes(self.unpack(value))

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, bytes) or not 0 < len(value) <= self.maximum:
            raise RecordRefused(Reason.NOT_A_RECORD, f"not 1 to {self.maximum} bytes")
        return value


@dataclass(frozen=True, slots=True)
class OneOf:
    """A member of an enumeration."""

    members: type[IntEnum]

    def pack(self, value: Any) -> Value:
        return int(value)

    def unpack(self, value: Value) -> Any:
        known = _members_of(self.members)
        if type(value) is not int or value not in known:  # True is 1 to a dict
            raise RecordRefused(Reason.NOT_A_RECORD, f"{value!r:.40} is no {self.members.__name__}")
        return known[value]


@dataclass(frozen=True, slots=True)
class Several:
    """An array of one kind, of bounded length; a tuple in Python."""

    kind: Kind
    maximum: int

    def pack(self, value: Any) -> Value:
        if len(value) > self.maximum:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{len(value)} items, at most {self.maximum}")
        return [self.kind.pack(item) for item in value]

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, list) or len(value) > self.maximum:
            raise RecordRefused(Reason.NOT_A_RECORD, f"not an array of at most {self.maximum}")
        return tuple(self.kind.unpack(item) for item in value)


@dataclass(frozen=True, slots=True)
class Exactly:
    """An array of one kind, of one length; a tuple in Python."""

    kind: Kind
    length: int

    def pack(self, value: Any) -> Value:
        return [self.kind.pack(item) for item in self._whole(value)]

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, list):
            raise RecordRefused(Reason.NOT_A_RECORD, "not an array")
        return tuple(self.kind.unpack(item) for item in self._whole(value))

    def _whole(self, items: Any) -> Any:
        if len(items) != self.length:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{len(items)} items, not {self.length}")
        return items


@dataclass(frozen=True, slots=True)
class Pair:
    """Two values side by side; a tuple of two in Python."""

    first: Kind
    second: Kind

    def pack(self, value: Any) -> Value:
        first, second = value
        return [self.first.pack(first), self.second.pack(second)]

    def unpack(self, value: Value) -> Any:
        if not isinstance(value, list) or len(value) != 2:
            raise RecordRefused(Reason.NOT_A_RECORD, "not a pair")
        return self.first.unpack(value[0]), self.second.unpack(value[1])


@dataclass(frozen=True, slots=True)
class Struct:
    """A small dataclass as a map of its own fields."""

    of: type[Any]

    def pack(self, value: Any) -> Value:
        return pack(value)

    def unpack(self, value: Value) -> Any:
        return unpack(self.of, value)


@dataclass(frozen=True, slots=True)
class At:
    """Where a field stands in its map: under which key, as which kind. An optional field is left out when None."""

    key: int
    kind: Kind
    optional: bool = False


def pack(value: Any) -> dict[int, Value]:
    """The map of a dataclass whose fields are declared with `At`."""
    packed: dict[int, Value] = {}
    for name, at in _layout(type(value)):
        item = getattr(value, name)
        if item is not None or not at.optional:
            packed[at.key] = at.kind.pack(item)
    return packed


def unpack(cls: type[Any], packed: Value) -> Any:
    """The dataclass `cls` from its map.

    Unknown positive keys are passed over, so that a newer gateway can say more; an unknown negative key must be
    understood and refuses the whole. Raises RecordRefused.
    """
    if not isinstance(packed, dict):
        raise RecordRefused(Reason.NOT_A_RECORD, f"{cls.__name__} is not a map")
    refuse_unknown_negative(packed)
    values: dict[str, Any] = {}
    for name, key, unpack_kind, optional in _readers(cls):
        if key in packed:
            values[name] = unpack_kind(packed[key])
        elif optional:
            values[name] = None
        else:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{cls.__name__}.{name} is missing")
    return cls(**values)


def refuse_unknown_negative(packed: dict[int, Value]) -> None:
    """Raise RecordRefused for a negative key: version 1 knows none, and each must be understood."""
    if packed and (lowest := min(packed)) < 0:
        raise RecordRefused(Reason.MUST_UNDERSTAND, f"key {lowest}")


@cache
def _members_of(members: type[IntEnum]) -> dict[int, IntEnum]:
    """The members by number; an enumeration's own way to look one up costs ten times as much."""
    return {int(member): member for member in members}


_Reader: TypeAlias = tuple[str, int, Callable[[Value], Any], bool]
_LAYOUTS: dict[type[Any], tuple[tuple[str, At], ...]] = {}
_READERS: dict[type[Any], tuple[_Reader, ...]] = {}


def _layout(cls: type[Any]) -> tuple[tuple[str, At], ...]:
    """The fields of a class with their places; looked up once, since the hot path passes here for every event."""
    if cls not in _LAYOUTS:
        hints = typing.get_type_hints(cls, include_extras=True)
        _LAYOUTS[cls] = tuple(
            (field.name, next(extra for extra in hints[field.name].__metadata__ if isinstance(extra, At)))
            for field in dataclasses.fields(cls)
        )
    return _LAYOUTS[cls]


def _readers(cls: type[Any]) -> tuple[_Reader, ...]:
    """Of each field of a class its name, its key, what unpacks it, and whether it may be left out; made once."""
    if cls not in _READERS:
        _READERS[cls] = tuple((name, at.key, at.kind.unpack, at.optional) for name, at in _layout(cls))
    return _READERS[cls]
