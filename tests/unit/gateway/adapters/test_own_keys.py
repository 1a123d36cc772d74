"""A change of keys that is cut off anywhere leaves one key that signs, and the journal says which."""

from pathlib import Path

import pytest

from gateway.adapters.keys import make_key
from gateway.adapters.own_keys import KeyFiles, OwnKeys, check_signs, load_own_keys, settle, stage
from runtime.errors import EnvironmentRefused, InputRefused
from tests.fakes_hardware import FakeKeeper
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    files = KeyFiles(
        signing=tmp_path / "key.pem", sealing=tmp_path / "sealing-key.pem", public=tmp_path / "gateway.pub.pem"
    )
    make_key(files.signing, files.public)
    return files


def loaded(files: KeyFiles) -> OwnKeys:
    return load_own_keys(files, FakeKeeper().of)


def test_a_gateway_of_one_key_signs_and_seals_with_it_and_is_named_by_it(files: KeyFiles) -> None:
    keys = loaded(files)

    assert keys.signer.public == keys.sealing.public == keys.first
    assert keys.gateway == gateway_id_of(keys.first.spki)


def test_a_key_that_waits_changes_nothing(files: KeyFiles) -> None:
    before = loaded(files)

    stage(files, before, "file", None)

    after = loaded(files)
    assert (after.signer.public, after.sealing.public, after.first) == (before.first, before.first, before.first)
    assert files.staged.stat().st_mode & 0o777 == files.sealing.stat().st_mode & 0o777 == 0o600


def test_an_announced_key_signs_and_the_first_goes_on_sealing_and_naming(files: KeyFiles) -> None:
    before = loaded(files)
    new = stage(files, before, "file", None)

    settle(files, new.public.key_id.hex())

    after = loaded(files)
    assert (after.signer.public, after.sealing.public, after.first) == (new.public, before.first, before.first)
    assert after.gateway == before.gateway
    assert not files.staged.exists()


@pytest.mark.parametrize("announced", [None, "0011223344556677"])
def test_a_key_that_was_never_announced_is_thrown_away(files: KeyFiles, announced: str | None) -> None:
    before = loaded(files)
    stage(files, before, "file", None)

    settle(files, announced)

    assert loaded(files).signer.public == before.first
    assert not files.staged.exists()


def test_what_was_sealed_under_the_first_key_opens_after_two_changes(files: KeyFiles) -> None:
    sealed = loaded(files).sealing.derive(b"purpose")

    for _ in range(2):
        settle(files, stage(files, loaded(files), "file", None).public.key_id.hex())

    assert loaded(files).sealing.derive(b"purpose") == sealed


def test_the_name_stays_where_the_public_key_was_handed_out_and_deleted(files: KeyFiles) -> None:
    before = loaded(files)
    files.public.unlink()

    settle(files, stage(files, loaded(files), "file", None).public.key_id.hex())

    assert loaded(files).gateway == before.gateway


def test_an_older_key_than_the_journals_is_refused(files: KeyFiles) -> None:
    key = loaded(files).signer.public

    check_signs(key, None, files.signing)
    check_signs(key, key.key_id.hex(), files.signing)
    with pytest.raises(InputRefused, match=r"signed with key 0011223344556677 since.*restore the key"):
        check_signs(key, "0011223344556677", files.signing)


def test_a_public_key_that_is_none_is_refused(files: KeyFiles) -> None:
    files.public.write_text("none")

    with pytest.raises(InputRefused, match="no P-256 or Ed25519 public key"):
        loaded(files)


def test_a_key_that_cannot_be_put_in_place_is_told(files: KeyFiles) -> None:
    new = stage(files, loaded(files), "file", None)
    files.signing.unlink()
    files.signing.mkdir()

    with pytest.raises(EnvironmentRefused, match="cannot put the key in place"):
        settle(files, new.public.key_id.hex())


def test_keys_show_themselves_in_no_repr(files: KeyFiles) -> None:
    keys = loaded(files)

    assert SoftwareSigner.__name__ in repr(keys)
    assert "PRIVATE" not in repr(keys)
