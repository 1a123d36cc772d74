"""Who speaks: a gateway's identifier and the identifier of a key."""

import hashlib
import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake on a label
_FORM = re.compile(f"[{_ALPHABET}]{{8}}")
KEY_ID_BYTES = 8


class GatewayId(str):
    """Eight characters of Crockford's base 32, as printed on the gateway's label."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "GatewayId":
        """Raises ValueError when `text` is not a gateway identifier.

        >>> GatewayId.parse("7Z0M4QDA")
        '7Z0M4QDA'
        """
        if not _FORM.fullmatch(text):
            raise ValueError(f"{text!r} is not a gateway identifier (8 of {_ALPHABET})")
        return cls(text)


def gateway_id_of(spki: bytes) -> GatewayId:
    """The gateway whose first public key is `spki` (DER SubjectPublicKeyInfo): 40 bits of SHA-256."""
    number = int.from_bytes(hashlib.sha256(spki).digest()[:5], "big")
    return GatewayId("".join(_ALPHABET[number >> shift & 31] for shift in range(35, -1, -5)))


def key_id_of(spki: bytes) -> bytes:
    """The `kid` of a public key: the first 8 bytes of SHA-256 over its SubjectPublicKeyInfo."""
    return hashlib.sha256(spki).digest()[:KEY_ID_BYTES]
