"""The storm night in real processes: who is told what, whatever is killed, lost or doubled on the way."""

import os
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_kills_losses_and_doubles_change_nothing_that_anybody_hears_and_no_process_stays(play, left_behind):
    """The short profile of `benchmarks.crash`; a real home's load is in Ana's meter where there is one."""
    data = os.environ.get("LAMPLIGHT_DATA")
    load = ("--from", str(Path(data) / "load" / "uk0_hourly.csv.gz")) if data else ()

    outcome = play("--act", "storm", "--crashes", "1", "--lose", "10", "--double", "10", *load)

    assert (outcome["ok"], outcome["failure"]) == (True, "")
    assert len(outcome["crashes"]) == 5
    assert left_behind() == []


def test_a_load_file_that_is_not_there_is_one_clear_line(terminal):
    assert "absent.csv" in terminal.run("lamplight-sim", "scenario", "street", "--from", "absent.csv").refusal


def test_a_recorded_home_has_no_bills_to_tell_of(terminal, tmp_path):
    load = tmp_path / "load.csv"
    load.write_text("timestamp,kwh\n" + "".join(f"2026-06-{day:02}T00:00:00Z,1\n" for day in range(1, 30)))

    answer = terminal.run("lamplight-sim", "scenario", "street", "--act", "month", "--from", load)

    assert "--act" in answer.refusal


def test_kills_of_the_month_alone_are_refused(terminal):
    answer = terminal.run("lamplight-sim", "scenario", "street", "--act", "month", "--crashes", "1")

    assert "--crashes" in answer.refusal
