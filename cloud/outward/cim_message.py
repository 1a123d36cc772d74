"""Events as an EndDeviceEvents message of IEC 61968-9 (profile of 2011), for a utility's outage or meter data system.

Which elements there are, and in which order, is what the schema of that namespace says as public head-ends carry it:
EndDeviceEvent holds mRID, createdDateTime, issuerID, issuerTrackingID, reason, severity, userID, Assets,
EndDeviceEventDetails, EndDeviceEventType, Names, status, UsagePoint, all but the time and the type optional. This is
the payload; the header around it (IEC 61968-100) is the business of whoever carries it.

What happened has its own time in `createdDateTime`, for that is what an outage system reckons with; when it was
signed stands in a detail. The stage of a verdict is its `status`. The signed original stands in details whose names
begin with `lamplight.evidence`. Text that XML cannot hold is replaced by U+FFFD.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cloud.outward.cim_types import cim_type
from cloud.outward.original import PURPOSE, Original
from wire.bodies import event_name, facts
from wire.events import InterruptionAssessed
from wire.terms import Lane

NAMESPACE: Final = "http://iec.ch/TC57/2011/EndDeviceEvents#"
EVIDENCE: Final = "lamplight.evidence.cose_sign1"
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2
_METER, _GATEWAY = "MeterSerialNumber", "LamplightGateway"


def message(originals: Iterable[Original]) -> Iterator[bytes]:
    """The message in pieces, an event each; what is no event of a device is left out."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<EndDeviceEvents xmlns="{NAMESPACE}">\n'.encode()
    for original in originals:
        kind = cim_type(original.record.event)
        if kind is not None:
            yield "".join(_event(original, kind)).encode()
    yield b"</EndDeviceEvents>\n"


def _event(original: Original, kind: str) -> Iterator[str]:
    """One EndDeviceEvent, its elements in the schema's order."""
    record = original.record
    yield "  <EndDeviceEvent>\n"
    yield _element("mRID", str(original.uuid))
    yield _element("createdDateTime", instant(original.happened_at))
    yield _element("issuerID", record.link.gateway)
    yield _element("issuerTrackingID", original.id)
    yield _element("reason", event_name(record.event))
    yield _element("severity", "alarm" if record.link.lane is Lane.ALARM else "information")
    device = _name(record.subject, _METER) if record.subject else _name(record.link.gateway, _GATEWAY)
    yield f"    <Assets>{device}</Assets>\n"
    for name, value in _details(original):
        yield f"    <EndDeviceEventDetails>{_inline('name', name)}{_inline('value', value)}</EndDeviceEventDetails>\n"
    yield f"    <EndDeviceEventType ref={quoteattr(kind)}/>\n"
    if isinstance(record.event, InterruptionAssessed):
        stage = _inline("value", record.event.stage.name.lower())
        yield f"    <status>{_inline('dateTime', instant(original.sealed_at))}{stage}</status>\n"
    if original.usage_point:
        yield f"    <UsagePoint>{_name(original.usage_point, 'UsagePoint')}</UsagePoint>\n"
    yield "  </EndDeviceEvent>\n"


def _details(original: Original) -> Iterator[tuple[str, str]]:
    """What the event says, a detail each, then what proves it."""
    yield "lamplight.sealed_at", instant(original.sealed_at)
    yield from _flat("lamplight.facts", facts(original.record.event))
    yield "lamplight.evidence.external_aad", PURPOSE
    yield "lamplight.evidence.key_id", original.key_id
    yield EVIDENCE, original.sealed_text


def _flat(prefix: str, value: object) -> Iterator[tuple[str, str]]:
    """Values within values get names with dots, as in `lamplight.facts.heads.0.seq`."""
    match value:
        case dict():
            for name, each in value.items():
                yield from _flat(f"{prefix}.{name}", each)
        case list():
            for number, each in enumerate(value):
                yield from _flat(f"{prefix}.{number}", each)
        case None:
            return
        case _:
            yield prefix, str(value)


def _name(name: str, kind: str) -> str:
    kind_of_name = f"<NameType>{_inline('name', kind)}</NameType>"
    return f"<Names>{_inline('name', name)}{kind_of_name}</Names>"


def _element(tag: str, text: str) -> str:
    return f"    {_inline(tag, text)}\n"


def _inline(tag: str, text: str) -> str:
    return f"<{tag}>{escape(_NO_XML.sub(chr(0xFFFD), text))}</{tag}>"


def instant(at: datetime) -> str:
    """An instant as the schema's dateTime, in UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
