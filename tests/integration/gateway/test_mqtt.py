"""The gateway's way to the broker, against a real mosquitto with passwords and a topic for each gateway."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from gateway.adapters.enrolment import Enrolment
from gateway.adapters.mqtt import GONE, HERE, MqttUplink
from gateway.config import UplinkSettings
from gateway.core.arrival import Arrival
from gateway.core.errors import UplinkLost
from tests.integration.simulators.players import uplink_playing
from tests.mosquitto import GATEWAY, MOSQUITTO, PASSWORD, Broker, enrolment_at, mosquitto_settings, uplink_to
from tests.mqtt_peer import Peer
from tests.ports import free_port
from tests.waiting import eventually
from wire import topics
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.terms import Lane

BROKERS_WINDOW = 20  # mosquitto's own default: so many unacknowledged, and it waits


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    assert MOSQUITTO, "this test needs a broker: sudo apt install mosquitto"
    port = free_port()
    broker = Broker(tmp_path, port, mosquitto_settings(tmp_path, port))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def enrolment(broker: Broker) -> Enrolment:
    return enrolment_at(broker.port)


@pytest.fixture
def uplink(enrolment: Enrolment) -> Iterator[MqttUplink]:
    uplink = uplink_to(enrolment)
    yield uplink
    uplink.close()


class Ingest(Peer):
    """The cloud's end: hears every uplink, speaks to a gateway."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "ingest", PASSWORD)
        self.subscribe(topics.UPLINK_FILTER)

    def say(self, payload: bytes, topic: str = topics.receipt(GATEWAY), *, retain: bool = False) -> None:
        """Said, and taken by the broker."""
        self.publish(topic, payload, retain=retain)


@pytest.fixture
def ingest(broker: Broker) -> Iterator[Ingest]:
    with Ingest(broker.port) as ingest:
        yield ingest


def gathered(uplink: MqttUplink) -> Callable[[], list[bytes]]:
    """What has come, turn after turn."""
    came: list[bytes] = []

    def turn() -> list[bytes]:
        came.extend(arrival.payload for arrival in uplink.wait(0.05))
        return came

    return turn


def test_what_is_published_is_heard_on_the_gateways_own_topic(uplink: MqttUplink, ingest: Ingest) -> None:
    uplink.open()

    uplink.publish(topics.up(GATEWAY, Lane.ALARM), b"envelope")
    eventually(lambda: uplink.wait(0.05) or len(ingest.heard) >= 2)

    assert (topics.up(GATEWAY, Lane.ALARM), b"envelope") in ingest.heard
    assert (topics.state(GATEWAY), HERE) in ingest.heard


def test_mosquitto_is_spoken_to_in_mqtt_5_and_its_terms_are_known(uplink: MqttUplink) -> None:
    uplink.open()
    eventually(lambda: uplink.wait(0.05) or uplink.is_quiet())

    assert uplink._client is not None
    assert uplink._client.protocol is MQTTProtocolVersion.MQTTv5
    assert uplink.room() == BROKERS_WINDOW


def test_receipts_come_back_in_order(uplink: MqttUplink, ingest: Ingest) -> None:
    uplink.open()
    came = gathered(uplink)

    ingest.say(b"first")
    ingest.say(b"second")

    assert eventually(lambda: len(came()) == 2 and came()) == [b"first", b"second"]


def test_a_command_is_told_from_a_receipt_and_a_kept_one_from_one_said_now(
    uplink: MqttUplink, ingest: Ingest, broker: Broker
) -> None:
    ingest.say(b"kept", topics.command(GATEWAY), retain=True)
    uplink.open()
    came: list[Arrival] = []

    ingest.say(b"said now", topics.command(GATEWAY))
    ingest.say(b"receipt")
    eventually(lambda: came.extend(uplink.wait(0.05)) or len(came) == 3)

    assert set(came) == {
        Arrival(kind=topics.Kind.COMMAND, payload=b"kept", is_retained=True),
        Arrival(kind=topics.Kind.COMMAND, payload=b"said now"),
        Arrival(kind=topics.Kind.RECEIPT, payload=b"receipt"),
    }


def test_the_largest_envelope_goes_through_and_a_larger_one_is_a_mistake_of_ours(
    uplink: MqttUplink, ingest: Ingest
) -> None:
    uplink.open()

    uplink.publish(topics.up(GATEWAY, Lane.READINGS), bytes(MAX_ENVELOPE_BYTES))
    with pytest.raises(ValueError, match="never sealed by us"):
        uplink.publish(topics.up(GATEWAY, Lane.READINGS), bytes(MAX_ENVELOPE_BYTES + 1))
    eventually(lambda: uplink.wait(0.05) or len(ingest.heard) >= 2)

    assert {len(payload) for topic, payload in ingest.heard if topic.endswith("/r")} == {MAX_ENVELOPE_BYTES}


