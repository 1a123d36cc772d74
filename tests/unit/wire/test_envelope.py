"""The envelope in its one form; every freedom that COSE leaves is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.envelope import MAX_ENVELOPE_BYTES, Purpose, link_hash, parse, seal, verify
from wire.keys import Algorithm, PublicKey, SoftwareSigner
from wire.refusals import EnvelopeRefused, Reason

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNER = SoftwareSigner.generate()
SEALED = seal(b"payload", SIGNER, Purpose.EVENT)


def refusal(envelope, key=SIGNER.public, purpose=Purpose.EVENT):
    with pytest.raises(EnvelopeRefused) as caught:
        verify(parse(envelope), key, purpose)
    return caught.value.reason


@pytest.mark.parametrize("algorithm", Algorithm)
@pytest.mark.parametrize("size", [0, 23, 24, 255, 256, 59_000])
def test_what_is_sealed_opens_with_the_right_key(algorithm, size):
    signer = SoftwareSigner.generate(algorithm)
    payload = b"x" * size

    parsed = parse(seal(payload, signer, Purpose.EVENT))

    verify(parsed, signer.public, Purpose.EVENT)
    assert parsed.payload == payload


def test_signing_twice_gives_the_same_bytes_so_that_a_resend_is_a_resend():
    assert seal(b"payload", SIGNER, Purpose.EVENT) == SEALED


def test_an_event_does_not_pass_as_a_receipt():
    assert refusal(SEALED, purpose=Purpose.RECEIPT) is Reason.BAD_SIGNATURE


def test_a_strange_key_is_refused_before_its_signature_is_looked_at():
    assert refusal(SEALED, key=SoftwareSigner.generate().public) is Reason.UNKNOWN_KEY


def test_the_algorithm_is_the_keys_and_not_the_headers():
    other = SEALED.replace(b"\xa2\x01\x28\x04", b"\xa2\x01\x32\x04")

    assert refusal(other) is Reason.WRONG_KEY


def test_the_mirrored_ecdsa_signature_is_refused():
    high_s = ORDER - int.from_bytes(SEALED[-32:], "big")

    assert refusal(SEALED[:-32] + high_s.to_bytes(32, "big")) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("why", "change"),
    [
        ("trailing bytes", lambda e: e + b"\0"),
        ("a byte missing", lambda e: e[:-1]),
        ("no tag", lambda e: e[1:]),
        ("the tag of a COSE_Sign", lambda e: b"\xd8\x62" + e[1:]),
        ("an unprotected header", lambda e: e[:16] + b"\xa1\x04\x40" + e[17:]),
        ("a payload length in more bytes than it needs", lambda e: e[:17] + b"\x58\x07" + e[18:]),
        ("a detached payload", lambda e: e[:17] + b"\xf6" + e[25:]),
        ("a payload that claims more than there is", lambda e: e[:17] + b"\x59\xff\xff" + e[18:]),
        ("an algorithm nobody allowed (ES256)", lambda e: e.replace(b"\xa2\x01\x28\x04", b"\xa2\x01\x26\x04")),
        ("nothing", lambda _: b""),
    ],
)
def test_a_re_wrapped_envelope_is_refused(why, change):
    assert refusal(change(SEALED)) in {Reason.NOT_AN_ENVELOPE, Reason.ALGORITHM}


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_and_never_crash(data):
    assert refusal(data) is not None


def test_an_envelope_over_the_limit_is_neither_made_nor_taken():
    with pytest.raises(EnvelopeRefused, match="too large"):
        seal(b"x" * MAX_ENVELOPE_BYTES, SIGNER, Purpose.EVENT)
    assert refusal(b"\xd2" * (MAX_ENVELOPE_BYTES + 1)) is Reason.TOO_LARGE


def test_the_chain_hash_is_of_what_was_signed():
    other_payload = seal(b"other", SIGNER, Purpose.EVENT)

    assert len(link_hash(parse(SEALED))) == 16
    assert link_hash(parse(SEALED)) != link_hash(parse(other_payload))


def test_keys_survive_their_files_and_never_show_the_private_half():
    pem = SIGNER.to_pem()

    again = SoftwareSigner.from_pem(pem)

    assert again.public == SIGNER.public == PublicKey.from_pem(SIGNER.public.to_pem())
    assert again.public == PublicKey.from_spki(SIGNER.public.spki)
    assert "PRIVATE" not in repr(again) + repr(vars(SoftwareSigner))
    assert str(int.from_bytes(pem, "big")) not in repr(again)


def test_a_key_of_another_kind_is_refused():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    foreign = ec.generate_private_key(ec.SECP384R1())
    spki = foreign.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )

    with pytest.raises(ValueError, match="neither P-256 nor Ed25519"):
        PublicKey.from_spki(spki)
