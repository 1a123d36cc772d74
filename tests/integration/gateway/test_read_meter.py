"""A meter read as in the field: over a serial port, at its true speed, from a simulated meter in its own process.

What a session does when answers are bad, late or missing is tried in memory (`test_simulated_meter`), where nobody has
to wait for it.
"""

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from gateway.core.errors import MeterSilent, PortUnavailable
from runtime.clock import SystemClock
from tests.integration.simulators.players import playing
from tests.waiting import eventually
from wire.terms import Disconnector
from wire.units import Quantity

PROFILE = load_profile("lamplight-sim")
CLOCK = SystemClock()

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    """One for all who read it: each has to give it back."""
    with playing("meter", tmp_path_factory.mktemp("meter"), "--phases", "3") as player:
        yield player


def session(meter, **options):
    return DlmsMeter(str(meter.link), PROFILE, clock=CLOCK, **options)


def test_a_meter_and_its_last_day_are_read_at_the_pace_of_the_line(meter):
    before = meter.tell("status")
    began_s = time.monotonic()

    snapshot, rows = session(meter).read_all(CLOCK.now() - timedelta(hours=24), CLOCK.now())

    took_s = time.monotonic() - began_s
    after = meter.tell("status")
    reading = PROFILE.interpret(snapshot)
    assert reading.meter_serial == before["serial"]
    assert before["energy_import_wh"] <= reading.value(Quantity.ENERGY_IMPORT_WH) <= after["energy_import_wh"]
    assert len(reading.voltages_mv) == 3
    assert reading.disconnector is Disconnector.CLOSED
    assert len(rows) == 24
    assert took_s > 2


def test_two_programs_do_not_share_a_port(meter):
    reader = _python(f"""
        from gateway.adapters.serial_port import SerialPort
        port = SerialPort({str(meter.link)!r}, 9600)
        print("open", flush=True)
        port.read(30)
    """)
    try:
        assert reader.stdout.readline() == "open\n"
        with pytest.raises(PortUnavailable, match="another program"):
            session(meter).read_now()
    finally:
        reader.kill()
        reader.communicate()


def test_a_reader_killed_in_the_middle_does_not_lock_the_next_one_out(meter):
    reader = _python(f"""
        from datetime import timedelta
        from gateway.adapters.dlms_meter import DlmsMeter
        from gateway.adapters.profile_files import load_profile
        from runtime.clock import SystemClock
        clock = SystemClock()
        meter = DlmsMeter({str(meter.link)!r}, load_profile("lamplight-sim"), clock=clock)
        meter.read_all(clock.now() - timedelta(days=20), clock.now())
    """)
    eventually(lambda: meter.tell("status")["is_associated"], what="the first reader is associated")
    reader.kill()
    reader.communicate()

    reading = PROFILE.interpret(session(meter).read_now())

    assert reading.meter_serial == "LMP10000001"


def test_a_meter_that_vanishes_while_it_is_read_is_an_error_in_time(tmp_path):
    with playing("meter", tmp_path) as meter:
        meter.kill()

        with pytest.raises((MeterSilent, PortUnavailable)):
            session(meter, deadline_s=10).read_now()


def test_the_command_tells_a_program_one_json_object(meter, terminal):
    words = ("read", meter.link, "--profile", "lamplight-sim", "--hours", "3", "--json")

    done = terminal.run("lamplight-gateway", *words)

    told = json.loads(done.out)
    assert (done.status, done.err, done.out.count("\n")) == (0, "", 1)
    assert told["meter_serial"] == "LMP10000001"
    assert len(told["intervals"]) == 3


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("/dev/no-such-port", "--profile", "lamplight-sim"), "there is no such port"),
        (("/dev/null", "--profile", "lamplight-sim"), "this is no serial port"),
        (("tcp://127.0.0.1:1", "--profile", "cosem-meter"), "cannot connect"),
        (("/dev/null", "--profile", "lamplite-sim"), "did you mean 'lamplight-sim'"),
        (("/dev/null", "--profile", "/no/such/profile.toml"), "no meter profile"),
    ],
)
def test_what_is_wrong_is_one_line_and_exit_status_2(terminal, words, line):
    assert line in terminal.run("lamplight-gateway", "read", *words).refusal


def _python(program):
    words = [sys.executable, "-c", "\n".join(line.strip() for line in program.splitlines())]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    )
