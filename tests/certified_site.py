"""A cloud whose broker is opened by certificates alone, with gateways that hold some: right ones and wrong ones."""

import contextlib
import socket
import ssl
import threading
from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud import main
from cloud.ingest import quarantine, store
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.kernel.loop import Worker
from cloud.registry.model import Place
from cloud.state import StateFolder
from gateway.adapters.enrolment import install_enrolment
from gateway.adapters.keys import tls_file
from gateway.adapters.mqtt import MqttUplink
from gateway.adapters.tls_identity import RenewedIdentity, TlsIdentity
from gateway.service.certified_uplink import CertifiedUplink
from runtime.clock import SystemClock
from tests import cloud_process
from tests.fakes_cloud import HandClock
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually
from wire.certificate_request import armoured
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

CLOCK = SystemClock()


class CertifiedSite:
    """A state folder and its broker as a process."""

    def __init__(self, path):
        self.path = path
        self.port = free_port()
        values = {"mqtt": {"port": self.port, "entrance": "certificate"}}
        self.folder = StateFolder.create(path / "state", values)
        self.database = self.folder.open_database()
        self.registrar = self.folder.registrar(self.database, CLOCK)
        self.broker = cloud_process.start("broker-config", self.folder.path, "--start", log=path / "broker.log")
        cloud_process.wait_for_port(self.port, self.broker)

    def close(self):
        cloud_process.end(self.broker)
        self.database.close()

    def enrol(self, name, *, days_ago=0):
        """A new gateway that did what a technician does: init, one file there, one file back."""
        registrar = self.folder.registrar(self.database, HandClock(CLOCK.now() - timedelta(days=days_ago)))
        return CertifiedGateway(self, registrar, self.path / name)

    @contextlib.contextmanager
    def ingest(self):
        """The cloud's own side, over the same broker."""
        intake = self.folder.intake(self.database, CLOCK, list)
        consumer, _ = main._way_in(self.folder, self.folder.settings(), self.database, intake, CLOCK)
        worker = Worker("ingest", consumer.run, clock=CLOCK, wake=consumer.wake)
        worker.start()
        try:
            eventually(lambda: consumer.is_connected, what="ingest is let in")
            yield worker
        finally:
            worker.stop()
            assert worker.join(SURELY_S)

    def stored(self):
        with self.database.read() as connection:
            return [event.id.seq for event in store.page(connection, after=0, limit=10_000)]

    def refused(self):
        with self.database.read() as connection:
            return quarantine.counts(connection)


class CertifiedGateway:
    """A gateway's folder with what opens the broker."""

    def __init__(self, site, registrar, folder):
        folder.mkdir()
        self.site = site
        self.signer = SoftwareSigner.generate()
        self.id = gateway_id_of(self.signer.public.spki)
        self.identity = TlsIdentity(tls_file(folder / "enrolment.toml"))
        self.handed_in = armoured(self.identity.request(self.signer, self.id))
        place = Place(usage_point=UsagePointId(f"UP-{self.id}"), meter=MeterSerial(self.id))
        given = folder / "given.toml"
        registrar.add(public_key=self.signer.public, places=[place], out=given, handed_in=self.handed_in)
        self.enrolment = install_enrolment(given, folder / "enrolment.toml", self.id, CLOCK.now())

    def uplink(self, enrolment=None):
        return MqttUplink(enrolment or self.enrolment, self.id, CLOCK, keepalive_s=30)

    def certified_uplink(self):
        """The uplink as the gateway joins it: it keeps its certificate fresh."""
        authority = self.enrolment.certified.authority
        renewed = RenewedIdentity(
            identity=self.identity, authority=authority, gateway=self.id, signer=lambda: self.signer
        )
        return CertifiedUplink(self.uplink(), renewed, self.id, CLOCK)

    @property
    def chain(self):
        return self.identity.file

    def shown_by_broker(self):
        """The broker's certificate, as this gateway sees it."""
        context = ssl.create_default_context(cafile=self.site.folder.authority.certificate)
        context.load_cert_chain(self.chain)
        plain = socket.create_connection(("127.0.0.1", self.site.port))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as line:
            return line.getpeercert(binary_form=True)

    def knock(self):
        return Knocker(self.site, self.chain, client_id=self.id)

    def is_let_in(self):
        with Knocker(self.site, self.chain, client_id=self.id) as knocker:
            return knocker.is_let_in


