"""What passes ciphered is opened for whoever looks on with both keys, and for nobody else."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.trace.opening import opener
from runtime.secret import Secret

KEY, AUTH_KEY, OTHER = bytes(range(16)), bytes(range(16, 32)), bytes(16)
TITLE, COUNTER, PLAIN = b"LMP00001", bytes(4), bytes.fromhex("c001c100080000010000ff0200")
SURPLUS_TAG_BYTES = 4  # a tag has twelve octets here, of the sixteen that AES-GCM makes


def sealed(control=b"\x30"):
    whole = AESGCM(KEY).encrypt(TITLE + COUNTER, PLAIN, control + AUTH_KEY)
    return control + COUNTER + whole[:-SURPLUS_TAG_BYTES]


def test_with_both_keys_it_is_shown():
    assert opener(Secret(KEY), Secret(AUTH_KEY))(TITLE, sealed()) == PLAIN


@pytest.mark.parametrize(("key", "auth_key"), [(OTHER, AUTH_KEY), (KEY, OTHER), (KEY[:8], AUTH_KEY)])
def test_with_a_wrong_key_nothing_is_shown(key, auth_key):
    assert opener(Secret(key), Secret(auth_key))(TITLE, sealed()) is None


@pytest.mark.parametrize("title", [b"", b"LMP00002", b"LMP"])
def test_of_somebody_else_nothing_is_shown(title):
    assert opener(Secret(KEY), Secret(AUTH_KEY))(title, sealed()) is None


def test_what_no_tag_vouches_for_is_not_shown():
    assert opener(Secret(KEY), Secret(AUTH_KEY))(TITLE, b"\x20" + sealed()[1:]) is None


@given(st.binary(max_size=64), st.binary(max_size=16))
def test_whatever_is_no_seal_gives_nothing(octets, title):
    assert opener(Secret(KEY), Secret(AUTH_KEY))(title, octets) is None
