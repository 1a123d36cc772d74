"""The journal's page: its commands run and print what it shows, its settings and names exist."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from gateway import cli
from gateway.adapters.journal import BALLAST_FILE, Journal
from gateway.adapters.keys import load_key
from gateway.config import JournalSettings
from gateway.core.outbox import Change
from runtime.clock import SystemClock
from tests.fakes_journal import lost, reading
from wire.ids import gateway_id_of
from wire.terms import Lane, SetAsideReason

PAGE = (Path(__file__).parents[2] / "docs/how-to/journal.md").read_text(encoding="utf-8")
GATEWAY = "8KEKZ7BP"


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The gateway of the page: two alarms, five readings, one of which its broker was too small for."""
    monkeypatch.chdir(tmp_path)
    cli.run(["init", "state", "--meter", "/dev/ttyUSB0", "--profile", "lamplight-sim"])
    signer = load_key(tmp_path / "state/key.pem")
    journal = Journal.open(tmp_path / "state/journal.sqlite", gateway_id_of(signer.public.spki), signer, SystemClock())
    journal.commit(Change(entries=(lost(1), lost(2), *map(reading, range(5)))))
    journal.set_aside(Lane.READINGS, 3, SetAsideReason.TOO_LARGE)
    journal.close()
    capsys.readouterr()
    return tmp_path / "state"


def test_verify_prints_what_the_page_shows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = re.search(r"\$ lamplight-gateway journal verify state\n(.*?)```", PAGE, re.DOTALL)
    assert shown is not None
    own_name = gateway_id_of(load_key(folder / "key.pem").public.spki)

    status = cli.run(["journal", "verify", "state"])

    assert (status, capsys.readouterr().out.replace(own_name, GATEWAY)) == (0, shown[1])


@pytest.mark.parametrize(
    "line", re.findall(r"^(?:\$ )?lamplight-gateway (journal [^\n]*state[^\n]*)$", PAGE, re.MULTILINE)
)
def test_every_command_of_the_page_runs(folder: Path, line: str) -> None:
    assert cli.run(line.split()) == 0


def test_every_setting_and_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`journal\.(\w+)`", PAGE)) - {"sqlite", "ballast"}

    assert named <= {field.name for field in fields(JournalSettings)}
    assert f"`{BALLAST_FILE}`" in PAGE
