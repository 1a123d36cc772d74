"""`discover` at ports as a technician finds them: plan, carrying out and report, against simulated meters."""

import argparse
import json

import pytest

from gateway import technician_commands
from gateway.adapters import dlms_meter
from gateway.core.errors import PortUnavailable
from runtime.secret import Secret
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.push import Pusher, PushPlan
from simulators.meter.push_framing import Framing
from simulators.meter.security import Keys
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from tests.fakes_head import EmptyHead, Head, SharedWire, TalkingHead
from tests.fakes_meter import FakeClock, FakeLine, FakeMeter
from tests.fakes_simulators import a_life, a_played_meter, moment

P1 = b"/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n0-0:1.0.0(101209113020W)\r\n1-0:1.8.1(1*kWh)\r\n!C5D2\r\n"
PASSWORD = Access(authentication=Authentication.LLS, password=Secret(b"open sesame"))
KEYS = Access(
    authentication=Authentication.HLS_GMAC,
    keys=Keys(encryption=Secret(bytes(16)), authentication=Secret(bytes(range(16)))),
    draw=bytes,
)


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(technician_commands, "clock_from_environment", lambda: fake)
    return fake


@pytest.fixture
def discover(monkeypatch, capsys):
    """Discover the meter behind a line, and give exit status, facts and the line's own words."""

    def run(line, port="/dev/head", *words):
        monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: line)
        monkeypatch.setattr(dlms_meter, "TcpPort", lambda _host, _port: line)
        status = say("discover", port, *words)
        return status, capsys.readouterr().out

    return run


def say(*words):
    """Parse the words as the program does, and run the command."""
    parser = argparse.ArgumentParser()
    technician_commands.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    return arguments.handler(arguments)


def facts_of(outcome):
    return json.loads(outcome[1])


def entries(meter):
    return {client["client"]: client["asks_for"] for client in meter["clients"]}


class TestAMeterBehindAHead:
    def test_it_is_found_named_and_the_words_to_read_it_are_given(self, clock, discover):
        head = Head(a_played_meter(), clock)

        status, told = discover(head)

        assert status == 0
        assert "LMP10000001 on /dev/head" in told
        assert "mode E from 300 Bd 7E1, then 9600 Bd 8N1, HDLC address 1 (1 octet)" in told
        assert "LMP, Lamplight (simulated)" in told
        assert "16 is let in without a secret" in told
        assert "lamplight-gateway read /dev/head --profile lamplight-sim\n" in told
        assert "lamplight-gateway meter add DIR --port /dev/head --profile lamplight-sim\n" in told
        assert head.is_closed

    def test_its_clock_is_told_with_its_offset_from_ours(self, clock, discover):
        head = Head(a_played_meter(), clock)

        (found,) = facts_of(discover(head, "/dev/head", "--json"))["meters"]

        assert found["clock_offset_s"] == pytest.approx(0, abs=1)
        assert found["clock_at"].startswith("2026-11-21T12:00")

    def test_one_with_a_password_says_so_and_is_offered_none(self, clock, discover):
        meter = a_played_meter(access=PASSWORD)
        head = Head(meter, clock)

        (found,) = facts_of(discover(head, "/dev/head", "--json"))["meters"]

        let_in = {sap: entry for sap, entry in entries(found).items() if entry != "not let in"}
        assert let_in == {16: "nothing", 17: "a password"}
        assert found["profiles"][0]["read"].endswith("--profile lamplight-sim-password --password file:PASSWORD")
        assert meter.command(["status"], _now(clock))["authentications_failed"] == 0

    def test_one_with_keys_says_so_and_is_offered_none(self, clock, discover):
        meter = a_played_meter(access=KEYS)
        head = Head(meter, clock)

        (found,) = facts_of(discover(head, "/dev/head", "--json"))["meters"]

        assert entries(found)[1] == "keys"
        assert found["profiles"][0]["read"].endswith(
            "--profile lamplight-sim-keys --key file:KEY --auth-key file:AUTH_KEY"
        )
        status = meter.command(["status"], _now(clock))
        assert (status["authentications_failed"], status["is_associated"]) == (0, False)

    def test_a_head_that_shows_us_our_own_words_does_not_fool_us(self, clock, discover):
        meter = a_played_meter()
        meter.command(["fault", "echo", "on"], _now(clock))

        facts = facts_of(discover(Head(meter, clock), "/dev/head", "--json"))

        assert facts["echo"]
        assert [found["serial"] for found in facts["meters"]] == ["LMP10000001"]

    def test_one_that_saves_its_battery_is_woken_and_the_setting_for_that_is_told(self, clock, discover):
        head = Head(a_played_meter(saves_battery=True), clock)

        status, told = discover(head)

        assert status == 0
        assert "LMP10000001 on /dev/head" in told
        assert "set `wake_up_s = 2.2` under [sign_on]" in told


