"""Ana's power goes and comes back: she is told twice, in Portuguese, whatever is killed on the way."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SIM = Path(sys.executable).with_name("lamplight-sim")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def play(folder, *options):
    words = ("scenario", "home", "--check", "--json", "--dir", str(folder), *options)
    done = subprocess.run([SIM, *words], capture_output=True, text=True)
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def left_behind(folder):
    """The processes that still name the story's folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        if process.name.isdigit() and str(folder) in words:
            found.append(words)
    return found


@pytest.mark.parametrize(("seed", "broker"), [(1, ()), (2, ("--embedded",))], ids=["mosquitto", "embedded"])
def test_kill_9_of_gateway_broker_and_cloud_changes_nothing_she_hears_and_no_process_stays(tmp_path, seed, broker):
    outcome = play(tmp_path, "--crashes", str(seed), *broker)

    assert (outcome["ok"], outcome["failure"]) == (True, "")
    assert len(outcome["crashes"]) == 3
    assert left_behind(tmp_path) == []


def test_the_story_runs_with_a_real_homes_load_in_the_meter(tmp_path):
    data = os.environ.get("LAMPLIGHT_DATA")
    if not data:
        pytest.skip("LAMPLIGHT_DATA is not set: no real home to put into the meter")

    outcome = play(tmp_path, "--from", str(Path(data) / "load" / "uk0_hourly.csv.gz"))

    assert (outcome["ok"], outcome["failure"]) == (True, "")


def test_a_load_file_that_is_not_there_is_one_clear_line():
    done = subprocess.run([SIM, "scenario", "home", "--from", "absent.csv"], capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "absent.csv" in done.stderr