class Stranger:
    """An authority that is not the site's, or the site's own used against its rules, and what it signs."""

    def __init__(self, path, *, key_file=None, certificate_file=None):
        self.path = path
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Lamplight broker authority")])
        if key_file is not None:
            self.key = serialization.load_pem_private_key(key_file.read_bytes(), None)
            self.name = x509.load_pem_x509_certificate(certificate_file.read_bytes()).subject

    def trusted_in(self, enrolment):
        """The enrolment of somebody who trusts this authority."""
        now = CLOCK.now()
        own = (
            x509.CertificateBuilder(self.name, self.name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        pem = own.public_bytes(serialization.Encoding.PEM).decode()
        return replace(enrolment, certified=replace(enrolment.certified, authority=pem))

    def chain(self, gateway, *, ends_in=timedelta(days=1), use=ExtendedKeyUsageOID.CLIENT_AUTH):
        """A file with a key, and a certificate of that name."""
        key, now = ec.generate_private_key(ec.SECP256R1()), CLOCK.now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
        leaf = (
            x509.CertificateBuilder(self.name, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + ends_in)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([use]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        pem = serialization.Encoding.PEM
        file = self.path / f"{leaf.serial_number:x}.pem"
        file.write_bytes(key.private_bytes(pem, *plain) + leaf.public_bytes(pem))
        return file


class Knocker:
    """A client at the door of the broker, honest or not, that says what it likes; `answer` is the broker's, if any."""

    def __init__(self, site, chain, *, client_id, user=None, will=None, hears_retained=True):
        self.heard: list[MQTTMessage] = []
        self.is_gone = threading.Event()
        self._answers = []
        self._acknowledged = set()
        self._granted = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        context = ssl.create_default_context(cafile=site.folder.authority.certificate)
        if chain is not None:
            context.load_cert_chain(chain)
        self.client.tls_set_context(context)
        if user is not None:
            self.client.username_pw_set(user, "guess")
        if will is not None:
            self.client.will_set(will, b"boo", qos=1)
        self.client.on_connect = lambda _c, _d, _f, reason, _p: self._answers.append(reason)
        self.client.on_message = lambda _c, _d, message: (
            self.heard.append(message) if hears_retained or not message.retain else None
        )
        self.client.on_subscribe = lambda *_: self._granted.set()
        self.client.on_publish = lambda _c, _d, mid, _r, _p: self._acknowledged.add(mid)
        self.client.on_disconnect = lambda *_: self.is_gone.set()
        with contextlib.suppress(OSError):
            self.client.connect("127.0.0.1", site.port, keepalive=20)
            self.client.loop_start()
            eventually(lambda: self._answers or self.is_gone.is_set(), what="the broker answers or hangs up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()

    @property
    def is_let_in(self):
        return bool(self._answers) and not self._answers[0].is_failure

    def hang_up(self):
        """Be gone without a word, so that the broker says the will."""
        self.client.socket().shutdown(socket.SHUT_RDWR)
        self.client.loop_stop()

    def listen(self, topic_filter):
        self._granted.clear()
        self.client.subscribe(topic_filter, qos=1)
        eventually(self._granted.is_set, what="the broker's grant")
        return self

    def say(self, topic, payload=b"x"):
        """Publish, and wait until the broker acknowledged it, which says nothing about what became of it."""
        mid = self.client.publish(topic, payload, qos=1).mid
        eventually(lambda: mid in self._acknowledged, what=f"acknowledged on {topic}")

    def topics_heard(self):
        return [message.topic for message in self.heard]
