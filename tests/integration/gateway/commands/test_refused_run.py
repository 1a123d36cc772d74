"""`run` of what a person must mend first: refused with one line that says how, before anything runs."""

from pathlib import Path

import pytest

from gateway.adapters import folder_lock
from runtime.clock import STORY_VARIABLE, SystemClock
from tests.integration.gateway.commands.typed import command, refusal


def spoil(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "because"),
    [
        ("gateway.toml", "[meter\n", "not valid TOML"),
        ("gateway.toml", "[meter]\npol_interval_s = 5\n", "did you mean 'poll_interval_s'?"),
        ("gateway.toml", "[meter]\npoll_interval_s = 0\n", "allowed: 1 to 86400"),
        ("gateway.toml", '[meter]\npoll_interval_s = "often"\n', "is not a number"),
        ("key.pem", "no key", "no P-256 or Ed25519 private key"),
        ("registry.json", "{", "not valid JSON"),
        ("registry.json", "{}", "has no meter"),
        ("registry.json", '{"meters": {"1": {"port": "/dev/ttyUSB7", "profile": "nosuch"}}}', "no meter profile"),
        ("registry.json", '{"meters": {"1": {"port": "x://y", "profile": "lamplight-sim"}}}', "is no port"),
        ("enrolment.toml", "gateway_id = 1", "password is missing"),
    ],
)
def test_run_refuses_what_a_person_must_mend_with_one_line(
    folder: Path, enrolment: Path, capsys: pytest.CaptureFixture[str], name: str, text: str, because: str
) -> None:
    command("enrol", folder, enrolment)
    capsys.readouterr()
    spoil(folder, name, text)

    status = command("run", folder)

    assert status == 2
    line = refusal(capsys)
    assert because in line
    assert str(folder) in line or "nosuch" in line or "x://y" in line


def test_run_without_an_enrolment_says_how_to_get_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = command("run", folder)

    assert status == 2
    assert "lamplight-gateway enrol" in refusal(capsys)


def test_run_on_a_clock_that_was_never_set_says_how_to_set_it(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(STORY_VARIABLE, f"1970-01-01T00:00:00+00:00;{SystemClock().now().timestamp()};1")

    status = command("run", folder)

    assert status == 2
    assert "timedatectl" in refusal(capsys)


def test_a_second_run_on_the_folder_is_refused(
    folder: Path, enrolment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("enrol", folder, enrolment)
    capsys.readouterr()

    with folder_lock.held(folder):
        status = command("run", folder)

    assert status == 2
    assert "another gateway runs on this folder" in refusal(capsys)


@pytest.mark.parametrize("words", [("run",), ("run", "DIR", "--config", "FILE")])
def test_run_wants_a_folder_or_a_file_and_not_both(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*words) == 2
    assert "either" in refusal(capsys)


@pytest.mark.parametrize("words", [("status",), ("journal",), ("run",), ("meter", "list"), ("config",)])
def test_where_there_is_no_gateway_every_command_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(*words, tmp_path / "nowhere") == 2
    assert "lamplight-gateway init" in refusal(capsys)
