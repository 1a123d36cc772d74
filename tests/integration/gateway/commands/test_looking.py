"""`status` and `journal`: what a technician, or a program, sees of a gateway."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters import folder_lock
from gateway.adapters.journal import Journal
from gateway.adapters.keys import load_key
from gateway.core.conclusions import LatestReading
from gateway.core.interruption import InterruptionState, Phase
from gateway.core.outbox import Change, Entry
from gateway.core.remembered import remember
from runtime.clock import STORY_VARIABLE, SystemClock
from tests.fakes_gateway import at
from tests.integration.gateway.commands.typed import command
from wire.events import RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.units import Quantity


@pytest.fixture
def told(folder: Path) -> Path:
    """A gateway that has read its meter and lost its supply."""
    signer = load_key(folder / "key.pem")
    journal = Journal.open(folder / "journal.sqlite", gateway_id_of(signer.public.spki), signer, SystemClock())
    values = ((Quantity.ENERGY_IMPORT_WH, 5_366_589), (Quantity.VOLTAGE_L1_MV, 0))
    lost = InterruptionState(phase=Phase.LOST, began_at=at(0), changed_at=at(0))
    journal.commit(
        Change(
            entries=(
                Entry(subject="LMP1", event=RegisterReadings(at_ms=1, values=values)),
                Entry(subject="LMP1", event=SupplyLost(began_at_ms=1, input_mv=4_000)),
            ),
            remembered={
                "supply/1": remember(lost),
                "reading/1": remember(LatestReading(taken_at=at(60), serial="LMP1", values=values)),
            },
        )
    )
    journal.close()
    return folder


def status_of(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    command("status", folder, "--json")
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def test_status_tells_programs_how_the_gateway_is(
    told: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORY_VARIABLE, f"{at(90).isoformat()};{SystemClock().now().timestamp()};1")

    said = status_of(told, capsys)

    (meter,) = said["meters"]
    assert said["process"] is None
    assert said["pending"] == 2
    assert (meter["supply"], meter["supply_began_at"]) == ("lost", at(0).isoformat())
    assert meter["last_reading_age_s"] in range(29, 35)
    assert meter["values"]["energy_import_wh"] == 5_366_589
    assert [(lane["lane"], lane["seq"], lane["pending"]) for lane in said["lanes"]] == [
        ("alarm", 1, 1),
        ("readings", 1, 1),
    ]


def test_status_tells_people_the_same(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("status", told)

    said = capsys.readouterr().out
    for words in ("does not run", "not enrolled", "energy_import_wh 5366589 Wh", "supply lost since", "0 of 1 safe"):
        assert words in said


def test_status_names_the_process_that_runs(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with folder_lock.held(told):
        said = status_of(told, capsys)

    assert said["process"] == os.getpid()


def test_the_journal_is_told_oldest_first(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("journal", told, "--json")

    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["type"], row["subject"], row["is_receipted"]) for row in rows] == [
        ("RegisterReadings", "LMP1", False),
        ("SupplyLost", "LMP1", False),
    ]
    assert rows[1]["facts"] == {"began_at_ms": 1, "input_mv": 4_000}


def test_one_lane_of_the_journal_alone(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("journal", told, "--lane", "alarm")

    (line,) = capsys.readouterr().out.splitlines()
    assert "waiting" in line
    assert "SupplyLost  began_at_ms=1 input_mv=4000" in line


def test_ctrl_c_while_a_command_is_still_being_imported_leaves_no_traceback() -> None:
    code = """
import sys

class CtrlC:
    def find_spec(self, name, *_more):
        if name == "gateway.reading_commands":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
from gateway.cli import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", code, "status", "x"], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (130, b"")
