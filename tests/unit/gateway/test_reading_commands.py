"""`read` and `decode` as a person and a program use them."""

import argparse
import io
import json
import sys

import pytest

from gateway import reading_commands
from gateway.adapters import dlms_meter
from gateway.core.dlms.hdlc import Frame, FrameKind, client_address, server_address
from gateway.core.errors import CaptureRefused, MeterSilent, ProfileRefused
from runtime.errors import InputRefused
from tests import fakes_axdr
from tests.fakes_meter import (
    IMPORT,
    LOAD_PROFILE,
    NOON,
    VOLTAGE,
    FakeLine,
    FakeMeter,
    octets,
    scaler_unit,
    stamp,
    structure,
    u16,
    u32,
)

SERIAL_OBIS = bytes((0, 0, 96, 1, 0, 255))


def run(*words):
    """Parse the words as the program does, and run the command."""
    parser = argparse.ArgumentParser()
    reading_commands.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    return arguments.handler(arguments)


@pytest.fixture
def line(monkeypatch):
    """The meter every port leads to, and its clock."""
    fake = FakeLine()
    monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud: fake)
    monkeypatch.setattr(reading_commands, "clock_from_environment", lambda: fake.clock)
    return fake


@pytest.fixture
def capture(tmp_path):
    """Write a capture and give its path."""

    def write(content):
        file = tmp_path / "capture"
        file.write_bytes(content)
        return str(file)

    return write


def a_push():
    body = structure(
        structure(octets(SERIAL_OBIS), octets(b"84895126")),
        structure(octets(IMPORT.obis.octets), u32(261_927), scaler_unit(0, 30)),
        structure(octets(VOLTAGE.obis.octets), u16(2_364), scaler_unit(-1, 35)),
        u16(7),
    )
    return Frame(
        destination=client_address(16),
        source=server_address(logical=1, physical=17, size=2),
        kind=FrameKind.UNNUMBERED_INFORMATION,
        is_final=True,
        info=b"\xe6\xe7\x00\x0f\x40\x00\x00\x00\x0c" + stamp(NOON).octets() + fakes_axdr.encode(body),
    ).encode()


class TestRead:
    def test_a_program_gets_one_json_object(self, line, capsys):
        assert run("read", "/dev/meter", "--profile", "cosem-meter", "--hours", "2", "--json") == 0

        (told,) = map(json.loads, capsys.readouterr().out.splitlines())
        assert told["meter_serial"] == "LMP10000001"
        assert told["meter_clock_offset_s"] == 0.0
        assert told["values"] == {"energy_import_wh": 1_234_500, "voltage_l1_mv": 230_100, "disconnector": "closed"}
        assert told["unread"]["voltage_l2_mv"] == "object-undefined"
        assert [row["values"] for row in told["intervals"]] == [{"energy_import_wh": 500}] * 2
        assert (told["doubts"], told["set_aside"], told["gaps"]) == ([], [], [])

    def test_a_person_gets_a_table_with_units(self, line, capsys):
        assert run("read", "/dev/meter", "--profile", "cosem-meter", "--hours", "2") == 0

        out = capsys.readouterr().out
        assert "meter LMP10000001" in out
        assert "1,234,500 Wh" in out
        assert "230.1 V" in out
        assert "disconnector                 closed" in out
        assert "2026-11-21 11:00         60                 500" in out

    def test_nought_hours_reads_no_load_profile(self, line, capsys):
        run("read", "/dev/meter", "--profile", "cosem-meter", "--hours", "0", "--json")

        assert json.loads(capsys.readouterr().out)["intervals"] == []
        assert len(line.meter.requests) == 3

    def test_a_meter_that_gives_no_load_profile_is_read_and_it_is_said(self, line, capsys):
        line.meter.objects[LOAD_PROFILE] = u32(1)

        run("read", "/dev/meter", "--profile", "cosem-meter")
        line.is_closed = False
        run("read", "/dev/meter", "--profile", "cosem-meter", "--json")

        *for_people, for_programs = capsys.readouterr().out.splitlines()
        assert "no load profile: an array or structure was expected" in for_people[-1]
        assert "array or structure" in json.loads(for_programs)["without_intervals"]

    def test_doubts_are_shown_to_both(self, line, capsys):
        line.clock.seconds = 3_600.0

        run("read", "/dev/meter", "--profile", "cosem-meter", "--hours", "0", "--json")
        line.is_closed = False
        run("read", "/dev/meter", "--profile", "cosem-meter", "--hours", "0")

        for_programs, for_people = capsys.readouterr().out.split("\n", 1)
        assert json.loads(for_programs)["doubts"][0]["doubt"] == "meter-clock-off"
        assert "doubtful: meter-clock-off (-3,600, allowed 60)" in for_people

    def test_a_person_at_a_terminal_is_told_why_it_takes_long(self, line, capsys, monkeypatch):
        line.meter = FakeMeter(sign_on=b"/LMP5\\2LAMPSIM01\r\n")
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

        run("read", "/dev/meter", "--profile", "lamplight-sim")

        assert "signing on at 300 baud ..." in capsys.readouterr().err

    def test_a_program_that_collects_standard_error_is_not_bothered(self, line, capsys):
        line.meter = FakeMeter(sign_on=b"/LMP5\\2LAMPSIM01\r\n")

        run("read", "/dev/meter", "--profile", "lamplight-sim")

        assert capsys.readouterr().err == ""

    def test_a_silent_meter_is_an_error_and_nothing_is_printed(self, line, capsys):
        line.is_silent = True

        with pytest.raises(MeterSilent):
            run("read", "/dev/meter", "--profile", "cosem-meter")

        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            (("/dev/meter", "--profile", "nope"), ProfileRefused),
            (("udp://x", "--profile", "cosem-meter"), InputRefused),
            (("/dev/meter", "--profile", "cosem-meter", "--hours", "-1"), InputRefused),
            (("/dev/meter", "--profile", "cosem-meter", "--hours", "99999"), InputRefused),
        ],
    )
    def test_what_cannot_be_asked_is_refused_before_a_port_is_opened(self, line, words, error):
        with pytest.raises(error):
            run("read", *words)

        assert line.written == []


