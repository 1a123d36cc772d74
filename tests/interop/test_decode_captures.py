"""Captures of real meters, as their publishers opened them: ours are the same values, or a typed refusal they deserve.

What a capture is follows from its own octets, not from its name, so that one more file is one more case. Text
telegrams have tests of their own.
"""

import json

import pytest

from gateway.adapters.list_layouts import load_layouts
from gateway.core.dlms.push.capture import read_capture
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import EventKind, Protection
from gateway.core.errors import CaptureRefused
from runtime.secret import Secret
from tests import captures

_CAPTURES = [capture for capture in captures.load() if capture["kind"] in captures.DLMS_KINDS]
_SESSIONS = captures.load("dlms-captures/sessions")
LAYOUTS = load_layouts()

pytestmark = pytest.mark.skipif(not _CAPTURES, reason="LAMPLIGHT_DATA holds no dlms-captures: nothing real to open")


def cases(wanted):
    return [pytest.param(capture, id=capture["id"]) for capture in _CAPTURES if wanted(capture)]


def is_sound(capture):
    return not captures.is_damaged(capture)


def is_event(capture):
    return "event" in capture["expected"]


def is_sealed(capture):
    return "encryption_key_hex" in capture and is_sound(capture)


def is_tagged(capture):
    return is_sealed(capture) and "authentication_key_hex" in capture


def is_plain_hdlc(capture):
    return captures.octets(capture)[:1] == b"\x7e" and "encryption_key_hex" not in capture and is_sound(capture)


def opened(capture, keys):
    """The only push of the capture."""
    (push,) = read_capture(captures.octets(capture), keys, LAYOUTS)
    return push


def refusal_of(capture, keys):
    with pytest.raises(CaptureRefused) as refused:
        read_capture(captures.octets(capture), keys, LAYOUTS)
    return refused.value.kind


@pytest.mark.parametrize("capture", cases(lambda capture: is_sound(capture) and not is_event(capture)))
def test_a_push_gives_the_values_its_publisher_gives(capture):
    push = opened(capture, captures.keys(capture))

    published = captures.published(capture)
    assert {name: captures.found(push, name) for name in published} == published


@pytest.mark.parametrize("capture", cases(lambda capture: "meter_datetime" in capture["expected"]))
def test_a_push_was_sent_when_its_publisher_says(capture):
    assert opened(capture, None).sent_at.text() == capture["expected"]["meter_datetime"]


@pytest.mark.parametrize("capture", cases(is_event))
def test_an_event_is_named_with_who_tells_it_and_when(capture):
    push, expected = opened(capture, None), capture["expected"]

    assert push.event.kind is EventKind[expected["event"]]
    assert (push.sender, push.sent_at.encode().hex()) == (expected["equipment_identifier"], expected["date_time"])


@pytest.mark.parametrize("capture", cases(captures.is_damaged))
def test_a_capture_whose_checksums_do_not_hold_is_refused_as_damaged(capture):
    assert refusal_of(capture, captures.keys(capture)) in (CaptureKind.HDLC_DAMAGED, CaptureKind.M_BUS_DAMAGED)


@pytest.mark.parametrize("capture", cases(is_sealed))
def test_a_ciphered_push_without_a_key_is_refused_as_such(capture):
    assert refusal_of(capture, None) is CaptureKind.CIPHERED


@pytest.mark.parametrize("capture", cases(is_sealed))
def test_a_ciphered_push_with_another_key_is_refused_as_such(capture):
    assert refusal_of(capture, PushKeys(key=Secret(bytes(16)))) is CaptureKind.WRONG_KEY


@pytest.mark.parametrize("capture", cases(is_tagged))
def test_a_tag_is_checked_where_the_authentication_key_is_known(capture):
    keys = captures.keys(capture)

    with_both, with_one = opened(capture, keys), opened(capture, PushKeys(key=keys.key))

    assert (with_both.protection, with_one.protection) == (Protection.CHECKED, Protection.UNCHECKED)
    assert with_both.readings == with_one.readings
    assert refusal_of(capture, PushKeys(key=keys.key, auth_key=Secret(bytes(16)))) is CaptureKind.WRONG_KEY


@pytest.mark.parametrize("capture", cases(is_plain_hdlc))
def test_no_flipped_bit_goes_unnoticed(capture):
    sound = captures.octets(capture)
    expected = opened(capture, None).readings

    for place in range(1, len(sound) - 1):
        spoilt = bytearray(sound)
        spoilt[place] ^= 1 << place % 8
        assert _readings_or_none(bytes(spoilt)) in (None, expected)


@pytest.mark.parametrize("session", [pytest.param(session, id=session["id"]) for session in _SESSIONS])
def test_a_recorded_session_is_no_push_and_its_requests_and_answers_are_named(session):
    octets = b"".join(bytes.fromhex(said) for _, said in session["exchange"])

    with pytest.raises(CaptureRefused, match=r"AARQ, AARE, .*GET request, .*GET response") as refused:
        read_capture(octets)

    assert refused.value.kind in (CaptureKind.HDLC_DIALOGUE, CaptureKind.WRAPPER)
    assert json.dumps(session["exchange"][-1][1]) not in str(refused.value)


def _readings_or_none(capture):
    try:
        return tuple(reading for push in read_capture(capture) for reading in push.readings)
    except CaptureRefused:
        return None
