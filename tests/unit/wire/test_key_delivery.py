"""A meter's keys on their way: only the cloud hands them in, only their gateway opens them, and nobody mixes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.codec import decode, encode
from wire.envelope import Purpose, parse, seal
from wire.ids import gateway_id_of
from wire.key_delivery import DeliveredSecrets, open_delivery, seal_delivery
from wire.keys import Algorithm, SoftwareSigner
from wire.refusals import Reason, WireRefused

CLOUD, GATEWAY, STRANGER = (SoftwareSigner.generate() for _ in range(3))
NAME = gateway_id_of(GATEWAY.public.spki)
SECRETS = DeliveredSecrets(key=bytes(range(16)), auth_key=bytes(range(16, 32)), wrapped_key=bytes(24))


def sealed(secrets=SECRETS, recipient=GATEWAY, signer=CLOUD, meter="LMP10000001", number=7):
    return seal_delivery(
        secrets, recipient.public, signer, gateway=NAME, meter=meter, number=number, until_ms=1_800_000_000_000
    )


def refusal(envelope, cloud=CLOUD, gateway=GATEWAY, name=NAME):
    with pytest.raises(WireRefused) as refused:
        open_delivery(envelope, cloud.public, name, gateway)
    return refused.value.reason


def test_the_gateway_it_is_for_opens_it():
    delivery, secrets = open_delivery(sealed(), CLOUD.public, NAME, GATEWAY)

    assert secrets == SECRETS
    assert (delivery.gateway, delivery.meter, delivery.number) == (NAME, "LMP10000001", 7)


def test_nobody_on_the_way_sees_a_key():
    envelope = sealed()

    assert SECRETS.key not in envelope
    assert SECRETS.auth_key not in envelope
    assert sealed() != envelope


def test_no_secret_is_in_a_repr():
    shown = repr(open_delivery(sealed(), CLOUD.public, NAME, GATEWAY))

    assert "x00" not in shown
    assert "x10" not in shown


def test_nobody_but_the_cloud_hands_keys_in():
    assert refusal(sealed(signer=STRANGER)) is Reason.UNKNOWN_KEY


def test_a_delivery_for_another_gateway_is_refused_by_name():
    assert refusal(sealed(), name=gateway_id_of(STRANGER.public.spki)) is Reason.WRONG_GATEWAY


def test_what_was_encrypted_to_another_key_does_not_open():
    assert refusal(sealed(recipient=STRANGER)) is Reason.NOT_A_RECORD


@pytest.mark.parametrize(("field", "value"), [(3, "LMP10000002"), (4, 8), (5, 1_900_000_000_000)])
def test_a_delivery_put_together_anew_does_not_open_even_if_the_cloud_signed_it(field, value):
    payload = decode(parse(sealed()).payload)

    mixed = seal(encode({**payload, field: value}), CLOUD, Purpose.KEYS)

    assert refusal(mixed) is Reason.NOT_A_RECORD


def test_a_receipt_is_no_delivery():
    assert refusal(seal(parse(sealed()).payload, CLOUD, Purpose.RECEIPT)) is Reason.BAD_SIGNATURE


def test_a_gateway_whose_key_only_signs_cannot_be_sealed_to():
    with pytest.raises(ValueError, match="only signs"):
        sealed(recipient=SoftwareSigner.generate(Algorithm.ED25519))


@given(st.binary(max_size=400))
def test_anything_else_is_refused(octets):
    assert refusal(octets) in Reason


@given(st.integers(0, 8 * len(sealed()) - 1))
def test_any_flipped_bit_is_refused(bit):
    envelope = bytearray(sealed())
    bit %= 8 * len(envelope)
    envelope[bit // 8] ^= 1 << bit % 8

    assert refusal(bytes(envelope)) in Reason
