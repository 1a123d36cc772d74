"""`clock` as a technician uses it: looked at, set on a clear word only, and never by a gateway without the time."""

import argparse
import json
from datetime import datetime, timedelta

import pytest

from gateway import clock_commands
from gateway.adapters import dlms_clock, dlms_meter
from gateway.core.clock.view import ClockReading
from gateway.core.dlms.cosem_time import from_utc
from gateway.core.dlms.data import Data, DataType
from gateway.core.errors import ChangeRefused
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.secret import Secret
from simulators.meter.gatekeeper import Access, Authentication
from simulators.moment import Moment
from tests.fakes_head import Head
from tests.fakes_meter import CLOCK, FakeClock
from tests.fakes_simulators import NOW, a_played_meter

PASSWORD = Access(authentication=Authentication.LLS, password=Secret(b"open sesame"))
SECRET = ("--profile", "lamplight-sim-password", "--password", "env:METER_PASSWORD")
PUBLIC = ("--profile", "lamplight-sim")


@pytest.fixture
def clock(monkeypatch):
    """Ten past the hour: well within a capture period."""
    fake = FakeClock(NOW + timedelta(minutes=10))
    monkeypatch.setattr(clock_commands, "clock_from_environment", lambda: fake)
    monkeypatch.setenv("METER_PASSWORD", "open sesame")
    return fake


@pytest.fixture
def meter(clock, monkeypatch):
    """The meter every port leads to."""
    played = a_played_meter(access=PASSWORD)
    monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: Head(played, clock))
    return played


@pytest.fixture
def say(capsys):
    """Say `clock /dev/head` and these words; the exit status, and what was printed."""

    def run(*words):
        parser = argparse.ArgumentParser()
        clock_commands.add_parsers(parser.add_subparsers(required=True))
        arguments = parser.parse_args(["clock", "/dev/head", *words])
        return arguments.handler(arguments), capsys.readouterr().out

    return run


def jumped(meter, clock, seconds):
    meter.command(["clock", "jump", str(seconds)], Moment(at=clock.now(), mono_s=clock.monotonic()))


def test_a_clock_that_is_right_is_told_with_its_doubts(say, meter):
    status, told = say(*SECRET, "--json")

    facts = json.loads(told)
    assert status == 0
    assert abs(facts["offset_s"]) <= facts["uncertainty_s"] < 2
    assert (facts["deviation_min"], facts["daylight_saving"], facts["status"], facts["set"]) == (0, False, [], False)


def test_a_person_sees_the_same_in_words(say, meter):
    _, told = say(*SECRET)

    assert "clock      2026-11-21T" in told
    assert "s from the gateway's, give or take" in told
    assert "status     good" in told
    assert "summer     not in force" in told


def test_a_clock_that_is_off_is_set_on_a_clear_word(say, meter, clock):
    jumped(meter, clock, 95)

    status, told = say(*SECRET, "--set", "--yes", "--json")

    facts = json.loads(told)
    assert status == 0
    assert facts["offset_s"] == pytest.approx(95, abs=2)
    assert abs(facts["after"]["offset_s"]) <= 2


def test_without_that_word_it_is_shown_and_left_alone(say, meter, clock):
    jumped(meter, clock, 95)

    status, told = say(*SECRET, "--set")
    _, again = say(*SECRET, "--json")

    assert status == 1
    assert "not set    add --yes" in told
    assert json.loads(again)["offset_s"] == pytest.approx(95, abs=2)


def test_a_meter_that_speaks_text_is_not_asked_for_its_clock(say):
    with pytest.raises(InputRefused, match="speaks text"):
        say("--profile", "p1-dsmr5")


def test_what_a_meter_does_not_tell_of_summer_time_is_not_made_up(say, meter, monkeypatch):
    shown = Data(DataType.OCTET_STRING, from_utc(NOW).encode())
    silent = ClockReading(
        asked_at=NOW,
        answered_at=NOW,
        told=shown,
        attribute=CLOCK,
        details={},
        period_s=None,
        unspecified_deviation_min=None,
    )
    monkeypatch.setattr(dlms_clock, "read_clock", lambda *_: silent)

    _, told = say(*SECRET)

    assert "change over" not in told


def test_a_jump_out_of_the_capture_period_takes_another_word(say, meter, clock):
    jumped(meter, clock, 3_600)

    with pytest.raises(InputRefused, match="would leave the capture period of 3600 s"):
        say(*SECRET, "--set", "--yes")
    _, left = say(*SECRET, "--json")
    say(*SECRET, "--set", "--yes", "--force")
    _, forced = say(*SECRET, "--json")

    assert json.loads(left)["offset_s"] == pytest.approx(3_600, abs=2)
    assert abs(json.loads(forced)["offset_s"]) <= 2


def test_a_gateway_that_does_not_know_the_time_sets_none(say, meter, clock, monkeypatch):
    never_set = FakeClock(datetime.fromisoformat("2000-01-01T00:00:00+00:00"))
    monkeypatch.setattr(clock_commands, "clock_from_environment", lambda: never_set)

    with pytest.raises(EnvironmentRefused, match="before this software was built"):
        say(*SECRET, "--set", "--yes")


def test_the_public_client_may_look_and_not_set(say, clock, monkeypatch):
    played = a_played_meter()
    monkeypatch.setattr(dlms_meter, "SerialPort", lambda _path, _baud, **_parity: Head(played, clock))

    looked, _ = say(*PUBLIC)

    assert looked == 0
    with pytest.raises(ChangeRefused, match="is not changed"):
        say(*PUBLIC, "--set", "--yes")


def test_yes_alone_is_asked_what_to(say, meter):
    with pytest.raises(InputRefused, match="--yes is for --set"):
        say(*SECRET, "--yes")