class TestDecode:
    @pytest.mark.parametrize(
        "content",
        [
            a_push(),
            a_push().hex().encode(),
            a_push().hex().upper().encode() + b"\n",
            a_push().hex(" ").encode(),
            a_push().hex("\n", 16).encode(),
        ],
        ids=["binary", "hex", "upper case", "spaced", "lines"],
    )
    def test_a_capture_may_be_binary_or_hex_in_any_layout(self, capture, capsys, content):
        assert run("decode", capture(content), "--json") == 0

        assert json.loads(capsys.readouterr().out) == {
            "kind": "hdlc-push",
            "sent_at": "2026-11-21T12:00:00+00:00",
            "readings": [
                {"obis": "0.0.96.1.0.255", "value": "84895126"},
                {"obis": "1.0.1.8.0.255", "value": 261_927, "unit": "Wh"},
                {"obis": "1.0.32.7.0.255", "value": 236.4, "unit": "V"},
            ],
            "unnamed": 1,
        }

    def test_a_capture_may_come_through_a_pipe(self, monkeypatch, capsys):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(a_push())))

        run("decode", "-")

        out = capsys.readouterr().out
        assert "236.4 V" in out
        assert "and 1 more without an OBIS code" in out

    def test_several_messages_are_an_object_each(self, capture, capsys):
        run("decode", capture(a_push() * 2), "--json")

        assert len(capsys.readouterr().out.splitlines()) == 2

    def test_a_refusal_names_the_kind_to_a_program_and_the_file_to_a_person(self, capture, capsys):
        file = capture(b"\xdb\x08" + bytes(40))

        with pytest.raises(CaptureRefused) as refused:
            run("decode", file, "--json")

        assert json.loads(capsys.readouterr().out)["refused"]["kind"] == "ciphered"
        assert file in str(refused.value)

    def test_a_refusal_prints_nothing_but_its_line_to_a_person(self, capture, capsys):
        with pytest.raises(CaptureRefused):
            run("decode", capture(b"/ISk5\\2MT382\r\n"))

        assert capsys.readouterr().out == ""

    @pytest.mark.parametrize(
        ("content", "why"), [(b"", "empty"), (b" \n", "empty"), (b"7ea", "middle of an octet"), (b"7e a", "middle")]
    )
    def test_what_cannot_be_a_capture_is_refused(self, capture, content, why):
        with pytest.raises(InputRefused, match=why):
            run("decode", capture(content))

    def test_a_missing_file_is_refused(self):
        with pytest.raises(InputRefused, match="No such file"):
            run("decode", "/no/such/capture")

    def test_keys_are_read_and_checked(self, capture, monkeypatch):
        monkeypatch.setenv("METER_KEY", "00" * 16)

        assert run("decode", capture(a_push()), "--key", "env:METER_KEY", "--auth-key", "env:METER_KEY") == 0

    @pytest.mark.parametrize("source", ["00112233445566778899aabbccddeeff", "file:", "env", "http://x"])
    def test_a_key_itself_is_refused_and_not_repeated(self, capture, source):
        with pytest.raises(InputRefused, match="never given itself") as refused:
            run("decode", capture(a_push()), "--key", source)

        assert source not in str(refused.value).replace("file:PATH", "").replace("env:NAME", "")

    def test_standard_input_is_not_capture_and_key_at_once(self):
        with pytest.raises(InputRefused, match="at once"):
            run("decode", "-", "--key", "-")
