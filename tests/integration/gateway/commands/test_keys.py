"""`key`: a gateway signs with another key from a place of its chain on, and stays who it is."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters import folder_lock
from gateway.adapters.keys import load_key
from gateway.config import load_settings
from gateway.core.outbox import Change, Entry
from gateway.own_folder import open_own_journal, own_keys
from gateway.parts import prepare
from runtime.clock import SystemClock
from tests.integration.gateway.commands.typed import command, refusal
from wire.events import SupplyLost


def answer(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    command(*words, "--json")
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def say_something(folder: Path) -> None:
    settings = load_settings(folder)
    journal = open_own_journal(settings, own_keys(settings), SystemClock())
    journal.commit(Change(entries=(Entry(subject="LMP1", event=SupplyLost(began_at_ms=1, input_mv=0)),)))
    journal.close()


def test_a_gateway_changes_its_key_and_keeps_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = answer(capsys, "key", "show", folder)
    say_something(folder)

    changed = answer(capsys, "key", "rotate", folder)
    say_something(folder)

    after = answer(capsys, "key", "show", folder)
    assert changed["old_key_id"] == before["key_id"] == after["first_key_id"] == after["sealing_key_id"]
    assert (changed["key_id"], changed["alarm"]) == (after["key_id"], 2)
    assert after["gateway"] == before["gateway"]
    assert after["key_id"] != before["key_id"]


def test_a_gateway_with_another_key_runs_with_the_enrolment_and_the_secrets_it_had(
    folder: Path, enrolment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("enrol", folder, enrolment)
    before = prepare(folder)

    command("key", "rotate", folder)

    after = prepare(folder)
    assert after.keys.gateway == before.keys.gateway
    assert after.identities[1].now.title == before.identities[1].now.title
    assert "the cloud follows when the announcement comes" in capsys.readouterr().out


def test_a_change_that_was_cut_off_behind_the_announcement_is_finished_at_the_next_start(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (folder / "key.pem").read_bytes()
    changed = answer(capsys, "key", "rotate", folder)
    (folder / "key.pem").rename(folder / "key.next.pem")
    (folder / "key.pem").write_bytes(old)
    (folder / "key.pem").chmod(0o600)

    assert answer(capsys, "key", "show", folder)["key_id"] == changed["key_id"]
    assert not (folder / "key.next.pem").exists()


def test_a_change_that_was_cut_off_before_it_leaves_the_old_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = answer(capsys, "key", "show", folder)
    shutil.copy(folder / "key.pem", folder / "key.next.pem")

    assert answer(capsys, "key", "show", folder) == before
    assert not (folder / "key.next.pem").exists()


def test_an_older_key_put_back_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = (folder / "key.pem").read_bytes()
    command("key", "rotate", folder)
    (folder / "key.pem").write_bytes(old)
    capsys.readouterr()

    command("key", "rotate", folder)

    assert "restore the key that was made last" in refusal(capsys)
    assert load_key(folder / "key.pem").to_pem() == old


def test_a_gateway_that_runs_keeps_its_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with folder_lock.held(folder):
        command("key", "rotate", folder)

    assert "stop that one first" in refusal(capsys)
    assert not (folder / "key.next.pem").exists()
