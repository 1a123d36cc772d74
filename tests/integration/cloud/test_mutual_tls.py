"""Mutual TLS with mosquitto: a certificate reaches its own gateway's topics, and nothing else opens anything."""

import pytest

from tests.certified_site import CertifiedSite
from tests.fakes_cloud import FakeGateway
from tests.waiting import eventually
from wire.receipts import open_receipt
from wire.topics import Kind

pytestmark = pytest.mark.needs_mosquitto


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    site = CertifiedSite(tmp_path_factory.mktemp("certified"))
    yield site
    site.close()


@pytest.fixture(scope="module")
def gateway(site):
    return site.enrol("one")


@pytest.fixture(scope="module")
def other(site):
    return site.enrol("other")


def test_a_gateway_with_its_certificate_says_a_signed_event_and_gets_its_receipt(site, gateway):
    fake = FakeGateway(signer=gateway.signer, meter=gateway.id)
    uplink = gateway.uplink()
    came = []
    with site.ingest():
        uplink.open()

        for message in fake.say_many(3):
            uplink.publish(message.topic, message.payload)
        eventually(lambda: came.extend(uplink.wait(0.1)) or came, what="a receipt")

    uplink.close()
    assert [arrival.kind for arrival in came] == [Kind.RECEIPT]
    assert open_receipt(came[0].payload, gateway.enrolment.receipt_key).seq == 3
    assert site.stored() == [1, 2, 3]
    assert site.refused() == {}
