"""An independent COSE library reads what we write, and we read what it writes: the envelope is COSE, not a likeness."""

import cbor2
import cwt
import pytest

from tests.unit.wire.golden import FOLDER, SIGNERS, stored, stored_pair
from wire.cosigned import parse_pair
from wire.envelope import Purpose, parse, verify

STORED = stored()
ALGORITHMS = {"P-256": "ESP256", "Ed25519": "Ed25519"}


@pytest.mark.parametrize("row", STORED, ids=lambda row: row.name)
def test_the_independent_library_verifies_every_golden_vector(row):
    payload = cwt.COSE.new().decode(row.envelope, _their(row.key), external_aad=Purpose[row.purpose.upper()].value)

    assert payload == parse(row.envelope).payload


@pytest.mark.parametrize("signer", SIGNERS)
def test_the_independent_library_verifies_each_signature_of_a_cosigned_command(signer):
    row = stored_pair()

    payload = cwt.COSE.new().decode(row.envelope, _their(signer), external_aad=Purpose.COMMAND.value)

    assert payload == parse_pair(row.envelope).payload


def test_the_independent_library_refuses_it_for_another_purpose():
    row = STORED[0]
    key = _their(row.key)

    with pytest.raises(cwt.VerifyError):
        cwt.COSE.new().decode(row.envelope, key, external_aad=Purpose.RECEIPT.value)


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


def _their(key):
    """The library's own form of a public key."""
    pem = (FOLDER / f"{key}.pem").read_text()
    return cwt.COSEKey.from_pem(pem, alg=ALGORITHMS[key], kid=SIGNERS[key].public.key_id)
