"""What ingest makes of a broker that is slow, or does not let it listen."""

import contextlib
import threading
from types import SimpleNamespace

import pytest

from cloud.broker.settings import MqttSettings
from cloud.ingest.consumer import Consumer
from cloud.kernel.loop import Worker
from runtime.clock import SystemClock
from tests.fakes_broker import CONNACK, SUBSCRIBE_KIND, answering, broker_answering, kind_of
from tests.waiting import SURELY_S, eventually

GRANTED, NOT_GRANTED = bytes.fromhex("9003000101"), bytes.fromhex("9003000180")


@contextlib.contextmanager
def ingest_at(port):
    clock = SystemClock()
    intake = SimpleNamespace(take=list)
    consumer = Consumer(settings=MqttSettings(port=port), password="guess", intake=intake, clock=clock)
    worker = Worker("ingest", consumer.run, clock=clock, wake=consumer.wake)
    worker.start()
    try:
        yield consumer
    finally:
        worker.stop()
        assert worker.join(SURELY_S)


def test_it_counts_as_connected_once_the_broker_brings_what_gateways_say():
    asked, may_answer = threading.Event(), threading.Event()
    answer = answering(CONNACK, suback=GRANTED)

    def slowly(packet):
        if kind_of(packet) == SUBSCRIBE_KIND:
            asked.set()
            may_answer.wait()
        return answer(packet)

    with broker_answering(slowly) as port, ingest_at(port) as consumer:
        eventually(asked.is_set, what="ingest asks to listen")
        too_early = consumer.is_connected
        may_answer.set()

        eventually(lambda: consumer.is_connected, what="ingest listens")

    assert not too_early


def test_where_it_may_not_listen_it_says_so_and_comes_again(caplog: pytest.LogCaptureFixture):
    refusing, granting = answering(CONNACK, suback=NOT_GRANTED), answering(CONNACK, suback=GRANTED)

    with broker_answering(refusing, granting) as port, ingest_at(port) as consumer:
        eventually(lambda: consumer.is_connected, what="it is let listen at last")

    told = [each for each in caplog.messages if "broker_gone" in each]
    assert len(told) == 1
    assert "the broker does not let the cloud listen" in told[0]
