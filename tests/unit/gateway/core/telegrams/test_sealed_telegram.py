"""Sealed telegrams: which key opens them, and what vouches for the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Protection, Push
from gateway.core.errors import CaptureRefused
from gateway.core.telegrams.p1 import TelegramStream, read_telegrams
from runtime.secret import Secret
from tests.fakes_telegrams import AUTH_KEY, KEY, TITLE, sealed, telegram

TEXT = telegram("1-3:0.2.8(50)", *(f"1-0:1.8.{tariff}(000004.426*kWh)" for tariff in range(20)))
KEYS = PushKeys(key=Secret(KEY))
BOTH = PushKeys(key=Secret(KEY), auth_key=Secret(AUTH_KEY))


def refused(capture, keys):
    with pytest.raises(CaptureRefused) as caught:
        read_telegrams(capture, keys)
    return caught.value


@pytest.mark.parametrize("length", ["82", ""])
def test_the_public_authentication_key_is_tried_where_none_is_given(length):
    (push,) = read_telegrams(sealed(TEXT, length=length), KEYS)

    assert (push.protection, push.proof, push.sender) == (Protection.CHECKED, Proof.TAG, TITLE.hex())
    assert len(push.readings) == 21


def test_the_meters_own_authentication_key_is_checked():
    (push,) = read_telegrams(sealed(TEXT, auth_key=AUTH_KEY), BOTH)

    assert push.protection is Protection.CHECKED


def test_without_the_authentication_key_the_text_goes_unchecked_and_its_crc_vouches_for_it():
    (push,) = read_telegrams(sealed(TEXT, auth_key=AUTH_KEY), KEYS)

    assert (push.protection, push.proof) == (Protection.UNCHECKED, Proof.CRC16)


def test_no_key_a_wrong_key_and_a_wrong_authentication_key_are_told_apart():
    without, wrong, wrong_auth = (refused(sealed(TEXT), keys) for keys in (None, PushKeys(key=Secret(bytes(16))), BOTH))

    assert without.kind == CaptureKind.CIPHERED
    assert wrong.kind == wrong_auth.kind == CaptureKind.WRONG_KEY
    assert "the encryption key is another" in wrong.what
    assert "the authentication key is another" in wrong_auth.what


def test_a_damaged_one_is_refused():
    octets = bytearray(sealed(TEXT, auth_key=AUTH_KEY))
    octets[200] ^= 1

    assert "CRC does not hold" in refused(bytes(octets), KEYS).what
    assert "somebody changed the message" in refused(bytes(octets), BOTH).what


@pytest.mark.parametrize("kept", [4, 11, 14, 30, 200])
def test_one_that_is_cut_off_is_refused(kept):
    assert refused(sealed(TEXT)[:kept], KEYS).kind == CaptureKind.DAMAGED


def test_one_after_the_other_comes_out_of_a_stream():
    stream, octets = TelegramStream(KEYS), sealed(TEXT) * 2

    found = stream.feed(octets[:100]) + stream.feed(octets[100:700]) + stream.feed(octets[700:])

    assert [item.protection for item in found] == [Protection.CHECKED] * 2


def test_keys_show_themselves_nowhere():
    assert KEY.hex() not in repr(BOTH)
    assert AUTH_KEY.hex() not in repr(BOTH)


@given(st.binary(max_size=120))
def test_any_octets_are_opened_or_refused(octets):
    stream = TelegramStream(KEYS)

    found = (*stream.feed(b"\xdb\x08" + octets), *stream.flush())

    assert all(isinstance(item, Push | CaptureRefused) for item in found)
