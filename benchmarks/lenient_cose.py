"""COSE_Sign1 as it is commonly opened: by a CBOR library and a signature library, in a dozen lines that look right.

It takes whatever CBOR means the same, any tag, anything beside and behind, and either of ECDSA's two signatures. None
of that is a forged event: the signature holds. But it is another row of octets for the same event, and whoever tells
events apart by their octets, or chains them by a hash over those, can be led to count one twice or to call it another.
"""

from collections.abc import Callable, Mapping

import cbor2
import cwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from wire.keys import PublicKey

_NONSENSE = (
    cbor2.CBORError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    RecursionError,
    MemoryError,
    AssertionError,
)

Opens = Callable[[bytes, bytes], bool]
"""Whether an envelope is believed: its octets, and the external data its purpose asks for."""


def by_hand(keys: Mapping[bytes, PublicKey]) -> Opens:
    """The dozen lines."""
    known = {key_id: serialization.load_der_public_key(key.spki) for key_id, key in keys.items()}

    def opens(envelope: bytes, external: bytes) -> bool:
        try:
            message = cbor2.loads(envelope)
            parts = message.value if isinstance(message, cbor2.CBORTag) else message
            protected, _unprotected, payload, signature = parts
            key = known[cbor2.loads(protected)[4]]
            signed = cbor2.dumps(["Signature1", protected, external, payload])
            if isinstance(key, ed25519.Ed25519PublicKey):
                key.verify(signature, signed)
            else:
                assert isinstance(key, ec.EllipticCurvePublicKey)
                half = len(signature) // 2
                r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
                key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, *_NONSENSE):
            return False
        return True

    return opens


def by_cwt(keys: Mapping[bytes, PublicKey]) -> Opens:
    """cwt, an independent and well-kept library."""
    names = {-9: "ESP256", -19: "Ed25519"}
    known = [
        cwt.COSEKey.from_pem(key.to_pem().decode(), alg=names[int(key.algorithm)], kid=key_id)
        for key_id, key in keys.items()
    ]
    opener = cwt.COSE.new()

    def opens(envelope: bytes, external: bytes) -> bool:
        try:
            opener.decode(envelope, known, external_aad=external)
        except (cwt.CWTError, *_NONSENSE):
            return False
        return True

    return opens
