"""A meter's logs as a person and a program see them, and the codes as they are listed."""

import argparse
import json
from datetime import UTC, datetime

import pytest

from gateway import log_commands, reading_commands
from gateway.adapters import dlms_meter
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from runtime.errors import InputRefused, SettingsError
from tests.fakes_event_log import CODE, DURATION
from tests.fakes_meter import (
    CLOCK,
    NOON,
    FakeLine,
    FakeMeter,
    array,
    capture_object,
    home_meter,
    stamp,
    structure,
    u16,
    u32,
)

PROFILE = """
title = "a meter with logs"
extends = "cosem-meter"
[logs.fraud]
obis = "0.0.99.98.1.255"
family = "dsmr"
[logs.power-failure]
family = "dsmr"
"""
BIRTH = datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC)


def run(commands, *words):
    parser = argparse.ArgumentParser()
    commands.add_parsers(parser.add_subparsers(required=True))
    arguments = parser.parse_args(words)
    return arguments.handler(arguments)


def log(obis, column, *rows):
    buffer = Attribute(class_id=7, obis=Obis.parse(obis), index=2)
    return {
        buffer: array(*(structure(*row) for row in rows)),
        buffer.sibling(3): array(*map(capture_object, (CLOCK, column))),
        buffer.sibling(5): Data(DataType.ENUM, 1),
    }


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "logs.toml"
    path.write_text(PROFILE)
    return str(path)


@pytest.fixture
def line(monkeypatch):
    fraud = log("0.0.99.98.1.255", CODE, (stamp(NOON), u16(42)), (stamp(NOON, status=1), u16(999)))
    failures = log("1.0.99.97.0.255", DURATION, (stamp(BIRTH), u32(2**31 - 1)), (stamp(NOON), u32(754)))
    fake = FakeLine(meter=FakeMeter(objects=home_meter() | fraud | failures))
    monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: fake)
    monkeypatch.setattr(reading_commands, "clock_from_environment", lambda: fake.clock)
    return fake


def read(profile, *words):
    return run(reading_commands, "read", "/dev/meter", "--profile", profile, "--hours", "0", *words)


def test_a_person_reads_what_happened_and_what_the_meter_wrote(line, profile, capsys):
    read(profile, "--logs", "--log-days", "366")

    out = capsys.readouterr().out
    assert "log fraud (0.0.99.98.1.255, codes of dsmr): 2 entries" in out
    assert "2026-11-21 12:00:00 UTC  strong magnetic field (code 42, CIM 3.12.66.242)" in out
    assert "code 999, clock invalid (code 999)" in out
    assert "lasted 0:12:34 (code 0, CIM 3.26.0.85)" in out


def test_a_program_gets_the_raw_triple_and_the_cim_type(line, profile, capsys):
    read(profile, "--logs", "--json")

    told = {log["log"]: log for log in json.loads(capsys.readouterr().out)["logs"]}
    first, second = told["fraud"]["entries"]
    assert (told["fraud"]["family"], first["code"], first["cim"], first["is_tamper"]) == (
        "dsmr",
        42,
        "3.12.66.242",
        True,
    )
    assert (second["kind"], second["cim"], second["clock"]) == ("other", None, "invalid")
    (failure,) = [entry for entry in told["power-failure"]["entries"] if entry["is_event"]]
    assert (failure["began_at"], failure["duration_s"]) == ("2026-11-21T11:47:26+00:00", 754)


def test_without_being_asked_no_log_is_read(line, profile, capsys):
    read(profile, "--json")

    assert "logs" not in json.loads(capsys.readouterr().out)


def test_codes_of_ones_own_change_the_words(line, profile, capsys, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('family = "dsmr"\n[logs.fraud]\n999 = { kind = "maintenance", words = "our fitter was here" }')

    read(profile, "--logs", "--event-codes", str(own))

    assert "our fitter was here, clock invalid (code 999)" in capsys.readouterr().out


def test_a_log_of_a_family_without_codes_is_refused_before_the_line_is_opened(profile, tmp_path):
    path = tmp_path / "strange.toml"
    path.write_text(PROFILE.replace('"dsmr"', '"strange"', 1))

    with pytest.raises(SettingsError, match="strange"):
        read(str(path), "--logs")


@pytest.mark.parametrize("days", ["0", "367"])
def test_too_many_days_are_refused(profile, days):
    with pytest.raises(InputRefused, match="days of logs"):
        read(profile, "--logs", "--log-days", days)


class TestEventCodes:
    def test_a_person_gets_a_table(self, capsys):
        run(log_commands, "event-codes", "--family", "idis")

        out = capsys.readouterr().out
        assert "terminal_cover_opened" in out
        assert "3.12.29.212" in out

    def test_a_program_gets_one_object_for_each_code(self, capsys):
        run(log_commands, "event-codes", "--json")

        rows = [json.loads(told) for told in capsys.readouterr().out.splitlines()]
        assert {row["family"] for row in rows} >= {"dsmr", "idis", "is-15959", "generic"}
        assert {"family", "log", "code", "kind", "words", "cim", "phase"} <= set(rows[0])

    def test_an_unknown_family_is_refused_with_those_that_are_known(self):
        with pytest.raises(InputRefused) as refused:
            run(log_commands, "event-codes", "--family", "martian")

        assert "idis" in refused.value.do
