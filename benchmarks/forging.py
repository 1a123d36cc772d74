"""Envelopes bent in every way a forger has without the key: seeded, so that what was tried can be tried again.

In come genuine envelopes; out come octets that are none of them. A third of the ways know nothing of COSE and damage
octets; the rest know it well: they wrap the same signature anew, mirror it, hand it to another payload, name another
key or algorithm, or sign with a key of their own under the victim's name.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from wire.cosigned import HEAD as HEAD_OF_TWO
from wire.cosigned import parse_pair
from wire.envelope import SIGNATURE_BYTES, Purpose, parse, seal
from wire.keys import Algorithm, SoftwareSigner

ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256: SEC 2, section 2.4.2
_PROTECTED_AT, _ALGORITHM_AT, _KEY_ID_AT, _UNPROTECTED_AT = 3, 5, 8, 16
_ONE_OF_TWO_BYTES: Final = 82  # tag and header 15, unprotected 1, signature 66
_FORGER: Final = {  # keys of the forger's own, the same each time
    Algorithm.ESP256: SoftwareSigner(ec.derive_private_key(0xF0126E12, ec.SECP256R1())),
    Algorithm.ED25519: SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(b"forger" * 5 + b"!!")),
}

Bend = Callable[[random.Random, bytes, bytes], bytes]


def flips(envelope: bytes) -> Iterator[bytes]:
    """The envelope with each of its bits flipped once."""
    for bit in range(8 * len(envelope)):
        changed = bytearray(envelope)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def mutations(genuine: Sequence[bytes], count: int, seed: int) -> Iterator[tuple[int, bytes]]:
    """`count` bent envelopes, each with the place of the one it was bent from; none of them is genuine."""
    dice = random.Random(seed)
    known = frozenset(genuine)
    alone = [envelope for envelope in genuine if not envelope.startswith(HEAD_OF_TWO)]
    made = 0
    while made < count:
        place = dice.randrange(len(genuine))
        ways = WAYS_OF_TWO if genuine[place].startswith(HEAD_OF_TWO) else WAYS
        bent = dice.choice(ways)(dice, genuine[place], dice.choice(alone))
        if bent not in known:
            made += 1
            yield place, bent


def _some_bits(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    changed = bytearray(envelope)
    for _ in range(dice.randint(2, 9)):
        changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def _other_octets(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    at, length = dice.randrange(len(envelope)), dice.randint(1, 8)
    return envelope[:at] + dice.randbytes(length) + envelope[at + length :]


def _octets_slipped_in(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    at = dice.randint(0, len(envelope))
    return envelope[:at] + dice.randbytes(dice.randint(1, 8)) + envelope[at:]


def _octets_cut_out(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    at = dice.randrange(len(envelope))
    return envelope[:at] + envelope[at + dice.randint(1, 16) :]


def _two_halves(dice: random.Random, envelope: bytes, other: bytes) -> bytes:
    return envelope[: dice.randrange(len(envelope))] + other[dice.randrange(len(other)) :]


def _anothers_payload(_dice: random.Random, envelope: bytes, other: bytes) -> bytes:
    return envelope[:_UNPROTECTED_AT] + b"\xa0" + cbor2.dumps(parse(other).payload) + envelope[-SIGNATURE_BYTES - 2 :]


def _anothers_signature(_dice: random.Random, envelope: bytes, other: bytes) -> bytes:
    return envelope[:-SIGNATURE_BYTES] + other[-SIGNATURE_BYTES:]


def _anothers_name(dice: random.Random, envelope: bytes, other: bytes) -> bytes:
    """The key or the algorithm of another, or of nobody."""
    at, length = dice.choice(((_KEY_ID_AT, 8), (_ALGORITHM_AT, 1)))
    named = dice.choice((other[at : at + length], dice.randbytes(length)))
    return envelope[:at] + named + envelope[at + length :]


def _mirrored(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    """Signatures that a verifier of ECDSA may take for the same one, or for one of anything."""
    head, signature = envelope[:-SIGNATURE_BYTES], envelope[-SIGNATURE_BYTES:]
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    pairs = ((r, ORDER - s), (s, r), (0, 0), (r, 0), (0, s), (ORDER, ORDER), (r, s + ORDER), (1, 1))
    new_r, new_s = dice.choice(pairs)
    if new_r in (r, s) and dice.random() < 0.1:
        return head[:-2] + cbor2.dumps(encode_dss_signature(r, s))  # as X.509 writes it
    return head + (new_r % 2**256).to_bytes(32, "big") + (new_s % 2**256).to_bytes(32, "big")


def _wrapped_anew(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    """The same signature over the same payload in another form of COSE_Sign1."""
    parsed = parse(envelope)
    parts: list[object] = [parsed.protected, {}, parsed.payload, parsed.signature]
    way = dice.randrange(6)
    if way == 0:
        return cbor2.dumps(cbor2.CBORTag(dice.choice((16, 17, 61, 98, 18 << 8)), parts))
    if way == 1:
        return cbor2.dumps(parts)  # without any tag
    if way == 2:
        parts[1] = {dice.choice((4, -1, 33, "alg")): dice.randbytes(dice.randint(0, 8))}
    elif way == 3:
        return cbor2.dumps(cbor2.CBORTag(18, parts)) + dice.randbytes(dice.randint(1, 4))
    elif way == 4:
        return _with_long_length(envelope, len(parsed.payload))
    else:
        return envelope[:1] + b"\x9f" + envelope[2:] + b"\xff"  # an array without a length
    return cbor2.dumps(cbor2.CBORTag(18, parts))


def _with_long_length(envelope: bytes, payload_bytes: int) -> bytes:
    at = _UNPROTECTED_AT + 1
    start = len(envelope) - 2 - SIGNATURE_BYTES - payload_bytes
    return envelope[:at] + b"\x5a" + payload_bytes.to_bytes(4, "big") + envelope[start:]


def _signed_by_the_forger(dice: random.Random, envelope: bytes, other: bytes) -> bytes:
    """A true signature by the wrong key, under its own name or the victim's."""
    parsed = parse(envelope)
    forged = seal(parse(other).payload, _FORGER[parsed.algorithm], dice.choice(list(Purpose)))
    if dice.random() < 0.5:
        return forged
    return forged[:_KEY_ID_AT] + parsed.key_id + forged[_KEY_ID_AT + 8 :]


