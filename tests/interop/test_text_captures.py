"""Text telegrams of real meters, as their publishers read them: ours are the same values, or the refusal they deserve.

What a capture is follows from its own fields, not from its name, so that one more file is one more case.
"""

import pytest

from gateway.core.dlms.push.capture import read_capture
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Proof, Protection
from gateway.core.errors import CaptureRefused
from runtime.secret import Secret
from tests import captures, text_captures

_CAPTURES = text_captures.load()

pytestmark = pytest.mark.skipif(not _CAPTURES, reason="LAMPLIGHT_DATA holds no text captures: nothing real to open")


def cases(wanted):
    return [pytest.param(capture, id=capture["id"]) for capture in _CAPTURES if wanted(capture)]


def is_plain(capture):
    return not text_captures.is_sealed(capture)


def opened(octets, keys=None):
    """The only telegram."""
    (push,) = read_capture(octets, keys)
    return push


@pytest.mark.parametrize("capture", cases(text_captures.by_code))
def test_values_told_by_their_code_stand_under_that_code(capture):
    push = opened(captures.octets(capture))

    published = text_captures.by_code(capture)
    ours = text_captures.under_codes(push)
    assert {code: ours.get(code) for code in published} == published


@pytest.mark.parametrize("capture", cases(text_captures.by_name))
def test_values_told_by_a_name_are_among_ours(capture):
    push = opened(captures.octets(capture))

    ours = text_captures.told(push)
    assert [value for value in text_captures.by_name(capture) if value not in ours] == []


@pytest.mark.parametrize("capture", cases(is_plain))
def test_the_proof_is_the_crc_where_there_is_one(capture):
    push = opened(captures.octets(capture))

    assert push.proof is (Proof.CRC16 if text_captures.has_crc(capture) else Proof.NONE)


@pytest.mark.parametrize("capture", cases(lambda capture: is_plain(capture) and text_captures.has_crc(capture)))
def test_one_wrong_digit_is_refused(capture):
    octets = captures.octets(capture)
    at = octets.index(b"*") - 1

    with pytest.raises(CaptureRefused):
        read_capture(octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :], None)


@pytest.mark.parametrize("capture", cases(is_plain))
def test_half_a_telegram_is_refused(capture):
    octets = captures.octets(capture)

    with pytest.raises(CaptureRefused):
        read_capture(octets[: len(octets) // 2], None)


@pytest.mark.parametrize("capture", cases(text_captures.is_sealed))
def test_a_sealed_telegram_opens_to_the_text_it_was_made_of(capture):
    push = opened(captures.octets(capture), captures.keys(capture))

    assert push.protection is Protection.CHECKED
    assert push.readings == opened(capture["plain_telegram"].encode("ascii")).readings


@pytest.mark.parametrize("capture", cases(text_captures.is_sealed))
def test_a_sealed_telegram_opens_by_no_other_key(capture):
    with pytest.raises(CaptureRefused) as caught:
        read_capture(captures.octets(capture), PushKeys(key=Secret(bytes(16))))

    assert caught.value.kind == CaptureKind.WRONG_KEY
