"""A plain MQTT client for tests: connects, remembers what it heard, and waits without sleeping."""

import threading

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.waiting import eventually


class Peer:
    """One connection; `heard` holds (topic, payload) of every message, `answer` how the broker took the CONNECT."""

    def __init__(self, port, user, password, *, client_id=None, is_persistent=False):
        self.heard = []
        self.answer = None
        self._answered = threading.Event()
        self._subscribed = threading.Event()
        self._published = set()
        name = user if client_id is None else client_id
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=name,
            clean_session=not is_persistent,
            protocol=MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        if user is not None:
            self.client.username_pw_set(user, password)
        self.client.on_connect = self._on_connect
        self.client.on_message = lambda _c, _d, message: self.heard.append((message.topic, message.payload))
        self.client.on_subscribe = lambda *_: self._subscribed.set()
        self.client.on_publish = lambda _c, _d, mid, _r, _p: self._published.add(mid)
        self.client.connect("127.0.0.1", port, keepalive=20)
        self.client.loop_start()
        eventually(self._answered.is_set, what="the broker's answer")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.leave()

    @property
    def is_let_in(self):
        return not self.answer.is_failure

    def subscribe(self, topic_filter):
        self._subscribed.clear()
        self.client.subscribe(topic_filter, qos=1)
        eventually(self._subscribed.is_set, what="the broker's grant")
        return self

    def publish(self, topic, *payloads, retain=False):
        """Publish and wait until the broker has acknowledged all of them."""
        mids = {self.client.publish(topic, payload, qos=1, retain=retain).mid for payload in payloads}
        eventually(lambda: mids <= self._published, what=f"acknowledged on {topic}")

    def payloads(self):
        return [payload for _, payload in self.heard]

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """Be gone without a word, with the connection left open: as a machine does that lost its power."""
        self.client._thread_terminate = True
        self.client.loop_stop()

    def _on_connect(self, _client, _data, _flags, reason, _properties):
        self.answer = reason
        self._answered.set()
