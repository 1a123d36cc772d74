"""`init`, `enrol`, `meter` and `config`: what a technician prepares, and the one line for all that is refused."""

import json
import tomllib
from pathlib import Path

import pytest

from gateway.config import GatewaySettings, load_settings
from tests.integration.gateway.commands.typed import METER, command, refusal
from wire.certificate_request import find_armoured
from wire.ids import gateway_id_of
from wire.keys import PublicKey


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
        "tls-next.pem",
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


def test_the_zone_of_the_homes_is_kept_and_one_nobody_knows_makes_no_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("init", tmp_path / "gateway", "--time-zone", "America/Sao_Paulo")
    capsys.readouterr()

    status = command("init", tmp_path / "other", "--time-zone", "Curitiba")

    assert status == 2
    assert load_settings(tmp_path / "gateway").meter.time_zone == "America/Sao_Paulo"
    assert "no time zone 'Curitiba' is known here (--time-zone)" in refusal(capsys)
    assert not (tmp_path / "other").exists()


def test_a_relative_port_is_kept_by_its_whole_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    command("init", "gateway", "--meter", "meter.tty", "--profile", "lamplight-sim", "--probe", "probe.tty")
    capsys.readouterr()
    command("meter", "list", "gateway", "--json")

    assert json.loads(capsys.readouterr().out)[0]["port"] == str(tmp_path / "meter.tty")
    assert load_settings(tmp_path / "gateway").probe.port == str(tmp_path / "probe.tty")


def test_the_request_for_a_certificate_is_made_anew_where_it_was_lost(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_over = (folder / "gateway.pub.pem").read_bytes()
    (folder / "tls-next.pem").unlink()

    status = command("enrol", folder)

    anew = (folder / "gateway.pub.pem").read_bytes()
    assert status == 0
    assert "next: give the public key to the utility" in capsys.readouterr().out
    assert PublicKey.from_pem(anew) == PublicKey.from_pem(handed_over)
    assert find_armoured(anew) not in (None, find_armoured(handed_over))


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


def test_a_list_of_meters_stands_in_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("meter", "add", folder, "--port", "tcp://10.0.0.7", "--profile", "cosem-meter", "--serial", "LMP2")
    capsys.readouterr()

    command("meter", "list", folder)

    first, second = capsys.readouterr().out.splitlines()
    assert first.index("lamplight-sim") == second.index("cosem-meter")


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
        "signing",
        "probe",
        "supply",
        "uplink",
        "journal",
        "clock",
    }


def test_what_a_folder_sets_is_shown_as_set(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("config", folder)

    assert '\nport = "/dev/ttyUSB8"' in capsys.readouterr().out


def test_the_printed_settings_load_as_the_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("config")
    (tmp_path / "printed.toml").write_text(capsys.readouterr().out)
    (tmp_path / "empty.toml").write_text("")

    assert load_settings(tmp_path / "printed.toml") == load_settings(tmp_path / "empty.toml")
    assert isinstance(load_settings(tmp_path / "empty.toml"), GatewaySettings)


def test_config_takes_the_settings_file_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("config", folder / "gateway.toml") == 0
    assert 'port = "/dev/ttyUSB8"' in capsys.readouterr().out


def test_a_folder_without_meters_says_how_to_add_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command("init", tmp_path / "empty")
    capsys.readouterr()

    status = command("meter", "list", tmp_path / "empty")

    assert status == 0
    assert "no meter is registered; next: lamplight-gateway meter add" in capsys.readouterr().out
