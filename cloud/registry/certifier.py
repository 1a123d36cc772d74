"""Gives registered gateways the certificates that open the broker, and takes them away.

    request, signed by the gateway's own key -> the registry knows it -> a certificate for its TLS key
    two thirds of its life later: the next request, over the broker -> the next certificate
    revoked -> the list of the revoked, and the broker reads it anew

A request may come again, be late, or be an old one that somebody kept: it only ever brings a certificate of a key that
the gateway itself holds, and while the one it has is fresh it is given that one again. So asking costs nothing, and a
gateway that asks without end fills no table.

Refused, and counted by the caller: a request of nobody we know, of a gateway that is not active, on another's topic.
"""

from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from cloud.broker.authority import Authority, due_at
from cloud.registry import certificate_store, store
from cloud.registry.certificate_store import Issued
from cloud.registry.model import Gateway, Status
from runtime.errors import InputRefused
from wire import envelope
from wire.certificate_request import find_armoured, open_request
from wire.ids import GatewayId
from wire.refusals import Reason, RecordRefused, WireRefused

SHORTEST_BETWEEN_KEYS: Final = timedelta(hours=1)
"""A gateway may change its TLS key this often; asked sooner, it is told its newest certificate again."""


_HAND_IN: Final = "hand in with --public-key the file gateway.pub.pem that `lamplight-gateway init` wrote"


class Certifier:
    """Issues, remembers and revokes gateways' certificates."""

    def __init__(self, authority: Authority, life: timedelta) -> None:
        self._authority = authority
        self._life = life

    @property
    def authority_pem(self) -> bytes:
        """The certificate of who signs them, and the broker's."""
        return self._authority.certificate_pem

    def admit(self, connection: Connection, gateway: Gateway, handed_in: bytes | None, now: datetime) -> bytes:
        """The certificate, PEM, of the TLS key in the request that was handed in, or else of the one it had last.

        Certificates of another TLS key end. Raises: InputRefused without a key, or for another's request.
        """
        tls_key = self._key_had(connection, gateway) if handed_in is None else _key_asked(handed_in, gateway)
        certificate_store.revoke(connection, gateway.id, now, but_of_key=der_of(tls_key))
        return self._certified(connection, gateway, tls_key, now)

    def answer(self, connection: Connection, gateway: GatewayId, request: bytes, now: datetime) -> bytes:
        """The certificate that a request which came over the broker, on this gateway's topic, asks for.

        It is the one the gateway has while that is fresh. Raises: WireRefused.
        """
        key_id = envelope.parse(request).key_id
        known = store.by_key_id(connection, [key_id]).get(key_id)
        if known is None:
            raise RecordRefused(Reason.UNKNOWN_KEY, key_id.hex())
        if known.id != gateway:
            raise RecordRefused(Reason.WRONG_GATEWAY, f"the key is {known.id}'s")
        tls_key = open_request(request, known.signing_keys[-1].public, gateway)
        last = certificate_store.newest(connection, gateway)
        if known.status is not Status.ACTIVE:
            raise RecordRefused(Reason.GATEWAY_NOT_ACTIVE, str(known.status))
        if last is not None and _is_enough(last, tls_key, now):
            return last.pem
        return self._certified(connection, known, tls_key, now)

    def tend(self, host: str, now: datetime) -> bool:
        """See that the broker and ingest have certificates that last; whether anything was written."""
        return self._authority.tend(host, now)

    def write_revoked(self, connection: Connection, now: datetime) -> None:
        """Write the list of the revoked as the table says."""
        self._authority.write_revoked(certificate_store.revoked(connection, now), now)

    def _certified(
        self, connection: Connection, gateway: Gateway, tls_key: ec.EllipticCurvePublicKey, now: datetime
    ) -> bytes:
        leaf = self._authority.issue(gateway.id, tls_key, now, self._life)
        pem = leaf.public_bytes(serialization.Encoding.PEM)
        certificate_store.add(connection, _issued(leaf, gateway.id, pem, now))
        return pem

    def _key_had(self, connection: Connection, gateway: Gateway) -> ec.EllipticCurvePublicKey:
        last = certificate_store.newest(connection, gateway.id)
        if last is None:
            raise InputRefused(f"gateway {gateway.id} never had a certificate", do=_HAND_IN)
        key = serialization.load_der_public_key(last.tls_key)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return key


def _key_asked(handed_in: bytes, gateway: Gateway) -> ec.EllipticCurvePublicKey:
    request = find_armoured(handed_in)
    if request is None:
        raise InputRefused(f"no request for a certificate came with gateway {gateway.id}", do=_HAND_IN)
    try:
        return open_request(request, gateway.signing_keys[-1].public, gateway.id)
    except WireRefused as refused:
        what = f"the request for a certificate is not gateway {gateway.id}'s: {refused}"
        raise InputRefused(what, do=_HAND_IN) from refused


def der_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The key as the table names it."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _is_enough(last: Issued, tls_key: ec.EllipticCurvePublicKey, now: datetime) -> bool:
    if now < last.issued_at + SHORTEST_BETWEEN_KEYS:
        return True
    return last.tls_key == der_of(tls_key) and now < last.due_at


def _issued(leaf: x509.Certificate, gateway: GatewayId, pem: bytes, now: datetime) -> Issued:
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return Issued(
        serial=leaf.serial_number,
        gateway=gateway,
        tls_key=der_of(key),
        pem=pem,
        issued_at=now,
        due_at=due_at(leaf),
        ends_at=leaf.not_valid_after_utc,
    )
