"""The client's end of a link where frames are lost, cut off or long in coming: repeats, and waiting for the meter."""

import pytest

from gateway.core.dlms.hdlc_link import BUSY_PAUSE_S, MAX_POLLS
from gateway.core.dlms.link import Delivered, Transmit
from tests.fakes_hdlc import (
    ANSWER,
    DM,
    FRMR,
    INFO,
    REJ,
    RNR,
    RR,
    TAKES_64_BYTES_THREE_IN_A_ROW,
    frames_of,
    opened,
    said,
)
from wire.terms import LinkFault


class TestRepairing:
    def test_a_lost_request_is_sent_again_once_the_meter_says_it_lacks_it(self):
        link = opened()
        (request,) = frames_of(link.request(b"ask", 1.0))

        (where_are_you,) = frames_of(link.tick(3.0))
        (again,) = frames_of(link.receive(said(RR, receive_seq=0), 3.1))

        assert (where_are_you.kind, where_are_you.is_final) == (RR, True)
        assert again == request

    def test_a_lost_answer_is_sent_again_by_the_meter(self):
        link = opened()
        link.request(b"ask", 1.0)

        (where_are_you,) = frames_of(link.tick(3.0))
        effects = link.receive(said(INFO, ANSWER, receive_seq=1), 3.1)

        assert where_are_you.receive_seq == 0
        assert effects == (Delivered(b"answer"),)

    def test_a_segment_lost_in_the_middle_of_a_turn_is_asked_for(self):
        link = opened()
        link.request(b"ask", 1.0)

        effects = link.receive(
            said(INFO, ANSWER[:4], final=False, receive_seq=1, is_segmented=True)
            + said(INFO, ANSWER[6:], send_seq=2, receive_seq=1),
            1.1,
        )
        (from_one,) = frames_of(effects)
        delivered = link.receive(
            said(INFO, ANSWER[4:6], final=False, send_seq=1, receive_seq=1, is_segmented=True)
            + said(INFO, ANSWER[6:], send_seq=2, receive_seq=1),
            1.3,
        )

        assert (from_one.kind, from_one.receive_seq) == (RR, 1)
        assert delivered == (Delivered(b"answer"),)

    def test_a_segment_that_comes_twice_is_taken_once(self):
        link = opened()
        link.request(b"ask", 1.0)
        first = said(INFO, ANSWER[:5], final=False, receive_seq=1, is_segmented=True)

        effects = link.receive(first + first + said(INFO, ANSWER[5:], send_seq=1, receive_seq=1), 1.1)

        assert effects == (Delivered(b"answer"),)

    def test_a_lost_final_bit_is_asked_for(self):
        link = opened()
        link.request(b"ask", 1.0)
        link.receive(said(INFO, ANSWER, final=False, receive_seq=1), 1.1)

        (where_are_you,) = frames_of(link.tick(3.1))
        effects = link.receive(said(RR, receive_seq=1), 3.2)

        assert where_are_you.receive_seq == 1
        assert effects == (Delivered(b"answer"),)

    def test_a_rejected_segment_is_sent_again_from_there(self):
        link = opened(TAKES_64_BYTES_THREE_IN_A_ROW)
        link.request(bytes(180), 1.0)

        again = frames_of(link.receive(said(REJ, receive_seq=1), 1.1))

        assert [frame.send_seq for frame in again] == [1, 2]

    def test_an_answer_cut_off_by_silence_is_asked_for_anew(self):
        link = opened()
        link.request(b"ask", 1.0)
        link.receive(said(INFO, ANSWER, receive_seq=1)[:9], 1.1)

        (where_are_you,) = frames_of(link.tick(3.2))

        assert where_are_you.kind is RR
        assert link.receive(said(INFO, ANSWER, receive_seq=1), 3.3) == (Delivered(b"answer"),)

    def test_a_whole_frame_behind_a_cut_off_one_still_counts(self):
        link = opened()
        link.request(b"ask", 1.0)
        cut_off = said(INFO, bytes(100), receive_seq=1)[:30]
        link.receive(cut_off + said(INFO, ANSWER, receive_seq=1), 1.1)

        assert link.tick(3.2) == (Delivered(b"answer"),)

    def test_a_meter_that_never_takes_the_request_is_given_up(self):
        link = opened()
        link.request(b"ask", 1.0)

        effects = [link.receive(said(RR, receive_seq=0), 1.0 + step) for step in range(3)]

        assert [len(frames_of(effect)) for effect in effects[:2]] == [1, 1]
        assert effects[2][0].fault is LinkFault.GARBLED

    def test_an_acknowledgement_of_what_was_never_sent_changes_nothing(self):
        link = opened()
        link.request(b"ask", 1.0)

        (again,) = frames_of(link.receive(said(RR, receive_seq=5), 1.1))

        assert (again.kind, again.send_seq) == (INFO, 0)

    def test_silence_in_the_middle_is_given_up_after_the_retries(self):
        link = opened()
        link.request(b"ask", 1.0)

        effects = [link.tick(now) for now in (3.0, 5.0, 7.0)]

        assert effects[2][0].fault is LinkFault.SILENT

    def test_progress_gives_the_retries_back(self):
        link = opened()
        link.request(b"ask", 1.0)
        link.tick(3.0)
        link.tick(5.0)
        link.receive(said(INFO, ANSWER[:5], receive_seq=1, is_segmented=True), 5.5)

        effects = [link.tick(now) for now in (7.5, 9.5, 11.5)]

        assert [isinstance(effect[0], Transmit) for effect in effects] == [True, True, False]

    @pytest.mark.parametrize(("kind", "word"), [(DM, "DM"), (FRMR, "FRMR")])
    def test_a_meter_that_hangs_up_in_the_middle_refuses(self, kind, word):
        link = opened()
        link.request(b"ask", 1.0)

        (failure,) = link.receive(said(kind), 1.1)

        assert (failure.fault, word in failure.detail) == (LinkFault.REFUSED, True)


