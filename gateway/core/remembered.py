"""Small values that outlive the process: a frozen dataclass into one line of JSON and back, bit for bit.

A gateway that is killed goes on in the moment it was killed in, because what it had concluded is stored together with
the events that followed from it. A field marked `passing()` is not stored: it is about this very moment (what the probe
last said) and is learnt again in a second; leaving it out also spares the memory card a write for every heartbeat.

Known here: dataclasses, their unions, enumerations by name, aware instants, integers, finite floats (as the shortest
text that gives the same bits again), booleans, text, tuples and None.
`recall` gives a missing field its default, so that an older line still reads; what it cannot read is `Forgotten`.
"""

import dataclasses
import functools
import json
import math
import types
import typing
from datetime import datetime
from enum import Enum
from typing import TypeVar

T = TypeVar("T")
D = TypeVar("D")
_PASSING = "passing"
_TYPE = "is"


class Forgotten(ValueError):
    """The stored line cannot be read back; begin with a fresh value and say so in the log."""


def passing(default: D) -> D:
    """Declare a field that is not stored and begins with `default` after a restart."""
    declared: D = dataclasses.field(default=default, metadata={_PASSING: True})
    return declared


def remember(value: object) -> str:
    """The one line for `value`; equal values give equal lines."""
    return json.dumps(_plain(value), separators=(",", ":"), ensure_ascii=False)


def recall(cls: type[T], line: str) -> T:
    """The value of class `cls` that was stored as `line`; raises Forgotten."""
    try:
        value = _typed(cls, json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Forgotten(f"{cls.__name__} cannot be read back: {error}") from error
    assert isinstance(value, cls)
    return value


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.name
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case datetime():
            return value.isoformat()
        case tuple():
            return [_plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            kept = {name: _plain(getattr(value, name)) for name in _kept_fields(type(value))}
            return {_TYPE: type(value).__name__, **kept}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be remembered")


@functools.cache
def _kept_fields(cls: type[typing.Any]) -> tuple[str, ...]:
    """What of a dataclass is stored."""
    return tuple(field.name for field in dataclasses.fields(cls) if not field.metadata.get(_PASSING))


def _typed(hint: object, plain: object) -> object:
    if isinstance(hint, types.UnionType):
        return _one_of(typing.get_args(hint), plain)
    if typing.get_origin(hint) is tuple and isinstance(plain, list):
        return _tuple(typing.get_args(hint), plain)
    if isinstance(hint, type):
        if issubclass(hint, Enum) and isinstance(plain, str):
            return hint[plain]
        if issubclass(hint, datetime) and isinstance(plain, str):
            return datetime.fromisoformat(plain)
        if dataclasses.is_dataclass(hint) and isinstance(plain, dict):
            return _dataclass(hint, plain)
        if type(plain) is hint:
            return plain
    raise TypeError(f"{plain!r:.40} is not {hint}")


def _one_of(members: tuple[object, ...], plain: object) -> object:
    if plain is None and types.NoneType in members:
        return None
    named = plain.get(_TYPE) if isinstance(plain, dict) else None
    for member in members:
        if member is not types.NoneType and (named is None or getattr(member, "__name__", None) == named):
            return _typed(member, plain)
    raise TypeError(f"{plain!r:.40} is none of {members}")


def _tuple(members: tuple[object, ...], plain: list[object]) -> tuple[object, ...]:
    if len(members) == 2 and members[1] is Ellipsis:
        members = (members[0],) * len(plain)
    return tuple(_typed(member, item) for member, item in zip(members, plain, strict=True))


@functools.cache
def _hints(cls: type[object]) -> dict[str, object]:
    """The types of a class's fields, found once: a bank of levels is a hundred values of a few classes."""
    return typing.get_type_hints(cls)


def _dataclass(cls: type[object], plain: dict[str, object]) -> object:
    if plain.get(_TYPE) != cls.__name__:
        raise TypeError(f"a {plain.get(_TYPE)} was stored, not a {cls.__name__}")
    hints = _hints(typing.cast(typing.Any, cls))
    known = {name: _typed(hint, plain[name]) for name, hint in hints.items() if name in plain}
    return cls(**known)
