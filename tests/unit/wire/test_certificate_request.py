"""A request for a certificate: both keys vouch for it, and nothing else is one."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from wire.certificate_request import (
    MAX_REQUEST_BYTES,
    CertificateRequest,
    armoured,
    find_armoured,
    open_request,
    seal_request,
)
from wire.codec import encode
from wire.envelope import Purpose, seal
from wire.fields import pack
from wire.ids import GatewayId, gateway_id_of
from wire.keys import Algorithm, SoftwareSigner
from wire.refusals import Reason, WireRefused

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
TLS_KEY = ec.generate_private_key(ec.SECP256R1())
REQUEST = seal_request(TLS_KEY, SIGNER, GATEWAY)


def refusal(envelope, key=SIGNER.public, gateway=GATEWAY):
    with pytest.raises(WireRefused) as refused:
        open_request(envelope, key, gateway)
    return refused.value.reason


def saying(pkcs10, *, gateway=GATEWAY, purpose=Purpose.CERTIFICATE):
    return seal(encode(pack(CertificateRequest(gateway=gateway, pkcs10=pkcs10))), SIGNER, purpose)


def pkcs10_of(key):
    request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_request_brings_the_tls_key_that_the_gateway_vouched_for(algorithm):
    signer = SoftwareSigner.generate(algorithm)
    gateway = gateway_id_of(signer.public.spki)

    request = seal_request(TLS_KEY, signer, gateway)

    assert open_request(request, signer.public, gateway) == TLS_KEY.public_key()
    assert len(request) < MAX_REQUEST_BYTES / 4


def test_the_same_keys_give_the_same_request():
    assert seal_request(TLS_KEY, SIGNER, GATEWAY) == REQUEST


def test_another_gateways_request_is_refused():
    assert refusal(REQUEST, key=SoftwareSigner.generate().public) is Reason.UNKNOWN_KEY
    assert refusal(REQUEST, gateway=GatewayId("7Z0M4QDA")) is Reason.WRONG_GATEWAY
    assert refusal(saying(pkcs10_of(TLS_KEY), gateway="7Z0M4QDA")) is Reason.WRONG_GATEWAY


def test_a_signature_for_another_purpose_is_no_request():
    assert refusal(saying(pkcs10_of(TLS_KEY), purpose=Purpose.EVENT)) is Reason.BAD_SIGNATURE


def test_a_tls_key_that_the_sender_does_not_hold_is_refused():
    pkcs10 = bytearray(pkcs10_of(TLS_KEY))
    pkcs10[-1] ^= 1

    assert refusal(saying(bytes(pkcs10))) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("pkcs10", [b"", b"\x30\x80", pkcs10_of(TLS_KEY)[:-5]])
def test_what_is_no_pkcs10_is_refused(pkcs10):
    assert refusal(saying(pkcs10 or b"\0")) is Reason.NOT_A_RECORD


def test_a_tls_key_of_another_curve_is_refused():
    assert refusal(saying(pkcs10_of(ec.generate_private_key(ec.SECP384R1())))) is Reason.ALGORITHM


def test_one_too_long_is_refused_unread():
    assert refusal(REQUEST + bytes(MAX_REQUEST_BYTES)) is Reason.TOO_LARGE


def test_it_stands_in_a_text_beside_the_public_key():
    text = b"from the cupboard:\r\n" + SIGNER.public.to_pem() + armoured(REQUEST).replace(b"\n", b"\r\n") + b"bye"

    assert find_armoured(text) == REQUEST
    assert find_armoured(SIGNER.public.to_pem()) is None
    assert max(map(len, armoured(REQUEST).splitlines())) < 80


@pytest.mark.parametrize("at", range(0, len(REQUEST), 7))
def test_no_flipped_bit_passes(at):
    bent = bytearray(REQUEST)
    bent[at] ^= 1 << at % 8

    with pytest.raises(WireRefused):
        open_request(bytes(bent), SIGNER.public, GATEWAY)


@given(pkcs10=st.binary(min_size=1, max_size=400), text=st.binary(max_size=400))
def test_any_octets_are_refused_in_our_own_words(pkcs10, text):
    label = b"LAMPLIGHT CERTIFICATE REQUEST-----"
    found = find_armoured(b"-----BEGIN " + label + text + b"-----END " + label)

    assert refusal(saying(pkcs10)) in {Reason.NOT_A_RECORD, Reason.ALGORITHM, Reason.BAD_SIGNATURE}
    assert refusal(text)
    assert found is None or refusal(found)
