"""A gateway as the cloud knows it, and how much it is believed.

    active ──(two events claim one place of its chain)──> suspect
    active | suspect ──(an operator takes it out)──> revoked

There is no way back: a key that stood in two places at once is worth nothing afterwards. The gateway gets a new key,
which makes it a new gateway.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloud.kernel.ids import MeterSerial, UsagePointId
from wire.ids import GatewayId
from wire.keys import PublicKey


class Status(StrEnum):
    """How much a gateway is believed; only an active one's events are taken."""

    ACTIVE = "active"
    SUSPECT = "suspect"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A registered gateway: the key it signs with and the meter it speaks for."""

    id: GatewayId
    key: PublicKey
    usage_point: UsagePointId
    meter: MeterSerial
    status: Status
    status_reason: str
    added_at: datetime

    def facts(self) -> dict[str, str]:
        """All of it in plain values, for JSON."""
        return {
            "gateway_id": self.id,
            "status": str(self.status),
            "status_reason": self.status_reason,
            "usage_point": self.usage_point,
            "meter": self.meter,
            "algorithm": self.key.algorithm.name,
            "key_id": self.key.key_id.hex(),
            "added_at": self.added_at.isoformat(),
        }
