"""Octets in, passages out: the same for any cut, sound told from damaged, ours from theirs, and no password shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.dlms.opto import to_7e1
from gateway.core.trace.annotator import Annotator, Passage, Way
from gateway.core.trace.masking import masked_request
from gateway.core.trace.pieces import Language

SECRET = b"S3cr3t-Pa55word!"
US, METER = client_address(17), server_address(logical=1, physical=0, size=1)
# AARQ with LLS: context, mechanism, the password, a proposal.
_VALUE = b"\x80" + bytes([len(SECRET)]) + SECRET
_BODY = (
    bytes.fromhex("a1090607608574050801018a0207808b0760857405080201ac")
    + bytes([len(_VALUE)])
    + _VALUE
    + bytes.fromhex("be10040e01000000065f1f0400001214ffff")
)
AARQ = bytes([0x60, len(_BODY)]) + _BODY
IDENTIFICATION = to_7e1(b"/ISk5\\2MT382\r\n")


def said(kind, info=b"", *, ours=False, **fields):
    source, destination = (US, METER) if ours else (METER, US)
    return Frame(source=source, destination=destination, kind=kind, is_final=True, info=info, **fields).encode()


def informed(info, *, ours=False, **fields):
    return said(FrameKind.INFORMATION, info, ours=ours, **fields)


UA = said(FrameKind.UNNUMBERED_ACKNOWLEDGE)
SNRM = said(FrameKind.SET_NORMAL_RESPONSE_MODE, ours=True)


def annotated(*spoken, is_wrapped=False, cut=10_000):
    """The passages of a conversation, whose octets come in pieces of `cut`."""
    annotator = Annotator(language=Language.WRAPPER if is_wrapped else Language.HDLC)
    passages: list[Passage] = []
    for at, (way, octets) in enumerate(spoken):
        for begin in range(0, len(octets), cut if way is Way.IN else len(octets)):
            end = begin + (cut if way is Way.IN else len(octets))
            passages += annotator.feed(way, float(at), octets[begin:end])
    passages += annotator.flush(float(len(spoken)))
    return passages, annotator.tally


class TestWhatIsDamaged:
    @pytest.mark.parametrize(
        ("heard", "why"),
        [
            (b"\x55\xaa\x55\xaa", "noise"),
            (UA[:4] + bytes([UA[4] ^ 1]) + UA[5:], "header checksum"),
            (informed(b"\xe6\xe7\x00\xc4\x01\xc1\x00\x11\x05")[:-4], "breaks off"),
            (informed(b"\xe6\xe7\x00\xc4\x01\xc1\x00\x11\x05")[:-3] + b"\x00\x00\x7e", "(FCS) does not hold"),
        ],
    )
    def test_it_is_told_in_which_way(self, heard, why):
        (_, damaged), tally = annotated((Way.OUT, SNRM), (Way.IN, heard))

        assert why in damaged.lines[0]
        assert not damaged.is_sound
        assert (tally.good_in, tally.bad_in) == (0, 1)

    def test_a_sound_frame_behind_noise_is_both(self):
        passages, tally = annotated((Way.OUT, SNRM), (Way.IN, b"\x00\xff" + UA))

        assert [passage.is_sound for passage in passages] == [True, False, True]
        assert (tally.good_in, tally.bad_in, tally.has_link) == (1, 1, True)

    def test_wrong_parity_is_counted(self):
        spoilt = bytes([IDENTIFICATION[0] ^ 0x80]) + IDENTIFICATION[1:]

        _, tally = annotated((Way.OUT, to_7e1(b"/?!\r\n")), (Way.IN, spoilt))

        assert (tally.parity_errors, tally.bad_in) == (1, 1)

    def test_what_is_no_wrapper_is_told(self):
        (passage,), _ = annotated((Way.IN, b"HTTP/1.1 400 Bad Request"), is_wrapped=True)

        assert passage.lines == ("no wrapper of DLMS over TCP",)


class TestEchoes:
    def test_a_confirmation_is_the_meters_own_where_the_head_does_not_reflect(self):
        chosen = to_7e1(b"\x06252\r\n")

        passages, tally = annotated(
            (Way.OUT, to_7e1(b"/?!\r\n")), (Way.IN, IDENTIFICATION), (Way.OUT, chosen), (Way.IN, chosen)
        )

        assert passages[-1].lines == ("confirms: HDLC at 9600 Bd",)
        assert tally.echoes == 0

    def test_where_it_reflects_the_first_is_the_echo_and_the_second_the_meters(self):
        asked, chosen = to_7e1(b"/?!\r\n"), to_7e1(b"\x06252\r\n")

        passages, tally = annotated(
            (Way.OUT, asked), (Way.IN, asked + IDENTIFICATION), (Way.OUT, chosen), (Way.IN, chosen * 2)
        )

        assert [passage.is_echo for passage in passages[-2:]] == [True, False]
        assert tally.echoes == 2

    def test_what_was_said_twice_is_counted(self):
        _, tally = annotated((Way.OUT, SNRM), (Way.OUT, SNRM), (Way.IN, UA))

        assert tally.repeats == 1


class TestPasswords:
    @given(st.integers(1, 200), st.booleans())
    def test_none_is_shown_however_the_request_is_cut_into_frames(self, size, is_echoed):
        info = b"\xe6\xe6\x00" + AARQ
        parts = [info[at : at + size] for at in range(0, len(info), size)]
        spoken = [
            (Way.OUT, informed(part, ours=True, send_seq=at % 8, is_segmented=at < len(parts) - 1))
            for at, part in enumerate(parts)
        ]
        echoes = [(Way.IN, octets) for _, octets in spoken] if is_echoed else []

        passages, _ = annotated(*spoken, *echoes)

        shown = b"".join(passage.octets for passage in passages)
        assert not any(SECRET[at : at + 4] in shown for at in range(len(SECRET) - 3))
        assert any(passage.is_masked for passage in passages)

    @given(st.data())
    def test_none_is_shown_in_an_echo_that_came_damaged(self, data):
        frame = informed(b"\xe6\xe6\x00" + AARQ, ours=True)
        at = data.draw(st.integers(0, len(frame) - 1))
        echo = frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]

        passages, _ = annotated((Way.OUT, frame), (Way.IN, echo))

        shown = b"".join(passage.octets for passage in passages)
        assert not any(SECRET[at : at + 4] in shown for at in range(len(SECRET) - 3))

    def test_a_part_that_is_said_again_is_starred_again_and_so_is_its_echo(self):
        info = b"\xe6\xe6\x00" + AARQ
        parts = [info[at : at + 32] for at in range(0, len(info), 32)]
        frames = [
            informed(part, ours=True, send_seq=at, is_segmented=at < len(parts) - 1) for at, part in enumerate(parts)
        ]
        where_it_stands = said(FrameKind.RECEIVE_READY, receive_seq=1)

        passages, _ = annotated(
            *((Way.OUT, frame) for frame in frames),
            (Way.IN, where_it_stands),
            (Way.OUT, frames[1]),
            (Way.IN, frames[1]),
        )

        shown = b"".join(passage.octets for passage in passages)
        assert not any(SECRET[at : at + 4] in shown for at in range(len(SECRET) - 3))

    def test_behind_a_wrapper_neither(self):
        wrapped = bytes.fromhex("000100110001") + len(AARQ).to_bytes(2, "big") + AARQ

        (passage,), _ = annotated((Way.OUT, wrapped), is_wrapped=True)

        assert SECRET not in passage.octets
        assert "masked" in passage.lines[1]

    def test_a_password_of_text_mode_neither(self):
        (passage,), _ = annotated((Way.OUT, to_7e1(b"\x01P1\x02(12345678)\x03a\r\n")))

        assert (set(passage.octets), passage.lines) == ({ord("*")}, ("a password message, masked",))

    def test_noise_after_the_meters_answer_is_shown_again(self):
        passages, _ = annotated(
            (Way.OUT, informed(b"\xe6\xe6\x00" + AARQ, ours=True)),
            (Way.IN, informed(b"\xe6\xe7\x00\xd8\x01\x02")),
            (Way.IN, b"\x55\xaa"),
        )

        assert passages[-1].octets == b"\x55\xaa"

    def test_a_challenge_is_no_secret_and_is_shown(self):
        challenged = AARQ.replace(bytes.fromhex("60857405080201"), bytes.fromhex("60857405080205"))

        assert masked_request(challenged) == challenged


@given(st.integers(1, 40))
def test_any_cut_gives_the_same_passages(cut):
    spoken = ((Way.OUT, SNRM), (Way.IN, b"\x00" + UA), (Way.OUT, SNRM), (Way.IN, informed(b"\xe6\xe7\x00\xd8\x01\x02")))

    assert annotated(*spoken, cut=cut)[0] == annotated(*spoken)[0]


@given(st.lists(st.tuples(st.sampled_from(Way), st.binary(min_size=1, max_size=80)), max_size=6), st.booleans())
def test_any_octets_are_borne_and_none_is_lost(spoken, is_wrapped):
    passages, tally = annotated(*spoken, is_wrapped=is_wrapped)

    assert tally.octets_in == sum(len(octets) for way, octets in spoken if way is Way.IN)
    assert all(passage.lines for passage in passages)


@given(st.binary(max_size=100), st.booleans())
def test_any_apdu_is_told_of(apdu, ours):
    info = (b"\xe6\xe6\x00" if ours else b"\xe6\xe7\x00") + apdu

    passages, _ = annotated((Way.OUT if ours else Way.IN, informed(info, ours=ours)))

    assert passages[0].lines
