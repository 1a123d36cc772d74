"""The wrapper's octets by hand (IEC 62056-47), cut anywhere, and what is none."""

import pytest

from simulators.meter.wrapper_port import WrapperPort
from tests.fakes_simulators import FakeApplication, moment

ASKED, ANSWERED = bytes.fromhex("0001001000010003c001c1"), bytes.fromhex("0001000100100002c401")


@pytest.fixture
def application() -> FakeApplication:
    return FakeApplication(bytes.fromhex("c401"))


def said(port: WrapperPort, *pieces: bytes) -> bytes:
    return b"".join(answer.octets for piece in pieces for answer in port.feed(piece, moment()))


@pytest.mark.parametrize("cut", range(len(ASKED) + 1))
def test_a_request_cut_anywhere_is_answered_once(application: FakeApplication, cut: int) -> None:
    assert said(WrapperPort(application), ASKED[:cut], ASKED[cut:]) == ANSWERED
    assert application.asked == [(16, bytes.fromhex("c001c1"))]


def test_two_requests_in_one_piece_are_two_answers(application: FakeApplication) -> None:
    assert said(WrapperPort(application), ASKED + ASKED) == ANSWERED + ANSWERED


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1", bytes.fromhex("000100100001ffff"), bytes.fromhex("7ea0070321931f")]
)
def test_what_is_no_wrapper_is_dropped_and_the_next_request_answered(
    application: FakeApplication, noise: bytes
) -> None:
    port = WrapperPort(application)

    assert said(port, noise + bytes(8)) == b""
    assert said(port, ASKED) == ANSWERED


def test_another_logical_device_is_not_there(application: FakeApplication) -> None:
    assert said(WrapperPort(application), bytes.fromhex("0001001000020001c0")) == b""


@pytest.mark.parametrize("how", ["hung_up", "power_off"])
def test_a_connection_that_ends_takes_its_association_along(application: FakeApplication, how: str) -> None:
    port = WrapperPort(application)
    port.feed(ASKED[:5], moment())

    getattr(port, how)()

    assert application.links_lost == 1
    assert said(port, ASKED) == ANSWERED
