"""`trace` as a technician uses it: a read that goes well, one that fails in each layer, and a trace looked at again."""

import argparse
import json

import pytest

from gateway import trace_commands
from gateway.adapters import dlms_meter
from gateway.core.errors import CaptureRefused, PortUnavailable
from runtime.errors import InputRefused
from runtime.secret import Secret
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.security import Keys
from simulators.meter.wrapper_port import NETWORK_BAUD
from simulators.moment import Moment
from tests.fakes_head import EmptyHead, Head
from tests.fakes_meter import FakeClock
from tests.fakes_simulators import a_played_meter
from tests.fakes_telegrams import block, telegram
from tests.fakes_text_lines import ReadoutLine, TalkingLine

SESAME = b"open sesame"
P1 = ("1-3:0.2.8(50)", "0-0:96.1.1(4530303033)", "1-0:1.8.1(000004.426*kWh)", "1-0:1.8.2(000002.399*kWh)")
PASSWORD = Access(authentication=Authentication.LLS, password=Secret(SESAME))
KEYS = Access(
    authentication=Authentication.HLS_GMAC,
    keys=Keys(encryption=Secret(bytes(16)), authentication=Secret(bytes(range(16)))),
    draw=bytes,
)
READ = ("--profile", "lamplight-sim")
WITH_PASSWORD = ("--profile", "lamplight-sim-password", "--password", "env:METER_PASSWORD")
WITH_KEYS = ("--profile", "lamplight-sim-keys", "--key", "env:METER_KEY", "--auth-key", "env:METER_AUTH_KEY")


@pytest.fixture
def clock(monkeypatch):
    fake = FakeClock()
    monkeypatch.setattr(trace_commands, "clock_from_environment", lambda: fake)
    monkeypatch.setenv("METER_PASSWORD", SESAME.decode())
    monkeypatch.setenv("METER_KEY", bytes(16).hex())
    monkeypatch.setenv("METER_AUTH_KEY", bytes(range(16)).hex())
    return fake


@pytest.fixture
def trace(monkeypatch, capsys):
    """Trace a read over a line, and give exit status and what was printed."""

    def run(line, *words):
        monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: line)
        monkeypatch.setattr(dlms_meter, "TcpPort", lambda _host, _port: line)
        return say(*words), capsys.readouterr().out

    return run


def say(*words):
    """Parse the words as the program does, and run the command."""
    parser = argparse.ArgumentParser()
    trace_commands.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["trace", *map(str, words)])
    return arguments.handler(arguments)


def at_the_head(clock, access=None, *faults):
    meter = a_played_meter(access=access)
    for fault in faults:
        meter.command(["fault", *fault.split()], Moment(at=clock.now(), mono_s=clock.monotonic()))
    return Head(meter, clock)


def verdict_of(outcome):
    return json.loads(outcome[1].splitlines()[-1])["verdict"]


class TestAReadThatGoesWell:
    def test_every_layer_is_told_in_words(self, clock, trace):
        status, told = trace(at_the_head(clock), "/dev/head", *READ)

        assert status == 0
        for words in (
            "> sign-on: /?!",
            "< identification: /LMP5\\2LAMPSIM01",
            "> chooses: HDLC at 9600 Bd",
            "< confirms: HDLC at 9600 Bd",
            "> HDLC SNRM 16 to 1, frames of 2030 octets, 7 at once",
            "AARQ: asks for an association with no secret",
            "AARE: accepted",
            "1-0:1.8.0 energy import, scaler and unit",
            '0-0:96.1.0 serial number: "LMP10000001"',
            "< HDLC UA 1 to 16",
            "verdict  the meter was read",
        ):
            assert words in told

    def test_a_program_gets_an_object_for_each_message_and_one_for_the_verdict(self, clock, trace):
        outcome = trace(at_the_head(clock), "/dev/head", *READ, "--json")

        messages = [json.loads(line) for line in outcome[1].splitlines()[:-1]]
        assert [message["way"] for message in messages[:4]] == ["out", "in", "out", "in"]
        assert all(message["sound"] and not message["echo"] for message in messages)
        assert verdict_of(outcome)["failed"] is None
        assert verdict_of(outcome)["speeds_baud"] == [300, 9_600]
        assert (verdict_of(outcome)["bad"], verdict_of(outcome)["echoes"]) == (0, 0)

    def test_our_own_words_coming_back_are_marked_as_that(self, clock, trace):
        status, told = trace(at_the_head(clock, None, "echo on"), "/dev/head", *READ)

        assert status == 0
        assert "< (echo) our own echo" in told
        assert "verdict  the meter was read" in told
        assert "of our own" in told

    def test_a_spoilt_answer_is_shown_as_that_and_the_read_goes_on(self, clock, trace):
        head = at_the_head(clock)
        head.before_write[4] = lambda: head.meter.command(["fault", "flip"], Moment(at=clock.now(), mono_s=0))

        outcome = trace(head, "/dev/head", *READ, "--json")

        assert (verdict_of(outcome)["bad"], verdict_of(outcome)["failed"]) == (1, None)
        assert "does not hold" in outcome[1]


