"""The technician's commands: what they say, and the one line for everything that is refused."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway import cli
from gateway.adapters import folder_lock
from gateway.adapters.journal import Journal
from gateway.adapters.keys import load_key
from gateway.config import GatewaySettings, load_settings
from gateway.core.conclusions import LatestReading
from gateway.core.interruption import InterruptionState, Phase
from gateway.core.outbox import Change, Entry
from gateway.core.remembered import remember
from runtime import program
from runtime.clock import STORY_VARIABLE, SystemClock
from tests.fakes_gateway import at
from wire.events import RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import PublicKey, SoftwareSigner
from wire.units import Quantity

METER = ("--meter", "/dev/ttyUSB7", "--profile", "lamplight-sim")


def command(*words: object) -> int:
    return program.run(cli.run, [str(word) for word in words])


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A gateway that was made and has one meter."""
    folder = tmp_path / "gateway"
    command("init", folder, *METER, "--probe", "/dev/ttyUSB8")
    capsys.readouterr()
    return folder


@pytest.fixture
def enrolment(folder: Path, tmp_path: Path) -> Path:
    """What the utility hands out for this gateway."""
    gateway = gateway_id_of(load_key(folder / "key.pem").public.spki)
    receipt_key = SoftwareSigner.generate().public.to_pem().decode()
    file = tmp_path / "enrolment.toml"
    file.write_text(
        f'gateway_id = "{gateway}"\n[mqtt]\nhost = "127.0.0.1"\nport = 1\nusername = "{gateway}"\n'
        f'password = "correct horse"\n[cloud]\nreceipt_public_key = """{receipt_key}"""\n'
    )
    return file


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error; nothing else was said."""
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


# --- init -------------------------------------------------------------------------------------------------------------


def test_init_makes_a_folder_for_its_owner_and_tells_whom_the_key_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command("init", tmp_path / "gateway", *METER)

    said = capsys.readouterr().out
    public = PublicKey.from_pem((tmp_path / "gateway" / "gateway.pub.pem").read_bytes())
    assert status == 0
    assert f"gateway {gateway_id_of(public.spki)}\n" in said
    assert {path.name for path in (tmp_path / "gateway").iterdir()} == {
        "gateway.toml",
        "key.pem",
        "gateway.pub.pem",
        "registry.json",
        "journal.sqlite",
    }
    assert [path.name for path in tmp_path.iterdir()] == ["gateway"]


def test_init_tells_programs_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("init", tmp_path / "gateway", "--json")

    said = json.loads(capsys.readouterr().out)
    assert Path(said["public_key"]).exists()
    assert len(said["gateway"]) == 8


def test_the_settings_that_init_writes_are_every_default_and_what_was_given(folder: Path) -> None:
    settings = load_settings(folder)

    assert settings.probe.port == "/dev/ttyUSB8"
    assert settings.meter.poll_interval_s == 60
    assert settings.files.journal == folder / "journal.sqlite"


def test_a_relative_port_is_kept_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    command("init", "gateway", "--meter", "meter.tty", "--profile", "lamplight-sim", "--probe", "probe.tty")
    capsys.readouterr()
    command("meter", "list", "gateway", "--json")

    assert json.loads(capsys.readouterr().out)[0]["port"] == str(tmp_path / "meter.tty")
    assert load_settings(tmp_path / "gateway").probe.port == str(tmp_path / "probe.tty")


def test_init_touches_no_gateway_that_is_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "key.pem").read_bytes()

    status = command("init", folder)

    assert status == 2
    assert "never made over" in refusal(capsys)
    assert (folder / "key.pem").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("--meter", "/dev/ttyUSB7"), "needs a port and a profile"),
        (("--profile", "lamplight-sim"), "needs a port and a profile"),
        (("--meter", "/dev/ttyUSB7", "--profile", "lamplight-sin"), "did you mean 'lamplight-sim'?"),
        (("--meter", "http://meter", "--profile", "lamplight-sim"), "is no port"),
    ],
)
def test_init_makes_nothing_of_what_it_refuses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], because: str
) -> None:
    status = command("init", tmp_path / "gateway", *words)

    assert status == 2
    assert because in refusal(capsys)
    assert list(tmp_path.iterdir()) == []


def test_init_where_nothing_can_be_made_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")

    status = command("init", tmp_path / "file" / "gateway")

    assert status == 2
    assert "cannot make the folder" in refusal(capsys)


# --- enrol, meter, config ---------------------------------------------------------------------------------------------


def test_an_enrolment_is_kept_and_what_comes_next_is_told(
    folder: Path, enrolment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = command("enrol", folder, enrolment)

    said = capsys.readouterr().out
    assert status == 0
    assert "broker 127.0.0.1:1" in said
    assert "correct horse" not in said
    assert (folder / "enrolment.toml").stat().st_mode & 0o777 == 0o600


def test_another_gateways_enrolment_is_refused(
    tmp_path: Path, enrolment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("init", tmp_path / "other")
    capsys.readouterr()

    status = command("enrol", tmp_path / "other", enrolment)

    assert status == 2
    assert "the enrolment is for gateway" in refusal(capsys)
    assert not (tmp_path / "other" / "enrolment.toml").exists()


def test_meters_are_added_listed_and_removed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("meter", "add", folder, "--port", "tcp://10.0.0.7", "--profile", "cosem-meter", "--serial", "LMP2")
    command("meter", "remove", folder, "1")
    capsys.readouterr()

    command("meter", "list", folder)

    assert capsys.readouterr().out == "2  LMP2  tcp://10.0.0.7:4059  cosem-meter\n"


def test_meters_on_one_bus_are_listed_by_their_addresses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bus = ("--port", "/dev/ttyUSB9", "--profile", "lamplight-sim-bus")
    command("meter", "add", folder, *bus, "--address", "17")
    command("meter", "add", folder, *bus, "--address", "18")
    command("meter", "remove", folder, "1")
    capsys.readouterr()

    command("meter", "list", folder)
    said = capsys.readouterr().out
    command("meter", "list", folder, "--json")

    assert said == (
        "2  not read yet  /dev/ttyUSB9 address 17  lamplight-sim-bus\n"
        "3  not read yet  /dev/ttyUSB9 address 18  lamplight-sim-bus\n"
    )
    assert [meter["address"] for meter in json.loads(capsys.readouterr().out)] == [17, 18]


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("--port", "/dev/ttyUSB9", "--profile", "lamplight-sim", "--address", "17"), "sees one meter"),
        (("--port", "/dev/ttyUSB7", "--profile", "lamplight-sim"), "meter 1 is on this port"),
        (("--port", "/dev/ttyUSB7", "--profile", "lamplight-sim-bus", "--address", "17"), "meter 1 is on this port"),
        (
            ("--port", "/dev/ttyUSB9", "--profile", "lamplight-sim-bus", "--address", "15"),
            "no meter has the address 15",
        ),
        (("--port", "/dev/ttyUSB9", "--profile", "lamplight-sim-bus", "--address", "x"), "invalid int"),
        (("--port", "tcp://10.0.0.7", "--profile", "lamplight-sim-bus", "--address", "17"), "carries HDLC"),
    ],
)
def test_a_meter_that_could_not_be_asked_is_not_added(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], because: str
) -> None:
    status = command("meter", "add", folder, *words)

    assert status == 2
    assert because in refusal(capsys)


def test_a_gateway_is_made_for_a_meter_on_a_bus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("init", tmp_path / "house", "--meter", "/dev/ttyUSB9", "--profile", "lamplight-sim-bus", "--address", "17")
    refused = command("init", tmp_path / "other", "--address", "17")
    capsys.readouterr()

    command("meter", "list", tmp_path / "house", "--json")

    assert json.loads(capsys.readouterr().out)[0]["address"] == 17
    assert refused == 2


def test_every_setting_is_printed_with_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    command("config")

    said = capsys.readouterr().out
    assert "# hold_off_s = 2.0" in said
    assert tomllib.loads("\n".join(line for line in said.splitlines() if not line.startswith("#"))).keys() == {
        "files",
        "meter",
        "probe",
        "supply",
        "uplink",
        "journal",
        "clock",
    }


def test_what_a_folder_sets_is_shown_as_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("config", folder)

    assert '\nport = "/dev/ttyUSB8"' in capsys.readouterr().out


# --- status, journal --------------------------------------------------------------------------------------------------


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


# --- refused before anything runs -------------------------------------------------------------------------------------


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
        ("journal.sqlite", "no journal" * 1_000, "journal is damaged"),
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


def test_the_printed_settings_load_as_the_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("config")
    (tmp_path / "printed.toml").write_text(capsys.readouterr().out)
    (tmp_path / "empty.toml").write_text("")

    assert load_settings(tmp_path / "printed.toml") == load_settings(tmp_path / "empty.toml")
    assert isinstance(load_settings(tmp_path / "empty.toml"), GatewaySettings)


def test_config_takes_the_settings_file_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("config", folder / "gateway.toml") == 0
    assert 'port = "/dev/ttyUSB8"' in capsys.readouterr().out


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
