"""Mutual TLS with mosquitto: a certificate reaches its own gateway's topics, and nothing else opens anything."""

from datetime import timedelta

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.core.errors import UplinkLost
from tests.certified_site import CLOCK, CertifiedSite, Knocker, Stranger
from tests.fakes_cloud import FakeGateway
from tests.waiting import eventually
from wire import topics
from wire.receipts import open_receipt
from wire.terms import Lane
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

    def reach(receipts):
        """How far each goes; ingest may give one for each event or one for all."""
        return [open_receipt(arrival.payload, gateway.enrolment.receipt_key).seq for arrival in receipts]

    with site.ingest():
        uplink.open()

        for message in fake.say_many(3):
            uplink.publish(message.topic, message.payload)
        eventually(lambda: came.extend(uplink.wait(0.1)) or 3 in reach(came), what="the last event's receipt")

    uplink.close()
    assert {arrival.kind for arrival in came} == {Kind.RECEIPT}
    assert reach(came) == sorted(reach(came))
    assert site.stored() == [1, 2, 3]
    assert site.refused() == {}


def test_a_certificate_two_thirds_over_is_renewed_over_the_broker_with_a_new_key(site):
    gateway = site.enrol("renewing", days_ago=61)
    before = gateway.chain.read_bytes()
    uplink = gateway.certified_uplink()
    with site.ingest():
        uplink.open()

        eventually(lambda: list(uplink.wait(0.1)) or not gateway.identity.standing().is_due(CLOCK.now()))

    uplink.close()
    assert b"BEGIN PRIVATE KEY" in before
    assert gateway.chain.read_bytes().splitlines()[1] != before.splitlines()[1]
    assert not gateway.identity.next_key_file.exists()
    assert gateway.is_let_in()
    assert site.refused() == {}


def test_a_running_broker_shows_its_new_certificate_once_told(site, gateway):
    before = gateway.shown_by_broker()
    site.folder.authority.broker.unlink()

    site.registrar.write_broker_access()

    eventually(lambda: gateway.shown_by_broker() != before, what="another certificate of the broker's")
    assert gateway.is_let_in()


def ours_against_its_rules(site):
    """The site's own authority, in a hand that signs what it never would."""
    files = site.folder.authority
    return Stranger(site.path, key_file=files.key, certificate_file=files.certificate)


def no_certificate(site, gateway):
    return None


def of_a_wrong_authority(site, gateway):
    return Stranger(site.path).chain(gateway.id)


def ended_yesterday(site, gateway):
    return ours_against_its_rules(site).chain(gateway.id, ends_in=timedelta(days=-1))


def for_a_server(site, gateway):
    return ours_against_its_rules(site).chain(gateway.id, use=ExtendedKeyUsageOID.SERVER_AUTH)


def the_brokers_own(site, gateway):
    return site.folder.authority.broker


@pytest.mark.parametrize(
    "chain", [no_certificate, of_a_wrong_authority, ended_yesterday, for_a_server, the_brokers_own]
)
def test_nobody_enters_with_what_is_no_good_certificate(site, gateway, chain):
    with Knocker(site, chain(site, gateway), client_id=gateway.id, user=gateway.id) as knocker:
        assert not knocker.is_let_in


def test_the_same_hand_with_a_good_certificate_enters(site, gateway):
    with Knocker(site, ours_against_its_rules(site).chain(gateway.id), client_id=gateway.id) as knocker:
        assert knocker.is_let_in


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")  # paho leaves the refused socket to the collector
def test_a_broker_of_another_authority_is_not_spoken_to(site, gateway, tmp_path):
    stranger = Stranger(tmp_path)
    enrolment = stranger.trusted_in(gateway.enrolment)

    with pytest.raises(UplinkLost, match="certificate"):
        gateway.uplink(enrolment).open()


@pytest.fixture
def ingest(site):
    """The cloud's own name on the broker, hearing all it may."""
    with Knocker(site, site.folder.authority.ingest, client_id="ingest", hears_retained=False) as knocker:
        yield knocker.listen("#")


