"""A mosquitto that takes no message of more than 2 kB, between a real forwarder and a cloud that receipts."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from gateway.adapters.mqtt import MqttUplink
from gateway.core.outbox import Change
from gateway.core.patience import Patience
from gateway.service.forwarder import Forwarder
from runtime.clock import SystemClock
from tests.fakes_forwarder import GATEWAY, SIGNER, alarm, dropped, large, places, reading
from tests.fakes_gateway import FakeClock
from tests.fakes_uplink import FakeCloud
from tests.mosquitto import MOSQUITTO, Broker, enrolment_at
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually
from wire import topics
from wire.terms import DropReason, Lane

ALARM_WITHIN_S = 5.0


@contextmanager
def cloud_at(port: int) -> Iterator[FakeCloud]:
    """A cloud that hears the gateway at that broker and answers with receipts."""
    cloud = FakeCloud(SIGNER.public, FakeClock())
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="ingest")

    def take(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if not message.topic.endswith("/state"):
            client.publish(topics.receipt(GATEWAY), cloud.take(message.payload))

    client.on_message = take
    client.connect("127.0.0.1", port)
    client.subscribe(topics.UPLINK_FILTER, 1)
    client.loop_start()
    try:
        yield cloud
    finally:
        client.disconnect()
        client.loop_stop()


@contextmanager
def forwarding(journal: Journal, port: int, cloud: FakeCloud, version: str) -> Iterator[None]:
    """The forwarder at work, with short waits."""
    enrolment = enrolment_at(port, receipt_key=cloud.receipt_key)
    clock, stop = SystemClock(), threading.Event()
    loop = Forwarder(
        outbox=journal,
        uplink=MqttUplink(enrolment, GATEWAY, clock, keepalive_s=30, version=version),
        receipt_key=cloud.receipt_key,
        window_rows=16,
        resend=Patience(first_s=2, longest_s=60),
        reconnect=Patience(first_s=0.2, longest_s=30),
        clock=clock,
        chance=random.Random(1),
        tell=lambda _: None,
    )
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(SURELY_S)
    assert not thread.is_alive()


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    journal = Journal.open(tmp_path / "journal.sqlite", GATEWAY, SIGNER, SystemClock())
    yield journal
    journal.close()


@contextmanager
def mosquitto_with(folder: Path, limit: str) -> Iterator[int]:
    """The port of one that anybody may use."""
    assert MOSQUITTO, "this test needs a broker: sudo apt install mosquitto"
    port = free_port()
    broker = Broker(folder, port, f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n{limit} 2000\n")
    broker.start()
    try:
        yield port
    finally:
        broker.kill()


@pytest.mark.parametrize(
    ("limit", "version"),
    [("max_packet_size", "5"), ("max_packet_size", "3.1.1"), ("message_size_limit", "5")],
    ids=["named", "cut", "refused out of the standard"],
)
def test_an_event_too_large_is_set_aside_and_the_next_alarm_arrives_within_five_seconds(
    journal: Journal, tmp_path: Path, limit: str, version: str
) -> None:
    journal.commit(Change(entries=(reading(1), large(), reading(2))))
    with mosquitto_with(tmp_path, limit) as port, cloud_at(port) as cloud, forwarding(journal, port, cloud, version):
        eventually(lambda: 1 in places(cloud, Lane.READINGS), what="the one before it")
        said_s = time.monotonic()

        journal.commit(Change(entries=(alarm(1),)))
        eventually(lambda: not journal.oldest_waiting(Lane.ALARM, 1), what="a receipt for the alarm")
        waited_s = time.monotonic() - said_s
        eventually(lambda: not journal.waiting(), what="nothing waits any longer")

    assert waited_s < ALARM_WITHIN_S
    assert dropped(cloud) == [(Lane.READINGS, 2, 2, DropReason.TOO_LARGE)]
    assert places(cloud, Lane.READINGS) == [1, 3]
