"""`outward`, `export` and `verify` of what was exported: events for other systems, from the operator's side."""

import json
import stat
from xml.etree import ElementTree as ET

import pytest

from cloud.cli import _run
from cloud.ingest.service import Intake
from cloud.outward import courier, store
from tests.fakes_cloud import NOON, HandClock, register
from tests.unit.cloud.commands.typed import answer, refusal
from wire.events import GatewayStarted, IntervalReadings, SupplyLost
from wire.keys import SoftwareSigner
from wire.terms import Lane
from wire.units import Quantity

EVENTS = (
    SupplyLost(began_at_ms=1_795_262_400_000, input_mv=412),
    GatewayStarted(software="0.1.0", boot=1),
    IntervalReadings.of(1_795_284_000_000, 3600, Quantity.ENERGY_IMPORT_WH, (200, 220)),
)


@pytest.fixture
def told(state, fake, capsys):
    """A cloud that has taken an alarm, a diagnosis and readings in."""
    database = state.open_database()
    register(database, fake)
    clock, signer = HandClock(), SoftwareSigner.generate()
    intake = Intake(database=database, clock=clock, signer=signer, on_commit=lambda: None)
    intake.take([fake.say(event) for event in EVENTS])
    database.close()
    capsys.readouterr()
    return state


@pytest.mark.parametrize("form", ["cim", "cloudevents"])
def test_an_export_is_verified_with_the_gateways_key_alone(told, tmp_path, key_file, capsys, form):
    file = tmp_path / "out"

    made = answer(capsys, "export", told.path, "--out", file, "--form", form)
    found = answer(capsys, "verify", file, "--public-key", key_file)

    assert made == {"events": 1, "form": form, "file": str(file)}
    assert (found["ok"], found["events"], found["found"][0]["event"]) == (True, 1, "SupplyLost")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_person_is_told_what_is_true_and_that_nothing_was_checked_without_a_key(told, tmp_path, fake, capsys):
    answer(capsys, "export", told.path, "--out", tmp_path / "out")

    _run(["verify", str(tmp_path / "out")])

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"unchecked {fake.id}/1/0/1  SupplyLost", "1 events, 1 true to their evidence, 0 not"]
    assert lines[2].startswith("no signature was checked")


def test_a_file_that_was_changed_is_not_true(told, tmp_path, key_file, capsys):
    file = tmp_path / "out"
    answer(capsys, "export", told.path, "--out", file, "--form", "cloudevents")
    file.write_text(file.read_text().replace('"input_mv":412', '"input_mv":5012'))

    found = answer(capsys, "verify", file, "--public-key", key_file, status=1)

    assert found["wrong"] == 1
    assert found["found"][0]["differences"] == ["data.facts"]


def test_readings_and_diagnostics_are_exported_only_by_name(told, tmp_path, capsys):
    def types_with(*kinds):
        file = tmp_path / "".join(["out", *kinds])
        words = [word for kind in kinds for word in ("--events", kind)]
        answer(capsys, "export", told.path, "--out", file, "--form", "cloudevents", *words)
        return [event["type"].split(".")[2] for event in json.loads(file.read_text())]

    assert types_with() == ["supply_lost"]
    assert types_with("diagnostics", "readings") == ["gateway_started", "interval_readings"]


def test_readings_are_no_end_device_event(told, tmp_path, capsys):
    made = answer(capsys, "export", told.path, "--out", tmp_path / "out", "--events", "readings")

    assert made["events"] == 0
    assert len(ET.fromstring((tmp_path / "out").read_text())) == 0


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--since", NOON.isoformat()], 1),
        (["--since", "2026-11-21T12:00:00.001"], 0),
        (["--until", NOON.isoformat()], 0),
        (["--until", "2026-11-21T13:00:00.001+01:00"], 1),
    ],
)
def test_an_export_keeps_to_its_time(told, tmp_path, capsys, words, count):
    assert answer(capsys, "export", told.path, "--out", tmp_path / "out", *words)["events"] == count


def test_a_file_that_is_there_is_not_written_over(told, tmp_path, capsys):
    (tmp_path / "out").write_text("mine")

    assert "such a file already" in refusal(capsys, "export", told.path, "--out", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_an_export_that_fails_leaves_no_file(told, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("cloud.outward_commands._MOST_EVENTS", 0)

    assert "export in parts" in refusal(capsys, "export", told.path, "--out", tmp_path / "out")
    assert [file.name for file in tmp_path.iterdir() if "out" in file.name] == []


def test_a_new_secret_is_its_owners_alone_and_is_printed_nowhere(tmp_path, capsys):
    answer(capsys, "outward", "new-secret", tmp_path / "secret")

    text = (tmp_path / "secret").read_text()
    _run(["outward", "new-secret", str(tmp_path / "other")])
    assert text.startswith("whsec_")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert (tmp_path / "other").read_text().strip() not in capsys.readouterr().out
    assert "such a file" in refusal(capsys, "outward", "new-secret", tmp_path / "secret")


def test_where_nothing_leaves_it_is_said(state, capsys):
    _run(["outward", "status", str(state.path)])

    assert capsys.readouterr().out == "nothing leaves: outward.url is empty\n"
    assert "nothing leaves yet" in refusal(capsys, "outward", "put-back", state.path, "--since", "2026-11-21")


def test_what_waits_and_why_is_told_and_can_be_put_back(told, capsys):
    database = told.open_database()
    with database.transaction() as connection:
        store.settle(connection, (Lane.ALARM,))
        courier.look(connection, NOON)
        task = courier.tasks.standing(connection, courier.POST_TASK, courier.RECEIVER)
        courier.tasks.postpone(connection, task, NOON, "503 later")
    database.close()

    put_back = answer(capsys, "outward", "put-back", told.path, "--since", "2026-11-21")
    status = answer(capsys, "outward", "status", told.path)
    _run(["outward", "status", str(told.path)])

    assert put_back == {"waiting": {"alarm": 1}}
    assert status["lanes"][0]["waiting"] == 1
    assert status["failure"] == "503 later"
    assert "tried 1 times, again at 2026-11-21 12:00:00 UTC: 503 later" in capsys.readouterr().out
