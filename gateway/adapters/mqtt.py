"""The way to the broker: MQTT 5 or 3.1.1 by paho, one client for each connection, driven by the thread that uses it.

paho keeps messages of its own while it is offline and sends them later; it calls a message sent that the broker
refused; and one message too large makes it reconnect for ever. So nothing is left to it. A client lives for one
connection and is thrown away with its queue; what was under way stands in the journal. Its return codes and the
broker's acknowledgements are never taken for delivery. No thread of paho's runs: an error surfaces where it can be
handled, and no callback does more than put something on a bounded list.

Nothing rests on MQTT 5. It is tried first because such a broker tells what an older one keeps to itself: the largest
packet it takes, how many may be under way, and why it refused one. A broker that does not understand it, whatever way
it has of showing that, is spoken to in 3.1.1 at once, and for an hour. No session is kept on the broker and no message
expires there: receipts are cumulative, commands come again until they are answered, and an event has to arrive.

A connection can be dead and not know it: a router has forgotten it, and nothing comes back, not even a refusal. A
broker that says nothing for half a keep-alive after something was published is gone; while nothing is published, the
keep-alive finds it out in one to two of its own. Receipts come at most once: they are cumulative, and a broker that
waited for our acknowledgement of each would stop sending them once enough of those were lost. So do commands: the cloud
says one again until it is answered.

A broker may answer anything. What is no MQTT, longer than any message for us, or of a quality nobody asked for ends
the connection; what is on another topic is passed over. None of it is held for longer than a turn.

A broker that is not on this machine is spoken to by TLS alone (`enrolment` refuses anything else).
"""

import ssl
import struct
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.adapters.enrolment import Enrolment
from gateway.core.arrival import Arrival
from gateway.core.errors import UplinkLost
from gateway.core.size_doubt import LEAST_BYTES
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.ids import GatewayId
from wire.terms import Lane

_QOS = 1
_QOS_DOWN = 0
_CONNECT_WITHIN_S = 10.0
_TCP_WITHIN_S = 5.0
_TURN_S = 0.1
_FAREWELL_S = 0.2
_MOST_UNDER_WAY = 512  # above the widest window of all lanes; more, and the broker has left too much unacknowledged
_MOST_RECEIPTS = 256  # receipts are cumulative: an older one may go
_MOST_COMMANDS = 16  # they come again until they are answered; certificates too
_MOST_PACKET_BYTES = MAX_ENVELOPE_BYTES + 1_024  # of what comes down; a topic and some properties go with it
_HEAD_BYTES = (
    12  # of a PUBLISH of ours at most: kind and length 5, topic's length 2, number 2, no properties 1; some air
)
_PLAIN_FOR_S = 3_600.0
HERE, GONE = b"here", b"gone"  # on the state topic: a hint, never evidence
VERSIONS: Final = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
_UNKNOWN_VERSION = 0x84
# What paho lets out when a broker's packet is none; it catches most of them itself.
_NONSENSE = (ValueError, LookupError, TypeError, AttributeError, RuntimeError, struct.error, MQTTException)

log = logs.get(__name__)


class _NotUnderstood(UplinkLost):
    """There was no proper answer to the CONNECT: it may be the version that was not understood."""


