"""An event as a CloudEvent 1.0 in JSON (structured mode, `application/cloudevents+json`).

    specversion, id, source, type, subject, time, datacontenttype, sequence    as the specification says
    data: the home, the event's place in its chain, its clock, its facts, and the evidence

`id` is the event's place in its gateway's chain, so a second delivery of the same event has the same `source` and
`id`, and a receiver that keeps them acts once. `type` ends in the version of what `data` means: within one version
fields are added and none changes. `sequence` (the extension of that name) sorts the events of one source and lane.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from cloud.outward.original import MEDIA_TYPE, PURPOSE, Original
from wire.bodies import event_name, facts
from wire.instants import from_unix_ms

CONTENT_TYPE: Final = "application/cloudevents+json; charset=utf-8"
_TYPE_PREFIX, _TYPE_VERSION = "org.lamplight.", ".v1"


def cloudevent(original: Original) -> dict[str, Any]:
    """The event's attributes and data, in plain values."""
    record = original.record
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": original.id,
        "source": f"urn:lamplight:gateway:{record.link.gateway}",
        "type": _type(event_name(record.event)),
        "time": _text(record.stamp.at_ms),
        "datacontenttype": "application/json",
        "sequence": f"{record.link.lane.value}-{record.link.gen:010}-{record.link.seq:010}",
    }
    if record.subject:
        event["subject"] = record.subject
    return event | {"data": _data(original)}


def as_json(original: Original) -> bytes:
    """The CloudEvent as one JSON document on one line."""
    return json.dumps(cloudevent(original), ensure_ascii=False, separators=(",", ":")).encode()


def batch(originals: Iterable[Original]) -> Iterator[bytes]:
    """A batch of CloudEvents (`application/cloudevents-batch+json`) in pieces, an event on each line."""
    yield b"["
    for number, original in enumerate(originals):
        yield (b",\n" if number else b"\n") + as_json(original)
    yield b"\n]\n"


def _data(original: Original) -> dict[str, Any]:
    link, stamp = original.record.link, original.record.stamp
    return {
        "usage_point": original.usage_point or None,
        "gateway": str(link.gateway),
        "gen": link.gen,
        "lane": link.lane.name.lower(),
        "seq": link.seq,
        "clock": {"source": stamp.source.name.lower(), "uncertainty_ms": stamp.uncertainty_ms},
        "facts": facts(original.record.event),
        "evidence": {
            "media_type": MEDIA_TYPE,
            "external_aad": PURPOSE,
            "key_id": original.key_id,
            "public_key": None if original.spki is None else base64.b64encode(original.spki).decode(),
            "cose_sign1": original.sealed_text,
        },
    }


def _type(name: str) -> str:
    """`SupplyLost` as `org.lamplight.supply_lost.v1`."""
    words = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    return f"{_TYPE_PREFIX}{words.strip('_')}{_TYPE_VERSION}"


def _text(at_ms: int) -> str:
    """RFC 3339, in UTC."""
    return from_unix_ms(at_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
