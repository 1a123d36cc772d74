"""Gateways, a real broker and ingest's own threads: everything said arrives once, whatever is killed on the way."""

import contextlib
import signal

import pytest

from cloud.ingest import quarantine, store
from cloud.ingest.consumer import Consumer
from cloud.ingest.service import Intake
from cloud.kernel.loop import Worker
from cloud.state import StateFolder
from runtime.clock import SystemClock
from tests import cloud_process
from tests.cloud_process import BROKERS
from tests.cloud_speaker import Speaker
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually
from wire import topics
from wire.refusals import Reason


class Site:
    """A state folder, a broker that can be killed, and ingest in this process."""

    def __init__(self, path, flags):
        self.port = free_port()
        self.folder = StateFolder.create(path / "state", {"mqtt": {"port": self.port}})
        self.flags = flags
        self.log = path / "broker.log"
        self.clock = SystemClock()
        self.database = self.folder.open_database()
        self.registrar = self.folder.registrar(self.database, self.clock)
        self.start_broker()

    def start_broker(self):
        self.broker = cloud_process.start("broker", self.folder.path, *self.flags, log=self.log)
        cloud_process.wait_for_port(self.port, self.broker)

    def kill_broker(self):
        cloud_process.end(self.broker, signal.SIGKILL)

    @contextlib.contextmanager
    def ingest(self):
        signer = self.folder.receipt_signer()
        intake = Intake(database=self.database, clock=self.clock, signer=signer, on_commit=list)
        password = self.folder.broker.read_ingest_password()
        consumer = Consumer(settings=self.folder.settings().mqtt, password=password, intake=intake, clock=self.clock)
        worker = Worker("ingest", consumer.run, clock=self.clock, wake=consumer.wake)
        worker.start()
        try:
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


@pytest.fixture(params=BROKERS)
def site(request, tmp_path):
    site = Site(tmp_path, request.param)
    yield site
    cloud_process.end(site.broker)
    site.database.close()


@pytest.fixture
def speaker(site):
    speaker = Speaker(site)
    yield speaker
    speaker.leave()


def test_what_a_gateway_says_is_stored_and_receipted(site, speaker):
    with site.ingest():
        speaker.connect().fake.say_many(200)
        speaker.send()

        eventually(speaker.has_all_receipts)

    assert site.stored() == list(range(1, 201))
    assert site.refused() == {}


@pytest.mark.parametrize("site", BROKERS[:1], indirect=True)  # the other delivers as was subscribed, whatever was sent
def test_a_receipt_waits_for_nobodys_acknowledgement(site, speaker):
    qualities = []
    with site.ingest():
        speaker.connect().fake.say_many(1)
        speaker.peer.client.on_message = lambda _client, _data, message: qualities.append(message.qos)

        eventually(lambda: qualities or speaker.send_again())

    assert set(qualities) == {0}


def test_what_is_said_while_the_cloud_is_away_arrives_when_it_comes_back(site, speaker):
    with site.ingest() as worker:
        speaker.connect().fake.say_many(1)
        speaker.send()
        eventually(speaker.has_all_receipts)
    assert not worker.is_alive

    speaker.fake.say_many(50)
    speaker.send()
    with site.ingest():
        eventually(speaker.has_all_receipts)

    assert site.stored() == list(range(1, 52))


def test_a_bad_message_is_kept_and_the_next_good_one_taken(site, speaker):
    with site.ingest():
        speaker.connect().fake.say_many(1)
        eventually(speaker.has_all_receipts, what="ingest listens")

        speaker.peer.publish(topics.up(speaker.id, 0), b"poison", b"", b"\xd2" * 70_000)
        speaker.fake.say_many(1)
        eventually(speaker.has_all_receipts)

    assert site.stored() == [1, 2]
    assert site.refused() == {Reason.NOT_AN_ENVELOPE: 2, Reason.TOO_LARGE: 1}


def test_a_killed_broker_loses_nothing_that_is_sent_again(site, speaker):
    with site.ingest() as worker:
        speaker.connect().fake.say_many(100)
        speaker.send()
        eventually(lambda: speaker.send_again() or site.stored())
        speaker.fake.say_many(100)
        speaker.send()
        site.kill_broker()
        site.start_broker()
        speaker.connect().send()

        eventually(speaker.has_all_receipts)

    assert worker.failures == 0
    assert site.stored() == list(range(1, 201))


@pytest.mark.parametrize("site", BROKERS[:1], indirect=True)  # whose disk it is, no broker knows
def test_a_full_disk_receipts_no_more_than_it_holds_and_takes_all_once_there_is_room(site, speaker):
    limit_pages(site, 1)
    with site.ingest() as worker:
        speaker.connect().fake.say_many(400)
        speaker.send()
        eventually(lambda: speaker.send_again() or worker.failures)
        assert len(speaker.hear()) >= 400 - len(site.stored()) > 0

        limit_pages(site, 1_000_000)
        eventually(speaker.has_all_receipts)

    assert site.stored() == list(range(1, 401))


def limit_pages(site, count):
    """Let the database grow no further than this, on the connection that every transaction here gets."""
    with site.database.transaction() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {count}")  # not less than it has: then just that