class TestWaiting:
    @pytest.mark.parametrize("moment_please", [said(RNR, receive_seq=1), said(RR, receive_seq=1)])
    def test_a_meter_that_needs_a_moment_is_polled_after_a_pause(self, moment_please):
        link = opened()
        link.request(b"ask", 1.0)

        assert link.receive(moment_please, 1.1) == ()
        assert link.tick(1.1 + BUSY_PAUSE_S / 2) == ()
        (poll,) = frames_of(link.tick(1.1 + BUSY_PAUSE_S))

        assert poll.kind is RR
        assert link.receive(said(INFO, ANSWER, receive_seq=1), 1.5) == (Delivered(b"answer"),)

    def test_a_meter_that_needs_a_moment_for_ever_is_given_up(self):
        link = opened()
        link.request(b"ask", 0.0)

        now, effects = 0.0, ()
        for _ in range(MAX_POLLS + 1):
            effects = link.receive(said(RR, receive_seq=1), now)
            now += BUSY_PAUSE_S
            link.tick(now)

        assert effects[0].fault is LinkFault.SILENT

    def test_the_meters_time_begins_when_the_last_bit_has_left(self):
        link = opened()
        link.request(b"ask", 1.0)

        link.sent(5.0)

        assert link.tick(6.9) == ()
        assert link.tick(7.0) != ()

    def test_every_octet_heard_gives_the_meter_time_to_finish(self):
        link = opened()
        link.request(b"ask", 1.0)
        answer = said(INFO, ANSWER, receive_seq=1)

        for place in range(len(answer) - 1):
            assert link.receive(answer[place : place + 1], 1.0 + 1.5 * place) == ()
            assert link.tick(1.0 + 1.5 * place + 1.4) == ()

        assert link.receive(answer[-1:], 60.0) == (Delivered(b"answer"),)