class TestTextMeters:
    def test_a_readout_is_shown_line_by_line(self, clock, trace):
        readout = block("C.1.0(37604977)", "1.8.0(001234.567*kWh)")

        status, told = trace(ReadoutLine(clock, readout, readout), "/dev/head", "--profile", "iec62056-21-mode-c")

        assert status == 0
        assert "< identification: /LMP5LAMPSIM01" in told
        assert "chooses: text at 9600 Bd" in told
        assert "text: 1.8.0(001234.567*kWh)" in told
        assert "verdict  the meter was read" in told

    def test_a_customer_port_is_listened_to_and_shown_again_later(self, clock, trace, tmp_path):
        kept, line = tmp_path / "trace", TalkingLine(clock, telegram(*P1))

        status, told = trace(line, "/dev/p1", "--profile", "p1-dsmr5", "--out", kept)
        _, again = trace(None, "--replay", kept)

        assert (status, line.said) == (0, [])
        for shown in (told, again):
            assert "text: 1-0:1.8.1(000004.426*kWh)" in shown
            assert " 0 parity errors" in shown


class TestSecrets:
    @pytest.mark.parametrize("faults", [(), ("echo on",)])
    def test_a_password_is_nowhere(self, clock, trace, tmp_path, faults):
        kept = tmp_path / "trace"

        status, told = trace(
            at_the_head(clock, PASSWORD, *faults), "/dev/head", *WITH_PASSWORD, "--out", kept, "--full"
        )

        assert status == 0
        assert "a password (LLS), masked" in told
        assert SESAME.hex() not in told.replace(" ", "").replace("\n", "")
        assert SESAME.hex() not in kept.read_text()
        assert (b"*" * len(SESAME)).hex() in kept.read_text()

    def test_an_echo_that_came_damaged_gives_no_password_away(self, clock, trace, tmp_path):
        kept = tmp_path / "trace"
        head = at_the_head(clock, PASSWORD)
        read, writes = head.read, []
        head.write_before, head.write = head.write, lambda data: (writes.append(data), head.write_before(data))
        head.read = lambda timeout_s: _damaged(writes) or read(timeout_s)

        _, told = trace(head, "/dev/head", *WITH_PASSWORD, "--out", kept, "--full")

        for part in (SESAME[:6], SESAME[-4:]):
            assert part.hex() not in kept.read_text()
            assert part.hex(" ") not in told

    def test_with_keys_what_is_ciphered_is_opened_and_its_tag_told(self, clock, trace):
        outcome = trace(at_the_head(clock, KEYS), "/dev/head", *WITH_KEYS)

        status, told = outcome
        assert status == 0
        assert "tag right" in told
        assert 'serial number: "LMP10000001"' in told
        assert bytes(range(16)).hex() not in told.replace(" ", "")
        assert "keys     tag right" in told

    def test_a_wrong_key_is_told_as_that(self, clock, trace, monkeypatch):
        monkeypatch.setenv("METER_KEY", bytes([7] * 16).hex())

        outcome = trace(at_the_head(clock, KEYS), "/dev/head", *WITH_KEYS, "--json")

        assert outcome[0] == 1
        assert (verdict_of(outcome)["failed"], verdict_of(outcome)["keys"]) == ("security", "wrong key")

    def test_a_wrong_password_is_told_as_that(self, clock, trace, monkeypatch):
        monkeypatch.setenv("METER_PASSWORD", "mellon")

        status, told = trace(at_the_head(clock, PASSWORD), "/dev/head", *WITH_PASSWORD)

        assert status == 1
        assert "AARE: refused: authentication-failure, for good" in told
        assert "verdict  failed: security" in told
        assert "check the secret with the utility" in told


