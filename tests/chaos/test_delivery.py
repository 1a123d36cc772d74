"""Twenty gateways, bad lines, kills at any moment: what was made is in the cloud, once (`benchmarks.delivery`)."""

import json
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.needs_mosquitto
def test_what_gateways_made_is_in_the_cloud_once_whoever_is_killed():
    command = [sys.executable, "-m", "benchmarks.delivery", "--json"]

    done = subprocess.run(command, capture_output=True, text=True, timeout=280)

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["stored"] == told["made"] > 100
    assert (told["lost"], told["foreign"], told["doubled"], told["without_effect"], told["gaps"]) == (0, 0, 0, 0, 0)
    assert (told["unreceipted"], told["refused"], told["alarms"]) == (0, 0, 0)
    assert told["kills"] >= 12
    assert told["reconnects"] >= 100
    assert min(told["line_lost"], told["line_doubled"], told["line_delayed"]) > 100
