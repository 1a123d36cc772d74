"""Orders from end to end: signed in the cloud, over a real broker to a gateway that journals its answer, and back.

The gateway's uplink, forwarder, journal and commander are real; only its meter is played. What an attacker can do who
may write to every topic is done here: nothing that was not ordered, or was ordered before, is ever done.
"""

import contextlib
import random
import threading
from datetime import timedelta
from functools import partial

import pytest

from cloud.broker.permissions import INGEST_USER
from cloud.edge import service as edge
from cloud.edge import store
from cloud.edge.service import Dispatch, Orders
from cloud.ingest.consumer import Consumer
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.kernel.loop import Loop, Worker
from cloud.registry import store as registry
from cloud.registry.model import Place
from gateway.adapters import journal_file
from gateway.adapters.command_file import CommandFile
from gateway.adapters.enrolment import install_enrolment
from gateway.adapters.keys import make_key
from gateway.adapters.mqtt import MqttUplink
from gateway.config import load_settings, order_setting
from gateway.core.command_rules import Answer
from gateway.core.patience import Patience
from gateway.own_folder import change_key, open_own_journal, own_keys
from gateway.service.commander import Commander
from gateway.service.forwarder import Forwarder
from gateway.service.key_orders import KeyOrders
from gateway.service.setting_orders import SettingOrders
from runtime.clock import SystemClock
from tests.cloud_process import BROKERS
from tests.integration.cloud.test_ingest import Site
from tests.mqtt_peer import Peer
from tests.waiting import SURELY_S, eventually
from wire import topics
from wire.commands import ChangeSetting, PingMeter, RotateKey
from wire.ids import gateway_id_of
from wire.terms import CommandOutcome


class Cloud(Site):
    """A site whose ingest also says what was ordered, and hears the answers."""

    @contextlib.contextmanager
    def serving(self):
        loop = Loop(
            database=self.database, clock=self.clock, handlers={EVENT_TASK: tell([edge.on_event])}, on_commit=list
        )
        with running(Worker("loop", loop.run, clock=self.clock, wake=loop.wake)):
            self.start_ingest()
            try:
                yield
            finally:
                self.end_ingest()

    def start_ingest(self):
        signer = self.folder.receipt_signer()
        consumer = Consumer(
            settings=self.folder.settings().mqtt,
            password=self.folder.broker.read_ingest_password(),
            intake=Intake(database=self.database, clock=self.clock, signer=signer, on_commit=list),
            clock=self.clock,
            due=Dispatch(self.database, self.clock).due,
        )
        self.ingest_worker = Worker("ingest", consumer.run, clock=self.clock, wake=consumer.wake)
        self.ingest_worker.start()

    def end_ingest(self):
        self.ingest_worker.stop()
        assert self.ingest_worker.join(SURELY_S)

    def order(self, gateway, operation):
        orders = Orders(self.database, self.clock, self.folder.command_keys)
        return orders.give(gateway, operation, actor="ana", life=timedelta(minutes=5))

    def outcome(self, ordered):
        with self.database.read() as connection:
            return store.get(connection, ordered.gateway, ordered.number).outcome

    def keys_of(self, gateway):
        with self.database.read() as connection:
            return [key.public for key in registry.get(connection, gateway).signing_keys]

    def settled(self, ordered):
        return eventually(partial(self.outcome, ordered), what=f"an answer to {ordered.operation}")

    @contextlib.contextmanager
    def attacker(self):
        """Somebody inside with the cloud's own rights on the broker, and none of its keys.

        The broker has room for one of that name: they would go on throwing each other out, so ingest is away meanwhile.
        """
        self.end_ingest()
        try:
            with Peer(self.port, INGEST_USER, self.folder.broker.read_ingest_password()) as attacker:
                yield attacker
        finally:
            self.start_ingest()


@contextlib.contextmanager
def running(worker):
    worker.start()
    try:
        yield
    finally:
        worker.stop()
        assert worker.join(SURELY_S)


