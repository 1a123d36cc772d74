"""MQTT topics: `lw/1/{gateway}/up/...` from the edge, `lw/1/{gateway}/down/...` to it.

The `1` is the version of the contract. No level holds a dot, so that a NATS bridge can map them.
Nothing that matters is said by a topic: the signed record says it again, and both must agree.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from wire.ids import GatewayId
from wire.terms import Lane

UPLINK_FILTER = "lw/1/+/up/#"
_PREFIX = "lw/1"


class Kind(StrEnum):
    """The last level of a topic."""

    ALARM = "a"
    READINGS = "r"
    DIAGNOSTICS = "d"
    STATE = "state"
    CERTIFICATE_REQUEST = "csr"
    RECEIPT = "ack"
    COMMAND = "cmd"
    CERTIFICATE = "cert"


_LANES = {Lane.ALARM: Kind.ALARM, Lane.READINGS: Kind.READINGS, Lane.DIAGNOSTICS: Kind.DIAGNOSTICS}
_UPLINK = {Kind.ALARM, Kind.READINGS, Kind.DIAGNOSTICS, Kind.STATE, Kind.CERTIFICATE_REQUEST}
_LANE_OF = {kind: lane for lane, kind in _LANES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic taken apart; `lane` only where it carries events."""

    gateway: GatewayId
    kind: Kind

    @property
    def lane(self) -> Lane | None:
        return _LANE_OF.get(self.kind)


def up(gateway: GatewayId, lane: Lane) -> str:
    """Where a gateway publishes its signed events of one lane.

    >>> up(GatewayId("7Z0M4QDA"), Lane.ALARM)
    'lw/1/7Z0M4QDA/up/a'
    """
    return f"{_PREFIX}/{gateway}/up/{_LANES[lane]}"


def state(gateway: GatewayId) -> str:
    """Where the broker tells that a gateway is connected or gone: a hint, unsigned, never evidence of anything."""
    return f"{_PREFIX}/{gateway}/up/{Kind.STATE}"


def receipt(gateway: GatewayId) -> str:
    """Where a gateway hears which of its events are safe in the cloud."""
    return f"{_PREFIX}/{gateway}/down/{Kind.RECEIPT}"


def command(gateway: GatewayId) -> str:
    """Where a gateway hears what it is to do; a message that a broker kept there (`retain`) is refused unread."""
    return f"{_PREFIX}/{gateway}/down/{Kind.COMMAND}"


def certificate_request(gateway: GatewayId) -> str:
    """Where a gateway asks for the next certificate that opens the broker."""
    return f"{_PREFIX}/{gateway}/up/{Kind.CERTIFICATE_REQUEST}"


def certificate(gateway: GatewayId) -> str:
    """Where a gateway hears its certificate."""
    return f"{_PREFIX}/{gateway}/down/{Kind.CERTIFICATE}"


@lru_cache(maxsize=4096)  # a gateway says all it says on three of them
def parse(topic: str) -> Topic | None:
    """Take a topic apart; None when it is not one of ours."""
    match topic.split("/"):
        case ["lw", "1", gateway_text, direction, last]:
            try:
                gateway, kind = GatewayId.parse(gateway_text), Kind(last)
            except ValueError:
                return None
            fits = direction == ("up" if kind in _UPLINK else "down")
            return Topic(gateway=gateway, kind=kind) if fits else None
        case _:
            return None
