"""Seals: opened with the right keys, and refused with any other, which is told apart."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.push import notification, sealed
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Protection
from gateway.core.errors import CaptureRefused, Undecodable
from runtime.secret import Secret
from tests.fakes_meter import octets, structure, u32
from tests.fakes_push_octets import AUTH_KEY, KEY, TITLE, seal, with_length
from tests.fakes_push_octets import notification as a_notification

APDU = a_notification(structure(octets(bytes((1, 0, 1, 8, 0, 255))), u32(5)))
OTHER = Secret(b"\x55" * 16)
BOTH = PushKeys(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
ONE = PushKeys(key=Secret(KEY))


def unseal(apdu, keys):
    return sealed.unseal(apdu, keys, notification.looks_right)


def refusal_of(apdu, keys):
    with pytest.raises(CaptureRefused) as refused:
        unseal(apdu, keys)
    return refused.value


@pytest.mark.parametrize("tag", [0xDB, 0xDC])
@pytest.mark.parametrize(
    ("control", "keys", "protection"),
    [
        (0x30, BOTH, Protection.CHECKED),
        (0x30, ONE, Protection.UNCHECKED),
        (0x31, BOTH, Protection.CHECKED),
        (0x70, BOTH, Protection.CHECKED),
        (0x20, BOTH, Protection.UNCHECKED),
        (0x20, ONE, Protection.UNCHECKED),
        (0x10, BOTH, Protection.CHECKED),
        (0x10, ONE, Protection.UNCHECKED),
        (0x10, None, Protection.UNCHECKED),
    ],
)
def test_the_security_control_octet_is_obeyed(tag, control, keys, protection):
    opened = unseal(seal(APDU, control=control, tag=tag), keys)

    assert (opened.apdu, opened.sender, opened.counter, opened.protection) == (APDU, TITLE, 35, protection)


def test_suite_2_takes_keys_of_32_octets():
    long_key, long_auth_key = bytes(range(32)), bytes(range(32, 64))
    keys = PushKeys(key=Secret(long_key), auth_key=Secret(long_auth_key))

    opened = unseal(seal(APDU, control=0x32, key=long_key, auth_key=long_auth_key), keys)

    assert (opened.apdu, opened.protection) == (APDU, Protection.CHECKED)


@pytest.mark.parametrize(
    ("control", "keys", "why"),
    [
        (0x30, PushKeys(key=OTHER, auth_key=Secret(AUTH_KEY)), "the encryption key is another"),
        (0x30, PushKeys(key=Secret(KEY), auth_key=OTHER), "the authentication key is another"),
        (0x30, PushKeys(key=OTHER), "the encryption key is another"),
        (0x20, PushKeys(key=OTHER), "the encryption key is another"),
        (0x20, PushKeys(key=OTHER, auth_key=OTHER), "the encryption key is another"),
        (0x10, PushKeys(key=OTHER, auth_key=Secret(AUTH_KEY)), "one of the two keys is another"),
        (0x32, BOTH, "suite 2 has keys of 32 octets, this encryption key has 16"),
    ],
)
def test_a_wrong_key_is_told_apart(control, keys, why):
    sealed_apdu = seal(APDU, control=control)

    refused = refusal_of(sealed_apdu, keys)

    assert refused.kind is CaptureKind.WRONG_KEY
    assert why in refused.what


@pytest.mark.parametrize(
    ("apdu", "keys", "why"),
    [
        (seal(APDU), None, "this is ciphered"),
        (seal(APDU, control=0x33), BOTH, "suite 3"),
        (seal(APDU, control=0xB0), BOTH, "compressed"),
        (seal(APDU, tag=0xCA), BOTH, "does not say by whom"),
        (b"\xdd" + bytes(40), BOTH, "general-ciphering"),
        (b"\xdf" + bytes(40), BOTH, "general-signing"),
    ],
)
def test_what_is_not_opened_says_why(apdu, keys, why):
    refused = refusal_of(apdu, keys)

    assert refused.kind is CaptureKind.CIPHERED
    assert why in refused.what


@pytest.mark.parametrize("tag", [0xCA, 0xD2])
def test_a_seal_without_a_sender_is_opened_where_the_sender_is_named(tag):
    keys = PushKeys(key=Secret(KEY), auth_key=Secret(AUTH_KEY), system_title=TITLE)

    assert unseal(seal(APDU, tag=tag), keys).apdu == APDU


def test_a_message_that_was_changed_is_refused():
    changed = bytearray(seal(APDU))
    changed[-20] ^= 1

    assert refusal_of(bytes(changed), BOTH).kind is CaptureKind.WRONG_KEY


def test_what_is_not_protected_needs_no_key():
    opened = unseal(b"\xdb" + with_length(TITLE) + with_length(bytes(5) + APDU), None)

    assert (opened.apdu, opened.protection) == (APDU, Protection.NONE)


def test_keys_show_themselves_nowhere():
    assert KEY.hex() not in repr(BOTH)
    assert AUTH_KEY.hex() not in str(refusal_of(seal(APDU), PushKeys(key=OTHER, auth_key=Secret(AUTH_KEY))))


KEYS = st.sampled_from([None, ONE, BOTH])


@given(body=st.binary(max_size=80), tag=st.sampled_from([0xDB, 0xDC, 0xDD, 0xCA]), keys=KEYS)
def test_any_octets_are_opened_or_refused(body, tag, keys):
    with contextlib.suppress(Undecodable):
        assert isinstance(unseal(bytes([tag]) + body, keys).apdu, bytes)
