"""The cloud's own small authority: who may enter the broker by certificate, and which broker is the right one.

All keys are P-256: it is what every broker, every TLS library and every TPM knows. A gateway's certificate says one
thing, its name, and lets it be a client only; it lives for months, so a key that was stolen unnoticed is worth little
for long, and what was noticed is in the list of the revoked. That list ends with the authority itself: a list that
runs out would lock every gateway out at once, and what a revoked one says is refused by the registry in any case.

Nothing here asks for the time or knows a gateway's history: instants are handed in, and the registry's store remembers
what was issued. A folder is made whole or not at all. Refused: a folder whose key is gone or open to others.
"""

import ipaddress
import os
import secrets
import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.broker.folder import AuthorityFolder
from cloud.broker.permissions import INGEST_USER
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused
from runtime.reading import read_secret
from wire.ids import GatewayId

LIFE_OF_AUTHORITY: Final = timedelta(days=15 * 365)
LIFE_OF_OUR_OWN: Final = timedelta(days=365)
_BACKDATED: Final = timedelta(hours=1)  # a gateway's clock may be behind ours
_PEM: Final = serialization.Encoding.PEM


class Authority:
    """Issues certificates and says which are believed no more."""

    def __init__(self, folder: AuthorityFolder, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._folder = folder
        self._key = key
        self._certificate = certificate

    @classmethod
    def open(cls, folder: AuthorityFolder, now: datetime) -> Self:
        """The authority of this folder, made anew where there is none; raises EnvironmentRefused."""
        if not folder.path.exists():
            cls._make(folder, now)
        do = "restore the folder from a copy; without its key every gateway must be enrolled again"
        try:
            key = serialization.load_pem_private_key(read_secret(folder.key), password=None)
            certificate = x509.load_pem_x509_certificate(folder.certificate.read_bytes())
        except (OSError, ValueError, TypeError) as error:
            raise EnvironmentRefused("the authority cannot be read", where=str(folder.path), do=do) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise EnvironmentRefused("the authority's key is not its certificate's", where=str(folder.path), do=do)
        return cls(folder, key, certificate)

    @classmethod
    def _make(cls, folder: AuthorityFolder, now: datetime) -> None:
        aside = AuthorityFolder(folder.path.with_name(f".{folder.path.name}.{os.getpid()}.new"))
        try:
            aside.path.mkdir(mode=0o700)
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _certificate_of_authority(key, now)
            write_atomically(aside.key, _private(key))
            write_atomically(aside.certificate, certificate.public_bytes(_PEM), mode=0o644)
            cls(aside, key, certificate).write_revoked({}, now)
            aside.path.rename(folder.path)
        except OSError as error:
            if folder.path.exists():
                return  # somebody else made it at the same time; theirs stands
            what, do = f"cannot make the authority: {error.strerror}", "free some space or check the folder's rights"
            raise EnvironmentRefused(what, where=str(folder.path), do=do) from error
        finally:
            shutil.rmtree(aside.path, ignore_errors=True)

    @property
    def certificate_pem(self) -> bytes:
        """What others trust."""
        return self._certificate.public_bytes(_PEM)

    def issue(
        self, gateway: GatewayId, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
    ) -> x509.Certificate:
        """A certificate for a gateway's TLS key: to be a client, under its name."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"urn:lamplight:gateway:{gateway}")]
        return self._leaf(gateway, names, key, ExtendedKeyUsageOID.CLIENT_AUTH, now, life)

    def tend(self, host: str, now: datetime) -> bool:
        """See that the broker of this name, and ingest, have certificates of which a third of their life is left.

        Whether anything was written. Raises: EnvironmentRefused.
        """
        name = x509.UniformResourceIdentifier("urn:lamplight:ingest")
        server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
        is_broker_new = self._tend_one(self._folder.broker, host, [_host_name(host)], server, now)
        return self._tend_one(self._folder.ingest, INGEST_USER, [name], client, now) or is_broker_new

    def write_revoked(self, revoked: Mapping[int, datetime], now: datetime) -> None:
        """Let exactly the certificates of these serial numbers be believed no more, each since its instant."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._certificate.subject)
            .last_update(now - _BACKDATED)
            .next_update(self._certificate.not_valid_after_utc)
            .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        )
        for serial, at in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        write_atomically(self._folder.revoked, builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM), mode=0o644)

    def _tend_one(
        self, file: Path, common_name: str, names: list[x509.GeneralName], use: x509.ObjectIdentifier, now: datetime
    ) -> bool:
        wanted = x509.SubjectAlternativeName(names)
        if file.exists() and self._stands(read_secret(file), wanted, now):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = self._leaf(common_name, names, key.public_key(), use, now, LIFE_OF_OUR_OWN)
        write_atomically(file, _private(key) + leaf.public_bytes(_PEM))
        return True

    def _stands(self, pem: bytes, wanted: x509.SubjectAlternativeName, now: datetime) -> bool:
        try:
            leaf = x509.load_pem_x509_certificate(pem)
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, x509.ExtensionNotFound):
            return False
        is_ours = leaf.issuer == self._certificate.subject
        return is_ours and names == wanted and now < due_at(leaf)

    def _leaf(
        self,
        common_name: str,
        names: list[x509.GeneralName],
        key: ec.EllipticCurvePublicKey,
        use: x509.ObjectIdentifier,
        now: datetime,
        life: timedelta,
    ) -> x509.Certificate:
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder(self._certificate.subject, _name(common_name), key, x509.random_serial_number())
            .not_valid_before(now - _BACKDATED)
            .not_valid_after(min(now + life, self._certificate.not_valid_after_utc))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def due_at(leaf: x509.Certificate) -> datetime:
    """When a certificate is to be renewed: two thirds into its life."""
    life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
    return leaf.not_valid_before_utc + life * 2 / 3


def _certificate_of_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(f"Lamplight broker authority {secrets.token_hex(4)}")
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFE_OF_AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
