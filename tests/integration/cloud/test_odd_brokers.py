"""What ingest makes of a broker that is slow, falls silent, hangs up, or does not let it listen."""

import contextlib
import threading
from types import SimpleNamespace

import pytest

from cloud.broker.settings import MqttSettings
from cloud.ingest.consumer import Consumer
from cloud.kernel.loop import Worker
from runtime.clock import SystemClock
from tests.fakes_broker import CONNACK, SUBSCRIBE_KIND, LastWords, answering, broker_answering, kind_of
from tests.fakes_cloud import HandClock
from tests.waiting import SURELY_S, eventually

GRANTED, AT_QUALITY_0, REFUSED = (bytes.fromhex(f"90030001{code}") for code in ("01", "00", "80"))
NO_WORD = bytes.fromhex("90020001")


@contextlib.contextmanager
def ingest_at(port, clock=None):
    clock = clock or SystemClock()
    intake = SimpleNamespace(take=list)
    consumer = Consumer(settings=MqttSettings(port=port), password="guess", intake=intake, clock=clock)
    worker = Worker("ingest", consumer.run, clock=SystemClock(), wake=consumer.wake)
    worker.start()
    try:
        yield consumer
    finally:
        worker.stop()
        assert worker.join(SURELY_S)


class Slow:
    """A broker that answers packets of one kind only when it may; it grants all it is asked for."""

    def __init__(self, kind):
        self.was_asked, self.may_answer = threading.Event(), threading.Event()
        self._kind = kind
        self._answer = answering(CONNACK, suback=GRANTED)

    def __call__(self, packet):
        if kind_of(packet) == self._kind:
            self.was_asked.set()
            self.may_answer.wait(SURELY_S)
        return self._answer(packet)


def silent_to_subscriptions(packet):
    return b"" if kind_of(packet) == SUBSCRIBE_KIND else answering(CONNACK)(packet)


def absences(caplog):
    return [each for each in caplog.messages if "broker_gone" in each]


def test_it_counts_as_connected_once_the_broker_brings_what_gateways_say():
    broker = Slow(SUBSCRIBE_KIND)

    with broker_answering(broker) as port, ingest_at(port) as consumer:
        eventually(broker.was_asked.is_set, what="ingest asks to listen")
        too_early = consumer.is_connected
        broker.may_answer.set()

        eventually(lambda: consumer.is_connected, what="ingest listens")

    assert not too_early


@pytest.mark.parametrize("answer", [REFUSED, AT_QUALITY_0, NO_WORD])
def test_where_it_may_not_listen_it_says_so_and_comes_again(caplog: pytest.LogCaptureFixture, answer):
    later = Slow(SUBSCRIBE_KIND)

    with broker_answering(answering(CONNACK, suback=answer), later) as port, ingest_at(port) as consumer:
        eventually(later.was_asked.is_set, what="it comes again")
        before = consumer.is_connected, list(absences(caplog))
        later.may_answer.set()
        eventually(lambda: consumer.is_connected, what="it is let listen at last")

    assert before == (False, absences(caplog))
    (told,) = absences(caplog)
    assert "the broker does not let the cloud listen" in told


def test_a_broker_that_never_says_whether_it_may_listen_is_left_and_told_of(caplog: pytest.LogCaptureFixture):
    clock, later = HandClock(), Slow(SUBSCRIBE_KIND)

    with broker_answering(silent_to_subscriptions, later) as port, ingest_at(port, clock) as consumer:
        eventually(lambda: clock.go_on(1) and later.was_asked.is_set(), what="it comes again")
        later.may_answer.set()
        eventually(lambda: consumer.is_connected, what="ingest listens")

    (told,) = absences(caplog)
    assert "the broker does not let the cloud listen" in told


def test_it_is_no_longer_connected_once_the_broker_hangs_up(caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO", "cloud.ingest.consumer")
    granting_once, later = answering(CONNACK, suback=LastWords(GRANTED)), Slow(SUBSCRIBE_KIND)

    with broker_answering(granting_once, later) as port, ingest_at(port) as consumer:
        eventually(later.was_asked.is_set, what="it comes again")
        is_connected = consumer.is_connected
        later.may_answer.set()
        eventually(lambda: consumer.is_connected, what="ingest listens")

    assert not is_connected
    assert ["broker_connected" in each for each in caplog.messages if "broker_" in each] == [True, False, True]
