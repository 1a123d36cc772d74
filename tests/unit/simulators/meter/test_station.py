from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.meter.hdlc import Address, Control, Frame, Kind, checksum, information, receive_ready, unnumbered
from simulators.meter.link_parameters import LinkParameters
from simulators.meter.station import LLC_REQUEST, LLC_RESPONSE, MAX_REQUEST_BYTES, Station
from tests.fakes_simulators import FakeApplication, Reader, command, frames_of, moment, snrm

ASKED = LLC_REQUEST + b"what?"
RECEIVE_NOT_READY = Control(0x15)
WIDE = LinkParameters(transmit_bytes=2_030, receive_bytes=2_030, transmit_window=7, receive_window=7)


def connected(answer: bytes = b"", proposal: bytes = b"") -> tuple[Station, FakeApplication]:
    application = FakeApplication(answer)
    station = Station(application)
    station.feed(snrm(proposal), moment())
    return station, application


def kinds(answers: list[bytes]) -> list[Kind]:
    return [frame.control.kind for frame in frames_of(answers)]


def numbers(answers: list[bytes]) -> list[int]:
    return [frame.control.send_number for frame in frames_of(answers)]


def test_a_link_begins_with_snrm_and_ua_and_ends_with_disc_and_ua() -> None:
    station, application = connected()
    was_connected = station.is_connected

    answers = station.feed(command(unnumbered(Kind.DISCONNECT)), moment())

    assert was_connected
    assert kinds(answers) == [Kind.UNNUMBERED_ACKNOWLEDGE]
    assert not station.is_connected
    assert application.links_lost == 1


@pytest.mark.parametrize("control", [unnumbered(Kind.DISCONNECT), receive_ready(0), information(0, 0, final=True)])
def test_without_a_link_a_poll_is_met_with_dm(control: Control) -> None:
    answers = Station(FakeApplication()).feed(command(control), moment())

    assert kinds(answers) == [Kind.DISCONNECTED_MODE]


def test_without_a_poll_nothing_is_said() -> None:
    station, _ = connected(b"answer")

    assert station.feed(command(information(0, 0, final=False), ASKED), moment()) == []
    assert kinds(station.feed(command(receive_ready(0)), moment())) == [Kind.INFORMATION]


def test_a_proposal_that_cannot_be_read_leaves_the_link_down() -> None:
    station = Station(FakeApplication())

    assert kinds(station.feed(snrm(b"\x81\x80\x09"), moment())) == [Kind.DISCONNECTED_MODE]
    assert not station.is_connected


def test_a_request_reaches_the_application_without_its_llc_header() -> None:
    station, application = connected(b"answer")

    [answer] = frames_of(station.feed(command(information(0, 0, final=True), ASKED), moment()))

    assert application.asked == [(16, b"what?")]
    assert answer.information == LLC_RESPONSE + b"answer"
    assert answer.control.receive_number == 1
    assert answer.control.is_poll


def test_what_lacks_the_llc_header_is_acknowledged_and_not_answered() -> None:
    station, application = connected(b"answer")

    answers = station.feed(command(information(0, 0, final=True), b"what?"), moment())

    assert kinds(answers) == [Kind.RECEIVE_READY]
    assert application.asked == []


@pytest.mark.parametrize(("size", "frames"), [(125, 1), (126, 2), (128 * 2 - 3, 2), (128 * 2 - 2, 3)])
def test_a_long_answer_travels_in_segments_of_128_bytes(size: int, frames: int) -> None:
    station, _ = connected(bytes(size))
    answers = station.feed(command(information(0, 0, final=True), ASKED), moment())

    for number in range(1, frames):
        answers += station.feed(command(receive_ready(number)), moment())

    segments = frames_of(answers)
    assert len(segments) == frames
    assert [segment.is_segment for segment in segments] == [True] * (frames - 1) + [False]
    assert b"".join(segment.information for segment in segments) == LLC_RESPONSE + bytes(size)


def test_within_a_window_only_the_last_frame_gives_the_turn_back() -> None:
    station, _ = connected(bytes(20), LinkParameters(receive_bytes=5, receive_window=3).to_bytes())

    answers = frames_of(station.feed(command(information(0, 0, final=True), ASKED), moment()))

    assert [frame.control.is_poll for frame in answers] == [False, False, True]


@pytest.mark.parametrize(
    "proposal",
    [b"", WIDE.to_bytes(), LinkParameters(receive_bytes=40, receive_window=7).to_bytes()],
    ids=["defaults", "widest", "small frames"],
)
@given(size=st.integers(0, 5_000))
@settings(max_examples=20, deadline=None)
def test_any_answer_arrives_whole_whatever_was_agreed(proposal: bytes, size: int) -> None:
    answer = bytes(place % 251 for place in range(size)) or b"\x00"
    reader = Reader(Station(FakeApplication(answer)), parameters=proposal)

    assert reader.ask(b"what?") == answer
    assert reader.ask(b"and again?") == answer