class MqttUplink:
    """An `Uplink` to the broker of the enrolment."""

    def __init__(
        self,
        enrolment: Enrolment,
        gateway: GatewayId,
        clock: Clock,
        *,
        keepalive_s: int,
        version: str = "5",
        most_bytes: int = MAX_ENVELOPE_BYTES,
    ) -> None:
        """`version` is one of `VERSIONS`, tried first; `most_bytes` bounds a payload where the broker does not."""
        self._enrolment = enrolment
        self._gateway = gateway
        self._clock = clock
        self._keepalive_s = keepalive_s
        self._version = VERSIONS[version]
        self._plain_until_s: float | None = None
        self._own_most_bytes = most_bytes
        self._client: paho.Client | None = None
        self._receipts: deque[Arrival] = deque(maxlen=_MOST_RECEIPTS)
        self._commands: deque[Arrival] = deque(maxlen=_MOST_COMMANDS)
        self._forget()

    def _forget(self) -> None:
        """What was known of a connection that is no more."""
        self._answer: ReasonCode | None = None
        self._farewell: ReasonCode | None = None
        self._is_listening: bool | None = None
        self._most_bytes = self._own_most_bytes
        self._most_under_way = _MOST_UNDER_WAY
        self._is_pinging = True
        self._is_refusal_told = False
        self._under_way: dict[int, int] = {}  # number of a message to its size
        self._unanswered_since_s: float | None = None
        self._heard_at_s = self._clock.monotonic()
        self._receipts.clear()
        self._commands.clear()

    def open(self) -> None:
        plain = MQTTProtocolVersion.MQTTv311
        now_s = self._clock.monotonic()
        if self._version is plain or (self._plain_until_s is not None and now_s < self._plain_until_s):
            self._enter(plain)
            return
        try:
            self._enter(self._version)
        except _NotUnderstood:
            self._enter(plain)
            self._plain_until_s = self._clock.monotonic() + _PLAIN_FOR_S
            log.info("broker_speaks_an_older_mqtt", version="3.1.1")

    def fits(self, payload: bytes) -> bool:
        return len(payload) <= self._most_bytes

    def room(self) -> int:
        return max(self._most_under_way - len(self._under_way), 0)

    def is_quiet(self) -> bool:
        return not self._under_way

    def publish(self, topic: str, payload: bytes) -> None:
        if len(payload) > MAX_ENVELOPE_BYTES:
            raise ValueError(f"an envelope of {len(payload)} bytes was never sealed by us")
        self._publish(topic, payload)

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
            with suppress(*_NONSENSE):
                client.loop(_FAREWELL_S)
            client.disconnect()

    def _enter(self, version: MQTTProtocolVersion) -> None:
        """A new connection in this version, up to where it speaks and listens."""
        self.close()
        self._forget()
        client = self._client = self._new_client(version)
        try:
            self._trust(client)
            client.connect(self._enrolment.host, self._enrolment.port, self._keepalive_s, **_wishes(version))
        except (OSError, ValueError) as error:  # ssl.SSLError and a name not found are OSErrors
            raise self._lost(f"cannot connect: {error}", "check the network and the broker") from error
        self._await_answer()
        heard = (topics.receipt, topics.command, *((topics.certificate,) if self._enrolment.certified else ()))
        client.subscribe([(topic(self._gateway), _QOS_DOWN) for topic in heard])
        self._await_listening()
        self._say_here()

    def _new_client(self, version: MQTTProtocolVersion) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._gateway,
            clean_session=None if version is MQTTProtocolVersion.MQTTv5 else True,  # in 5, `connect` says so
            protocol=version,
            reconnect_on_failure=False,
        )
        client.connect_timeout = _TCP_WITHIN_S
        client.max_inflight_messages_set(_MOST_UNDER_WAY)
        client.max_queued_messages_set(_MOST_UNDER_WAY)
        if self._enrolment.password is not None:
            client.username_pw_set(self._enrolment.username, self._enrolment.password.reveal())
        client.will_set(topics.state(self._gateway), GONE, _QOS, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        return client

    def _trust(self, client: paho.Client) -> None:
        certified = self._enrolment.certified
        if certified is not None:
            context = ssl.create_default_context(cadata=certified.authority)
            context.load_cert_chain(certified.file, password=_no_password)
        elif self._enrolment.tls_ca_file is not None:
            context = ssl.create_default_context(cafile=str(self._enrolment.tls_ca_file))
        else:
            return
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        client.tls_set_context(context)

    def _on_connect(
        self, _client: paho.Client, _data: Any, _flags: Any, code: ReasonCode, terms: Properties | None
    ) -> None:
        self._answer = code
        most_packet_bytes = getattr(terms, "MaximumPacketSize", None)
        if most_packet_bytes is not None:
            longest_topic = max(len(topics.up(self._gateway, lane)) for lane in Lane)
            self._most_bytes = min(self._most_bytes, most_packet_bytes - longest_topic - _HEAD_BYTES)
        self._most_under_way = min(_MOST_UNDER_WAY, getattr(terms, "ReceiveMaximum", _MOST_UNDER_WAY))
        self._is_pinging = 0 < getattr(terms, "ServerKeepAlive", self._keepalive_s) <= self._keepalive_s

    def _on_disconnect(self, _client: paho.Client, _data: Any, flags: Any, code: ReasonCode, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = code

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _number: int, codes: Sequence[ReasonCode], _properties: Any
    ) -> None:
        # That it is granted proves nothing either; receipts that never come will show it.
        self._is_listening = bool(codes) and not any(code.is_failure for code in codes)

    def _on_publish(self, _client: paho.Client, _data: Any, number: int, code: ReasonCode, _properties: Any) -> None:
        self._hears()  # acknowledged: the broker is there, and that is all it means
        size = self._under_way.pop(number, 0)
        if code.is_failure and not self._is_refusal_told:
            self._is_refusal_told = True
            log.warning("message_refused", reason=str(code), size=size)  # no receipt will come; it is sent again

    def _on_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        self._hears()
        try:
            place = topics.parse(message.topic)
        except UnicodeDecodeError:
            return
        if place is None or place.gateway != self._gateway or len(message.payload) > MAX_ENVELOPE_BYTES:
            return
        came = Arrival(kind=place.kind, payload=bytes(message.payload), is_retained=message.retain)
        if place.kind is topics.Kind.RECEIPT:
            self._receipts.append(came)
        elif place.kind in (topics.Kind.COMMAND, topics.Kind.CERTIFICATE):
            self._commands.append(came)

    def _hears(self) -> None:
        self._unanswered_since_s, self._heard_at_s = None, self._clock.monotonic()

    def _await_answer(self) -> None:
        end_s = self._clock.monotonic() + _CONNECT_WITHIN_S
        where, do = self._where(), "check that its port speaks MQTT, and TLS if it should"
        while self._answer is None and self._clock.monotonic() < end_s:
            code = self._loop(_TURN_S)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS and self._answer is None:
                what = f"no connection: {paho.error_string(code)}"
                own = ", and with the utility that it still takes ours" if self._enrolment.certified else ""
                raise _NotUnderstood(what, where=where, do=f"check the broker and its certificate{own}")
        if self._answer is None:
            raise _NotUnderstood("the broker does not answer", where=where, do=do)
        if self._answer.value == _UNKNOWN_VERSION:
            raise _NotUnderstood("the broker does not speak this MQTT", where=where, do="use another broker")
        if self._answer.is_failure:
            raise self._lost(f"the broker refuses this gateway: {self._answer}", "check the enrolment with the utility")
        if self._most_bytes < LEAST_BYTES:
            what = f"the broker takes no message of more than {self._most_bytes} bytes"
            raise self._lost(what, f"have it take {MAX_ENVELOPE_BYTES} bytes")

    def _await_listening(self) -> None:
        end_s = self._clock.monotonic() + _CONNECT_WITHIN_S
        while self._is_listening is None and self._clock.monotonic() < end_s:
            self._turn(_TURN_S)
        if not self._is_listening:
            raise self._lost("the broker does not let this gateway listen", "check its rights with the utility")

    def _say_here(self) -> None:
        self._publish(topics.state(self._gateway), HERE, retain=True)

    def _publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        result = self._open_client().publish(topic, payload, _QOS, retain=retain)
        if result.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost(f"cannot send: {paho.error_string(result.rc)}", "it is sent again on a new connection")
        self._under_way[result.mid] = len(payload)
        if self._unanswered_since_s is None:
            self._unanswered_since_s = self._clock.monotonic()

    def _turn(self, timeout_s: float) -> None:
        """Move bytes both ways for at most so many machine seconds."""
        code = self._loop(timeout_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._lost(f"the connection broke: {self._why(code)}", "check the network and the broker")
        now_s = self._clock.monotonic()
        if self._unanswered_since_s is None and (not self.room() or not self._is_pinging):
            self._prod(now_s)
        since_s = self._unanswered_since_s
        if since_s is not None and now_s - since_s > self._keepalive_s / 2:
            raise self._lost("the broker has fallen silent", "check the network")

    def _prod(self, now_s: float) -> None:
        """Wait for an answer where none is owed: nothing more may be sent, or nobody pings for us."""
        if not self.room():
            self._unanswered_since_s = now_s
        elif now_s - self._heard_at_s > self._keepalive_s:
            self._say_here()

    def _loop(self, timeout_s: float) -> MQTTErrorCode:
        client = self._open_client()
        try:
            code = client.loop(timeout_s)
        except _NONSENSE as error:
            raise self._lost(f"the broker answers nonsense: {error}", "check that its port speaks MQTT") from error
        # Of paho's own: it would hold a packet of 256 MB, and any number of messages of quality 2.
        if client._in_packet["remaining_length"] > _MOST_PACKET_BYTES or client._in_messages:  # noqa: SLF001
            raise self._lost("the broker sends what nobody asked for", "check that this is the utility's broker")
        return code

    def _why(self, code: MQTTErrorCode) -> str:
        """What ended the connection: the broker's own word where it gave one."""
        return paho.error_string(code) if self._farewell is None else f"the broker ended it: {self._farewell}"

    def _open_client(self) -> paho.Client:
        if self._client is None:
            raise self._lost("there is no connection", "open one")
        return self._client

    def _lost(self, what: str, do: str) -> UplinkLost:
        return UplinkLost(what, where=self._where(), do=do)

    def _where(self) -> str:
        return f"{self._enrolment.host}:{self._enrolment.port}"


def _wishes(version: MQTTProtocolVersion) -> dict[str, Any]:
    """What MQTT 5 lets a client ask for: no session of before, and no packet larger than it would take."""
    if version is not MQTTProtocolVersion.MQTTv5:
        return {}
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho types it not
    wishes.MaximumPacketSize = _MOST_PACKET_BYTES
    return {"clean_start": True, "properties": wishes}


def _no_password() -> str:
    """A key under a password is refused, where OpenSSL would ask for it at the terminal."""
    return ""
