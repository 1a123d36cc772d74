"""The gateway's way to a broker with a certificate: the right one, and another."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.adapters.enrolment import Enrolment
from gateway.core.errors import UplinkLost
from tests.mosquitto import MOSQUITTO, Broker, enrolment_at, mosquitto_settings, uplink_to
from tests.ports import free_port


def certificate(folder: Path, name: str, *, host: str) -> None:
    """A self-signed certificate and its key, for one test."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / f"{name}.key").write_bytes(plain)


@pytest.fixture
def tls_broker(tmp_path: Path) -> Iterator[Broker]:
    assert MOSQUITTO, "this test needs a broker: sudo apt install mosquitto"
    certificate(tmp_path, "broker", host="localhost")
    port = free_port()
    tls = (f"certfile {tmp_path / 'broker.pem'}", f"keyfile {tmp_path / 'broker.key'}")
    broker = Broker(tmp_path, port, mosquitto_settings(tmp_path, port, *tls))
    broker.start()
    yield broker
    broker.kill()


def tls_enrolment(broker: Broker, ca: Path) -> Enrolment:
    return enrolment_at(broker.port, host="localhost", ca=ca)


def test_a_broker_with_the_right_certificate_is_spoken_to(tls_broker: Broker) -> None:
    uplink = uplink_to(tls_enrolment(tls_broker, tls_broker.folder / "broker.pem"))

    uplink.open()

    assert uplink._client is not None
    assert isinstance(uplink._client.socket(), ssl.SSLSocket)
    uplink.close()


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # paho leaves the refused socket to the collector
def test_a_broker_with_another_certificate_is_not(tls_broker: Broker) -> None:
    certificate(tls_broker.folder, "another", host="localhost")
    uplink = uplink_to(tls_enrolment(tls_broker, tls_broker.folder / "another.pem"))

    with pytest.raises(UplinkLost, match="certificate"):
        uplink.open()
