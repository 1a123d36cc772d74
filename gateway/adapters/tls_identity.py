"""The key and the certificate that open the broker: `tls.pem`, both in one file, so that they change in one step.

    tls-next.pem   a key that no certificate was given for yet
        --request, signed by it and by the gateway's own key--> the utility, as a file or over the broker
        <--certificate, signed by the authority of the enrolment--
    tls.pem        that key with its certificate; the key before it is gone

Every certificate is for a new key, so one that was copied unnoticed is worth what is left of its certificate. A kill
at any step leaves the old pair or the new one, and a request that was never answered is made again, of the same key.

Refused: a certificate for another key or another gateway, one that the authority did not sign or that has ended, and
files that others could have read.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.core.certificate import Standing
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_secret
from wire.certificate_request import seal_request
from wire.envelope import Signer
from wire.ids import GatewayId

MAX_CERTIFICATE_BYTES = 8_000
_MODE = 0o600
_ASK = "ask the utility for a new enrolment file: lamplight-cloud gateway renew"


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """The gateway's TLS key and certificate, kept in `file`."""

    file: Path

    @property
    def next_key_file(self) -> Path:
        """Where a key waits for its certificate."""
        return self.file.with_stem(f"{self.file.stem}-next")

    def request(self, signer: Signer, gateway: GatewayId) -> bytes:
        """A signed request for a certificate of the key that waits, or of a new one; raises EnvironmentRefused."""
        return seal_request(self._next_key(), signer, gateway)

    def install(self, pem: bytes, authority_pem: bytes, gateway: GatewayId, now: datetime) -> Standing:
        """Keep a certificate with its key; raises InputRefused for one that is of no use, EnvironmentRefused."""
        leaf = _checked(pem, authority_pem, gateway, now)
        key = self._key_of(leaf)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_atomically(self.file, private + leaf.public_bytes(serialization.Encoding.PEM), mode=_MODE)
        waiting = self._read(self.next_key_file)
        if waiting is not None and waiting.public_key() == key.public_key():
            self.next_key_file.unlink(missing_ok=True)
        return _standing(leaf)

    def standing(self) -> Standing:
        """How long the certificate still holds; raises InputRefused without one, EnvironmentRefused."""
        try:
            return _standing(x509.load_pem_x509_certificate(read_secret(self.file)))
        except (OSError, ValueError) as error:
            what = "the certificate that opens the broker cannot be read"
            raise InputRefused(what, where=str(self.file), do=_ASK) from error

    def _next_key(self) -> ec.EllipticCurvePrivateKey:
        waiting = self._read(self.next_key_file)
        if waiting is not None:
            return waiting
        key = ec.generate_private_key(ec.SECP256R1())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_atomically(self.next_key_file, private, mode=_MODE)
        return key

    def _key_of(self, leaf: x509.Certificate) -> ec.EllipticCurvePrivateKey:
        """Our key that the certificate is for: the one that waits, or the one in use."""
        for file in (self.next_key_file, self.file):
            key = self._read(file)
            if key is not None and key.public_key() == leaf.public_key():
                return key
        do = f"send the utility the request again: gateway.pub.pem, made with the key in {self.next_key_file.name}"
        raise InputRefused("the certificate is not for this gateway's TLS key", where=str(self.file), do=do)

    def _read(self, file: Path) -> ec.EllipticCurvePrivateKey | None:
        if not os.path.lexists(file):
            return None
        do = f"remove it; {_ASK}, with --public-key"
        try:
            key = serialization.load_pem_private_key(read_secret(file), password=None)
        except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EnvironmentRefused("the TLS key cannot be read", where=str(file), do=do) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise EnvironmentRefused("the TLS key is not P-256", where=str(file), do=do)
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedIdentity:
    """A `TlsCertificate` of a gateway whose enrolment names the authority."""

    identity: TlsIdentity
    authority: str
    gateway: GatewayId
    signer: Callable[[], Signer]  # the key that signs now: it may change while the gateway runs

    def standing(self) -> Standing:
        return self.identity.standing()

    def request(self) -> bytes:
        return self.identity.request(self.signer(), self.gateway)

    def take_over(self, pem: bytes, now: datetime) -> Standing:
        authority, own = self.authority.encode(), self.identity.standing()
        if _standing(_checked(pem, authority, self.gateway, now)).ends_at <= own.ends_at:
            raise InputRefused("the certificate ends no later than the one in use", where=str(self.identity.file))
        return self.identity.install(pem, authority, self.gateway, now)


def _checked(pem: bytes, authority_pem: bytes, gateway: GatewayId, now: datetime) -> x509.Certificate:
    """The certificate, if the authority gave it to this gateway and it holds now; raises InputRefused."""
    if len(pem) > MAX_CERTIFICATE_BYTES:
        raise InputRefused(f"a certificate of {len(pem):,} bytes is none of ours", do=_ASK)
    try:
        leaf = x509.load_pem_x509_certificate(pem)
        authorities = x509.load_pem_x509_certificates(authority_pem)
        names = [name.value for name in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError as error:
        raise InputRefused("this is no certificate", do=_ASK) from error
    if not any(_signed(leaf, authority) for authority in authorities):
        raise InputRefused("the certificate is not signed by the authority of the enrolment", do=_ASK)
    if names != [gateway]:
        raise InputRefused(f"the certificate is for {names!r:.40}, this is {gateway}", do=_ASK)
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
        span = f"{leaf.not_valid_before_utc:%Y-%m-%d %H:%M} to {leaf.not_valid_after_utc:%Y-%m-%d %H:%M}"
        do = f"check this gateway's clock, which says {now:%Y-%m-%d %H:%M}; {_ASK}"
        raise InputRefused(f"the certificate holds from {span} UTC", do=do)
    return leaf


def _signed(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _standing(leaf: x509.Certificate) -> Standing:
    return Standing.of(leaf.not_valid_before_utc, leaf.not_valid_after_utc)
