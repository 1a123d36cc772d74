"""What a meter does wrong on command, as a reader with keys, or the line, sees it."""

from collections.abc import Sequence

import pytest

from runtime.errors import InputRefused
from simulators.meter import gatekeeper, security
from simulators.meter.gatekeeper import Gatekeeper
from simulators.meter.hdlc import information
from simulators.meter.misconduct import Misconduct
from simulators.meter.server import Server
from simulators.meter.station import Station
from simulators.meter.wrapper_port import WrapperPort
from tests.fakes_access import KEYS, METER_TITLE, GmacReader, by_keys, diagnostic, locked_server
from tests.fakes_simulators import ASSOCIATE, FakeApplication, a_life, command, frames_of, moment, snrm

GET_CLOCK = bytes.fromhex("c001c1 0008 0000010000ff 02 00")
GET_COUNTER = bytes.fromhex("c001c1 0001 00002b0100ff 02 00")
TRY_LATER = 2


@pytest.fixture
def locked() -> tuple[Server, Gatekeeper]:
    return locked_server(a_life(), by_keys())


def tell(keeper: Gatekeeper, words: str, at_s: float = 1_000.0) -> None:
    keeper.misconduct.command(words.split(), at_s)


def sealed_answers(server: Server, count: int) -> Sequence[bytes]:
    reader = GmacReader(server)
    reader.call()
    reader.ask(reader.proof())
    asked = [gatekeeper.wrapped(reader.title, reader.seal(GET_CLOCK)) for _ in range(count)]
    return [gatekeeper.unwrapped(server.answer(1, request, moment()))[1] for request in asked]


def test_associations_are_refused_for_a_while_and_not_for_good(locked: tuple[Server, Gatekeeper]) -> None:
    server, keeper = locked
    tell(keeper, "refuse 30")

    assert diagnostic(server.answer(16, ASSOCIATE, moment(1_029.0))) == (TRY_LATER, 1)
    assert diagnostic(server.answer(16, ASSOCIATE, moment(1_030.0))) == (0, 0)


def test_one_that_waits_for_quiet_begins_anew_with_every_call() -> None:
    misconduct = Misconduct(idle_s=120.0)
    misconduct.command(["refuse", "idle"], 1_000.0)

    assert misconduct.refuses(1_100.0)
    assert misconduct.refuses(1_219.0)
    assert not misconduct.refuses(1_339.0)


@pytest.mark.parametrize(("words", "step"), [("counter right", 1), ("counter replay", 0), ("counter lower", -1)])
def test_answers_carry_the_counter_they_are_told_to(locked: tuple[Server, Gatekeeper], words: str, step: int) -> None:
    server, keeper = locked
    tell(keeper, words)

    first, second = map(security.counter_of, sealed_answers(server, 2))

    assert second - first == step


@pytest.mark.parametrize("words", ["counter wrong", "key wrong"])
def test_answers_do_not_open(locked: tuple[Server, Gatekeeper], words: str) -> None:
    server, keeper = locked
    reader = GmacReader(server)
    reader.call()
    reader.ask(reader.proof())
    tell(keeper, words)

    answer = server.answer(1, gatekeeper.wrapped(reader.title, reader.seal(GET_CLOCK)), moment())

    with pytest.raises(security.NotOpened):
        security.unseal(KEYS, METER_TITLE, gatekeeper.unwrapped(answer)[1])


def test_another_counter_is_told_than_was_heard(locked: tuple[Server, Gatekeeper]) -> None:
    server, keeper = locked
    server.answer(16, ASSOCIATE, moment())
    tell(keeper, "told 7")

    assert server.answer(16, GET_COUNTER, moment()).hex() == "c401c1000600000007"
    tell(keeper, "told right")
    assert server.answer(16, GET_COUNTER, moment()).hex() == "c401c1000600000000"


@pytest.mark.parametrize(("end", "source", "destination"), [("addressee", 1, 18), ("sender", 3, 16)])
def test_answers_name_a_wrong_end_in_the_wrapper_and_in_frames(end: str, source: int, destination: int) -> None:
    wrong = Misconduct()
    wrong.command([end, "wrong"], 0.0)
    wrapper = WrapperPort(FakeApplication(b"yes"), addressee=wrong.addressee, sender=wrong.sender)
    station = Station(FakeApplication(b"yes"), addressee=wrong.addressee, sender=wrong.sender)
    station.feed(snrm(), moment())

    [said] = wrapper.feed(bytes.fromhex("0001 0010 0001 0001 62"), moment())
    [frame] = frames_of(station.feed(command(information(0, 0, final=True), bytes.fromhex("e6e60062")), moment()))

    assert said.octets == b"".join(field.to_bytes(2, "big") for field in (1, source, destination, 3)) + b"yes"
    assert (frame.source.logical, frame.destination.logical) == (source, destination)


def test_all_is_well_again_when_it_is_told_so() -> None:
    misconduct = Misconduct()
    for words in ("refuse 60", "counter replay", "told 3", "key wrong", "addressee wrong", "sender wrong"):
        misconduct.command(words.split(), 0.0)

    misconduct.command(["clear"], 0.0)

    assert misconduct.status(0.0) == Misconduct().status(0.0)


@pytest.mark.parametrize("words", ["", "refuse", "refuse -1", "counter odd", "told many", "key lost", "addressee me"])
def test_what_is_no_misconduct_is_refused(words: str) -> None:
    with pytest.raises(InputRefused):
        Misconduct().command(words.split(), 0.0)
