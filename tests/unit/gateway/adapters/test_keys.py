"""The gateway's key: made once, for its owner's eyes only."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.adapters.keys import HeldKey, load_key, make_key, read_key
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from wire.keys import PublicKey, SoftwareSigner


def test_a_key_is_made_for_its_owners_eyes_only(tmp_path: Path) -> None:
    private, public = tmp_path / "key.pem", tmp_path / "gateway.pub.pem"

    signer = make_key(private, public)

    assert private.stat().st_mode & 0o777 == 0o600
    assert load_key(private).public == signer.public == PublicKey.from_pem(public.read_bytes())


def test_a_key_is_never_made_over_another(tmp_path: Path) -> None:
    make_key(tmp_path / "key.pem", tmp_path / "gateway.pub.pem")

    with pytest.raises(InputRefused, match="already"):
        make_key(tmp_path / "key.pem", tmp_path / "gateway.pub.pem")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    private = tmp_path / "key.pem"
    make_key(private, tmp_path / "gateway.pub.pem")
    private.chmod(mode)

    with pytest.raises(InputRefused, match="open to others"):
        load_key(private)


def test_a_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="lamplight-gateway init"):
        load_key(tmp_path / "key.pem")


def test_a_key_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentRefused, match="cannot read the key"):
        load_key(tmp_path)


def test_what_is_no_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    private = tmp_path / "key.pem"
    private.write_bytes(b"-----BEGIN PRIVATE KEY-----\nMIGH very secret\n-----END PRIVATE KEY-----\n")
    private.chmod(0o600)

    with pytest.raises(InputRefused) as refusal:
        load_key(private)

    assert "secret" not in str(refusal.value)


def test_a_key_under_a_password_is_refused(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    under = serialization.BestAvailableEncryption(b"x")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, under)
    write_atomically(tmp_path / "key.pem", pem)

    with pytest.raises(InputRefused, match="private key"):
        load_key(tmp_path / "key.pem")


@given(data=st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda tail: b"held by tpm2\n" + tail)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_octets_are_no_key_and_are_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    private = tmp_path / "key.pem"
    private.write_bytes(data)
    private.chmod(0o600)

    with pytest.raises(InputRefused, match="no P-256 or Ed25519 private key"):
        read_key(private)


def test_a_key_in_hardware_is_told_by_who_holds_it_and_by_its_public_half(tmp_path: Path) -> None:
    private, held = tmp_path / "key.pem", HeldKey(keeper="tpm2", public=SoftwareSigner.generate().public)
    write_atomically(private, held.to_file())

    assert read_key(private) == held
    with pytest.raises(InputRefused, match="held by tpm2"):
        load_key(private)