def test_it_cannot_speak_for_another_gateway_nor_for_the_cloud(site, gateway, other, ingest):
    with Knocker(site, gateway.chain, client_id=gateway.id) as knocker, other.knock() as victim:
        victim.listen(topics.receipt(other.id))

        for topic in (topics.up(other.id, Lane.ALARM), topics.state(other.id), topics.receipt(other.id), "lw/1/x"):
            knocker.say(topic)
        knocker.say(topics.up(gateway.id, Lane.ALARM))
        ingest.say(topics.receipt(other.id), b"genuine")

        eventually(lambda: ingest.heard and victim.heard, what="what is allowed arrives")
    assert ingest.topics_heard() == [topics.up(gateway.id, Lane.ALARM)]
    assert [message.payload for message in victim.heard] == [b"genuine"]


def test_its_last_will_cannot_either(site, gateway, other, ingest):
    with Knocker(site, gateway.chain, client_id=gateway.id, will=topics.state(other.id)) as knocker:
        knocker.hang_up()
    with Knocker(site, gateway.chain, client_id=gateway.id, will=topics.state(gateway.id)) as knocker:
        knocker.hang_up()

        eventually(lambda: ingest.heard, what="its own last will")

    assert ingest.topics_heard() == [topics.state(gateway.id)]


@pytest.mark.parametrize("topic_filter", ["#", "lw/#", "lw/1/+/down/#", "lw/1/+/up/#", "$share/x/lw/1/+/down/#"])
def test_no_wildcard_lets_it_hear_what_is_not_for_it(site, gateway, other, ingest, topic_filter):
    own = topics.receipt(gateway.id)
    with Knocker(site, gateway.chain, client_id=gateway.id) as knocker, other.knock() as speaker:
        knocker.listen(topic_filter).listen(own)

        speaker.say(topics.up(other.id, Lane.ALARM))
        ingest.say(topics.receipt(other.id))
        ingest.say(own)

        eventually(lambda: own in knocker.topics_heard(), what="its own receipt")
    assert set(knocker.topics_heard()) == {own}


@pytest.mark.parametrize("user", [None, "ingest"])
def test_another_gateways_client_identifier_takes_over_nothing(site, gateway, other, ingest, user):
    mine, theirs = topics.receipt(gateway.id), topics.receipt(other.id)
    with other.knock() as victim, Knocker(site, gateway.chain, client_id=other.id, user=user) as knocker:
        victim.listen(theirs)
        knocker.listen(theirs).listen(mine)

        ingest.say(theirs)
        ingest.say(mine)

        eventually(lambda: victim.heard and knocker.heard, what="each hears its own")
        assert not victim.is_gone.is_set()
    assert (victim.topics_heard(), knocker.topics_heard()) == ([theirs], [mine])


def test_a_revoked_gateway_is_let_in_no_more_and_its_live_session_says_and_hears_nothing(site, gateway, ingest):
    stolen, decoy = site.enrol("stolen"), site.enrol("decoy")
    event, receipt = topics.up(stolen.id, Lane.ALARM), topics.receipt(stolen.id)
    with stolen.knock() as thief, gateway.knock() as honest:
        thief.listen(receipt).say(event, b"before")

        site.registrar.revoke(stolen.id, "stolen")
        site.registrar.revoke(decoy.id, "tells when the broker has read it, and takes over no session of the thief's")
        eventually(lambda: not decoy.is_let_in(), what="the broker has read the list of the revoked")
        thief.say(event, b"after")
        honest.say(topics.up(gateway.id, Lane.ALARM), b"and the others")
        ingest.say(receipt)
        eventually(lambda: len(ingest.heard) > 1, what="the others are heard")
        assert not thief.is_gone.is_set()

    assert not stolen.is_let_in()
    assert [message.payload for message in ingest.heard] == [b"before", b"and the others"]
    assert thief.heard == []
