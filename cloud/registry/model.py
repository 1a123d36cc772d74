"""A gateway as the cloud knows it, and how much it is believed.

    active ──(two events claim one place of its chain)──> suspect
    active | suspect ──(an operator takes it out)──> revoked

There is no way back: a key that stood in two places at once is worth nothing afterwards. The gateway gets a new key,
which makes it a new gateway.

A gateway is named by its first key. One that took others since, each announced under the one before, has a stretch of
its chain for each (`wire.key_life`): which key holds is a matter of place, never of time. A gateway that was revoked
from a place of its chain on is still believed in what lies before it, whenever that comes.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cloud.kernel.ids import MeterSerial, UsagePointId
from wire.ids import GatewayId
from wire.key_life import Cut, SigningKey
from wire.keys import PublicKey
from wire.record import Link


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
    """A registered gateway: the key it was named by, and the meters it speaks for, one of them at least.

    One behind a bus reads the meters of several homes; each home and each meter stands once. `keys` are the keys it
    signs with in their order, where there was ever another than the first, or an end was set to it.
    """

    id: GatewayId
    key: PublicKey
    places: tuple[Place, ...]
    status: Status
    status_reason: str
    added_at: datetime
    keys: tuple[SigningKey, ...] = ()

    @property
    def signing_keys(self) -> tuple[SigningKey, ...]:
        """Every key it ever signed with, in their order."""
        return self.keys or (SigningKey(public=self.key),)

    def key_of(self, key_id: bytes) -> SigningKey | None:
        """Its key of this identifier."""
        return next((key for key in self.signing_keys if key.public.key_id == key_id), None)

    def public_of(self, key_id: bytes) -> PublicKey | None:
        """Its public key of this identifier."""
        if not self.keys:
            return self.key if self.key.key_id == key_id else None
        key = self.key_of(key_id)
        return None if key is None else key.public

    def signs_with(self, key_id: bytes, link: Link) -> bool:
        """Whether this key is the one that holds in this place of its chain."""
        if not self.keys:
            return key_id == self.key.key_id
        key = self.key_of(key_id)
        return key is not None and key.holds_at(link)

    def may_still_say(self, key_id: bytes, link: Link) -> bool:
        """Whether its status lets it say what it signed with this key in this place of its chain."""
        if self.status is not Status.REVOKED:
            return self.status is Status.ACTIVE
        was_cut = self.signing_keys[-1].until is not None  # only such a revocation sets an end to the newest key
        return was_cut and self.signs_with(key_id, link)

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
            "key_id": self.signing_keys[-1].public.key_id.hex(),
            "keys": [_facts_of_key(key) for key in self.signing_keys],
            "added_at": self.added_at.isoformat(),
        }


def _facts_of_key(key: SigningKey) -> dict[str, object]:
    return {
        "key_id": key.public.key_id.hex(),
        "public_key": key.public.to_pem().decode(),
        "after": _facts_of_cut(key.after),
        "until": _facts_of_cut(key.until),
    }


def _facts_of_cut(cut: Cut | None) -> dict[str, int] | None:
    if cut is None:
        return None
    return {"gen": cut.gen} | {lane.name.lower(): seq for lane, seq in sorted(cut.seqs.items())}
