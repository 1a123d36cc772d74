"""Several answers to one request, as a meter streams blocks of a transfer: each is handed out once, in order."""

import pytest

from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import Delivered, Transmit
from gateway.core.dlms.wrapper import WrapperLink, wrap
from tests.fakes_hdlc import ANSWER, INFO, RR, frames_of, opened, said
from wire.terms import LinkFault

FIRST, SECOND, THIRD = (wrap(word, source=1, destination=16) for word in (b"first", b"second", b"third"))


def wrapped():
    link = WrapperLink(LinkSettings(response_timeout_s=2.0))
    link.request(b"ask", 0.0)
    return link


class TestOverTcp:
    def test_what_came_at_once_is_handed_out_one_by_one(self):
        link = wrapped()

        assert link.receive(FIRST + SECOND, 0.1) == (Delivered(b"first"),)
        assert link.more(0.1) == (Delivered(b"second"),)

    @pytest.mark.parametrize("cut", [0, 3, 8, 11])
    def test_what_has_not_come_is_waited_for(self, cut):
        link = wrapped()
        link.receive(FIRST + SECOND[:cut], 0.1)

        assert link.more(0.1) == ()
        assert link.wake_at == 2.1
        assert link.receive(SECOND[cut:], 0.5) == (Delivered(b"second"),)

    def test_what_never_comes_is_silence(self):
        link = wrapped()
        link.receive(FIRST, 0.1)
        link.more(0.1)

        (failure,) = link.tick(2.1)

        assert failure.fault is LinkFault.SILENT

    def test_a_new_request_forgets_what_nobody_asked_for(self):
        link = wrapped()
        link.receive(FIRST + SECOND, 0.1)

        link.request(b"again", 0.2)

        assert link.receive(THIRD, 0.3) == (Delivered(b"third"),)


class TestOverHdlc:
    def test_answers_of_one_turn_are_handed_out_one_by_one(self):
        link = opened()
        link.request(b"ask", 0.0)

        turn = said(INFO, ANSWER + b"1", final=False, receive_seq=1) + said(
            INFO, ANSWER + b"2", send_seq=1, receive_seq=1
        )

        assert link.receive(turn, 0.1) == (Delivered(b"answer1"),)
        assert link.more(0.1) == (Delivered(b"answer2"),)

    def test_a_meter_that_ended_its_turn_is_given_another(self):
        link = opened()
        link.request(b"ask", 0.0)
        link.receive(said(INFO, ANSWER + b"1", receive_seq=1), 0.1)

        (poll,) = frames_of(link.more(0.1))

        assert (poll.kind, poll.is_final, poll.receive_seq) == (RR, True, 1)
        assert link.receive(said(INFO, ANSWER + b"2", send_seq=1, receive_seq=1), 0.2) == (Delivered(b"answer2"),)

    def test_a_new_request_forgets_what_nobody_asked_for(self):
        link = opened()
        link.request(b"ask", 0.0)
        turn = said(INFO, ANSWER + b"1", final=False, receive_seq=1) + said(
            INFO, ANSWER + b"2", send_seq=1, receive_seq=1
        )
        link.receive(turn, 0.1)

        (sent,) = link.request(b"again", 0.2)

        assert isinstance(sent, Transmit)
        assert link.receive(said(INFO, ANSWER + b"3", send_seq=2, receive_seq=2), 0.3) == (Delivered(b"answer3"),)
