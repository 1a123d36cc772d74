"""An independent COSE library reads what we write, and we read what it writes: the envelope is COSE, not a likeness."""

import json

import cbor2
import cwt
import pytest

from tests.unit.wire.golden import FILE, SIGNERS
from wire.envelope import Purpose, parse, verify

STORED = json.loads(FILE.read_text())
ALGORITHMS = {"P-256": "ESP256", "Ed25519": "Ed25519"}


@pytest.mark.parametrize("row", STORED["vectors"], ids=lambda row: f"{row['key']}-{row.get('event', 'Receipt')}")
def test_the_independent_library_verifies_every_golden_vector(row):
    pem = STORED["public_keys"][row["key"]]
    key_id = SIGNERS[row["key"]].public.key_id
    key = cwt.COSEKey.from_pem(pem, alg=ALGORITHMS[row["key"]], kid=key_id)
    envelope = bytes.fromhex(row["envelope"])

    payload = cwt.COSE.new().decode(envelope, key, external_aad=Purpose[row["purpose"].upper()].value)

    assert payload == parse(envelope).payload


def test_the_independent_library_refuses_it_for_another_purpose():
    row = STORED["vectors"][0]
    key_id = SIGNERS[row["key"]].public.key_id
    key = cwt.COSEKey.from_pem(STORED["public_keys"][row["key"]], alg=ALGORITHMS[row["key"]], kid=key_id)

    with pytest.raises(cwt.VerifyError):
        cwt.COSE.new().decode(bytes.fromhex(row["envelope"]), key, external_aad=Purpose.RECEIPT.value)


def test_we_verify_what_the_independent_library_signs():
    signer = SIGNERS["Ed25519"]
    pem = signer.to_pem().decode()
    key = cwt.COSEKey.from_pem(pem, alg="Ed25519", kid=signer.public.key_id)

    theirs = cwt.COSE.new().encode_and_sign(
        b"payload",
        key,
        protected={1: -19, 4: signer.public.key_id},
        unprotected={},
        external_aad=Purpose.EVENT.value,
    )

    verify(parse(theirs), signer.public, Purpose.EVENT)
    assert cbor2.loads(theirs).value[2] == b"payload"
