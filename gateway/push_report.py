"""What a capture held, as a person sees it and as a program takes it: pushes, and what of it gave none.

Whether the keys were right is told in one of four verdicts, since an encryption key may be right while nobody has
checked that the message is the meter's own.
"""

from collections.abc import Iterator
from decimal import Decimal

from gateway.core.dlms.object_names import quantity_named
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.pushed import Protection, Push, PushedEvent, PushedReading
from gateway.core.errors import CaptureRefused

WRONG_KEY = "wrong key"
_KEY_VERDICTS = {
    Protection.NONE: "no key needed",
    Protection.CHECKED: "tag right",
    Protection.UNCHECKED: "tag not checked",
}


def push_facts(push: Push) -> dict[str, object]:
    """For a program: one message, its readings by OBIS code, and what vouches for it."""
    return {
        "kind": push.kind,
        "sent_at": None if push.sent_at is None else push.sent_at.text(),
        "sender": push.sender or None,
        "counter": push.counter,
        "protection": push.protection,
        "key": _KEY_VERDICTS[push.protection],
        "proof": push.proof,
        "event": None if push.event is None else _event(push.event),
        "readings": [_pushed(reading) for reading in push.readings],
        "unnamed": push.unnamed,
    }


def push_lines(push: Push) -> Iterator[str]:
    """For a person: the same as a table."""
    sent = "without a time" if push.sent_at is None else f"sent at {push.sent_at.text()}"
    sender = f", by {push.sender}" if push.sender else ""
    yield f"{push.kind}, {sent}{sender}: {_KEY_VERDICTS[push.protection]}"
    if push.event is not None:
        yield f"  event: {push.event.kind} ({push.event.obis} {push.event.value})"
    for reading in push.readings:
        at = f"  at {reading.at.text()}" if reading.at is not None else ""
        value = f"{reading.value!s:>20} {reading.unit:<5}"
        yield f"  {reading.obis!s:<20} {value} {quantity_named(reading.obis)}{at}".rstrip()
    if push.unnamed:
        yield f"  and {push.unnamed} more without an OBIS code"


def _pushed(reading: PushedReading) -> dict[str, object]:
    facts: dict[str, object] = {"obis": str(reading.obis), "value": _number(reading.value)}
    facts |= {"unit": reading.unit} if reading.unit else {}
    return facts | ({} if reading.at is None else {"at": reading.at.text()})


def _event(event: PushedEvent) -> dict[str, object]:
    return {"kind": event.kind, "obis": str(event.obis), "value": _number(event.value)}


def refusal_facts(refused: CaptureRefused) -> dict[str, object]:
    """For a program: what gave no push, by its kind."""
    facts: dict[str, object] = {"kind": refused.kind, "reason": refused.what, "do": refused.do}
    return {"refused": facts | ({"key": WRONG_KEY} if refused.kind == CaptureKind.WRONG_KEY else {})}


def _number(value: Decimal | str) -> int | float | str:
    if isinstance(value, str):
        return value
    return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
