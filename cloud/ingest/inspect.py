"""One envelope laid open for a person or a program: what it says, and how far that can be believed.

Unlike `verify` this asks no registry: it checks the signature against the key it is given, or says that it did not.
"""

from dataclasses import dataclass
from typing import Any

from cloud.ingest.verify import Refused
from wire import envelope
from wire.bodies import event_name, facts
from wire.envelope import ParsedEnvelope, Purpose
from wire.instants import from_unix_ms
from wire.keys import PublicKey
from wire.record import Record, decode_record
from wire.refusals import WireRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """An envelope that holds a record; `is_verified` tells whether a key was there to check its signature with."""

    record: Record
    parsed: ParsedEnvelope
    is_verified: bool
    size: int

    def facts(self) -> dict[str, Any]:
        """All of it in plain values."""
        link, stamp, event = self.record.link, self.record.stamp, self.record.event
        return {
            "event_id": str(link),
            "signature": "verified" if self.is_verified else "not checked",
            "algorithm": self.parsed.algorithm.name,
            "key_id": self.parsed.key_id.hex(),
            "size": self.size,
            "gateway": link.gateway,
            "gen": link.gen,
            "lane": link.lane.name.lower(),
            "seq": link.seq,
            "prev": link.prev.hex(),
            "hash": envelope.link_hash(self.parsed).hex(),
            "at": from_unix_ms(stamp.at_ms).isoformat(timespec="milliseconds"),
            "clock": stamp.source.name.lower(),
            "uncertainty_ms": stamp.uncertainty_ms,
            "boot": stamp.boot,
            "subject": self.record.subject,
            "code": event.code,
            "event": event_name(event),
            "facts": facts(event),
        }


def inspect(sealed: bytes, key: PublicKey | None) -> Inspected | Refused:
    """Lay an envelope open, or say why it cannot be."""
    try:
        parsed = envelope.parse(sealed)
        if key is not None:
            envelope.verify(parsed, key, Purpose.EVENT)
        record = decode_record(parsed.payload)
    except WireRefused as refused:
        return Refused(reason=refused.reason, detail=refused.detail)
    return Inspected(record=record, parsed=parsed, is_verified=key is not None, size=len(sealed))
