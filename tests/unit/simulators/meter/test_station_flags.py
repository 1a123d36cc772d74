"""On command an answer is cut where a checksum ends in 7E, which readers by flags take for the end of the frame."""

from simulators.meter.hdlc import FLAG, Kind, information
from simulators.meter.station import LLC_REQUEST, LLC_RESPONSE, Station
from tests.fakes_simulators import FakeApplication, Reader, command, frames_of, moment, snrm

ASKED = command(information(0, 0, final=True), LLC_REQUEST + b"what?")
LONG = bytes(range(256)) * 6


def test_a_long_answer_is_cut_where_its_first_checksum_ends_in_a_flag() -> None:
    station = Station(FakeApplication(LONG), wants_flag=lambda: True)
    station.feed(snrm(bytes.fromhex("81801405020400060204000704000000070804000000 07")), moment())

    first, *rest = station.feed(ASKED, moment())

    assert first[-2] == FLAG
    assert b"".join(frame.information for frame in frames_of([first, *rest])) == LLC_RESPONSE + LONG


def test_with_a_window_of_one_the_rest_comes_when_it_is_asked_for() -> None:
    station = Station(FakeApplication(LONG[:100]), wants_flag=lambda: True)

    assert Reader(station).ask(b"what?") == LONG[:100]


def test_where_nothing_is_answered_there_is_nothing_to_cut() -> None:
    station = Station(FakeApplication(b""), wants_flag=lambda: True)
    station.feed(snrm(), moment())

    assert [frame.control.kind for frame in frames_of(station.feed(ASKED, moment()))] == [Kind.RECEIVE_READY]
