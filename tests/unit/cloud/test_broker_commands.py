"""`broker-config`: a complete configuration here, or all files of one elsewhere."""

import json
import sys
from pathlib import Path

import pytest

from cloud import cli
from cloud.state import StateFolder


@pytest.fixture(scope="module", params=["password", "certificate"])
def state(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("cloud") / "state"
    values = {"mqtt": {"entrance": request.param, "host": "127.0.0.1"}, "broker": {"listen": "127.0.0.1"}}
    return StateFolder.create(path, values)


@pytest.fixture
def config(state, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["lamplight-cloud", "broker-config", str(state.path), *map(str, words)])
        return cli.main(), capsys.readouterr()

    return run


def named_files(configuration):
    """Every file that a configuration names."""
    keys = ("cafile", "crlfile", "certfile", "keyfile", "acl_file", "password_file")
    pairs = (line.split(" ", 1) for line in configuration.read_text().splitlines())
    return {key: value for key, value in pairs if key in keys}


def test_a_configuration_here_names_files_that_are_there(state, config):
    status, said = config("--json")

    facts = json.loads(said.out)
    named = named_files(state.broker.path / "mosquitto.conf")
    assert status == 0
    assert facts["configuration"] == str(state.broker.path / "mosquitto.conf")
    assert facts["entrance"] == state.settings().mqtt.entrance
    assert all(state.path.resolve() in Path(file).parents and Path(file).is_file() for file in named.values())


def test_one_for_elsewhere_is_whole_and_names_where_it_will_lie(state, config, tmp_path):
    out = tmp_path / "out"

    first, _ = config("--out", out, "--at", "/etc/mosquitto/lamplight")
    again, said = config("--out", out, "--at", "/etc/mosquitto/lamplight")

    named = named_files(out / "mosquitto.conf")
    assert (first, again) == (0, 0)
    assert {Path(file).name for file in named.values()} | {"mosquitto.conf"} == {file.name for file in out.iterdir()}
    assert {str(Path(file).parent) for file in named.values()} == {"/etc/mosquitto/lamplight"}
    assert "user " not in (out / "mosquitto.conf").read_text()
    assert "mosquitto -c /etc/mosquitto/lamplight/mosquitto.conf" in said.out
    assert not [file.name for file in out.glob("c*.pem") if b"PRIVATE" in file.read_bytes()]
    assert {file.stat().st_mode & 0o77 for file in out.iterdir()} == {0}


def test_certificates_alone_open_it_or_passwords_alone(state, config):
    config()

    lines = (state.broker.path / "mosquitto.conf").read_text().splitlines()
    is_by_certificate = state.settings().mqtt.is_by_certificate
    assert ("require_certificate true" in lines) is is_by_certificate
    assert ("use_identity_as_username true" in lines) is is_by_certificate
    assert any(line.startswith("password_file") for line in lines) is not is_by_certificate
    assert {"allow_anonymous false", "use_username_as_clientid true"} <= set(lines)


@pytest.mark.parametrize(
    "words", [("--start", "--out", "x"), ("--at", "/etc"), ("--out", "x", "--at", "etc/mosquitto")]
)
def test_words_that_do_not_go_together_write_nothing(config, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)

    status, said = config(*words)

    assert status == 2
    assert "(--" in said.err
    assert list(tmp_path.iterdir()) == []