def test_a_request_may_come_in_segments() -> None:
    station, application = connected(b"answer")

    first = station.feed(command(information(0, 0, final=True), ASKED[:4], is_segment=True), moment())
    second = station.feed(command(information(1, 0, final=True), ASKED[4:]), moment())

    assert kinds(first) == [Kind.RECEIVE_READY]
    assert kinds(second) == [Kind.INFORMATION]
    assert application.asked == [(16, b"what?")]


def test_a_request_said_twice_is_asked_once_and_answered_twice() -> None:
    station, application = connected(b"answer")
    request = command(information(0, 0, final=True), ASKED)

    first = station.feed(request, moment())
    second = station.feed(request, moment())

    assert first == second
    assert len(application.asked) == 1


def test_a_frame_that_went_missing_is_asked_for_by_number() -> None:
    station, application = connected(b"answer")

    [answer] = frames_of(station.feed(command(information(1, 0, final=True), ASKED), moment()))

    assert (answer.control.kind, answer.control.receive_number) == (Kind.RECEIVE_READY, 0)
    assert application.asked == []


def test_a_lost_window_is_sent_again_from_what_is_missing() -> None:
    station, _ = connected(bytes(20), LinkParameters(receive_bytes=5, receive_window=3).to_bytes())
    first = station.feed(command(information(0, 0, final=True), ASKED), moment())

    again = station.feed(command(receive_ready(1)), moment())

    assert numbers(first) == [0, 1, 2]
    assert numbers(again) == [1, 2, 3]


def test_a_reader_that_is_not_ready_is_told_no_more_until_it_is() -> None:
    station, _ = connected(b"answer")
    station.feed(command(information(0, 0, final=False), ASKED), moment())

    held = station.feed(command(RECEIVE_NOT_READY), moment())
    resumed = station.feed(command(receive_ready(0)), moment())

    assert kinds(held) == [Kind.RECEIVE_READY]
    assert kinds(resumed) == [Kind.INFORMATION]


@pytest.mark.parametrize(
    ("control", "text", "why"),
    [
        (Control(0x19), b"", 0x01),
        (receive_ready(0), b"text", 0x03),
        (information(0, 0, final=True), bytes(129), 0x04),
        (receive_ready(3), b"", 0x08),
    ],
    ids=["unknown command", "text where none may be", "text too long", "acknowledged what was never sent"],
)
def test_what_breaks_the_protocol_is_rejected_and_says_why(control: Control, text: bytes, why: int) -> None:
    station, _ = connected()

    [answer] = frames_of(station.feed(command(control, text), moment()))

    assert answer.control.kind is Kind.FRAME_REJECT
    assert answer.information == bytes((control.octet, 0x00, why))


def test_after_a_rejection_only_a_new_link_helps() -> None:
    station, _ = connected(b"answer")
    station.feed(command(Control(0x19)), moment())

    refused = station.feed(command(information(0, 0, final=True), ASKED), moment())
    renewed = station.feed(snrm(), moment())
    answered = station.feed(command(information(0, 0, final=True), ASKED), moment())

    assert kinds(refused) == [Kind.FRAME_REJECT]
    assert kinds(renewed) == [Kind.UNNUMBERED_ACKNOWLEDGE]
    assert kinds(answered) == [Kind.INFORMATION]


