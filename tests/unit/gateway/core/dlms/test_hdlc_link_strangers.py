"""Who answers a call: the meter that was called, another one, or whoever listens."""

from dataclasses import replace

from gateway.core.dlms.hdlc import Frame, client_address, server_address
from gateway.core.dlms.hdlc_link import HdlcLink
from gateway.core.dlms.link import Delivered, LinkDown, LinkUp
from tests.fakes_hdlc import ANSWER, DISC, INFO, METER, SETTINGS, UA, US, frames_of, opened, said
from wire.terms import LinkFault

NEIGHBOUR = server_address(logical=1, physical=18, size=2)
ONCE = replace(SETTINGS, retries=0)
CALLS_ANYBODY = replace(SETTINGS, server_physical=0x7E, address_bytes=2)


def from_neighbour(kind, info=b"", **fields):
    return Frame(destination=US, source=NEIGHBOUR, kind=kind, is_final=True, info=info, **fields).encode()


def test_a_meter_that_answers_to_anothers_address_is_told_with_both():
    link = HdlcLink(replace(ONCE, server_physical=17, address_bytes=2))
    link.open(0.0)

    assert link.receive(from_neighbour(UA), 0.1) == ()
    (failure,) = link.tick(2.2)

    assert failure.fault is LinkFault.REFUSED
    assert failure.detail == "address 17 (0223) was called, and address 18 (0225) answers"
    assert "address" in failure.do
    assert link.close(2.3) == (LinkDown(),)


def test_the_late_answer_of_another_meter_does_not_hide_that_ours_is_silent():
    link = HdlcLink(replace(SETTINGS, retries=1))
    link.open(0.0)

    link.receive(from_neighbour(INFO, ANSWER), 0.1)
    link.tick(2.2)
    (failure,) = link.tick(4.3)

    assert failure.fault is LinkFault.SILENT


def test_the_answer_of_another_meter_is_never_taken_for_ours():
    link = opened()
    link.request(b"?", 1.0)

    assert link.receive(from_neighbour(INFO, b"\xe6\xe7\x00theirs", receive_seq=1), 1.1) == ()
    assert link.receive(said(INFO, ANSWER, receive_seq=1), 1.2) == (Delivered(b"answer"),)


def test_a_meter_that_speaks_to_another_reader_is_no_stranger():
    link = HdlcLink(ONCE)
    link.open(0.0)
    to_another = Frame(destination=client_address(1), source=NEIGHBOUR, kind=UA, is_final=True).encode()

    link.receive(to_another, 0.1)
    (failure,) = link.tick(2.2)

    assert failure.fault is LinkFault.SILENT


def test_a_call_to_whoever_listens_goes_on_with_the_address_of_whoever_answers():
    link = HdlcLink(CALLS_ANYBODY)
    (call,) = frames_of(link.open(0.0))

    up = link.receive(from_neighbour(UA), 0.1)
    (request,) = frames_of(link.request(b"?", 0.2))

    assert (call.destination.hex(), up) == ("02fd", (LinkUp(),))
    assert request.destination == link.meter == NEIGHBOUR


def test_the_next_call_is_to_whoever_listens_again():
    link = HdlcLink(CALLS_ANYBODY)
    link.open(0.0)
    link.receive(from_neighbour(UA), 0.1)
    (leave,) = frames_of(link.close(0.2))

    (call,) = frames_of(link.open(1.0))

    assert (leave.kind, leave.destination) == (DISC, NEIGHBOUR)
    assert call.destination.hex() == "02fd"


def test_a_meter_without_physical_address_is_named_by_its_logical_device():
    link = HdlcLink(ONCE)
    link.open(0.0)
    link.receive(from_neighbour(UA), 0.1)

    (failure,) = link.tick(2.2)

    assert failure.detail.startswith(f"logical device 1 ({METER.hex()}) was called")
