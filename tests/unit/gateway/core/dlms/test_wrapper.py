"""DLMS over TCP: a header, an answer, and nothing repeated."""

import pytest

from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.link import Delivered, LinkDown, LinkUp, Transmit
from gateway.core.dlms.wrapper import WrapperLink, wrap
from wire.terms import LinkFault

SETTINGS = LinkSettings(server_logical=1, response_timeout_s=2.0)
ANSWER = wrap(b"answer", source=1, destination=16)


def asked():
    link = WrapperLink(SETTINGS)
    assert link.open(0.0) == (LinkUp(),)
    assert link.request(b"ask", 0.0) == (Transmit(bytes.fromhex("0001001000010003") + b"ask"),)
    link.sent(0.0)
    return link


@pytest.mark.parametrize("size", [1, 3, 8, 100])
def test_an_answer_may_come_in_any_pieces(size):
    link = asked()

    effects = [
        effect for at in range(0, len(ANSWER), size) for effect in link.receive(ANSWER[at : at + size], 0.1 * at)
    ]

    assert effects == [Delivered(b"answer")]
    assert link.wake_at is None


@pytest.mark.parametrize(
    "header", ["0002000100100006", "0001000200100006", "0001000100110006", "ffffffffffffffff", "7ea0070321930f01"]
)
def test_what_is_no_header_of_our_meter_is_garbled(header):
    link = asked()

    (failure,) = link.receive(bytes.fromhex(header), 0.1)

    assert failure.fault is LinkFault.GARBLED


def test_an_answer_of_another_device_is_told_with_both():
    (failure,) = asked().receive(bytes.fromhex("0001000200110006"), 0.1)

    assert failure.detail == "device 1 was called by client 16, and device 2 answers 17"


def test_silence_is_not_repeated_but_named():
    link = asked()

    assert link.tick(1.9) == ()
    (failure,) = link.tick(2.0)

    assert failure.fault is LinkFault.SILENT


def test_an_answer_that_breaks_off_is_garbled():
    link = asked()
    link.receive(ANSWER[:-1], 0.5)

    (failure,) = link.tick(2.5)

    assert failure.fault is LinkFault.GARBLED
    assert "13 octets" in failure.detail


def test_what_nobody_asked_for_is_passed_over():
    link = asked()
    link.receive(ANSWER, 0.1)

    assert link.receive(ANSWER, 0.2) == ()
    assert link.close(0.3) == (LinkDown(),)
    assert link.tick(100.0) == ()