def _one_of_two(dice: random.Random, envelope: bytes, _other: bytes) -> bytes:
    """What two keys signed together, by one of them: its signature twice, or alone, or both in the wrong order."""
    first, second = parse_pair(envelope).signatures
    head, kept = envelope[: len(envelope) - 2 * _ONE_OF_TWO_BYTES], dice.choice((first, second))
    parts = [envelope[-2 * _ONE_OF_TWO_BYTES : -_ONE_OF_TWO_BYTES], envelope[-_ONE_OF_TWO_BYTES:]]
    way = dice.randrange(4)
    if way == 0:
        return head + dice.choice(parts) * 2
    if way == 1:
        return head + parts[1] + parts[0]
    if way == 2:
        return head[:-1] + b"\x81" + dice.choice(parts)
    alone = [kept.protected, {}, kept.payload, kept.signature]
    return cbor2.dumps(cbor2.CBORTag(18, alone))


_BLIND: Final[tuple[Bend, ...]] = (_some_bits, _other_octets, _octets_slipped_in, _octets_cut_out, _two_halves)
WAYS_OF_TWO: Final = (*_BLIND, _one_of_two)
WAYS: Final[tuple[Bend, ...]] = (
    *_BLIND,
    _anothers_payload,
    _anothers_signature,
    _anothers_name,
    _mirrored,
    _wrapped_anew,
    _wrapped_anew,
    _signed_by_the_forger,
)
