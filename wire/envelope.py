"""The signed envelope: a COSE_Sign1 (RFC 9052, section 4.2), in exactly one form.

    D2 84                             tag 18, array of four
      4D A2 01 2n 04 48 <key id>      protected header {1: algorithm, 4: key id of 8 bytes}
      A0                              unprotected header, always empty
      4n | 58 nn | 59 nnnn  <payload> byte string, shortest length form
      58 40 <r || s>                  64 bytes of signature

`parse` accepts this form byte for byte: COSE as such can be re-wrapped without breaking its signature, and every such
freedom (long lengths, extra headers, other tags, trailing bytes, the mirrored ECDSA signature) is refused here.
What a signature is for (an event, a receipt, a command) is bound to it as external data, so that none can pass as
another. Algorithms are the fully specified ones of RFC 9864; the key, not the header, decides which may be used.
"""

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import cbor2

from wire.keys import Algorithm, PublicKey
from wire.refusals import EnvelopeRefused, Reason

MAX_ENVELOPE_BYTES = 60_000
SIGNATURE_BYTES = 64
_HEAD = bytes.fromhex("d2844da201")  # tag 18, array(4), bstr(13), map(2), label 1
_LABEL = bytes.fromhex("a201")
_KEY_ID = bytes.fromhex("0448")  # label 4, bstr(8)
PROTECTED_BYTES = 13
_PROTECTED_AT, _PROTECTED_END = 3, 16
_CONTEXT = bytes.fromhex("846a") + b"Signature1"  # array of four, text of ten
_EMPTY_MAP = b"\xa0"
_SIGNATURE_HEAD = bytes.fromhex("5840")
_ALGORITHMS = {0x20 - 1 - algorithm: algorithm for algorithm in Algorithm}  # by its octet, a negative number of CBOR's


class Purpose(Enum):
    """What a signature is for; its value is the external data signed with it."""

    EVENT = b"lw1:event"
    RECEIPT = b"lw1:ack"
    COMMAND = b"lw1:cmd"
    REPORT = b"lw1:report"
    KEYS = b"lw1:keys"
    KEY = b"lw1:key"
    CERTIFICATE = b"lw1:csr"


