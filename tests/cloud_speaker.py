"""A fake gateway on a real connection to a real broker."""

import time

from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry.model import Place
from tests.fakes_cloud import METER, FakeGateway
from tests.mqtt_peer import Peer
from wire import topics


class Speaker:
    """A fake gateway on a real connection: sends what has no receipt, hears receipts, comes back when cut off."""

    def __init__(self, site):
        self.site = site
        self.fake = FakeGateway()
        out = site.folder.path / "enrolment.toml"
        gateway = site.registrar.add(
            public_key=self.fake.public,
            places=[Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial(METER))],
            out=out,
        )
        self.id = gateway.id
        self.password = next(line.split('"')[1] for line in out.read_text().splitlines() if "password =" in line)
        self.peer = None
        self.sent_s = 0.0

    def connect(self):
        self.leave()
        self.peer = Peer(self.site.port, self.id, self.password, is_persistent=True)
        assert self.peer.is_let_in
        self.peer.subscribe(topics.receipt(self.id))
        return self

    def leave(self):
        if self.peer is not None:
            self.peer.leave()

    def send(self):
        """Send everything that has no receipt yet, without waiting for anything."""
        self.hear()
        self.sent_s = time.monotonic()
        for message in self.fake.unreceipted:
            self.peer.client.publish(message.topic, message.payload, qos=1)

    def hear(self):
        """Take in the receipts that came."""
        while self.peer.heard:
            _, payload = self.peer.heard.pop(0)
            self.fake.hear(payload, self.site.folder.receipt_signer().public)
        return self.fake.unreceipted

    def send_again(self):
        """As a real gateway does: what has no receipt after half a second is sent again."""
        if self.hear() and time.monotonic() - self.sent_s > 0.5:
            self.send()

    def has_all_receipts(self):
        """Whether nothing waits any more; what waits too long is sent again."""
        self.send_again()
        return not self.hear()
