"""A gateway's request for the certificate that opens the broker: PKCS#10 (RFC 2986), signed by the gateway's own key.

    COSE_Sign1, purpose lw1:csr  { 1: version, 2: gateway, 3: PKCS#10 of a P-256 key, in DER }

A gateway has two keys. The one that signs its events is its name and may live in a TPM; the one that opens the broker
is short-lived and lies in a file, where TLS can use it. A request proves both at once: PKCS#10 that its sender holds
the TLS key, the envelope that the gateway of that name wants it certified. So it may travel as a file in anybody's
hands, or over a broker that nobody trusts, and a certificate is only ever given to a key the gateway vouched for.

The certificate that answers it needs no envelope: it is signed by the authority that the gateway was enrolled with.
Refused: another gateway's request, a TLS key that is not P-256 or was not held, whatever else a signature was for.
Of the PKCS#10 only the key is taken over; names and extensions are the authority's to give.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Annotated

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from wire.codec import decode, encode
from wire.envelope import Purpose, Signer, parse, seal, verify
from wire.fields import At, OctetsUpTo, Text, Whole, pack, unpack
from wire.ids import GatewayId
from wire.keys import PublicKey
from wire.refusals import EnvelopeRefused, Reason, RecordRefused

MAX_REQUEST_BYTES = 2_000
_MAX_PKCS10_BYTES = 1_000
_LABEL = "LAMPLIGHT CERTIFICATE REQUEST"
_ARMOUR = re.compile(rf"-----BEGIN {_LABEL}-----([A-Za-z0-9+/=\s]{{1,4000}})-----END {_LABEL}-----".encode())
_LINE_CHARS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRequest:
    """Gateway `gateway` asks for a certificate of the key in `pkcs10`."""

    version: Annotated[int, At(1, Whole(1, 1))] = 1
    gateway: Annotated[str, At(2, Text(8))]
    pkcs10: Annotated[bytes, At(3, OctetsUpTo(_MAX_PKCS10_BYTES))] = field(repr=False)


def seal_request(tls_key: ec.EllipticCurvePrivateKey, signer: Signer, gateway: GatewayId) -> bytes:
    """The request for a certificate of `tls_key`, signed with it and by the gateway's own key."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    request = x509.CertificateSigningRequestBuilder(subject).sign(tls_key, hashes.SHA256(), ecdsa_deterministic=True)
    der = request.public_bytes(serialization.Encoding.DER)
    return seal(encode(pack(CertificateRequest(gateway=gateway, pkcs10=der))), signer, Purpose.CERTIFICATE)


def open_request(envelope: bytes, key: PublicKey, gateway: GatewayId) -> ec.EllipticCurvePublicKey:
    """The TLS key to be certified, if `gateway`, whose key is `key`, asked for it; raises WireRefused."""
    if len(envelope) > MAX_REQUEST_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_REQUEST_BYTES}")
    parsed = parse(envelope)
    verify(parsed, key, Purpose.CERTIFICATE)
    request: CertificateRequest = unpack(CertificateRequest, decode(parsed.payload))
    if request.gateway != gateway:
        raise RecordRefused(Reason.WRONG_GATEWAY, f"it asks for gateway {request.gateway!r:.20}")
    return _held_key(request.pkcs10)


def armoured(envelope: bytes) -> bytes:
    """The request as text, for a person to hand on."""
    digits = base64.b64encode(envelope).decode()
    lines = [digits[at : at + _LINE_CHARS] for at in range(0, len(digits), _LINE_CHARS)]
    return "\n".join([f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", ""]).encode()


def find_armoured(text: bytes) -> bytes | None:
    """The first request in a text; None where there is none."""
    found = _ARMOUR.search(text)
    if found is None:
        return None
    try:
        return base64.b64decode(b"".join(found[1].split()), validate=True)
    except binascii.Error:
        return None


def _held_key(pkcs10: bytes) -> ec.EllipticCurvePublicKey:
    try:
        request = x509.load_der_x509_csr(pkcs10)
        key = request.public_key()
        is_held = request.is_signature_valid
    except (ValueError, UnsupportedAlgorithm, InvalidSignature) as error:
        raise RecordRefused(Reason.NOT_A_RECORD, "no PKCS#10 request") from error
    if not (isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)):
        raise RecordRefused(Reason.ALGORITHM, "a TLS key must be P-256")
    if not is_held:
        raise RecordRefused(Reason.BAD_SIGNATURE, "the sender does not hold the TLS key")
    return key
