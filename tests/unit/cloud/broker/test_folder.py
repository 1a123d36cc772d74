import signal
import subprocess
import sys

import pytest

from cloud.broker import mosquitto
from cloud.broker.folder import BrokerFolder
from cloud.broker.mosquitto import MutualTls
from cloud.broker.passwords import hashed, matches, parse_password_file
from cloud.broker.service import check_port_is_free, run
from cloud.broker.settings import BrokerSettings, MqttSettings
from runtime.errors import EnvironmentRefused, SettingsError
from tests.waiting import SURELY_S

HOLD = """
import signal, sys
from pathlib import Path
from cloud.broker.folder import BrokerFolder
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])  # so that none is missed before it is waited for
BrokerFolder(Path(sys.argv[1])).claim()
print("ready", flush=True)
signal.sigwait([signal.SIGHUP])
sys.exit(42)
"""


@pytest.fixture
def folder(tmp_path):
    folder = BrokerFolder(tmp_path / "broker")
    folder.create()
    return folder


@pytest.fixture
def holder(folder):
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder.path], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_new_folder_lets_only_ingest_in(folder):
    hashes = parse_password_file(folder.passwords.read_text())

    assert list(hashes) == ["ingest"]
    assert matches(folder.read_ingest_password(), hashes["ingest"])


def test_nothing_in_it_can_be_read_by_others(folder):
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.path.iterdir()} == {0o600}


def test_exactly_the_gateways_given_are_let_in(folder):
    folder.write_access({"7Z0M4QDA": hashed("a"), "7Z0M4QDB": hashed("b")})
    folder.write_access({"7Z0M4QDB": hashed("c")})

    assert sorted(parse_password_file(folder.passwords.read_text())) == ["7Z0M4QDB", "ingest"]


def test_a_lost_password_of_ingest_is_told(folder):
    folder.ingest_password.unlink()

    with pytest.raises(EnvironmentRefused, match="restore the state folder"):
        folder.read_ingest_password()


def test_where_no_broker_runs_there_is_none_to_tell(folder):
    assert not folder.tell_running_broker()


def test_a_running_broker_is_told_and_a_second_one_refused(folder, holder):
    with pytest.raises(EnvironmentRefused, match="already runs"):
        folder.claim()

    assert folder.tell_running_broker()
    assert holder.wait(SURELY_S) == 42


def test_a_broker_that_was_killed_leaves_nothing_to_clear_away(folder, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait(SURELY_S)

    assert not folder.tell_running_broker()


def test_mosquittos_configuration_lets_nobody_in_without_a_password(folder):
    lines = mosquitto.configuration(folder, BrokerSettings(), 18_830).splitlines()

    assert "listener 18830 127.0.0.1" in lines
    assert "allow_anonymous false" in lines
    assert "use_username_as_clientid true" in lines
    assert not [line for line in lines if line.startswith("certfile")]


def test_mosquittos_configuration_speaks_tls_on_the_listener_when_it_can(folder, tmp_path):
    settings = BrokerSettings(listen="0.0.0.0", certificate_file=tmp_path / "c.pem", key_file=tmp_path / "k.pem")

    lines = mosquitto.configuration(folder, settings, 8_883).splitlines()

    assert lines[:3] == ["listener 8883 0.0.0.0", f"certfile {tmp_path}/c.pem", f"keyfile {tmp_path}/k.pem"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (MqttSettings(host="broker.example"), "reached without TLS"),
        (BrokerSettings(listen="0.0.0.0"), "without TLS"),
        (BrokerSettings(listen="", certificate_file=None), "without TLS"),
    ],
)
def test_no_password_travels_in_the_clear(settings, words):
    with pytest.raises(SettingsError, match=words):
        settings.check()


def test_a_certificate_without_its_key_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="give both or neither"):
        BrokerSettings(certificate_file=tmp_path / "c.pem").check()


def test_on_this_machine_no_certificate_is_needed(tmp_path):
    MqttSettings().check()
    BrokerSettings().check()
    MqttSettings(host="broker.example", tls_ca_file=tmp_path / "ca.pem").check()


def test_a_name_nobody_has_cannot_be_listened_on():
    with pytest.raises(EnvironmentRefused, match="cannot listen"):
        check_port_is_free("name.invalid", 18_830)


def test_a_door_that_certificates_alone_open_may_stand_open_to_the_network(tmp_path):
    MqttSettings(host="broker.example", entrance="certificate").check()
    BrokerSettings(listen="0.0.0.0").check(is_tls_our_own=True)


def test_the_embedded_broker_is_no_door_for_certificates(folder, tmp_path):
    mutual = MutualTls(
        authority=tmp_path / "ca", revoked=tmp_path / "crl", own_certificate=tmp_path / "c", own_key=tmp_path / "k"
    )

    with pytest.raises(EnvironmentRefused, match="opened by passwords alone"):
        run(folder, BrokerSettings(), 18_830, mutual, must_be_embedded=True)