class TestANetworkPort:
    def test_the_wrapper_is_spoken(self, clock, discover):
        door = Head(a_played_meter().open_network(), clock)
        door.baud = NETWORK_BAUD

        (found,) = facts_of(discover(door, "tcp://10.0.0.7", "--json"))["meters"]

        assert (found["framing"], found["serial"], found["maker"]) == ("wrapper", "LMP10000001", "LMP")

    def test_hdlc_behind_an_address_that_says_wrapper_is_found(self, clock, discover):
        door = Head(a_played_meter().open_converter(), clock)

        (found,) = facts_of(discover(door, "tcp://10.0.0.7", "--json"))["meters"]

        assert (found["framing"], found["serial"]) == ("hdlc", "LMP10000001")

    def test_one_meter_at_several_addresses_is_told_once(self, clock, discover):
        door = Head(a_played_meter().open_converter(), clock)

        (found,) = facts_of(discover(door, "hdlc+tcp://10.0.0.7", "--json"))["meters"]

        assert found["address"] == {"logical": 1, "physical": 0, "octets": 1}
        assert found["also_at"] == ["1/17 (2 octets)", "1/17 (4 octets)"]


class TestABus:
    def test_three_meters_are_found_each_at_its_address(self, clock, discover):
        wire = SharedWire(*(a_played_meter(f"LMP0000000{at}", bus_address=at) for at in (17, 18, 29)))

        status, told = discover(Head(wire, clock))

        assert status == 0
        for at in (17, 18, 29):
            assert f"read /dev/head --profile lamplight-sim-bus --address {at}\n" in told

    def test_an_address_out_of_the_usual_range_takes_a_deep_search(self, clock, discover):
        wire = SharedWire(a_played_meter(bus_address=90))

        shallow = facts_of(discover(Head(wire, clock), "/dev/bus", "--json"))
        deep = facts_of(discover(Head(wire, clock), "/dev/bus", "--json", "--deep"))

        assert shallow["meters"] == []
        assert [found["address"]["physical"] for found in deep["meters"]] == [90]


class TestTextMeters:
    def test_a_customer_port_that_talks_is_heard_without_a_word_from_us(self, clock, discover):
        head = TalkingHead(clock, P1, baud=115_200, every_s=1.0)

        status, told = discover(head, "/dev/p1")

        assert status == 0
        assert "speaks by itself: P1 telegrams of ISk" in told
        assert "lamplight-gateway listen /dev/p1 --baud 115200 --character 8N1" in told
        assert "lamplight-gateway meter add DIR --push /dev/p1 --profile p1-dsmr5\n" in told
        assert head.said == []

    def test_one_that_talks_every_ten_seconds_is_found_in_the_end(self, clock, discover):
        facts = facts_of(discover(TalkingHead(clock, P1, baud=115_200, every_s=10.0), "/dev/p1", "--json"))

        assert facts["talk"] == {"kind": "p1", "baud": 115_200, "character": "8N1"}

    def test_a_port_that_pushes_lists_is_told_and_the_profiles_that_may_read_it(self, clock, discover):
        pushed = Pusher(a_life(), b"LMP00001", PushPlan(framing=Framing.HDLC)).due(moment(0))

        status, told = discover(TalkingHead(clock, pushed, baud=2_400, every_s=1.0), "/dev/han")

        assert status == 0
        assert "pushes in HDLC frames" in told
        assert "lamplight-gateway read /dev/han --profile han-norway\n" in told
        assert "push-switzerland-p1" not in told

    def test_a_meter_of_mode_c_is_named_and_the_words_to_read_it_are_given(self, clock, discover):
        line = FakeLine(meter=FakeMeter(sign_on=b"/ISk5MT382-1000\r\n"), clock=clock)

        status, told = discover(line)

        assert status == 0
        assert "ISk MT382-1000" in told
        assert "lamplight-gateway read /dev/head --profile iec62056-21-mode-c" in told


class TestNobody:
    def test_a_silent_port_ends_with_what_was_tried_and_what_to_check(self, clock, discover):
        head = EmptyHead(clock)

        status, told = discover(head)

        assert status == 1
        assert "signing on at 300 Bd, 7E1: nobody answered 2 sign-ons" in told
        assert "does the meter have supply?" in told
        assert head.is_closed
        assert clock.seconds < technician_commands.LIMIT_S

    def test_a_head_that_only_echoes_is_told_from_one_that_is_dark(self, clock, discover):
        status, told = discover(EmptyHead(clock, reflects=True))

        assert status == 1
        assert "our own words came back: the head is lit" in told

    def test_a_deep_search_in_vain_ends_in_time_as_well(self, clock, discover):
        discover(EmptyHead(clock), "/dev/head", "--deep")

        assert clock.seconds < technician_commands.DEEP_LIMIT_S

    def test_a_search_that_is_broken_off_gives_the_port_back(self, clock, discover):
        head = Head(a_played_meter(), clock)
        head.before_write[12] = _interrupt

        with pytest.raises(KeyboardInterrupt):
            discover(head)

        assert head.is_closed
        assert head.meter.command(["status"], _now(clock))["baud"] == 300

    def test_a_port_that_is_not_there_is_refused(self, clock):
        with pytest.raises(PortUnavailable):
            say("discover", "/no/such/port")


def _interrupt():
    raise KeyboardInterrupt


def _now(clock):
    return Moment(at=clock.now(), mono_s=clock.monotonic())
