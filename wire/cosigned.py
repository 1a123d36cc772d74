"""What two keys sign together: a COSE_Sign (RFC 9052, section 4.1), in exactly one form.

    D8 62 84                          tag 98, array of four
      40                              protected header of the body, always empty
      A0                              unprotected header, always empty
      4n | 58 nn | 59 nnnn  <payload> byte string, shortest length form
      82                              two signatures, the one with the lower key id first
        83 4D <protected> A0 58 40 <r || s>
        83 4D <protected> A0 58 40 <r || s>

Each signature is over the payload and its own header under the context "Signature", where a single one has
"Signature1": none can be taken out of one form and put into the other. As in `wire.envelope`, nothing but these bytes
is accepted, the two keys must differ, and the key and not the header decides on the algorithm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from wire.codec import encode
from wire.envelope import (
    MAX_ENVELOPE_BYTES,
    PROTECTED_BYTES,
    SIGNATURE_BYTES,
    ParsedEnvelope,
    Purpose,
    Signer,
    algorithm_of,
    byte_string_at,
    check_signature,
    protected_header,
)
from wire.keys import PublicKey
from wire.refusals import EnvelopeRefused, Reason

HEAD = bytes.fromhex("d8628440a0")
_TWO = b"\x82"
_BEFORE_PROTECTED = bytes.fromhex("834d")
_BEFORE_SIGNATURE = bytes.fromhex("a05840")
_ONE_BYTES = len(_BEFORE_PROTECTED) + PROTECTED_BYTES + len(_BEFORE_SIGNATURE) + SIGNATURE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedPair:
    """A payload under two signatures, well-formed; neither was looked at."""

    payload: bytes
    signatures: tuple[ParsedEnvelope, ParsedEnvelope]


def cosign(payload: bytes, signers: Sequence[Signer], purpose: Purpose) -> bytes:
    """Sign `payload` with two keys; raises ValueError unless there are two different ones."""
    ordered = sorted(signers, key=lambda signer: signer.public.key_id)
    if len({signer.public.key_id for signer in ordered}) != 2 or len(ordered) != 2:
        raise ValueError("two different keys sign together")
    signatures = b"".join(_signature(payload, signer, purpose) for signer in ordered)
    return HEAD + encode(payload) + _TWO + signatures


def parse_pair(envelope: bytes) -> ParsedPair:
    """Take a cosigned envelope apart; raises EnvelopeRefused unless it has exactly the form above."""
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise EnvelopeRefused(Reason.TOO_LARGE, f"{len(envelope)} bytes, at most {MAX_ENVELOPE_BYTES}")
    if not envelope.startswith(HEAD):
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "headers")
    payload, end = byte_string_at(envelope, len(HEAD))
    if envelope[end : end + 1] != _TWO or len(envelope) != end + 1 + 2 * _ONE_BYTES:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "signatures")
    first, second = (_parsed(payload, envelope[at : at + _ONE_BYTES]) for at in (end + 1, end + 1 + _ONE_BYTES))
    if first.key_id >= second.key_id:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "the same key twice, or out of order")
    return ParsedPair(payload=payload, signatures=(first, second))


def verify_one(parsed: ParsedEnvelope, key: PublicKey, purpose: Purpose) -> None:
    """Raise EnvelopeRefused unless `key` made this one of the two for this purpose with the key's own algorithm."""
    check_signature(parsed, key, _signed_bytes(parsed.protected, parsed.payload, purpose))


def _signature(payload: bytes, signer: Signer, purpose: Purpose) -> bytes:
    protected = protected_header(signer.public.algorithm, signer.public.key_id)
    made = signer.sign(_signed_bytes(protected, payload, purpose))
    return _BEFORE_PROTECTED + protected + _BEFORE_SIGNATURE + made


def _parsed(payload: bytes, one: bytes) -> ParsedEnvelope:
    at = len(_BEFORE_PROTECTED)
    protected, end = one[at : at + PROTECTED_BYTES], at + PROTECTED_BYTES
    if not one.startswith(_BEFORE_PROTECTED) or one[end : end + len(_BEFORE_SIGNATURE)] != _BEFORE_SIGNATURE:
        raise EnvelopeRefused(Reason.NOT_AN_ENVELOPE, "signature")
    return ParsedEnvelope(
        algorithm=algorithm_of(protected),
        key_id=protected[5:],
        protected=protected,
        payload=payload,
        signature=one[-SIGNATURE_BYTES:],
    )


def _signed_bytes(protected: bytes, payload: bytes, purpose: Purpose) -> bytes:
    """The Sig_structure of RFC 9052, section 4.4, for one of several signers."""
    return encode(["Signature", b"", protected, purpose.value, payload])
