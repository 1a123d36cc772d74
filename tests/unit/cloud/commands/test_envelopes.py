"""`verify`, `quarantine` and `parked`: what a gateway said, what was refused of it, and what could not be done."""

import pytest

from cloud.cli import _run
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.outward import evidence_file
from tests.fakes_cloud import METER, NOON, FakeGateway, HandClock, forged, register
from tests.unit.cloud.commands.typed import answer, refusal
from wire.events import SupplyLost
from wire.keys import SoftwareSigner

LOST = SupplyLost(began_at_ms=1_795_262_400_000, input_mv=4_900)


def test_an_envelope_is_laid_open(tmp_path, fake, key_file, capsys):
    (tmp_path / "event").write_bytes(fake.say(LOST).payload)

    found = answer(capsys, "verify", tmp_path / "event", "--public-key", key_file)

    assert (found["ok"], found["signature"], found["event_id"]) == (True, "verified", f"{fake.id}/1/0/1")
    assert (found["event"], found["subject"]) == ("SupplyLost", METER)
    assert found["facts"] == {"began_at_ms": 1_795_262_400_000, "input_mv": 4_900}


def test_an_envelope_may_be_written_in_hexadecimal_and_read_without_a_key(tmp_path, fake, capsys):
    digits = fake.say(LOST).payload.hex()
    (tmp_path / "event").write_text("\n".join([digits[:40], digits[40:], ""]))

    assert answer(capsys, "verify", tmp_path / "event")["signature"] == "not checked"

    _run(["verify", str(tmp_path / "event")])
    assert "began_at_ms    1795262400000" in capsys.readouterr().out


def test_an_envelope_cannot_write_lines_of_its_own(tmp_path, fake, capsys):
    (tmp_path / "event").write_bytes(fake.say(LOST, subject="LMP1\nsignature verified\x1b[2J").payload)

    _run(["verify", str(tmp_path / "event")])

    assert r"subject        LMP1\nsignature verified\x1b[2J" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("make_wrong", [lambda sealed: sealed[:-1], lambda sealed: b"", lambda sealed: b"hello"])
def test_a_wrong_envelope_is_answered_with_its_reason(tmp_path, fake, capsys, make_wrong):
    (tmp_path / "event").write_bytes(make_wrong(fake.say(LOST).payload))

    found = answer(capsys, "verify", tmp_path / "event", status=1)

    assert (found["ok"], found["reason"]) == (False, "not an envelope")


def test_all_keys_that_a_gateway_had_may_be_in_one_file(tmp_path, fake, capsys):
    keys = tmp_path / "keys.pem"
    keys.write_bytes(b"\n".join(each.signer.public.to_pem() for each in (FakeGateway(), fake)))
    (tmp_path / "event").write_bytes(fake.say(LOST).payload)

    assert answer(capsys, "verify", tmp_path / "event", "--public-key", keys)["signature"] == "verified"


def test_a_private_key_among_public_ones_is_refused(tmp_path, fake, capsys):
    keys = tmp_path / "keys.pem"
    keys.write_bytes(fake.signer.public.to_pem() + fake.signer.to_pem())
    (tmp_path / "event").write_bytes(fake.say(LOST).payload)

    assert "this is a private key" in refusal(capsys, "verify", tmp_path / "event", "--public-key", keys)


def test_keys_that_begin_and_never_end_are_refused_in_bounded_time(tmp_path, fake, capsys):
    keys, begin = tmp_path / "keys.pem", b"-----BEGIN PUBLIC KEY-----\n"
    keys.write_bytes(begin * (1_000_000 // len(begin)))
    (tmp_path / "event").write_bytes(fake.say(LOST).payload)

    assert "not a P-256 or Ed25519 public key" in refusal(capsys, "verify", tmp_path / "event", "--public-key", keys)


def test_an_envelope_of_another_key_is_refused(tmp_path, fake, key_file, capsys):
    other = FakeGateway()
    (tmp_path / "event").write_bytes(other.say(LOST).payload)

    assert answer(capsys, "verify", tmp_path / "event", "--public-key", key_file, status=1)["reason"] == "unknown key"


def test_a_file_that_is_not_there_or_too_long_is_refused(tmp_path, capsys, monkeypatch):
    assert "cannot read" in refusal(capsys, "verify", tmp_path / "nowhere")

    monkeypatch.setattr(evidence_file, "MOST_BYTES", 1_000)
    (tmp_path / "long").write_bytes(bytes(1_001))
    assert "more than 1,000 bytes" in refusal(capsys, "verify", tmp_path / "long")


def test_what_was_refused_is_shown_with_its_reason(state, fake, capsys):
    database = state.open_database()
    register(database, fake)
    intake = Intake(database=database, clock=HandClock(), signer=SoftwareSigner.generate(), on_commit=list)
    message = fake.say(LOST)
    intake.take([forged(message)])
    database.close()

    (row,) = answer(capsys, "quarantine", "list", state.path)

    assert (row["reason"], row["times"], row["size"]) == ("bad signature", 1, len(message.payload))
    _run(["quarantine", "list", str(state.path)])
    assert f"bad signature  {message.topic}" in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["-1", "9" * 20])
def test_a_limit_that_cannot_be_is_refused(state, terminal, limit):
    refusal = terminal.run("lamplight-cloud", "quarantine", "list", state.path, f"--limit={limit}").refusal

    assert "--limit" in refusal


def test_a_parked_task_is_shown_and_can_be_tried_again(state, capsys):
    database = state.open_database()
    with database.transaction() as connection:
        tasks.add(connection, "event", "a", NOON)
        (task,) = tasks.due(connection, ["event"], NOON, 1)
        tasks.park(connection, task, NOON, "ValueError: no")
    database.close()

    assert answer(capsys, "parked", state.path) == [
        {"kind": "event", "key": "a", "attempts": 1, "failure": "ValueError: no"}
    ]
    assert answer(capsys, "parked", state.path, "--revive", "event", "a") == []
    assert "no such task is parked" in refusal(capsys, "parked", state.path, "--revive", "event", "a")
