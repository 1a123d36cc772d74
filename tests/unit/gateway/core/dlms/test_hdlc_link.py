"""The client's end of a link: opened, asked over in turns, and closed."""

from dataclasses import replace

import pytest

from gateway.core.dlms.hdlc import Frame, client_address
from gateway.core.dlms.hdlc_link import MAX_NOISE_BYTES, HdlcLink
from gateway.core.dlms.link import Delivered, LinkDown, LinkFailed, LinkUp, Transmit
from tests.fakes_hdlc import (
    ANSWER,
    DISC,
    DM,
    FRMR,
    INFO,
    RR,
    SETTINGS,
    SNRM,
    TAKES_64_BYTES_THREE_IN_A_ROW,
    UA,
    UI,
    US,
    frames_of,
    opened,
    said,
)
from wire.terms import LinkFault


class TestOpening:
    def test_it_proposes_and_takes_what_the_meter_answers(self):
        link = HdlcLink(SETTINGS)

        (snrm,) = frames_of(link.open(0.0))
        effects = link.receive(said(UA, TAKES_64_BYTES_THREE_IN_A_ROW), 0.1)

        assert (snrm.kind, snrm.is_final, snrm.info[:2]) == (SNRM, True, b"\x81\x80")
        assert effects == (LinkUp(),)
        assert (link.negotiated.info_bytes, link.negotiated.window) == (64, 3)
        assert link.wake_at is None

    def test_silence_is_repeated_so_often_and_then_named(self):
        link = HdlcLink(SETTINGS)
        link.open(0.0)

        assert [frames_of(link.tick(now))[0].kind for now in (2.0, 4.0)] == [SNRM, SNRM]
        assert link.tick(5.9) == ()
        (failure,) = link.tick(6.0)

        assert failure.fault is LinkFault.SILENT
        assert "3 attempts" in failure.detail

    def test_noise_without_a_frame_is_garbled_not_silent(self):
        link = HdlcLink(replace(SETTINGS, retries=0))
        link.open(0.0)

        link.receive(b"\x00\x55\xaa", 0.5)
        (failure,) = link.tick(2.5)

        assert failure == LinkFailed(LinkFault.GARBLED, "3 octets came that are no frame")

    def test_a_meter_cut_off_in_mid_frame_that_answers_no_repetition_is_silent(self):
        link = HdlcLink(SETTINGS)
        link.open(0.0)

        link.receive(said(UA, TAKES_64_BYTES_THREE_IN_A_ROW)[:12], 0.5)
        effects = [link.tick(now) for now in (2.5, 4.5, 6.5)]

        assert effects[-1][0].fault is LinkFault.SILENT

    def test_only_our_own_echo_is_silence_and_says_so(self):
        link = HdlcLink(replace(SETTINGS, retries=0))
        (ours,) = link.open(0.0)

        link.receive(ours.octets, 0.5)
        (failure,) = link.tick(2.5)

        assert failure.fault is LinkFault.SILENT
        assert "our own echo" in failure.detail

    @pytest.mark.parametrize(("kind", "word"), [(DM, "DM"), (FRMR, "FRMR")])
    def test_a_meter_that_will_not_have_us_refuses(self, kind, word):
        link = HdlcLink(SETTINGS)
        link.open(0.0)

        link.receive(said(kind), 0.1)
        (failure,) = link.receive(said(kind), 0.2)

        assert failure.fault is LinkFault.REFUSED
        assert word in failure.detail

    @pytest.mark.parametrize("kind", [DM, FRMR])
    def test_a_meter_that_turns_a_proposal_down_is_called_without_one(self, kind):
        link = HdlcLink(SETTINGS)
        link.open(0.0)

        (plain,) = frames_of(link.receive(said(kind), 0.1))
        effects = link.receive(said(UA), 0.2)

        assert (plain.kind, plain.info) == (SNRM, b"")
        assert effects == (LinkUp(),)
        assert (link.negotiated.info_bytes, link.negotiated.window) == (128, 1)

    def test_a_meter_that_will_not_be_called_may_be_held_and_one_that_hangs_up_is_not(self):
        proposes_nothing = replace(SETTINGS, max_info_bytes=128, window=1)
        link, asked = HdlcLink(proposes_nothing), opened()
        link.open(0.0)
        asked.request(b"?", 0.2)

        (held,), (hung_up,) = link.receive(said(DM), 0.1), asked.receive(said(DM), 0.3)

        assert (held.is_held, hung_up.is_held) == (True, False)

    def test_endless_noise_ends_the_attempt(self):
        link = HdlcLink(SETTINGS)
        link.open(0.0)

        effects = [link.receive(bytes(1_000), 0.1 * step) for step in range(MAX_NOISE_BYTES // 1_000 + 1)]

        assert effects[-1][0].fault is LinkFault.GARBLED


class TestAsking:
    def test_a_request_and_its_answer(self):
        link = opened()

        (request,) = frames_of(link.request(b"ask", 1.0))
        effects = link.receive(said(INFO, ANSWER, receive_seq=1), 1.2)

        assert (request.kind, request.info, request.is_final) == (INFO, b"\xe6\xe6\x00ask", True)
        assert effects == (Delivered(b"answer"),)

    def test_the_sequence_goes_on_from_one_request_to_the_next(self):
        link = opened()
        link.request(b"one", 1.0)
        link.receive(said(INFO, ANSWER, receive_seq=1), 1.2)

        (second,) = frames_of(link.request(b"two", 2.0))

        assert (second.send_seq, second.receive_seq) == (1, 1)

    def test_our_echo_in_front_of_the_answer_is_passed_over(self):
        link = opened()
        (ours,) = link.request(b"ask", 1.0)

        effects = link.receive(ours.octets + said(INFO, ANSWER, receive_seq=1), 1.2)

        assert effects == (Delivered(b"answer"),)
        assert link.echoes == 1

    def test_frames_between_other_stations_are_passed_over(self):
        link = opened()
        link.request(b"ask", 1.0)
        others = Frame(destination=US, source=client_address(9), kind=INFO, is_final=True, info=ANSWER).encode()

        assert link.receive(others + said(UI, b"push") + said(UA), 1.1) == ()
        assert link.receive(said(INFO, ANSWER, receive_seq=1), 1.2) == (Delivered(b"answer"),)

    def test_an_answer_in_segments_is_asked_on_and_joined(self):
        link = opened()
        link.request(b"ask", 1.0)

        (go_on,) = frames_of(link.receive(said(INFO, ANSWER[:5], receive_seq=1, is_segmented=True), 1.1))
        effects = link.receive(said(INFO, ANSWER[5:], send_seq=1, receive_seq=1), 1.2)

        assert (go_on.kind, go_on.receive_seq, go_on.is_final) == (RR, 1, True)
        assert effects == (Delivered(b"answer"),)

    def test_several_segments_in_one_turn_are_joined_without_asking(self):
        link = opened()
        link.request(b"ask", 1.0)

        effects = link.receive(
            said(INFO, ANSWER[:4], final=False, receive_seq=1, is_segmented=True)
            + said(INFO, ANSWER[4:6], final=False, send_seq=1, receive_seq=1, is_segmented=True)
            + said(INFO, ANSWER[6:], send_seq=2, receive_seq=1),
            1.1,
        )

        assert effects == (Delivered(b"answer"),)

    def test_a_long_request_goes_in_segments_as_the_meter_takes_them(self):
        link = opened(TAKES_64_BYTES_THREE_IN_A_ROW)

        first = frames_of(link.request(bytes(300), 1.0))
        rest = frames_of(link.receive(said(RR, receive_seq=3), 1.1))

        assert [(f.send_seq, f.is_segmented, f.is_final, len(f.info)) for f in (*first, *rest)] == [
            (0, True, False, 64),
            (1, True, False, 64),
            (2, True, True, 64),
            (3, True, False, 64),
            (4, False, True, 47),
        ]
        assert b"".join(f.info for f in (*first, *rest)) == b"\xe6\xe6\x00" + bytes(300)

    def test_a_second_request_before_the_answer_is_our_own_mistake(self):
        link = opened()
        link.request(b"ask", 1.0)

        with pytest.raises(RuntimeError, match="AWAITING"):
            link.request(b"again", 1.1)

    @pytest.mark.parametrize("answer", [b"answer", b"\xe6\xe6\x00answer", b""])
    def test_an_answer_without_the_llc_header_is_garbled(self, answer):
        link = opened()
        link.request(b"ask", 1.0)

        (failure,) = link.receive(said(INFO, answer, receive_seq=1), 1.1)

        assert failure.fault is LinkFault.GARBLED

    def test_an_answer_without_end_is_garbled(self):
        link = opened()
        link.request(b"ask", 1.0)

        frames = [said(INFO, bytes(2_000), send_seq=n % 8, receive_seq=1, is_segmented=True) for n in range(36)]
        effects = [link.receive(frame, 1.0 + number) for number, frame in enumerate(frames)]

        assert all(isinstance(effect[0], Transmit) for effect in effects[:-1])
        assert effects[-1][0].fault is LinkFault.GARBLED
        assert "70000" in effects[-1][0].detail


class TestClosing:
    @pytest.mark.parametrize("kind", [UA, DM])
    def test_a_link_is_given_back_whether_the_meter_still_held_it_or_not(self, kind):
        link = opened()

        (disc,) = frames_of(link.close(1.0))

        assert disc.kind is DISC
        assert link.receive(said(kind), 1.1) == (LinkDown(),)

    def test_a_meter_that_does_not_confirm_is_left_after_the_retries(self):
        link = opened()
        link.close(1.0)

        effects = [link.tick(now) for now in (3.0, 5.0, 7.0)]

        assert effects[2] == (LinkDown(),)

    def test_whoever_did_not_answer_the_call_is_not_taken_leave_of(self):
        link = HdlcLink(replace(SETTINGS, retries=0))
        link.open(0.0)
        link.tick(2.0)

        assert link.close(2.0) == (LinkDown(),)

    def test_a_failed_link_is_closed_all_the_same(self):
        link = opened()
        link.request(b"ask", 1.0)
        link.receive(said(FRMR), 1.1)

        (disc,) = frames_of(link.close(1.2))

        assert disc.kind is DISC

    def test_a_link_that_was_never_open_needs_no_closing(self):
        assert HdlcLink(SETTINGS).close(0.0) == (LinkDown(),)

    def test_octets_that_come_when_nothing_is_awaited_do_nothing(self):
        link = opened()

        assert link.receive(b"\x55" * 20_000, 1.0) == ()
        assert link.tick(100.0) == ()