def test_a_request_without_end_is_rejected() -> None:
    station, _ = connected(proposal=WIDE.to_bytes())
    answers = []

    for number in range(MAX_REQUEST_BYTES // 2_000 + 1):
        answers = station.feed(command(information(number, 0, final=True), bytes(2_000), is_segment=True), moment())

    assert kinds(answers) == [Kind.FRAME_REJECT]


def test_a_second_reader_finds_the_line_taken() -> None:
    station, _ = connected()

    assert kinds(station.feed(snrm(reader=Address(logical=1)), moment())) == [Kind.DISCONNECTED_MODE]
    assert station.is_connected


def test_the_same_reader_may_begin_anew() -> None:
    station, application = connected()

    assert kinds(station.feed(snrm(), moment())) == [Kind.UNNUMBERED_ACKNOWLEDGE]
    assert application.links_lost == 1


@pytest.mark.parametrize(
    "meter",
    [Address(logical=1, physical=17, size=2), Address(logical=1, physical=17, size=4)],
    ids=["two bytes", "four bytes"],
)
def test_the_meter_answers_under_the_address_it_was_called_by(meter: Address) -> None:
    [answer] = frames_of(Station(FakeApplication()).feed(snrm(meter=meter), moment()))

    assert answer.source == meter


def test_a_call_to_whoever_is_there_is_answered_with_the_own_address() -> None:
    anybody = Address(logical=1, physical=0x3FFE, size=4)

    [answer] = frames_of(Station(FakeApplication()).feed(snrm(meter=anybody), moment()))

    assert answer.source == Address(logical=1, physical=17, size=4)


@pytest.mark.parametrize(
    "meter",
    [Address(logical=2), Address(logical=1, physical=18, size=2), Address(logical=1, physical=0x7F, size=2)],
    ids=["another logical device", "another meter", "everybody"],
)
def test_what_is_meant_for_others_is_not_answered(meter: Address) -> None:
    assert Station(FakeApplication()).feed(snrm(meter=meter), moment()) == []


def test_a_silent_reader_keeps_its_link_for_120_seconds_and_no_longer() -> None:
    station, application = connected()

    station.expire(1_000.0 + 120.0)
    still_connected = station.is_connected
    station.expire(1_000.0 + 120.1)

    assert still_connected
    assert not station.is_connected
    assert application.links_lost == 1


def test_noise_does_not_keep_a_link() -> None:
    station, _ = connected()

    station.feed(b"\xff\x00", moment(1_100.0))
    station.expire(1_121.0)

    assert not station.is_connected


def test_a_frame_broken_off_does_not_swallow_the_next() -> None:
    station, _ = connected(b"answer")
    request = command(information(0, 0, final=True), ASKED)

    station.feed(request[:9], moment(1_000.0))
    answers = station.feed(request, moment(1_000.3))

    assert kinds(answers) == [Kind.INFORMATION]


def test_unnumbered_information_is_taken_and_not_answered() -> None:
    station, _ = connected()

    assert station.feed(command(Control(0x13), b"news"), moment()) == []


def test_the_parameters_of_ua_are_the_meters_own() -> None:
    reader = Reader(Station(FakeApplication()), parameters=WIDE.to_bytes())

    assert reader.acknowledgement.information == WIDE.to_bytes()


def test_an_answer_of_ua_is_exactly_as_the_standard_shows_it() -> None:
    body = bytes.fromhex("a01e21037380")[:5]
    text = bytes.fromhex("818012050180060180070400000001080400000001")
    head = body + checksum(body)

    [answer] = Station(FakeApplication()).feed(snrm(), moment())

    assert answer == b"\x7e" + head + text + checksum(head + text) + b"\x7e"


class PersistentReader:
    """A reader on a bad line: it repeats its request until something comes back, then polls for what is missing."""

    def __init__(self, station: Station, losses: Iterator[bool]) -> None:
        self._station = station
        self._losses = losses
        self._received = 0
        station.feed(snrm(LinkParameters(receive_bytes=16, receive_window=3).to_bytes()), moment())

    def ask(self) -> bytes:
        parts: list[bytes] = []
        is_whole = False
        while not is_whole:
            control = receive_ready(self._received) if parts else information(0, 0, final=True)
            for frame in self._heard(command(control, b"" if parts else ASKED)):
                if frame.control.kind is Kind.INFORMATION and frame.control.send_number == self._received:
                    self._received = (self._received + 1) % 8
                    parts.append(frame.information)
                    is_whole = not frame.is_segment
        return b"".join(parts)

    def _heard(self, sent: bytes) -> list[Frame]:
        answers = [] if next(self._losses) else self._station.feed(sent, moment())
        return [frame for frame in frames_of(answers) if not next(self._losses)]


@given(size=st.integers(1, 300), losses=st.lists(st.booleans(), max_size=40))
def test_on_a_bad_line_an_answer_arrives_whole_and_is_asked_for_once(size: int, losses: list[bool]) -> None:
    application = FakeApplication(bytes(place % 251 for place in range(size)))
    reader = PersistentReader(Station(application), chain(losses, repeat(False)))

    assert reader.ask() == LLC_RESPONSE + application.next_answer
    assert len(application.asked) == 1


def on_a_bus(address: int) -> Station:
    return Station(FakeApplication(), physical_address=address, is_alone=False)


@pytest.mark.parametrize("address", [Address(logical=1, physical=18, size=2), Address(logical=1, physical=18, size=4)])
def test_on_a_bus_the_station_that_is_called_answers_by_its_own_address(address: Address) -> None:
    stations = [on_a_bus(17), on_a_bus(18), on_a_bus(19)]

    answers = [station.feed(snrm(meter=address), moment()) for station in stations]

    assert [len(said) for said in answers] == [0, 1, 0]
    assert frames_of(answers[1])[0].source == address


@pytest.mark.parametrize(
    "everybody",
    [
        Address(logical=1),
        Address(logical=1, physical=0x7E, size=2),
        Address(logical=1, physical=0x7F, size=2),
        Address(logical=1, physical=0x3FFE, size=4),
        Address(logical=1, physical=0x3FFF, size=4),
        Address(logical=1, physical=0, size=4),
    ],
    ids=str,
)
def test_on_a_bus_nobody_answers_to_a_call_for_whoever_listens(everybody: Address) -> None:
    assert on_a_bus(17).feed(snrm(meter=everybody), moment()) == []


def test_a_reader_that_talks_to_another_meter_does_not_keep_the_link() -> None:
    station = on_a_bus(17)
    station.feed(snrm(meter=Address(logical=1, physical=17, size=2)), moment(1_000.0))

    station.feed(snrm(meter=Address(logical=1, physical=18, size=2)), moment(1_100.0))
    station.expire(1_121.0)

    assert not station.is_connected