class Signer(Protocol):
    """A private key that never shows itself: in a file, a TPM or behind PKCS#11."""

    @property
    def public(self) -> PublicKey: ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`: 64 bytes; for ECDSA r || s with s in the lower half of the group order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedEnvelope:
    """An envelope that is well-formed; its signature has not been looked at."""

    algorithm: Algorithm
    key_id: bytes
    protected: bytes
    payload: bytes
    signature: bytes = field(repr=False)


def seal(payload: bytes, signer: Signer, purpose: Purpose) -> bytes:
    """Sign `payload`; the same payload, key and purpose give the same bytes with a deterministic signer."""
    public = signer.public
    protected = protected_header(public.algorithm, public.key_id)
    signature = signer.sign(signed_bytes(protected, payload, purpose))
    parts = (
        bytes.fromhex("d284"),
        cbor2.dumps(protected),
        _EMPTY_MAP,
        cbor2.dumps(payload),
        _SIGNATURE_HEAD,
        signature,
    )
    envelope = b"".join(parts)
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_ENVELOPE_BYTES}")
    return envelope


def parse(envelope: bytes) -> ParsedEnvelope:
    """Take an envelope apart; raises EnvelopeRefused unless it has exactly the form above."""
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_ENVELOPE_BYTES}")
    protected = envelope[_PROTECTED_AT:_PROTECTED_END]
    unprotected = envelope[_PROTECTED_END : _PROTECTED_END + 1]
    if not envelope.startswith(_HEAD) or unprotected != _EMPTY_MAP:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "headers")
    algorithm = algorithm_of(protected)
    payload, end = byte_string_at(envelope, _PROTECTED_END + 1)
    if envelope[end : end + 2] != _SIGNATURE_HEAD or len(envelope) != end + 2 + SIGNATURE_BYTES:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "signature field")
    return ParsedEnvelope(
        algorithm=algorithm,
        key_id=protected[5:],
        protected=protected,
        payload=payload,
        signature=envelope[end + 2 :],
    )


def verify(parsed: ParsedEnvelope, key: PublicKey, purpose: Purpose) -> None:
    """Raise EnvelopeRefused unless `key` signed this envelope for this purpose with the key's own algorithm."""
    check_signature(parsed, key, signed_bytes(parsed.protected, parsed.payload, purpose))


def check_signature(parsed: ParsedEnvelope, key: PublicKey, data: bytes) -> None:
    """Raise EnvelopeRefused unless this is the signature of `key` over `data` with the key's own algorithm."""
    if parsed.key_id != key.key_id:
        raise EnvelopeRefused(Reason.UNKNOWN_KEY, parsed.key_id.hex())
    if parsed.algorithm is not key.algorithm:
        raise EnvelopeRefused(Reason.WRONG_KEY, f"{parsed.algorithm.name} with a key for {key.algorithm.name}")
    if not key.verify(data, parsed.signature):
        raise EnvelopeRefused(Reason.BAD_SIGNATURE)


def signed_bytes(protected: bytes, payload: bytes, purpose: Purpose) -> bytes:
    """The Sig_structure of RFC 9052, section 4.4: what is really signed, and what the chain's hash covers."""
    return b"".join((_CONTEXT, _byte_string(protected), _byte_string(purpose.value), _byte_string(payload)))


def link_hash(parsed: ParsedEnvelope) -> bytes:
    """The 16 bytes by which the next event of the lane names this one: over what is signed, not over the envelope."""
    return hash_of_signed(signed_bytes(parsed.protected, parsed.payload, Purpose.EVENT))


def hash_of_signed(data: bytes) -> bytes:
    """The 16 bytes by which the next event of the lane names the one of which these bytes were signed."""
    return hashlib.sha256(data).digest()[:16]


def protected_header(algorithm: Algorithm, key_id: bytes) -> bytes:
    """The one protected header of a signature, 13 bytes: its algorithm and its key's id."""
    return bytes([0xA2, 0x01, 0x20 - 1 - algorithm]) + _KEY_ID + key_id


def algorithm_of(protected: bytes) -> Algorithm:
    """The algorithm a protected header names; raises EnvelopeRefused unless it has its one form."""
    if len(protected) != PROTECTED_BYTES or protected[:2] != _LABEL or protected[3:5] != _KEY_ID:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "headers")
    algorithm = _ALGORITHMS.get(protected[2])
    if algorithm is None:
        raise EnvelopeRefused(Reason.ALGORITHM, f"header byte {protected[2]:#04x}")
    return algorithm


def claimed_key_id(envelope: bytes) -> bytes:
    """Where an envelope names its key; of what is no envelope, some octets that name none."""
    return envelope[_PROTECTED_AT + 5 : _PROTECTED_END]


def _byte_string(data: bytes) -> bytes:
    """Its one encoding: the shortest head, then the octets."""
    size = len(data)
    if size < 24:
        return bytes((0x40 + size,)) + data
    if size < 0x100:
        return bytes((0x58, size)) + data
    if size < 0x1_0000:
        return b"\x59" + size.to_bytes(2, "big") + data
    encoded: bytes = cbor2.dumps(data)  # nothing of ours is so long
    return encoded


def byte_string_at(data: bytes, at: int) -> tuple[bytes, int]:
    """The byte string at `at` in its shortest length form, and where it ends."""
    head = data[at] if at < len(data) else 0
    if 0x40 <= head <= 0x57:
        start, length, shortest = at + 1, head - 0x40, True
    elif head == 0x58:
        start, length = at + 2, int.from_bytes(data[at + 1 : at + 2], "big")
        shortest = length > 23
    elif head == 0x59:
        start, length = at + 3, int.from_bytes(data[at + 1 : at + 3], "big")
        shortest = length > 255
    else:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "payload is not a byte string")
    if not shortest or start + length > len(data):
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "payload length")
    return data[start : start + length], start + length
