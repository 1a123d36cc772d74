"""A meter's password or keys on their way from the utility to the one gateway that reads it.

The secrets are encrypted to the gateway's own key (HPKE, RFC 9180: DHKEM(P-256), HKDF-SHA256, AES-256-GCM) and signed
by the cloud, so that nobody on the way reads them and nobody else can hand any in. For which gateway, which meter, and
which delivery it is, is bound into the encryption: a delivery that was cut apart and put together anew does not open.

`number` rises from one delivery to the next for a meter; a gateway takes no older one again. A delivery may hold the
new keys a second time, wrapped under the meter's master key (RFC 3394), which the gateway passes on to the meter and
cannot open: that is how keys are rotated. Refused: what is not signed by the cloud as a delivery, is for another
gateway, or does not open.
"""

from dataclasses import dataclass, field
from typing import Annotated

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from wire.codec import Value, decode, encode
from wire.envelope import Purpose, Signer, parse, seal, verify
from wire.fields import At, OctetsUpTo, Text, Whole, pack, unpack
from wire.ids import GatewayId
from wire.keys import PublicKey, SoftwareSigner
from wire.refusals import Reason, RecordRefused
from wire.terms import COUNT, INSTANT_MS

MAX_SECRET_BYTES = 64
_MAX_SEALED_BYTES = 1_000
_SUITE = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredSecrets:
    """What opens one meter; `wrapped_key` and `wrapped_auth_key` are for the meter, under its master key."""

    password: Annotated[bytes | None, At(1, OctetsUpTo(MAX_SECRET_BYTES), optional=True)] = field(
        default=None, repr=False
    )
    key: Annotated[bytes | None, At(2, OctetsUpTo(MAX_SECRET_BYTES), optional=True)] = field(default=None, repr=False)
    auth_key: Annotated[bytes | None, At(3, OctetsUpTo(MAX_SECRET_BYTES), optional=True)] = field(
        default=None, repr=False
    )
    wrapped_key: Annotated[bytes | None, At(4, OctetsUpTo(MAX_SECRET_BYTES), optional=True)] = field(
        default=None, repr=False
    )
    wrapped_auth_key: Annotated[bytes | None, At(5, OctetsUpTo(MAX_SECRET_BYTES), optional=True)] = field(
        default=None, repr=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDelivery:
    """For gateway `gateway` and the meter of this serial number, the `number`-th delivery; to be used by `until_ms`."""

    version: Annotated[int, At(1, Whole(1, 1))] = 1
    gateway: Annotated[str, At(2, Text(8))]
    meter: Annotated[str, At(3, Text(32))]
    number: Annotated[int, At(4, COUNT)]
    until_ms: Annotated[int, At(5, INSTANT_MS)]
    sealed: Annotated[bytes, At(6, OctetsUpTo(_MAX_SEALED_BYTES))] = field(repr=False)


def seal_delivery(
    secrets: DeliveredSecrets,
    recipient: PublicKey,
    signer: Signer,
    *,
    gateway: GatewayId,
    meter: str,
    number: int,
    until_ms: int,
) -> bytes:
    """The delivery, encrypted to the gateway and signed by the cloud; raises ValueError for an Ed25519 recipient."""
    header = (gateway, meter, number, until_ms)
    sealed = _SUITE.encrypt(encode(pack(secrets)), recipient.for_agreement(), _bound(*header))
    delivery = KeyDelivery(gateway=gateway, meter=meter, number=number, until_ms=until_ms, sealed=sealed)
    return seal(encode(pack(delivery)), signer, Purpose.KEYS)


def open_delivery(
    envelope: bytes, cloud: PublicKey, gateway: GatewayId, signer: SoftwareSigner
) -> tuple[KeyDelivery, DeliveredSecrets]:
    """The delivery and what is in it, if the cloud signed it for this gateway; raises WireRefused, ValueError."""
    parsed = parse(envelope)
    verify(parsed, cloud, Purpose.KEYS)
    delivery: KeyDelivery = unpack(KeyDelivery, decode(parsed.payload))
    if delivery.gateway != gateway:
        raise RecordRefused(Reason.WRONG_GATEWAY, f"it is for gateway {delivery.gateway!r:.20}")
    bound = _bound(delivery.gateway, delivery.meter, delivery.number, delivery.until_ms)
    try:
        plain = _SUITE.decrypt(delivery.sealed, signer.for_agreement(), bound)
    except (InvalidTag, ValueError):
        raise RecordRefused(Reason.NOT_A_RECORD, "it does not open with this gateway's key") from None
    return delivery, unpack(DeliveredSecrets, decode(plain))


def _bound(gateway: str, meter: str, number: int, until_ms: int) -> bytes:
    row: list[Value] = [Purpose.KEYS.value, gateway, meter, number, until_ms]
    return encode(row)
