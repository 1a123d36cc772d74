"""The way to the broker: MQTT 3.1.1 by paho, one client for each connection, driven by the thread that uses it.

paho keeps messages of its own while it is offline and sends them later; it calls a message sent that the broker
refused; and one message too large makes it reconnect for ever. So nothing is left to it. A client lives for one
connection and is thrown away with its queue; what was under way stands in the journal. Its return codes and the
broker's acknowledgements are never taken for delivery. No thread of paho's runs: an error surfaces where it can be
handled, and no callback does more than put something on a bounded list.

A connection can be dead and not know it: a router has forgotten it, and nothing comes back, not even a refusal. A
broker that says nothing for half a keep-alive after something was published is gone; while nothing is published, the
keep-alive finds it out in one to two of its own. Receipts come at most once: they are cumulative, and a broker that
waited for our acknowledgement of each would stop sending them once enough of those were lost. So do commands: the cloud
says one again until it is answered.

A broker that is not on this machine is spoken to by TLS alone (`enrolment` refuses anything else).
"""

import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from gateway.adapters.enrolment import Enrolment
from gateway.core.arrival import Arrival
from gateway.core.errors import UplinkLost
from runtime.clock import Clock
from wire import topics
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.ids import GatewayId

_QOS = 1
_QOS_DOWN = 0
_CONNECT_WITHIN_S = 10.0
_TCP_WITHIN_S = 5.0
_TURN_S = 0.1
_FAREWELL_S = 0.2
_MOST_UNDER_WAY = 512  # above the widest window of all lanes; more, and the broker has left too much unacknowledged
_MOST_RECEIPTS = 256  # receipts are cumulative: an older one may go
_MOST_COMMANDS = 16  # they come again until they are answered
HERE, GONE = b"here", b"gone"  # on the state topic: a hint, never evidence


class MqttUplink:
    """An `Uplink` to the broker of the enrolment."""

    def __init__(self, enrolment: Enrolment, gateway: GatewayId, clock: Clock, *, keepalive_s: int) -> None:
        self._enrolment = enrolment
        self._gateway = gateway
        self._clock = clock
        self._keepalive_s = keepalive_s
        self._client: paho.Client | None = None
        self._answer: ReasonCode | None = None
        self._is_listening = False
        self._receipts: deque[Arrival] = deque(maxlen=_MOST_RECEIPTS)
        self._commands: deque[Arrival] = deque(maxlen=_MOST_COMMANDS)
        self._unanswered_since_s: float | None = None

    def open(self) -> None:
        self.close()
        self._answer, self._is_listening, self._unanswered_since_s = None, False, None
        self._receipts.clear()
        self._commands.clear()
        client = self._client = self._new_client()
        try:
            self._trust(client)
            client.connect(self._enrolment.host, self._enrolment.port, self._keepalive_s)
        except (OSError, ValueError) as error:  # ssl.SSLError and a name not found are OSErrors
            raise self._lost(f"cannot connect: {error}", "check the network and the broker") from error
        self._await_answer()
        client.subscribe([(topic(self._gateway), _QOS_DOWN) for topic in (topics.receipt, topics.command)])
        self._await_listening()
        client.publish(topics.state(self._gateway), HERE, _QOS, retain=True)

    def publish(self, topic: str, payload: bytes) -> None:
        if len(payload) > MAX_ENVELOPE_BYTES:
            raise ValueError(f"an envelope of {len(payload)} bytes was never sealed by us")
        result = self._open_client().publish(topic, payload, _QOS)
        if result.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost(f"cannot send: {paho.error_string(result.rc)}", "it is sent again on a new connection")
        if self._unanswered_since_s is None:
            self._unanswered_since_s = self._clock.monotonic()

    def wait(self, timeout_s: float) -> Sequence[Arrival]:
        self._turn(timeout_s)
        came = (*self._receipts, *self._commands)
        self._receipts.clear()
        self._commands.clear()
        return came

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None and client.is_connected():
            # A farewell, so that the state topic does not wait for the keep-alive to run out.
            client.publish(topics.state(self._gateway), GONE, _QOS, retain=True)
            client.loop(_FAREWELL_S)
            client.disconnect()

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._gateway,
            clean_session=True,  # receipts are cumulative: none has to be kept for us
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _TCP_WITHIN_S
        client.max_inflight_messages_set(_MOST_UNDER_WAY)
        client.max_queued_messages_set(_MOST_UNDER_WAY)
        client.username_pw_set(self._enrolment.username, self._enrolment.password.reveal())
        client.will_set(topics.state(self._gateway), GONE, _QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _trust(self, client: paho.Client) -> None:
        if self._enrolment.tls_ca_file is not None:
            context = ssl.create_default_context(cafile=str(self._enrolment.tls_ca_file))
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            client.tls_set_context(context)

    def _on_connect(self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, _properties: Any) -> None:
        self._answer = code

    def _on_subscribe(self, *_details: Any) -> None:
        self._is_listening = True  # that it is granted proves nothing either; receipts that never come will show it

    def _on_publish(self, *_details: Any) -> None:
        self._unanswered_since_s = None  # acknowledged: the broker is there, and that is all it means

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._unanswered_since_s = None
        try:
            place = topics.parse(message.topic)
        except UnicodeDecodeError:
            return
        if place is None or place.gateway != self._gateway or len(message.payload) > MAX_ENVELOPE_BYTES:
            return
        came = Arrival(kind=place.kind, payload=bytes(message.payload), is_retained=message.retain)
        if place.kind is topics.Kind.RECEIPT:
            self._receipts.append(came)
        elif place.kind is topics.Kind.COMMAND:
            self._commands.append(came)

    def _await_answer(self) -> None:
        end_s = self._clock.monotonic() + _CONNECT_WITHIN_S
        while self._answer is None and self._clock.monotonic() < end_s:
            code = self._open_client().loop(_TURN_S)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS and self._answer is None:
                raise self._lost(f"no connection: {paho.error_string(code)}", "check the broker and its certificate")
        if self._answer is None:
            raise self._lost("the broker does not answer", "check that its port speaks MQTT, and TLS if it should")
        if self._answer.is_failure:
            raise self._lost(f"the broker refuses this gateway: {self._answer}", "check the enrolment with the utility")

    def _await_listening(self) -> None:
        end_s = self._clock.monotonic() + _CONNECT_WITHIN_S
        while not self._is_listening:
            self._turn(_TURN_S)
            if self._clock.monotonic() > end_s:
                raise self._lost("the broker does not let this gateway listen", "check its rights with the utility")

    def _turn(self, timeout_s: float) -> None:
        """Move bytes both ways for at most so many machine seconds."""
        code = self._open_client().loop(timeout_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost(f"the connection broke: {paho.error_string(code)}", "check the network and the broker")
        since_s = self._unanswered_since_s
        if since_s is not None and self._clock.monotonic() - since_s > self._keepalive_s / 2:
            raise self._lost("the broker has fallen silent", "check the network")

    def _open_client(self) -> paho.Client:
        if self._client is None:
            raise self._lost("there is no connection", "open one")
        return self._client

    def _lost(self, what: str, do: str) -> UplinkLost:
        return UplinkLost(what, where=f"{self._enrolment.host}:{self._enrolment.port}", do=do)
