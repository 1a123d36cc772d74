"""The body of an event: the map that stands in a record, and its fields in plain values for people and programs.

What cannot be read is no error: it is an UnknownEvent, which keeps its place in the chain and is acted on by nobody.
"""

from dataclasses import fields
from enum import Enum

from wire.codec import Value
from wire.events import CATALOGUE, Event, Evidence, LaneHead, UnknownEvent
from wire.fields import pack, unpack
from wire.refusals import Reason, RecordRefused
from wire.terms import Lane


def encode_body(event: Event) -> dict[int, Value]:
    """The event's own map, key 11 of a record; raises RecordRefused when a value is out of its bounds."""
    return event.body if isinstance(event, UnknownEvent) else pack(event)


def decode_body(code: int, lane: Lane, body: dict[int, Value]) -> Event:
    """The event of this code; an UnknownEvent when the code, its lane or its body is not of this catalogue."""
    cls = CATALOGUE.get(code)
    if cls is None:
        return UnknownEvent(code=code, lane=lane, body=body, why="unknown code")
    try:
        if cls.lane is not lane:
            raise RecordRefused(Reason.NOT_A_RECORD, f"{cls.__name__} does not belong to lane {lane.name}")
        event: Event = unpack(cls, body)
    except RecordRefused as refused:
        return UnknownEvent(code=code, lane=lane, body=body, why=str(refused))
    return event


def event_name(event: Event) -> str:
    """The event's name for people and programs."""
    return f"Unknown{event.code}" if isinstance(event, UnknownEvent) else type(event).__name__


def facts(event: Event) -> dict[str, object]:
    """The event's fields in plain values, for JSON and for people: enumerations as words, bytes as hex.

    >>> from wire.events import MeterUnreachable
    >>> from wire.terms import LinkFault
    >>> facts(MeterUnreachable(since_ms=5, reason=LinkFault.SILENT))
    {'since_ms': 5, 'reason': 'silent'}
    """
    return {field.name: _plain(getattr(event, field.name)) for field in fields(event)}


def _plain(value: object) -> object:
    match value:
        case Enum():
            return value.name.lower()
        case bytes():
            return value.hex()
        case tuple() | list():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case Evidence() | LaneHead():
            return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            return value
