"""The storm night in real processes: who is told what, whatever is killed, lost or doubled on the way."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

SIM = Path(sys.executable).with_name("lamplight-sim")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


def play(folder, *options):
    words = ("scenario", "street", "--check", "--json", "--dir", str(folder), *options)
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


@pytest.fixture
def folder():
    """A place whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="street-") as made:
        yield Path(made)


def test_kills_losses_and_doubles_change_nothing_that_anybody_hears_and_no_process_stays(folder):
    """The short profile of `benchmarks.crash`; a real home's load is in Ana's meter where there is one."""
    data = os.environ.get("LAMPLIGHT_DATA")
    load = ("--from", str(Path(data) / "load" / "uk0_hourly.csv.gz")) if data else ()

    outcome = play(folder, "--crashes", "1", "--lose", "10", "--double", "10", *load)

    assert (outcome["ok"], outcome["failure"]) == (True, "")
    assert len(outcome["crashes"]) == 5
    assert left_behind(folder) == []


def test_a_load_file_that_is_not_there_is_one_clear_line(terminal):
    assert "absent.csv" in terminal.run("lamplight-sim", "scenario", "street", "--from", "absent.csv").refusal
