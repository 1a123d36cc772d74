"""Pushes from a line: wherever the octets are cut, whatever stands between them."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.dlms import wrapper
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.dlms.push.capture_kind import CaptureKind
from gateway.core.dlms.push.keys import PushKeys
from gateway.core.dlms.push.pushed import Protection, Push
from gateway.core.dlms.push.stream import MAX_HELD_BYTES, PushStream
from gateway.core.errors import CaptureRefused
from runtime.secret import Secret
from tests.fakes_meter import octets, scaler_unit, structure, u32
from tests.fakes_push_octets import AUTH_KEY, KEY, blocks, m_bus, notification, seal

IMPORT = bytes((1, 0, 1, 8, 0, 255))
APDU = notification(structure(*[structure(octets(IMPORT), u32(7), scaler_unit(0, 30))] * 12))
KEYS = PushKeys(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
TELEGRAM = b"/ISk5\\2MT382-1000\r\n\r\n1-0:1.8.0(000123.4*kWh)\r\n!\r\n"


def hdlc(apdu, *, info_bytes=2_000, llc=b"\xe6\xe7\x00"):
    """The APDU in as many UI frames as it takes."""
    parts = [(llc + apdu)[at : at + info_bytes] for at in range(0, len(llc + apdu), info_bytes)]
    return b"".join(
        Frame(
            destination=client_address(103),
            source=server_address(logical=1, physical=17, size=2),
            kind=FrameKind.UNNUMBERED_INFORMATION,
            is_final=True,
            is_segmented=number < len(parts) - 1,
            info=part,
        ).encode()
        for number, part in enumerate(parts)
    )


def hdlc_blocks(apdu):
    """The APDU in blocks, each in a frame of its own, the LLC header before the first."""
    first, *others = blocks(apdu, bytes_per_block=60)
    return hdlc(first) + b"".join(hdlc(block, llc=b"") for block in others)


STREAMS = {
    "hdlc": hdlc(APDU),
    "hdlc in segments": hdlc(APDU, info_bytes=50),
    "hdlc in blocks": hdlc_blocks(seal(APDU)),
    "m-bus": m_bus(seal(APDU), bytes_per_frame=90),
    "wrapper": wrapper.wrap(APDU, source=1, destination=102),
}


def framing_of(name):
    return name.split(" ", maxsplit=1)[0]


def fed(stream, pieces):
    return [outcome for piece in pieces for outcome in stream.feed(piece)]


def pieces_of(sent, cuts):
    at = [0, *sorted({cut % len(sent) for cut in cuts}), len(sent)]
    return [sent[begin:end] for begin, end in pairwise(at)]


@pytest.mark.parametrize("name", STREAMS)
@given(cuts=st.lists(st.integers(0, 2_000), max_size=12))
@settings(max_examples=8, deadline=None)
def test_pushes_come_out_alike_wherever_the_octets_are_cut(name, cuts):
    sent = STREAMS[name] * 2

    for framing in (framing_of(name), "auto"):
        outcomes = fed(PushStream(framing, KEYS), pieces_of(sent, cuts))

        assert [len(push.readings) for push in outcomes] == [12, 12]


@pytest.mark.parametrize("name", STREAMS)
def test_octet_by_octet_is_no_other(name):
    outcomes = fed(PushStream("auto", KEYS), (bytes([octet]) for octet in STREAMS[name]))

    assert [len(push.readings) for push in outcomes] == [12]


@pytest.mark.parametrize("name", STREAMS)
def test_after_noise_and_a_message_cut_off_the_next_one_is_read(name):
    sound = STREAMS[name]
    stream = PushStream(framing_of(name), KEYS)

    outcomes = [*fed(stream, [b"\x7e\x00\x68\xff", sound[: len(sound) // 2]]), *stream.flush()]
    outcomes += [*stream.feed(b"\x55\xaa"), *stream.feed(sound), *stream.feed(sound), *stream.flush()]

    assert all(isinstance(outcome, CaptureRefused) for outcome in outcomes[:-2])
    assert [len(push.readings) for push in outcomes[-2:]] == [12, 12]


def test_a_bare_apdu_ends_where_the_line_falls_quiet():
    stream = PushStream("raw", KEYS)

    assert fed(stream, [APDU[:20], APDU[20:]]) == []
    assert [len(push.readings) for push in stream.flush()] == [12]
    assert stream.flush() == ()


@pytest.mark.parametrize("sent", [APDU, TELEGRAM], ids=["bare APDU", "telegram"])
def test_what_no_framing_has_claimed_is_opened_when_the_line_is_quiet(sent):
    stream = PushStream("auto")

    outcomes = [*fed(stream, [sent[:9], sent[9:]]), *stream.flush()]

    assert [isinstance(outcome, Push) for outcome in outcomes] == [True]


def test_a_line_keeps_to_the_framing_it_has_shown():
    stream = PushStream("auto", KEYS)

    outcomes = fed(stream, [hdlc(APDU), m_bus(APDU), hdlc(APDU)])

    assert {push.kind for push in outcomes} == {CaptureKind.HDLC_PUSH}
    assert len(outcomes) == 2


def test_a_ciphered_line_without_a_key_says_so_and_goes_on():
    stream = PushStream("auto")

    outcomes = fed(stream, [m_bus(seal(APDU)), m_bus(seal(APDU))])

    assert [refused.kind for refused in outcomes] == [CaptureKind.CIPHERED] * 2


def test_a_checked_tag_is_told():
    (push,) = fed(PushStream("m-bus", KEYS), [m_bus(seal(APDU))])

    assert (push.protection, push.counter) == (Protection.CHECKED, 35)


@pytest.mark.parametrize("framing", ["auto", "raw"])
def test_a_line_that_is_never_quiet_is_given_up_and_forgotten(framing):
    stream = PushStream(framing)

    outcomes = fed(stream, [bytes(4_096)] * (MAX_HELD_BYTES // 4_096 + 1))

    assert [refused.kind for refused in outcomes] == [CaptureKind.UNKNOWN]
    assert stream.flush() == ()


@pytest.mark.parametrize("framing", ["auto", "hdlc", "m-bus", "wrapper", "raw", "p1", "tic-historic"])
@given(pieces=st.lists(st.binary(max_size=60), max_size=8))
@settings(max_examples=8, deadline=None)
def test_no_octets_cause_anything_but_pushes_and_refusals(framing, pieces):
    stream = PushStream(framing, KEYS)

    outcomes = [*fed(stream, pieces), *stream.flush()]

    assert all(isinstance(outcome, (Push, CaptureRefused)) for outcome in outcomes)


@pytest.mark.parametrize(
    ("framing", "kind"), [("hdlc", CaptureKind.HDLC_DAMAGED), ("m-bus", CaptureKind.M_BUS_DAMAGED)]
)
def test_a_frame_whose_checksum_does_not_hold_is_told(framing, kind):
    sound = {"hdlc": hdlc(APDU), "m-bus": m_bus(APDU, bytes_per_frame=245)}[framing]
    spoilt = sound[:60] + bytes([sound[60] ^ 1]) + sound[61:]

    outcomes = fed(PushStream(framing), [spoilt, sound])

    assert outcomes[0].kind is kind
    assert isinstance(outcomes[-1], Push)
