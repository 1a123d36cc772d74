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


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Place:
    """A home and the meter that measures it."""

    usage_point: UsagePointId
    meter: MeterSerial

    def __str__(self) -> str:
        return f"meter {self.meter} at {self.usage_point}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A registered gateway: the key it signs with, and the meters it speaks for, one of them at least.

    One behind a bus reads the meters of several homes; each home and each meter stands once.
    """

    id: GatewayId
    key: PublicKey
    places: tuple[Place, ...]
    status: Status
    status_reason: str
    added_at: datetime

    def place_of(self, meter: str) -> Place | None:
        """Where it reads this meter, or None if it does not speak for it."""
        return next((place for place in self.places if place.meter == meter), None)

    def speaks_for(self, usage_point: str, meter: str) -> bool:
        """Whether it was registered for this meter in this home."""
        place = self.place_of(meter)
        return place is not None and place.usage_point == usage_point

    def subjects_in(self, usage_point: str) -> tuple[str, ...]:
        """What its events may be about where a home is concerned: itself, and that home's meter; no neighbour's."""
        return ("", *(place.meter for place in self.places if place.usage_point == usage_point))

    def facts(self) -> dict[str, object]:
        """All of it in plain values, for JSON."""
        return {
            "gateway_id": self.id,
            "status": str(self.status),
            "status_reason": self.status_reason,
            "places": [{"usage_point": place.usage_point, "meter": place.meter} for place in self.places],
            "algorithm": self.key.algorithm.name,
            "key_id": self.key.key_id.hex(),
            "added_at": self.added_at.isoformat(),
        }
