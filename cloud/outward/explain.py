"""Whether a file that left the house is true: each original is verified, and what the file says compared with it.

An original that verifies proves what its gateway signed. It does not prove what somebody wrote around it: so the
CloudEvent, or the type and times of the CIM event, are made anew from the original, and every difference is named.
The home stands in no original, so nothing can prove it; whoever needs it asks the utility.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloud.ingest.inspect import Inspected, inspect
from cloud.ingest.verify import Refused, key_id_of
from cloud.outward.cim_message import instant
from cloud.outward.cim_types import cim_type
from cloud.outward.cloudevent import cloudevent
from cloud.outward.evidence_file import Claim, Form
from cloud.outward.original import Original
from wire.bodies import event_name, facts
from wire.instants import from_unix_ms
from wire.keys import PublicKey

_UNPROVED = ("usage_point", "evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One event of a file: what its original is found to be, and where the file says otherwise."""

    found: Inspected | Refused
    differences: tuple[str, ...]

    @property
    def is_true(self) -> bool:
        """Whether the original is well-formed, its signature not wrong, and the file faithful to it."""
        return isinstance(self.found, Inspected) and not self.differences

    def facts(self) -> dict[str, Any]:
        """All of it in plain values."""
        if isinstance(self.found, Refused):
            return {"ok": False, "reason": str(self.found.reason), "detail": self.found.detail}
        return {"ok": self.is_true, "differences": list(self.differences)} | self.found.facts()

    @property
    def line(self) -> str:
        """One line for a person."""
        if isinstance(self.found, Refused):
            detail = f" ({self.found.detail})" if self.found.detail else ""
            return f"refused   {self.found.reason}{detail}"
        signature = "verified" if self.found.is_verified else "unchecked"
        told = f"{self.found.record.link}  {event_name(self.found.record.event)}"
        wrong = f"; the file says otherwise of: {', '.join(self.differences)}" if self.differences else ""
        return f"{signature:9} {told}{wrong}"


def explain(claim: Claim, keys: Sequence[PublicKey]) -> Explained:
    """What is true of one event of a file, as far as these keys can tell; without any, no signature is checked."""
    found = inspect(claim.sealed, key_for(claim.sealed, keys))
    if isinstance(found, Refused):
        return Explained(found=found, differences=())
    original = Original(record=found.record, sealed=claim.sealed, usage_point="", spki=None)
    return Explained(found=found, differences=tuple(_differences(_made_anew(original, claim), claim.said)))


def key_for(sealed: bytes, keys: Sequence[PublicKey]) -> PublicKey | None:
    """The key an envelope claims; another of these where none is that one, so that it is refused; None for no keys."""
    key_id = key_id_of(sealed)
    return next((key for key in keys if key.key_id == key_id), keys[0] if keys else None)


def _made_anew(original: Original, claim: Claim) -> dict[str, Any]:
    """What the file ought to say, in the form that it has."""
    match claim.form:
        case Form.CIM:
            return _cim(original)
        case Form.JOURNAL:
            return _journal_row(original, claim.said)
        case Form.CLOUDEVENTS:
            return cloudevent(original)


def _journal_row(original: Original, said: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the gateway exports it; of one that was set aside, its place and code, and what else the file says."""
    record = original.record
    row = {
        "lane": record.link.lane.name.lower(),
        "seq": record.link.seq,
        "id": original.id,
        "type": event_name(record.event),
        "subject": record.subject,
        "facts": facts(record.event),
    }
    if "set_aside" in said:
        return {"code": record.event.code} | {name: row[name] for name in row if name in (*said, "lane", "seq")}
    return row | {"at": from_unix_ms(record.stamp.at_ms).isoformat()}


def _cim(original: Original) -> dict[str, Any]:
    return {
        "issuerTrackingID": original.id,
        "createdDateTime": instant(original.happened_at),
        "EndDeviceEventType": cim_type(original.record.event),
    }


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """The names whose values differ; what a newer version says besides is passed over, as is what nothing proves."""
    found = [name for name, value in ours.items() if name != "data" and theirs.get(name) != value]
    data, said = ours.get("data"), theirs.get("data")
    if isinstance(data, dict) and isinstance(said, dict):
        found += [f"data.{name}" for name in data if name not in _UNPROVED and data[name] != said.get(name)]
    if "subject" in theirs and "subject" not in ours:
        found.append("subject")
    return found
