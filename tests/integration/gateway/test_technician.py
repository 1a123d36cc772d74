"""The technician's commands at a simulated meter in its own process, which is always given back."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.simulators.players import playing
from tests.waiting import eventually

pytestmark = pytest.mark.slow

GATEWAY = str(Path(sys.executable).with_name("lamplight-gateway"))


@pytest.fixture(scope="module")
def meter(tmp_path_factory):
    with playing("meter", tmp_path_factory.mktemp("meter")) as player:
        yield player


def test_a_search_that_a_person_stops_leaves_the_meter_free(meter):
    watching, terminal = pty.openpty()
    with subprocess.Popen([GATEWAY, "discover", str(meter.link)], stdout=subprocess.PIPE, stderr=terminal) as search:
        os.close(terminal)
        shown = bytearray()
        eventually(lambda: b"client 16" in shown_by(watching, shown))
        search.send_signal(signal.SIGINT)
        status = search.wait()

    os.close(watching)
    assert status == 130
    assert b"signing on at 300 Bd" in shown
    eventually(lambda: meter.tell("status")["baud"] == 300, what="a meter given back")


def test_noise_on_the_line_is_shown_and_the_read_goes_on(meter, tmp_path, terminal):
    kept = tmp_path / "trace"
    meter.tell("fault", "flip", "1")

    words = ("trace", meter.link, "--profile", "lamplight-sim", "--out", kept, "--json")
    traced = terminal.run("lamplight-gateway", *words)
    again = terminal.run("lamplight-gateway", "trace", "--replay", kept, "--json")

    live, kept_one = (json.loads(told.out.splitlines()[-1])["verdict"] for told in (traced, again))
    assert (traced.status, live["failed"]) == (0, None)
    assert live["bad"] == kept_one["bad"] >= 1


def shown_by(watching, shown):
    """What a terminal has shown so far."""
    shown += os.read(watching, 4_096)
    return shown
