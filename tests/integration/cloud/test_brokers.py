"""One suite for both brokers: what Lamplight relies on, whichever of them stands between gateways and cloud."""

import contextlib
import socket
from types import SimpleNamespace

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Place
from cloud.state import StateFolder
from tests import cloud_process
from tests.cloud_process import BROKERS
from tests.fakes_cloud import HandClock
from tests.mqtt_peer import Peer
from tests.ports import free_port
from tests.waiting import eventually
from wire.keys import SoftwareSigner
from wire.topics import UPLINK_FILTER


class Site:
    """A state folder with a running broker and two gateways."""

    def __init__(self, path, flags):
        self.port = free_port()
        self.folder = StateFolder.create(path / "state", {"mqtt": {"port": self.port}})
        self.flags = flags
        self.log = path / "broker.log"
        self.database = self.folder.open_database()
        self.registrar = self.folder.registrar(self.database, HandClock())
        self.count = 0

    def add_gateway(self):
        """A registered gateway: its name and its password."""
        self.count += 1
        out = self.folder.path / f"enrolment-{self.count}.toml"
        gateway = self.registrar.add(
            public_key=SoftwareSigner.generate().public,
            places=[Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial(f"LMP{self.count}"))],
            out=out,
        )
        return SimpleNamespace(id=gateway.id, password=password_in(out))

    def ingest(self, **how):
        return Peer(self.port, "ingest", self.folder.broker.read_ingest_password(), **how)

    def enter(self, gateway, **how):
        return Peer(self.port, gateway.id, gateway.password, **how)

    def is_let_in(self, user, password, **how):
        with Peer(self.port, user, password, **how) as peer:
            return peer.is_let_in


def password_in(enrolment):
    return next(line.split('"')[1] for line in enrolment.read_text().splitlines() if line.startswith("password"))


@pytest.fixture(scope="module", params=BROKERS)
def site(request, tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("broker"), request.param)
    with cloud_process.started("broker", site.folder.path, *request.param, log=site.log) as process:
        cloud_process.wait_for_port(site.port, process)
        yield site
    site.database.close()


@pytest.fixture(scope="module")
def a(site):
    return site.add_gateway()


@pytest.fixture(scope="module")
def b(site):
    return site.add_gateway()


def up(gateway):
    return f"lw/1/{gateway.id}/up/a"


def down(gateway):
    return f"lw/1/{gateway.id}/down/ack"


def test_a_registered_gateway_is_let_in(site, a):
    assert site.is_let_in(a.id, a.password)


def test_nobody_else_is(site, a, b):
    assert not site.is_let_in(a.id, b.password)
    assert not site.is_let_in(a.id, "")
    assert not site.is_let_in("7Z0M4QDA", a.password)
    assert not site.is_let_in(None, None, client_id="somebody")


def test_a_message_of_a_gateway_reaches_ingest(site, a):
    with site.ingest() as ingest, site.enter(a) as gateway:
        ingest.subscribe(UPLINK_FILTER)
        gateway.publish(up(a), b"x" * 60_000)

        eventually(lambda: ingest.heard == [(up(a), b"x" * 60_000)])


def test_what_a_gateway_writes_elsewhere_reaches_nobody(site, a, b):
    with site.ingest() as ingest, site.enter(a) as gateway:
        ingest.subscribe(UPLINK_FILTER)
        for topic in (up(b), down(b), down(a), "lw/1/ingest/up/a", "elsewhere"):
            gateway.publish(topic, b"forged")
        gateway.publish(up(a), b"true")

        eventually(lambda: b"true" in ingest.payloads())
        assert ingest.heard == [(up(a), b"true")]


def test_a_gateway_hears_what_is_for_it_and_nothing_else(site, a, b):
    with site.ingest() as ingest, site.enter(a) as gateway:
        for topic_filter in ("#", "lw/#", "lw/1/+/down/#", UPLINK_FILTER, down(b), f"lw/1/{a.id}/down/#"):
            gateway.subscribe(topic_filter)
        ingest.publish(down(b), b"for b")
        ingest.publish(down(a), b"for a")

        eventually(lambda: b"for a" in gateway.payloads())
        assert {topic for topic, _ in gateway.heard} == {down(a)}


def test_what_another_gateway_left_retained_is_not_heard_either(site, a, b):
    state = f"lw/1/{a.id}/up/state"
    with site.enter(a) as gateway:
        gateway.publish(state, b"here", retain=True)

    with site.ingest() as ingest:
        ingest.subscribe(UPLINK_FILTER)
        with site.enter(b) as other:
            for topic_filter in (state, "lw/#", f"lw/1/{b.id}/down/#"):
                other.subscribe(topic_filter)
            ingest.publish(down(b), b"for b")

            eventually(lambda: b"for b" in other.payloads() and (state, b"here") in ingest.heard)
            assert other.payloads() == [b"for b"]

        with site.enter(a) as gateway:
            clear_away(state, gateway, ingest)


def test_a_will_outside_a_gateways_rights_reaches_nobody(site, a, b):
    with site.ingest() as ingest:
        ingest.subscribe(UPLINK_FILTER)
        die(site, a, will_topic=up(b))
        die(site, a, will_topic=up(a))

        eventually(lambda: (up(a), b"will") in ingest.heard)
        assert (up(b), b"will") not in ingest.heard