class TestWhatFails:
    def test_a_silent_port(self, clock, trace):
        outcome = trace(EmptyHead(clock), "/dev/head", *READ, "--json")

        assert outcome[0] == 1
        assert verdict_of(outcome)["failed"] == "line"
        assert "does the meter have supply" in verdict_of(outcome)["next"][0]

    def test_a_head_that_only_echoes(self, clock, trace):
        outcome = trace(EmptyHead(clock, reflects=True), "/dev/head", *READ, "--json")

        assert verdict_of(outcome)["failed"] == "line"
        assert verdict_of(outcome)["next"][0].startswith("only our own words came back")

    def test_nothing_but_garbage(self, clock, trace):
        outcome = trace(at_the_head(clock, None, "garbage 1000"), "/dev/head", *READ, "--json")

        assert verdict_of(outcome)["failed"] == "line"
        assert verdict_of(outcome)["parity_errors"] > 0
        assert verdict_of(outcome)["next"][0].startswith("octets came and none held")

    def test_a_client_that_is_not_let_in(self, clock, trace):
        line = Head(a_played_meter(access=PASSWORD).open_network(), clock)
        line.baud = NETWORK_BAUD

        outcome = trace(line, "tcp://10.0.0.7", *READ, "--json")

        # The public client is let in, and shown no serial number.
        assert verdict_of(outcome)["failed"] == "objects"

    def test_a_meter_with_no_such_client(self, clock, trace):
        outcome = trace(at_the_head(clock), "/dev/head", *WITH_PASSWORD, "--json")

        assert verdict_of(outcome)["failed"] == "association"

    def test_a_port_that_is_not_there_is_refused(self, clock):
        with pytest.raises(PortUnavailable):
            say("/no/such/port", *READ)

    @pytest.mark.parametrize(
        "words", [(), ("/dev/head",), ("/dev/head", *READ, "--hours", "-1"), ("/dev/han", "--profile", "han-norway")]
    )
    def test_what_cannot_be_traced_is_refused(self, clock, words):
        with pytest.raises(InputRefused):
            say(*words)


class TestATraceThatWasKept:
    def test_it_shows_the_same_again(self, clock, trace, tmp_path):
        kept = tmp_path / "trace"
        _, live = trace(at_the_head(clock), "/dev/head", *READ, "--out", kept, "--json")

        _, again = trace(None, "--replay", kept, "--json")

        meanings = [[json.loads(line).get("meaning") for line in told.splitlines()] for told in (live, again)]
        assert meanings[0] == meanings[1]

    def test_keys_open_it_later(self, clock, trace, tmp_path):
        kept = tmp_path / "trace"
        trace(at_the_head(clock, KEYS), "/dev/head", *WITH_KEYS, "--out", kept)

        _, without = trace(None, "--replay", kept)
        _, with_keys = trace(None, "--replay", kept, *WITH_KEYS[2:])

        assert "keys     not checked" in without
        assert '"LMP10000001"' in with_keys

    def test_a_file_that_is_none_is_refused(self, trace, tmp_path):
        other = tmp_path / "other"
        other.write_bytes(b"7ea0")

        with pytest.raises(CaptureRefused, match="no trace"):
            trace(None, "--replay", other)

    def test_a_missing_file_is_refused(self, trace, tmp_path):
        with pytest.raises(InputRefused, match="No such file"):
            trace(None, "--replay", tmp_path / "none")

    def test_a_folder_that_takes_no_file_is_refused(self, clock, trace, tmp_path):
        with pytest.raises(InputRefused, match="cannot keep"):
            trace(None, "/dev/head", *READ, "--out", tmp_path / "none" / "trace")


def _damaged(writes):
    """The echo of what was written last, its first octet gone."""
    return writes.pop()[1:] if writes and SESAME in writes[-1] else b""
