"""Ingest's connection to the broker: messages in small batches, acknowledged after the commit, receipts back.

One thread does all of it, because paho's client is only safe to write from the thread that turns its loop. A batch is
what came within 10 ms of its first message, 200 at most: one commit for many, and no alarm waits longer.

The session is persistent under a fixed client identifier, so the broker keeps what comes while we are away. We
subscribe anew on every connect all the same: a broker that lost its memory would otherwise be silent for ever. When
the database will not take a batch the connection is given up with nothing acknowledged, and the broker delivers it
again to the next one. None of this carries the promise: a gateway sends again what has no receipt.

Receipts are published at most once: they are cumulative, and one that is lost is healed by the next. Acknowledged ones
would stop altogether once the broker owed us twenty acknowledgements.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud.broker.permissions import INGEST_USER
from cloud.broker.settings import MqttSettings
from cloud.ingest.service import Message, Takes
from runtime import logs
from runtime.clock import Clock
from wire.topics import UPLINK_FILTER

MAX_BATCH: Final = 200
_BATCH_WINDOW_S: Final = 0.010
_IDLE_S: Final = 0.5  # how long `run` may take to see that it was told to stop
_RETRY_S: Final = 1.0
_KEEPALIVE_S: Final = 30
_LISTENING_WITHIN_S: Final = 10.0
_NOT_LISTENING: Final = "the broker does not let the cloud listen"
_QOS: Final = 1
_QOS_DOWN: Final = 0

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """What opens a broker by certificate: whom to trust, and our own certificate with its key. All PEM."""

    authority: Path
    own: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """A message with what it takes to acknowledge it; quality 0 wants no acknowledgement."""

    message: Message
    delivery: int
    qos: int


class Consumer:
    """Takes what gateways publish to the intake, over whatever connections it takes."""

    def __init__(
        self,
        *,
        settings: MqttSettings,
        password: str,
        intake: Takes,
        clock: Clock,
        certified: Certified | None = None,
        due: Callable[[], Sequence[Message]] = tuple,
    ) -> None:
        """`due` gives what is to be said to gateways now; it is asked all the time, and raises DatabaseError alone."""
        self._settings = settings
        self._password = password
        self._certified = certified
        self._intake = intake
        self._due = due
        self._clock = clock
        self._arrived: list[_Arrival] = []
        self._batch_end_s = 0.0
        self._is_connected = False
        self._was_absence_told = False

    @property
    def is_connected(self) -> bool:
        """Whether the broker is there now, and brings and keeps for us what gateways say."""
        return self._is_connected

    def run(self, stop: threading.Event) -> None:
        """Take in what comes until told to stop, connecting again whenever the connection is lost.

        Raises: DatabaseError when a batch could not be kept.
        """
        while not stop.is_set():
            self._live_one_connection(stop)
            stop.wait(_RETRY_S)

    def wake(self) -> None:
        """Nothing to wake: `run` looks every half second whether it was told to stop."""

    def _live_one_connection(self, stop: threading.Event) -> None:
        client = self._new_client()
        self._arrived.clear()
        listening_by_s = self._clock.monotonic() + _LISTENING_WITHIN_S
        try:
            client.connect(self._settings.host, self._settings.port, keepalive=_KEEPALIVE_S)
            while not stop.is_set() and (code := client.loop(self._patience_s())) is MQTTErrorCode.MQTT_ERR_SUCCESS:
                self._take_what_is_due(client)
                self._say_what_is_due(client)
                if not self._is_connected and self._clock.monotonic() > listening_by_s:
                    self._tell_absence(_NOT_LISTENING)  # or does not answer: its pings alone would keep us for ever
                    return
            if not stop.is_set():
                self._tell_absence(code.name)
        except OSError as error:
            self._tell_absence(str(error))
        finally:
            self._is_connected = False
            client.disconnect()

    def _patience_s(self) -> float:
        return max(self._batch_end_s - self._clock.monotonic(), 0.0) if self._arrived else _IDLE_S

    def _take_what_is_due(self, client: Client) -> None:
        if not self._arrived:
            return
        if len(self._arrived) < MAX_BATCH and self._clock.monotonic() < self._batch_end_s:
            return
        batch, self._arrived = self._arrived, []
        for receipt in self._intake.take([arrival.message for arrival in batch]):
            client.publish(receipt.topic, receipt.payload, qos=_QOS_DOWN)
        for arrival in batch:
            client.ack(arrival.delivery, arrival.qos)

    def _say_what_is_due(self, client: Client) -> None:
        """What gateways are ordered; never kept by the broker, and said again until it is answered."""
        for message in self._due() if self._is_connected else ():
            client.publish(message.topic, message.payload, qos=_QOS_DOWN, retain=False)

    def _new_client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=INGEST_USER,
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
            manual_ack=True,
        )
        client.username_pw_set(INGEST_USER, self._password)
        if self._certified is not None:
            own = str(self._certified.own)
            client.tls_set(ca_certs=str(self._certified.authority), certfile=own, keyfile=own)
        elif self._settings.tls_ca_file is not None:
            client.tls_set(ca_certs=str(self._settings.tls_ca_file))
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell_absence(str(reason))
            return
        client.subscribe(UPLINK_FILTER, qos=_QOS)

    def _on_subscribe(
        self, client: Client, _data: Any, _number: int, reasons: Sequence[ReasonCode], _properties: Properties | None
    ) -> None:
        """Only now does the broker bring, and keep, what gateways say; at a lesser quality it would keep nothing."""
        if [reason.value for reason in reasons] != [_QOS]:
            self._tell_absence(_NOT_LISTENING)
            client.disconnect()
            return
        self._is_connected = True
        self._was_absence_told = False
        log.info("broker_connected", host=self._settings.host, port=self._settings.port)

    def _on_message(self, client: Client, _data: Any, received: MQTTMessage) -> None:
        try:
            message = Message(topic=received.topic, payload=bytes(received.payload))
        except UnicodeDecodeError:
            log.warning("topic_is_no_text", size=len(received.payload))
            client.ack(received.mid, received.qos)
            return
        if not self._arrived:
            self._batch_end_s = self._clock.monotonic() + _BATCH_WINDOW_S
        self._arrived.append(_Arrival(message=message, delivery=received.mid, qos=received.qos))

    def _tell_absence(self, reason: str) -> None:
        """Say once that the broker is gone, however often it is looked for."""
        if not self._was_absence_told:
            log.warning("broker_gone", host=self._settings.host, port=self._settings.port, reason=reason)
        self._was_absence_told = True
