"""`status` and `journal`: what a technician, or a program, sees of a gateway."""

import base64
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
from tests.fakes_journal import tamper
from tests.integration.gateway.commands.typed import command, refusal
from wire.envelope import parse
from wire.events import RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.record import decode_record
from wire.terms import Lane, SetAsideReason
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
    monkeypatch.setenv(
        STORY_VARIABLE, f"{at(90).isoformat()};{SystemClock().now().timestamp()};1e-9"
    )  # it stands still

    said = status_of(told, capsys)

    (meter,) = said["meters"]
    assert said["process"] is None
    assert said["pending"] == 2
    assert (meter["supply"], meter["supply_began_at"]) == ("lost", at(0).isoformat())
    assert meter["last_reading_age_s"] == 30
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


def test_a_journal_that_holds_together_is_verified(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    statuses = [command("journal", "verify", told, *options) for options in ((), ("--json",))]

    *lines, verdict = capsys.readouterr().out.splitlines()
    assert statuses == [0, 0]
    assert "alarm        1 row from 1 to 1, a receipt up to 0" in lines
    assert "whole: every row is signed and follows the one before it" in lines
    assert json.loads(verdict)["is_whole"]


def test_a_row_that_was_changed_is_named(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tamper(told / "journal.sqlite", "UPDATE outbox SET hash = zeroblob(16) WHERE lane = 1")

    status = command("journal", "verify", told)

    assert status == 1
    assert "/1/1/1: the hash beside the row is another's" in capsys.readouterr().out


def test_an_export_holds_every_event_sealed_as_it_was(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = told / "export.jsonl"

    command("journal", "export", told, "--to", to)
    command("journal", "export", told)

    said, *lines = capsys.readouterr().out.splitlines()
    assert (said, to.read_text().splitlines()) == (str(to), lines)
    whose, *rows = map(json.loads, lines)
    envelopes = [parse(base64.b64decode(row["envelope"])) for row in rows]
    assert whose["gen"] == 1
    assert [str(decode_record(envelope.payload).link) for envelope in envelopes] == [row["id"] for row in rows]


def test_an_export_replaces_no_file(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = command("journal", "export", told, "--to", told / "key.pem")

    assert status == 2
    assert "there is such a file already" in refusal(capsys)


def test_what_could_not_be_sent_is_listed_and_exported(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signer = load_key(told / "key.pem")
    journal = Journal.open(told / "journal.sqlite", gateway_id_of(signer.public.spki), signer, SystemClock())
    journal.set_aside(Lane.READINGS, 1, SetAsideReason.TOO_LARGE)
    journal.commit(Change(entries=(Entry(subject="", event=SupplyLost(began_at_ms=-1, input_mv=0)),)))
    journal.close()

    command("journal", told, "--aside")
    listed = capsys.readouterr().out.splitlines()
    command("journal", "export", told)
    exported = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert [line.split("  ", 1)[1] for line in listed] == [
        f"readings 1  code 101  {exported[-2]['size_bytes']} B  too large",
        "never sealed  code 1  34 B  cannot be said",
    ]
    assert exported[-1]["facts"] == {"began_at_ms": -1, "input_mv": 0}


def test_a_journal_that_was_set_aside_can_be_looked_at(told: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aside = told / "journal.damaged-1.sqlite"
    (told / "journal.sqlite").rename(aside)

    command("journal", told, "--file", aside)

    assert len(capsys.readouterr().out.splitlines()) == 2


def test_a_file_set_aside_of_which_nothing_can_be_read_is_not_said_to_be_mended_by_a_start(
    told: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aside = told / "journal.damaged-1.sqlite"
    aside.write_bytes(b"SQLite format 3\0" + bytes(8_000))

    status = command("journal", told, "--file", aside)

    complaint = refusal(capsys)
    assert status == 2
    assert "no more of this file can be read" in complaint
    assert "start the gateway" not in complaint


def test_ctrl_c_while_a_command_is_still_being_imported_leaves_no_traceback() -> None:
    code = """
import sys

class CtrlC:
    def find_spec(self, name, *_more):
        if name == "gateway.state_commands":
            raise KeyboardInterrupt

sys.meta_path.insert(0, CtrlC())
from gateway.cli import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", code, "status", "x"], capture_output=True, check=False)

    assert (ended.returncode, ended.stderr) == (130, b"")
