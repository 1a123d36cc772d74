"""Captures of real meters in `LAMPLIGHT_DATA/dlms-captures`: each is opened to its known values, or refused by kind.

What a capture is follows from its own framing, not from its name, so that one more file is one more case.
"""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.core.dlms.push import CaptureKind, read_capture
from gateway.core.errors import CaptureRefused

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_FOLDER = Path(_DATA, "dlms-captures")
_CAPTURES = [json.loads(file.read_text()) for file in sorted(_FOLDER.glob("*.json"))] if _DATA else []
_TAGS = {
    "0f": CaptureKind.RAW_APDU,
    "db": CaptureKind.CIPHERED,
    "68": CaptureKind.M_BUS,
    "00": CaptureKind.WRAPPER,
    "2f": CaptureKind.P1,
}

pytestmark = pytest.mark.skipif(not _CAPTURES, reason="LAMPLIGHT_DATA holds no dlms-captures: nothing real to open")


def octets(capture):
    return bytes.fromhex(capture["raw_hex"]) if "raw_hex" in capture else capture["telegram"].encode("latin-1")


def is_hdlc(capture):
    return octets(capture)[:1] == b"\x7e"


def is_plain_hdlc(capture):
    return is_hdlc(capture) and "encryption_key_hex" not in capture


def cases(wanted):
    return [pytest.param(capture, id=capture["id"]) for capture in _CAPTURES if wanted(capture)]


@pytest.mark.parametrize("capture", cases(is_plain_hdlc))
def test_a_push_in_plain_hdlc_gives_the_values_its_publisher_gives(capture):
    (push,) = read_capture(octets(capture))

    values = {
        str(reading.obis): float(reading.value) if isinstance(reading.value, Decimal) else reading.value
        for reading in push.readings
    }
    assert values == capture["expected"]


@pytest.mark.parametrize("capture", cases(lambda capture: is_hdlc(capture) and not is_plain_hdlc(capture)))
def test_a_ciphered_push_in_hdlc_is_refused_as_such(capture):
    with pytest.raises(CaptureRefused) as refused:
        read_capture(octets(capture))

    assert refused.value.kind is CaptureKind.CIPHERED


@pytest.mark.parametrize("capture", cases(lambda capture: not is_hdlc(capture)))
def test_every_other_framing_is_refused_by_its_kind(capture):
    with pytest.raises(CaptureRefused) as refused:
        read_capture(octets(capture))

    assert refused.value.kind is _TAGS[octets(capture)[:1].hex()]


@pytest.mark.parametrize("capture", cases(is_plain_hdlc))
def test_no_flipped_bit_goes_unnoticed(capture):
    sound = octets(capture)
    (expected,) = read_capture(sound)

    for place in range(1, len(sound) - 1):
        spoilt = bytearray(sound)
        spoilt[place] ^= 1 << place % 8
        assert _readings_or_none(bytes(spoilt)) in (None, expected.readings)


def _readings_or_none(capture):
    try:
        return tuple(reading for push in read_capture(capture) for reading in push.readings)
    except CaptureRefused:
        return None
