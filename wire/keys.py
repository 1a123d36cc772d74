"""Signing keys: P-256 with ECDSA (ESP256) by default, Ed25519 where the device can.

The algorithm belongs to the key, as it was registered, and is never taken from a message.
ECDSA knows two valid signatures for every message, (r, s) and (r, n - s); only the one with the lower s is made and
accepted, so that a signature cannot be mirrored into different bytes.
"""

from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from wire.ids import key_id_of

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, section 2.4.2
_ECDSA = ec.ECDSA(hashes.SHA256())
_DER, _PEM = serialization.Encoding.DER, serialization.Encoding.PEM
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


class Algorithm(IntEnum):
    """COSE algorithm numbers of RFC 9864, table 1 and 2."""

    ESP256 = -9
    ED25519 = -19


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key with the one algorithm it is registered for."""

    spki: bytes = field(repr=False)
    algorithm: Algorithm
    key_id: bytes
    _key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey = field(repr=False, compare=False)

    @classmethod
    def from_spki(cls, spki: bytes) -> "PublicKey":
        """From DER SubjectPublicKeyInfo; raises ValueError for anything but a P-256 or Ed25519 key."""
        try:
            return cls._of(serialization.load_der_public_key(spki))
        except UnsupportedAlgorithm as error:
            raise ValueError("the key is of a kind nobody here knows") from error

    @classmethod
    def from_pem(cls, pem: bytes) -> "PublicKey":
        """From PEM; raises ValueError for anything but a P-256 or Ed25519 public key."""
        try:
            return cls._of(serialization.load_pem_public_key(pem))
        except UnsupportedAlgorithm as error:
            raise ValueError("the key is of a kind nobody here knows") from error

    @classmethod
    def _of(cls, key: object) -> "PublicKey":
        match key:
            case ec.EllipticCurvePublicKey(curve=ec.SECP256R1()):
                algorithm = Algorithm.ESP256
            case ed25519.Ed25519PublicKey():
                algorithm = Algorithm.ED25519
            case _:
                raise ValueError("the key is neither P-256 nor Ed25519")
        spki = key.public_bytes(_DER, _SPKI)
        return cls(spki, algorithm, key_id_of(spki), key)

    def to_pem(self) -> bytes:
        """The PEM form, for a person to hand on."""
        return self._key.public_bytes(_PEM, _SPKI)

    def for_agreement(self) -> ec.EllipticCurvePublicKey:
        """The key for encrypting to its owner; raises ValueError for Ed25519, which only signs."""
        if isinstance(self._key, ed25519.Ed25519PublicKey):
            raise ValueError("an Ed25519 key only signs; nothing can be encrypted to it")
        return self._key

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `data`."""
        try:
            if isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(signature, data)
            else:
                self._key.verify(_der_of_low_s(signature), data, _ECDSA)
        except (InvalidSignature, ValueError):
            return False
        return True


class SoftwareSigner:
    """A private key held in memory. It shows itself in no repr; only `to_pem` gives it away, to a file of mode 0600."""

    __slots__ = ("_key", "public")

    def __init__(self, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey._of(key.public_key())  # noqa: SLF001 - one family of types in one module

    @classmethod
    def generate(cls, algorithm: Algorithm = Algorithm.ESP256) -> "SoftwareSigner":
        """A new random key."""
        if algorithm is Algorithm.ED25519:
            return cls(ed25519.Ed25519PrivateKey.generate())
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_pem(cls, pem: bytes) -> "SoftwareSigner":
        """From unencrypted PKCS#8 PEM; raises ValueError for anything but a P-256 or Ed25519 private key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:  # TypeError: it wants a password
            raise ValueError("the key is encrypted, or of a kind nobody here knows") from error
        if not isinstance(key, (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey)):
            raise ValueError("the key is neither P-256 nor Ed25519")
        return cls(key)

    def to_pem(self) -> bytes:
        """Unencrypted PKCS#8 PEM."""
        return self._key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def derive(self, purpose: bytes) -> bytes:
        """32 octets for one other purpose (HKDF, RFC 5869), which nobody without this private key can make."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            octets = self._key.private_bytes_raw()
        else:
            octets = self._key.private_numbers().private_value.to_bytes(32, "big")
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose).derive(octets)

    def for_agreement(self) -> ec.EllipticCurvePrivateKey:
        """The key for opening what was encrypted to it; raises ValueError for Ed25519, which only signs."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            raise ValueError("an Ed25519 key only signs; nothing can be encrypted to it")
        return self._key

    def sign(self, data: bytes) -> bytes:
        """64 bytes; ECDSA deterministic (RFC 6979) with low s."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(data)
        return low_s_of_der(self._key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))


def low_s_of_der(signature: bytes) -> bytes:
    """An ECDSA signature over P-256 in the one form that is accepted; raises ValueError for what is none."""
    r, s = decode_dss_signature(signature)
    return low_s(r, s)


def low_s(r: int, s: int) -> bytes:
    """The same of its two numbers; raises ValueError where they are not of this curve."""
    if not (0 < r < _P256_ORDER and 0 < s < _P256_ORDER):
        raise ValueError("no signature over P-256")
    return r.to_bytes(32, "big") + min(s, _P256_ORDER - s).to_bytes(32, "big")


def _der_of_low_s(signature: bytes) -> bytes:
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if len(signature) != 64 or not 0 < s <= _P256_ORDER // 2:
        raise ValueError("not a low-s signature of 64 bytes")
    return encode_dss_signature(r, s)
