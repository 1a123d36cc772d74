"""The examples of the standard (Green Book, tables of suite 0), octet for octet; and what does not check out."""

import pytest

from runtime.secret import Secret
from simulators.meter import security
from simulators.meter.security import Keys, NotOpened
from tests.fakes_access import KEYS

CLIENT, SERVER = bytes.fromhex("4d4d4d0000000001"), bytes.fromhex("4d4d4d0000bc614e")
INITIATE = bytes.fromhex("01011000112233445566778899aabbccddeeff0000065f1f0400007e1f04b0")
SEALED = bytes.fromhex(
    "3001234567801302ff8a7874133d414ced25b42534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855"
)
PROOF = bytes.fromhex("10000000011a52fe7dd3e72748973c1e28")


def test_a_proposal_is_ciphered_as_the_standard_shows() -> None:
    assert security.seal(KEYS, SERVER, 0x01234567, INITIATE) == SEALED
    assert security.unseal(KEYS, SERVER, SEALED) == (0x01234567, INITIATE)


def test_both_proofs_are_those_of_the_standard() -> None:
    assert security.prove(KEYS, CLIENT, 1, b"P6wRJ21F") == PROOF
    assert security.prove(KEYS, SERVER, 0x01234567, b"K56iVagY").hex() == "1001234567fe1466afb3dbcd4f9389e2b7"
    assert security.check_proof(KEYS, CLIENT, PROOF, b"P6wRJ21F") == 1


@pytest.mark.parametrize("place", range(0, len(SEALED), 5))
def test_a_flipped_bit_anywhere_opens_nothing(place: int) -> None:
    spoilt = bytearray(SEALED)
    spoilt[place] ^= 1

    with pytest.raises(NotOpened):
        security.unseal(KEYS, SERVER, bytes(spoilt))


@pytest.mark.parametrize("octets", [b"", SEALED[:16], b"\x30" + bytes(15)])
def test_what_is_cut_off_opens_nothing(octets: bytes) -> None:
    with pytest.raises(NotOpened):
        security.unseal(KEYS, SERVER, octets)


@pytest.mark.parametrize("which", ["encryption", "authentication"])
def test_either_wrong_key_opens_and_proves_nothing(which: str) -> None:
    right = {"encryption": KEYS.encryption, "authentication": KEYS.authentication}
    keys = Keys(**(right | {which: Secret(bytes(16))}))

    with pytest.raises(NotOpened):
        security.unseal(keys, SERVER, SEALED)
    with pytest.raises(NotOpened):
        security.check_proof(keys, CLIENT, PROOF, b"P6wRJ21F")


@pytest.mark.parametrize("proof", [b"", PROOF[:-1], PROOF + b"\0", b"\x30" + PROOF[1:]])
def test_a_proof_of_another_form_proves_nothing(proof: bytes) -> None:
    with pytest.raises(NotOpened):
        security.check_proof(KEYS, CLIENT, proof, b"P6wRJ21F")


def test_keys_show_themselves_in_no_repr() -> None:
    assert "0001" not in repr(KEYS)
    assert "\\x" not in repr(KEYS)
