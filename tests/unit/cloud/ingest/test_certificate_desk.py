"""Requests for certificates are answered beside the receipts, and nothing of them reaches the intake."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from cloud.broker.authority import Authority
from cloud.broker.folder import AuthorityFolder
from cloud.ingest import quarantine
from cloud.ingest.certificate_desk import CertificateDesk
from cloud.ingest.service import Message
from cloud.registry.certifier import Certifier
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database, register
from wire import topics
from wire.certificate_request import seal_request
from wire.refusals import Reason

RECEIPT = Message(topic="a receipt", payload=b"")


class FakeIntake:
    """Remembers what it was handed."""

    def __init__(self):
        self.taken = []

    def take(self, messages):
        self.taken.append(list(messages))
        return [RECEIPT]


class Desk:
    """A desk before an intake, and a gateway that asks."""

    def __init__(self, database, path):
        clock = HandClock()
        self.database = database
        self.intake = FakeIntake()
        authority = Authority.open(AuthorityFolder(path / "authority"), clock.now())
        certifier = Certifier(authority, timedelta(days=90))
        self.desk = CertificateDesk(intake=self.intake, database=database, clock=clock, certifier=certifier)
        self.gateway = FakeGateway()
        register(database, self.gateway)

    def asks(self, gateway=None):
        signer = self.gateway.signer
        payload = seal_request(ec.generate_private_key(ec.SECP256R1()), signer, self.gateway.id)
        return Message(topic=topics.certificate_request(gateway or self.gateway.id), payload=payload)

    def refused(self):
        with self.database.read() as connection:
            return quarantine.counts(connection)


@pytest.fixture
def desk(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Desk(database, tmp_path)


def test_a_request_is_answered_on_its_gateways_own_topic(desk):
    (answer,) = desk.desk.take([desk.asks()])

    leaf = x509.load_pem_x509_certificate(answer.payload)
    assert answer.topic == topics.certificate(desk.gateway.id)
    assert [name.value for name in leaf.subject] == [desk.gateway.id]
    assert desk.intake.taken == []


def test_events_go_on_to_the_intake_and_receipts_come_first(desk):
    event = desk.gateway.say_many(1)[0]

    answers = desk.desk.take([desk.asks(), event, desk.asks()])

    assert desk.intake.taken == [[event]]
    assert [answer.topic for answer in answers] == ["a receipt", topics.certificate(desk.gateway.id)]


def test_what_is_no_request_of_this_gateways_is_kept_in_quarantine_and_the_rest_goes_on(desk):
    other = FakeGateway()
    event = desk.gateway.say_many(1)[0]
    scribble = Message(topic=topics.certificate_request(desk.gateway.id), payload=b"give me one")

    answers = desk.desk.take([scribble, desk.asks(other.id), event])

    assert answers == [RECEIPT]
    assert desk.refused() == {Reason.NOT_AN_ENVELOPE: 1, Reason.WRONG_GATEWAY: 1}