def die(site, gateway, *, will_topic):
    """Connect with a will, if that is let in, and break off without a word."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=gateway.id, protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(gateway.id, gateway.password)
    client.will_set(will_topic, b"will", qos=1)
    answers = []
    client.on_connect = lambda *_: answers.append("answered")
    client.connect("127.0.0.1", site.port)
    eventually(lambda: (client.loop(0.05), answers)[1])
    with contextlib.suppress(AttributeError):
        client.socket().close()


@pytest.mark.parametrize("site", BROKERS[1:], indirect=True)
def test_a_gateway_can_leave_its_state_behind_and_nothing_else(site, a):
    state = f"lw/1/{a.id}/up/state"
    with site.ingest() as witness, site.enter(a) as gateway:
        witness.subscribe(UPLINK_FILTER)
        for topic in (f"{state}/more", up(a), f"lw/1/{a.id}/up/anything"):
            gateway.publish(topic, b"left", retain=True)
        gateway.publish(state, b"x" * 65, b"here", b"x" * 65, retain=True)
        gateway.publish(up(a), b"last")
        eventually(lambda: b"last" in witness.payloads(), what="the broker has dealt with all of it")

    with site.ingest() as ingest, site.enter(a) as gateway:
        ingest.subscribe(UPLINK_FILTER)
        gateway.publish(up(a), b"now")
        eventually(lambda: b"now" in ingest.payloads(), what="all that was left came before")

        assert ingest.heard == [(state, b"here"), (up(a), b"now")]
        clear_away(state, gateway, ingest)


def clear_away(state, gateway, ingest):
    """Leave nothing retained, nor on its way: the broker is shared with the tests that follow."""
    gateway.publish(state, b"", retain=True)
    eventually(lambda: (state, b"") in ingest.heard, what="the broker has cleared it away")


def test_what_is_said_while_ingest_is_away_waits_for_it_or_arrives_when_said_again(site, a):
    """A broker may lose what is on its way while a client comes or goes; a gateway without a receipt says it again."""
    with site.ingest(is_persistent=True) as ingest:
        ingest.subscribe(UPLINK_FILTER)
    expected = [b"%d" % number for number in range(50)]
    with site.enter(a) as gateway:
        gateway.publish(up(a), *expected)

        with site.ingest(is_persistent=True) as ingest:
            eventually(ingest.payloads, what="something that waited")
            missing = [payload for payload in expected if payload not in ingest.payloads()]
            gateway.publish(up(a), *missing, b"last")
            eventually(lambda: set(ingest.payloads()) == {*expected, b"last"}, what="all, and nothing on its way")


def test_nobody_disturbs_ingest_by_calling_himself_ingest(site, a, b):
    with site.ingest() as ingest, site.enter(b) as gateway:
        ingest.subscribe(UPLINK_FILTER)
        assert not site.is_let_in("ingest", "guess")
        assert not site.is_let_in(None, None, client_id="ingest")
        site.is_let_in(a.id, a.password, client_id="ingest")

        gateway.publish(up(b), b"still heard")

        eventually(lambda: ingest.heard == [(up(b), b"still heard")])


def test_a_client_that_comes_back_while_its_old_connection_hangs_is_served(site, a):
    old = site.ingest(is_persistent=True).subscribe(UPLINK_FILTER)
    old.vanish()

    with site.ingest(is_persistent=True) as new, site.enter(a) as gateway:
        new.subscribe(UPLINK_FILTER)
        gateway.publish(up(a), b"heard")

        eventually(lambda: b"heard" in new.payloads())


def test_a_gateway_added_while_the_broker_runs_enters_at_once(site):
    added = site.add_gateway()

    eventually(lambda: site.is_let_in(added.id, added.password))


def test_a_new_password_ends_the_old_one(site, tmp_path):
    gateway = site.add_gateway()
    eventually(lambda: site.is_let_in(gateway.id, gateway.password))

    site.registrar.renew(gateway.id, tmp_path / "new.toml")

    eventually(lambda: site.is_let_in(gateway.id, password_in(tmp_path / "new.toml")))
    assert not site.is_let_in(gateway.id, gateway.password)


def test_a_revoked_gateway_is_not_let_in_again(site):
    gateway = site.add_gateway()
    eventually(lambda: site.is_let_in(gateway.id, gateway.password))

    site.registrar.revoke(gateway.id, "test")

    eventually(lambda: not site.is_let_in(gateway.id, gateway.password))


def test_a_revoked_gateways_live_session_ends_and_no_other(site, a):
    revoked = site.add_gateway()
    eventually(lambda: site.is_let_in(revoked.id, revoked.password))
    with site.ingest() as ingest, site.enter(a) as other, site.enter(revoked) as gateway:
        ingest.subscribe(UPLINK_FILTER)
        gateway.publish(up(revoked), b"while it may")

        site.registrar.revoke(revoked.id, "test")

        eventually(lambda: not gateway.client.is_connected())
        other.publish(up(a), b"still heard")
        eventually(lambda: ingest.payloads() == [b"while it may", b"still heard"])
        assert other.client.is_connected()


def test_a_second_broker_on_the_folder_is_refused(site, terminal):
    ended = terminal.run("lamplight-cloud", "broker", site.folder.path, *site.flags)

    assert "a broker already runs on this folder" in ended.refusal


def test_a_broker_on_a_taken_port_is_refused(site, tmp_path):
    StateFolder.create(tmp_path / "other", {"mqtt": {"port": site.port}})

    ended = cloud_process.run("broker", tmp_path / "other", *site.flags)

    assert ended.returncode == 2
    assert b"Address already in use" in ended.stderr
    assert b"Traceback" not in ended.stderr


def test_a_garbled_first_packet_is_dropped_and_others_served(site, a):
    with socket.create_connection(("127.0.0.1", site.port)) as garbled, contextlib.suppress(ConnectionResetError):
        garbled.sendall(b"GET / HTTP/1.1\r\n\r\n")
        garbled.recv(100)

    assert site.is_let_in(a.id, a.password)
