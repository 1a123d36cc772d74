"""An event as it leaves the house: what it says, and the very bytes its gateway signed, so that others can check it.

Whatever form it takes outside (a CloudEvent, a CIM message), the original travels with it as evidence. Who receives it
need not believe us: the signature is the gateway's, over a COSE_Sign1 any library reads, and the key beside it is only
a help to find the right one. Whether that key is the gateway's is what the receiver asks the utility, once.
"""

import base64
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wire.envelope import Purpose, parse
from wire.events import (
    Event,
    InterruptionAssessed,
    LogEntry,
    MeterFitted,
    MeterRemoved,
    MeterUnreachable,
    SupplyDipped,
    SupplyLost,
    SupplyRestored,
    UnusualUse,
    VoltageOutOfBand,
)
from wire.instants import from_unix_ms
from wire.record import Record

MEDIA_TYPE: Final = 'application/cose; cose-type="cose-sign1"'  # RFC 9052, section 11.3.1
PURPOSE: Final = Purpose.EVENT.value.decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """One accepted event, the home it is about (empty for the gateway itself) and the key it was signed with.

    `spki` is None where the registry no longer knows the key.
    """

    record: Record
    sealed: bytes
    usage_point: str
    spki: bytes | None

    @property
    def id(self) -> str:
        """Its place in its gateway's chain: unique for ever, and the same each time it is sent."""
        return str(self.record.link)

    @property
    def uuid(self) -> uuid.UUID:
        """The same name in the form CIM wants (RFC 9562, version 5)."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:lamplight:event:{self.id}")

    @property
    def sealed_at(self) -> datetime:
        """When its gateway signed it, by the gateway's clock."""
        return from_unix_ms(self.record.stamp.at_ms)

    @property
    def happened_at(self) -> datetime:
        """When what it tells of happened; where it does not say, when it was signed."""
        happened_at_ms = _happened_at_ms(self.record.event)
        return self.sealed_at if happened_at_ms is None else from_unix_ms(happened_at_ms)

    @property
    def key_id(self) -> str:
        """Which key signed it, in hex."""
        return parse(self.sealed).key_id.hex()

    @property
    def sealed_text(self) -> str:
        """The signed bytes in base64."""
        return base64.b64encode(self.sealed).decode()


def _happened_at_ms(event: Event) -> int | None:
    match event:
        case SupplyRestored(restored_at_ms=at_ms) | MeterFitted(since_ms=at_ms) | MeterUnreachable(since_ms=at_ms):
            return at_ms
        case SupplyLost(began_at_ms=at_ms) | SupplyDipped(began_at_ms=at_ms) | InterruptionAssessed(began_at_ms=at_ms):
            return at_ms
        case (
            UnusualUse(noticed_at_ms=at_ms) | VoltageOutOfBand(noticed_at_ms=at_ms) | MeterRemoved(noticed_at_ms=at_ms)
        ):
            return at_ms
        case LogEntry(occurred_at_ms=occurred_at_ms):
            return occurred_at_ms
        case _:
            return None
