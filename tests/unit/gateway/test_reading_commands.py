"""`read` as a person and a program use them."""

import argparse
import json
import sys

import pytest

from gateway import reading_commands
from gateway.adapters import dlms_meter
from gateway.core.errors import MeterSilent, ProfileRefused
from runtime.errors import InputRefused
from tests.fakes_meter import LOAD_PROFILE, FakeLine, FakeMeter, u32


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
    monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: fake)
    monkeypatch.setattr(reading_commands, "clock_from_environment", lambda: fake.clock)
    return fake


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