class Edge:
    """A gateway whose meter is played; it can be ended and started again."""

    def __init__(self, cloud, folder):
        self.cloud, self.folder, self.clock = cloud, folder, SystemClock()
        signer = make_key(folder / "key.pem", folder / "gateway.pub.pem")
        self.gateway = gateway_id_of(signer.public.spki)
        self.done, self.applied = [], []
        self.ping = PingMeter(meter=f"LMP{self.gateway}")
        place = Place(usage_point=UsagePointId(f"UP-{self.gateway}"), meter=MeterSerial(self.ping.meter))
        cloud.registrar.add(public_key=signer.public, places=[place], out=folder / "given.toml")
        self.enrolment = install_enrolment(
            folder / "given.toml", folder / "enrolment.toml", self.gateway, self.clock.now()
        )
        (folder / "gateway.toml").write_text("")
        journal_file.create(folder / "journal.sqlite", self.gateway, gen=1)

    @property
    def keys(self):
        return own_keys(load_settings(self.folder))

    def play(self, operation, _stop):
        self.done.append(operation)
        return Answer(outcome=CommandOutcome.DONE, detail="played")

    @contextlib.contextmanager
    def running(self):
        file, keys = load_settings(self.folder), self.keys
        journal = open_own_journal(file, keys, self.clock)
        key_orders = KeyOrders(partial(change_key, file, keys, journal))
        settings = SettingOrders(partial(order_setting, self.folder), self.applied.append)
        commander = Commander(
            gateway=self.gateway,
            authority=self.enrolment.authority,
            memory=CommandFile(self.folder / "commands.json"),
            book=journal,
            orders={PingMeter: self.play, RotateKey: key_orders.rotate, ChangeSetting: settings.change},
            clock=self.clock,
            uncertainty_ms=50,
        )
        heard = []

        def hear(arrival):
            heard.append(arrival)
            commander.hear(arrival)

        seen = []
        forwarder = Forwarder(
            outbox=journal,
            uplink=MqttUplink(self.enrolment, self.gateway, self.clock, keepalive_s=10),
            receipt_key=self.enrolment.receipt_key,
            window_rows=16,
            resend=Patience(first_s=0.2, longest_s=2),
            reconnect=Patience(first_s=0.1, longest_s=0.3),
            clock=self.clock,
            chance=random.Random(1),
            tell=seen.append,
            hear=hear,
        )
        stop = threading.Event()
        threads = [threading.Thread(target=loop.run, args=(stop,)) for loop in (commander, forwarder)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: seen and seen[-1].up, what="the broker")
            yield heard
        finally:
            stop.set()
            for thread in threads:
                thread.join(SURELY_S)
            journal.close()
            assert not any(thread.is_alive() for thread in threads)


@pytest.fixture(scope="module", params=BROKERS)
def cloud(request, tmp_path_factory):
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), request.param)
    try:
        with cloud.serving():
            yield cloud
    finally:
        cloud.kill_broker()
        cloud.database.close()


@pytest.fixture
def house(cloud, tmp_path):
    return Edge(cloud, tmp_path)


def test_what_is_ordered_is_done_once_and_its_answer_comes_back_signed(cloud, house):
    with house.running():
        ping = cloud.order(house.gateway, house.ping)
        assert cloud.settled(ping) is CommandOutcome.DONE

    assert house.done == [house.ping]


def test_a_key_that_is_ordered_signs_the_answer_and_goes_on_signing_after_a_restart(cloud, house):
    with house.running():
        rotate = cloud.order(house.gateway, RotateKey())
        assert cloud.settled(rotate) is CommandOutcome.DONE
    with house.running():
        ping = cloud.order(house.gateway, house.ping)
        assert cloud.settled(ping) is CommandOutcome.DONE

    first, second = cloud.keys_of(house.gateway)
    assert (second, first) == (house.keys.signer.public, house.keys.first)


def test_a_setting_that_is_changed_holds_at_once_and_after_a_restart(cloud, house):
    with house.running():
        wrong = cloud.order(house.gateway, ChangeSetting(name="files.key", value="/tmp/key"))
        right = cloud.order(house.gateway, ChangeSetting(name="meter.poll_interval_s", value="30"))

        outcomes = [cloud.settled(wrong), cloud.settled(right)]

    assert outcomes == [CommandOutcome.REFUSED, CommandOutcome.DONE]
    assert [settings.meter.poll_interval_s for settings in house.applied] == [30]
    assert load_settings(house.folder).meter.poll_interval_s == 30


@pytest.mark.parametrize("cloud", BROKERS[:1], indirect=True)
def test_what_is_said_again_after_a_restart_or_was_kept_by_the_broker_is_not_done_again(cloud, house):
    with house.running():
        ping = cloud.order(house.gateway, house.ping)
        cloud.settled(ping)
    topic = topics.command(house.gateway)
    with cloud.attacker() as attacker:
        attacker.publish(topic, ping.sealed, retain=True)

    with house.running() as heard:
        with cloud.attacker() as attacker:
            attacker.publish(topic, ping.sealed, ping.sealed[:-1] + bytes([ping.sealed[-1] ^ 1]), b"", b"\xff" * 2_000)
        last = cloud.order(house.gateway, house.ping)
        assert cloud.settled(last) is CommandOutcome.DONE

    assert [arrival.is_retained for arrival in heard[:2]] == [True, False]
    assert len(heard) >= 5
    assert house.done == [house.ping] * 2
