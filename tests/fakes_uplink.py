"""The other end of a gateway's uplink: a cloud that keeps and receipts, and a broker that may lose and break."""

import random
from dataclasses import dataclass, field

from gateway.core.arrival import Arrival
from gateway.core.errors import UplinkLost
from tests.fakes_gateway import FakeClock, at
from wire.chain import Head, Step, follow, genesis
from wire.envelope import Purpose, link_hash, parse, verify
from wire.events import EventsDropped
from wire.instants import unix_ms
from wire.keys import PublicKey, SoftwareSigner
from wire.receipts import Receipt, seal_receipt
from wire.record import Record, decode_record
from wire.terms import Lane
from wire.topics import Kind


class FakeCloud:
    """The other end: verifies, follows each chain, keeps each event once, and signs receipts for what it holds."""

    def __init__(self, gateway_key: PublicKey, clock: FakeClock) -> None:
        self._key = gateway_key
        self._clock = clock
        self._signer = SoftwareSigner.generate()
        self._heads: dict[Lane, Head] = {lane: genesis(gateway_key.spki) for lane in Lane}
        self._held: dict[tuple[Lane, int], bytes] = {}
        self.receipt_key = self._signer.public
        self.records: list[Record] = []
        self.duplicates = 0

    def take(self, envelope: bytes) -> bytes:
        """One envelope, in any order and any number of times; the receipt for the lane as it then stands."""
        parsed = parse(envelope)
        verify(parsed, self._key, Purpose.EVENT)
        link = decode_record(parsed.payload).link
        if link.seq <= self._heads[link.lane].seq or (link.lane, link.seq) in self._held:
            self.duplicates += 1
        else:
            self._held[link.lane, link.seq] = envelope
        self._follow(link.lane)
        head = self._heads[link.lane]
        receipt = Receipt(
            gateway=link.gateway, gen=link.gen, lane=link.lane, seq=head.seq, head=head.hash, at_ms=unix_ms(at(0))
        )
        return seal_receipt(receipt, self._signer)

    def _follow(self, lane: Lane) -> None:
        """Take in what is held at the end of a lane's chain."""
        while (following := self._held.pop((lane, self._heads[lane].seq + 1), None)) is not None:
            self._append(lane, following)

    def _append(self, lane: Lane, envelope: bytes) -> None:
        parsed = parse(envelope)
        record, own_hash = decode_record(parsed.payload), link_hash(parsed)
        assert follow(self._heads[lane], record.link, own_hash) is Step.NEXT
        self._heads[lane] = Head(seq=record.link.seq, hash=own_hash)
        self.records.append(record)
        if isinstance(record.event, EventsDropped):
            self._heads[record.event.of_lane] = Head(seq=record.event.last_seq, hash=record.event.head)
            self._follow(record.event.of_lane)


@dataclass
class FakeBroker:
    """An `Uplink` to the cloud that loses, doubles and shuffles what it carries, and breaks, as its chance has it."""

    cloud: FakeCloud
    clock: FakeClock
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    loss: float = 0.0
    doubling: float = 0.0
    shuffles: bool = False
    breaking: float = 0.0
    refuses: int = 0  # so many attempts to connect
    announces: int | None = None  # the size it says it takes
    cuts_above: int | None = None  # the size at which it ends the connection, saying nothing
    swallows_above: int | None = None  # the size at which it throws away what it acknowledged
    most_under_way_allowed: int = 1_000
    throws_out: bool = False  # whoever it let in, at once
    is_open: bool = False
    opened: int = 0
    published: list[tuple[str, bytes]] = field(default_factory=list)
    most_under_way: int = 0
    commands: list[Arrival] = field(default_factory=list)
    _up: list[bytes] = field(default_factory=list)
    _down: list[bytes] = field(default_factory=list)
    _unacknowledged: int = 0  # lost on this connection

    def open(self) -> None:
        self.opened += 1
        if self.refuses:
            self.refuses -= 1
            raise UplinkLost("the broker is away", where="broker")
        self.is_open = True
        self._up, self._down, self._unacknowledged = [], [], 0

    def fits(self, payload: bytes) -> bool:
        return self.announces is None or len(payload) <= self.announces

    def room(self) -> int:
        return self.most_under_way_allowed - len(self._up)

    def is_quiet(self) -> bool:
        return not self._up and not self._unacknowledged

    def publish(self, topic: str, payload: bytes) -> None:
        assert self.is_open
        self.published.append((topic, payload))
        times = self._times()
        self._up += [payload] * times
        self._unacknowledged += not times
        self.most_under_way = max(self.most_under_way, len(self._up))

    def wait(self, timeout_s: float) -> list[Arrival]:
        self.clock.advance(timeout_s * self.clock.rate)
        if self.throws_out or self.chance.random() < self.breaking:
            raise UplinkLost("the connection broke", where="broker")
        if self.shuffles:
            self.chance.shuffle(self._up)
        carried, self._up = self._up, []
        if any(self.cuts_above is not None and len(envelope) > self.cuts_above for envelope in carried):
            raise UplinkLost("the connection broke", where="broker")
        carried = [each for each in carried if self.swallows_above is None or len(each) <= self.swallows_above]
        came, self._down = self._down, []
        self._down = [receipt for envelope in carried for receipt in [self.cloud.take(envelope)] * self._times()]
        commands, self.commands = self.commands, []
        return [Arrival(kind=Kind.RECEIPT, payload=receipt) for receipt in came] + commands

    def close(self) -> None:
        self.is_open = False

    def _times(self) -> int:
        if self.chance.random() < self.loss:
            return 0
        return 2 if self.chance.random() < self.doubling else 1
