"""TLS between the brokers and who speaks to them: the cloud enters, and takes no broker for another."""

import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cloud.ingest.consumer import Consumer
from cloud.ingest.service import Intake
from cloud.kernel.loop import Worker
from cloud.state import StateFolder
from runtime.clock import SystemClock
from tests import cloud_process
from tests.cloud_process import BROKERS
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually


def make_certificate(folder, name):
    """A self-signed certificate for this machine; its file and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(encoding))
    (folder / f"{name}.key").write_bytes(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return folder / f"{name}.pem", folder / f"{name}.key"


@pytest.fixture(params=BROKERS)
def folder(request, tmp_path):
    certificate, key = make_certificate(tmp_path, "broker")
    values = {
        "mqtt": {"port": free_port(), "tls_ca_file": str(certificate)},
        "broker": {"certificate_file": str(certificate), "key_file": str(key)},
    }
    folder = StateFolder.create(tmp_path / "state", values)
    with cloud_process.started("broker", folder.path, *request.param, log=tmp_path / "broker.log") as broker:
        cloud_process.wait_for_port(values["mqtt"]["port"], broker)
        yield folder


def test_the_cloud_enters_over_tls(folder):
    clock = SystemClock()
    database = folder.open_database()
    intake = Intake(database=database, clock=clock, signer=folder.receipt_signer(), on_commit=list)
    password = folder.broker.read_ingest_password()
    consumer = Consumer(settings=folder.settings().mqtt, password=password, intake=intake, clock=clock)
    worker = Worker("ingest", consumer.run, clock=clock, wake=consumer.wake)
    worker.start()
    try:
        eventually(lambda: consumer.is_connected)
    finally:
        worker.stop()
        assert worker.join(SURELY_S)
        database.close()


def test_a_broker_whose_authority_is_another_is_not_believed(folder, tmp_path):
    other, _ = make_certificate(tmp_path, "other")
    context = ssl.create_default_context(cafile=other)
    address = ("127.0.0.1", folder.settings().mqtt.port)

    with socket.create_connection(address) as plain, pytest.raises(ssl.SSLCertVerificationError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")