def test_a_farewell_is_said_and_a_death_is_told_by_the_broker(enrolment: Enrolment, ingest: Ingest) -> None:
    polite, killed = uplink_to(enrolment), uplink_to(enrolment)

    polite.open()
    polite.close()
    eventually(lambda: (topics.state(GATEWAY), GONE) in ingest.heard, what="the farewell")
    ingest.heard.clear()
    killed.open()
    assert killed._client is not None
    killed._client.socket().close()

    eventually(lambda: (topics.state(GATEWAY), GONE) in ingest.heard, what="the will")


def test_a_broker_that_dies_is_a_lost_connection_and_a_new_one_starts_empty(uplink: MqttUplink, broker: Broker) -> None:
    uplink.open()
    broker.kill()

    with pytest.raises(UplinkLost):
        speak_into_the_void(uplink)
    uplink.close()
    broker.start()
    with Ingest(broker.port) as ingest:
        uplink.open()
        uplink.publish(topics.up(GATEWAY, Lane.ALARM), b"arrives")
        eventually(lambda: uplink.wait(0.05) or len(ingest.heard) >= 2)

    assert [payload for topic, payload in ingest.heard if topic.endswith("/a")] == [b"arrives"]


def speak_into_the_void(uplink: MqttUplink) -> None:
    for _ in range(100):
        uplink.publish(topics.up(GATEWAY, Lane.ALARM), b"never arrives")
        uplink.wait(0.05)


def test_a_broker_that_is_not_there_says_so(uplink: MqttUplink, broker: Broker) -> None:
    broker.kill()

    with pytest.raises(UplinkLost, match="cannot connect"):
        uplink.open()
    broker.start()


def test_a_wrong_password_says_whom_to_ask(broker: Broker) -> None:
    uplink = uplink_to(enrolment_at(broker.port, password="wrong"))

    with pytest.raises(UplinkLost, match="check the enrolment") as refusal:
        uplink.open()

    assert "wrong" not in str(refusal.value)


def test_something_else_on_the_port_is_not_waited_for_for_ever(
    enrolment: Enrolment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.mqtt._CONNECT_WITHIN_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        uplink = uplink_to(replace(enrolment, port=mute.getsockname()[1]))

        with pytest.raises(UplinkLost, match="does not answer"):
            uplink.open()

        uplink.close()


def test_a_closed_uplink_says_that_it_is_closed(uplink: MqttUplink) -> None:
    with pytest.raises(UplinkLost, match="no connection"):
        uplink.publish(topics.up(GATEWAY, Lane.ALARM), b"")
    with pytest.raises(UplinkLost, match="no connection"):
        uplink.wait(0.01)


def test_receipts_lost_on_the_way_do_not_keep_the_next_from_coming(
    enrolment: Enrolment, broker: Broker, ingest: Ingest, tmp_path: Path
) -> None:
    with uplink_playing(tmp_path, broker.port, seed=1) as line:
        uplink = uplink_to(replace(enrolment, port=line.port))
        uplink.open()
        came = gathered(uplink)
        eventually(lambda: came() or uplink.is_quiet(), what="its first word is through")
        line.tell("lose", "100")
        # Of every two, one would be acknowledged by the line.
        ingest.publish(topics.receipt(GATEWAY), *[b"lost"] * (10 * BROKERS_WINDOW))
        eventually(lambda: line.counts()["lost"] == 10 * BROKERS_WINDOW, what="all are lost")
        line.tell("lose", "0")

        ingest.say(b"heard")

        assert eventually(came) == [b"heard"]
        uplink.close()


def publish_rows(uplink: MqttUplink, count: int, lane: Lane = Lane.ALARM) -> None:
    for _ in range(count):
        uplink.publish(topics.up(GATEWAY, lane), b"row")


def test_the_widest_window_of_all_lanes_can_be_handed_over_at_once(uplink: MqttUplink, ingest: Ingest) -> None:
    (widest,) = (each.metadata["rule"].maximum for each in fields(UplinkSettings) if each.name == "window_rows")
    uplink.open()

    for lane in Lane:
        publish_rows(uplink, widest, lane)

    eventually(lambda: uplink.wait(0.05) or len(ingest.heard) > widest * len(Lane))


def test_a_broker_that_takes_nothing_any_longer_is_given_up(
    enrolment: Enrolment, broker: Broker, tmp_path: Path
) -> None:
    with uplink_playing(tmp_path, broker.port, seed=1) as line:
        uplink = uplink_to(replace(enrolment, port=line.port))
        uplink.open()
        line.tell("line", "ana", "mute")

        with pytest.raises(UplinkLost, match="cannot send"):
            publish_rows(uplink, 1_000)

        uplink.close()
