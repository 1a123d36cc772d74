"""Who is given a certificate, when the one there is given again, and which ones end."""

import tomllib
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.broker.authority import Authority
from cloud.broker.folder import AuthorityFolder, BrokerFolder
from cloud.broker.settings import MqttSettings
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import store
from cloud.registry.certifier import Certifier
from cloud.registry.model import Place, Status
from cloud.registry.service import Registrar
from runtime.errors import InputRefused
from tests.fakes_cloud import HandClock, fresh_database
from wire.certificate_request import armoured, seal_request
from wire.ids import GatewayId, gateway_id_of
from wire.keys import SoftwareSigner
from wire.refusals import Reason, WireRefused

DAY_S = 86_400
PLACE = Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial("LMP00000001"))


class Office:
    """A registrar whose broker is opened by certificates, and one gateway that asks."""

    def __init__(self, database, path):
        self.path = path
        self.database = database
        self.clock = HandClock()
        self.broker = BrokerFolder(path / "broker")
        self.broker.create()
        self.authority = AuthorityFolder(path / "authority")
        self.certifier = Certifier(Authority.open(self.authority, self.clock.now()), timedelta(days=90))
        self.registrar = Registrar(
            database=database,
            clock=self.clock,
            broker=self.broker,
            mqtt=MqttSettings(entrance="certificate"),
            receipt_key=SoftwareSigner.generate().public,
            certifier=self.certifier,
        )
        self.signer = SoftwareSigner.generate()
        self.id = gateway_id_of(self.signer.public.spki)

    def request(self, signer=None):
        """A new request, of a new TLS key."""
        return seal_request(ec.generate_private_key(ec.SECP256R1()), signer or self.signer, self.id)

    def add(self, request, out="first.toml"):
        handed_in = self.signer.public.to_pem() + (armoured(request) if request else b"")
        self.registrar.add(public_key=self.signer.public, places=[PLACE], out=self.path / out, handed_in=handed_in)
        return self.given(out)

    def renew(self, out, request=None):
        self.registrar.renew(self.id, self.path / out, armoured(request) if request else None)
        return self.given(out)

    def ask(self, request, gateway=None):
        """Over the broker."""
        with self.database.transaction() as connection:
            return self.certifier.answer(connection, gateway or self.id, request, self.clock.now())

    def refusal(self, request, gateway=None):
        with pytest.raises(WireRefused) as refused:
            self.ask(request, gateway)
        return refused.value.reason

    def given(self, out):
        return tomllib.loads((self.path / out).read_text())["mqtt"]["certificate"].encode()

    def revoked(self):
        return {entry.serial_number for entry in x509.load_pem_x509_crl(self.authority.revoked.read_bytes())}


@pytest.fixture
def office(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Office(database, tmp_path)


def serial(pem):
    return x509.load_pem_x509_certificate(pem).serial_number


def tls_key(pem):
    return x509.load_pem_x509_certificate(pem).public_key()


def test_the_enrolment_file_holds_the_certificate_and_no_secret(office):
    office.add(office.request())

    said = tomllib.loads((office.path / "first.toml").read_text())
    assert said["mqtt"]["authority"].encode() == office.authority.certificate.read_bytes()
    assert said["mqtt"].keys() == {"host", "port", "username", "certificate", "authority"}
    assert "PRIVATE" not in (office.path / "first.toml").read_text()
    assert sorted(path.name for path in office.path.glob("*.toml")) == ["first.toml"]


def test_the_password_file_lets_no_gateway_in_that_has_a_certificate(office):
    office.add(office.request())

    assert office.id not in office.broker.passwords.read_text()


def test_without_a_request_or_with_anothers_nothing_is_registered(office):
    for request in (None, office.request(SoftwareSigner.generate())):
        with pytest.raises(InputRefused, match="request for a certificate"):
            office.add(request)

    assert office.registrar.everything() == []
    assert not (office.path / "first.toml").exists()


def test_what_is_asked_again_while_it_is_fresh_is_given_again(office):
    request = office.request()
    first = office.add(request)

    office.clock.go_on(59 * DAY_S)

    assert office.ask(request) == first


def test_the_same_request_after_two_thirds_brings_the_next_certificate(office):
    request = office.request()
    first = office.add(request)

    office.clock.go_on(60 * DAY_S)
    second = office.ask(request)

    assert serial(second) != serial(first)
    assert tls_key(second) == tls_key(first)
    assert office.ask(request) == second


def test_a_new_key_is_certified_at_once_but_not_many_an_hour(office):
    first = office.add(office.request())

    early = office.ask(office.request())
    office.clock.go_on(3_600)
    later = office.ask(office.request())
    soon_after = office.ask(office.request())

    assert early == first
    assert tls_key(later) != tls_key(first)
    assert soon_after == later
    assert office.revoked() == set()


def test_over_the_broker_only_an_active_gateway_is_answered_and_on_its_own_topic(office):
    request = office.request()
    office.add(request)

    assert office.refusal(request, GatewayId("7Z0M4QDA")) is Reason.WRONG_GATEWAY
    assert office.refusal(office.request(SoftwareSigner.generate())) is Reason.UNKNOWN_KEY
    assert office.refusal(b"give me one") is Reason.NOT_AN_ENVELOPE
    for status in (Status.SUSPECT, Status.REVOKED):
        with office.database.transaction() as connection:
            store.set_status(connection, office.id, status, "", office.clock.now())
        assert office.refusal(request) is Reason.GATEWAY_NOT_ACTIVE


def test_renewing_without_a_request_is_for_the_key_it_had_and_ends_nothing(office):
    first = office.add(office.request())
    office.clock.go_on(100 * DAY_S)

    second = office.renew("second.toml")

    assert tls_key(second) == tls_key(first)
    assert x509.load_pem_x509_certificate(second).not_valid_after_utc == office.clock.now() + timedelta(days=90)
    assert office.revoked() == set()


def test_who_looks_sees_until_when_each_gateway_can_enter(office):
    office.add(office.request())
    office.clock.go_on(DAY_S)
    office.renew("second.toml")

    listed = office.registrar.certificate_ends()
    office.registrar.revoke(office.id, "stolen")

    assert listed == {office.id: office.clock.now() + timedelta(days=90)}
    assert office.registrar.certificate_ends() == {}


def test_renewing_for_another_key_ends_the_certificates_of_the_older(office):
    first = office.add(office.request())
    office.clock.go_on(DAY_S)

    second = office.renew("second.toml", office.request())

    assert tls_key(second) != tls_key(first)
    assert office.revoked() == {serial(first)}


def test_a_revoked_gateway_is_listed_until_its_certificate_ends_and_shut_out_for_good(office):
    first = office.add(office.request())

    office.registrar.revoke(office.id, "stolen")
    listed = office.revoked()
    office.clock.go_on(93 * DAY_S)
    office.registrar.write_broker_access()

    assert listed == {serial(first)}
    assert office.revoked() == set()
    assert f"user {office.id}\ntopic deny #\n" in office.broker.acl.read_text()


def test_a_gateway_registered_while_passwords_opened_the_broker_hands_in_its_request_later(office):
    office.registrar._certifier = None
    office.registrar.add(public_key=office.signer.public, places=[PLACE], out=office.path / "old.toml")
    office.registrar._certifier = office.certifier

    with pytest.raises(InputRefused, match="never had a certificate"):
        office.renew("none.toml")

    assert tls_key(office.renew("new.toml", office.request()))
    assert office.id not in office.broker.passwords.read_text()
