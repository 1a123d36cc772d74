"""Stand-ins for what the cloud meets: a clock turned by hand, and a gateway that signs for itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import cloud.tables  # noqa: F401 - imported for the tables
from cloud.ingest.service import Message
from cloud.kernel.db import Database, metadata
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from wire import chain, topics
from wire.chain import Head
from wire.envelope import Purpose, link_hash, parse, seal
from wire.events import Event, GatewayStarted, LaneHead
from wire.ids import GatewayId, gateway_id_of
from wire.instants import unix_ms
from wire.key_life import announce
from wire.keys import PublicKey, SoftwareSigner
from wire.receipts import Receipt, open_receipt
from wire.record import ClockSource, Link, Record, Stamp, decode_record, encode_record
from wire.terms import Lane

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
METER = "LMP00000001"


class HandClock:
    """A clock that stands still until told to go on."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic_s

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds

    def go_on(self, seconds: float) -> datetime:
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += seconds
        return self._now


@dataclass(slots=True, kw_only=True)
class FakeGateway:
    """Signs, chains and keeps what it says until a receipt lets it forget, as a real gateway does."""

    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    meter: str = METER
    gen: int = 1
    heads: dict[Lane, Head] = field(default_factory=dict)
    unreceipted: list[Message] = field(default_factory=list)
    first: PublicKey = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.signer.public

    @property
    def public(self) -> PublicKey:
        return self.first

    @property
    def id(self) -> GatewayId:
        return gateway_id_of(self.first.spki)

    def say(self, event: Event, *, subject: str | None = None, at: datetime = NOON) -> Message:
        """Seal the event as the next of its lane."""
        head = self.heads.get(event.lane, chain.genesis(self.public.spki))
        record = self.record(event, seq=head.seq + 1, prev=head.hash, subject=subject, at=at)
        message = self.sealed(record)
        self.heads[event.lane] = Head(seq=head.seq + 1, hash=link_hash(parse(message.payload)))
        self.unreceipted.append(message)
        return message

    def say_many(self, count: int) -> list[Message]:
        """`count` events that mean nothing, in one lane."""
        return [self.say(GatewayStarted(software="0.1.0", boot=boot)) for boot in range(1, count + 1)]

    def change_key(self, new: SoftwareSigner | None = None) -> Message:
        """Say under the old key that another one signs from now on, and let it."""
        new = new or SoftwareSigner.generate()
        at_rest = chain.genesis(self.first.spki)
        heads = [LaneHead(lane=lane, seq=head.seq, head=head.hash) for lane, head in self._all_heads(at_rest)]
        said = self.say(announce(self.id, self.signer.public, new, heads), subject="")
        self.signer = new
        return said

    def _all_heads(self, at_rest: Head) -> Iterator[tuple[Lane, Head]]:
        return ((lane, self.heads.get(lane, at_rest)) for lane in Lane)

    def lose_journal(self) -> None:
        """Begin anew, as a gateway does whose journal is gone."""
        self.gen += 1
        self.heads.clear()
        self.unreceipted.clear()

    def record(self, event: Event, *, seq: int, prev: bytes, subject: str | None = None, at: datetime = NOON) -> Record:
        """A record at any place, true or not."""
        stamp = Stamp(at_ms=unix_ms(at), source=ClockSource.NTP, uncertainty_ms=50, mono_ms=seq * 1000, boot=1)
        link = Link(gateway=gateway_id_of(self.public.spki), gen=self.gen, lane=event.lane, seq=seq, prev=prev)
        return Record(link=link, stamp=stamp, subject=self.meter if subject is None else subject, event=event)

    def sealed(self, record: Record) -> Message:
        """The record under this gateway's signature, on the topic of its lane."""
        payload = seal(encode_record(record), self.signer, Purpose.EVENT)
        return Message(topic=topics.up(record.link.gateway, record.link.lane), payload=payload)

    def hear(self, payload: bytes, cloud_key: PublicKey) -> Receipt:
        """Take a receipt in, and forget what it covers if it is of this chain."""
        receipt = open_receipt(payload, cloud_key)
        self.unreceipted = [message for message in self.unreceipted if not _is_covered(message, receipt)]
        return receipt


def _is_covered(message: Message, receipt: Receipt) -> bool:
    link = decode_record(parse(message.payload).payload).link
    return (link.gen, link.lane) == (receipt.gen, receipt.lane) and link.seq <= receipt.seq


def register(database: Database, fake: FakeGateway, *, status: Status = Status.ACTIVE) -> Gateway:
    """Make a fake gateway known to the cloud."""
    gateway = Gateway(
        id=gateway_id_of(fake.public.spki),
        key=fake.public,
        places=(Place(usage_point=UsagePointId("UP-1"), meter=MeterSerial(fake.meter)),),
        status=status,
        status_reason="",
        added_at=NOON,
    )
    with database.transaction() as connection:
        registry.add(connection, gateway, password_hash="$7$101$AAAA$AAAA")
    return gateway


@contextmanager
def fresh_database(folder: Path) -> Iterator[Database]:
    """An empty database with every table of the cloud."""
    path = folder / "lamplight.sqlite"
    path.write_bytes(_empty_database(frozenset(metadata.tables)))
    database = Database.open(path)
    try:
        yield database
    finally:
        database.close()


@cache
def _empty_database(_tables: frozenset[str]) -> bytes:
    """The file as the cloud makes it; making it takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite"
        database = Database.open(path)
        database.create_tables()
        database.close()
        return path.read_bytes()


def forged(message: Message) -> Message:
    """The message with one bit of its signature the other way round."""
    return replace(message, payload=message.payload[:-1] + bytes([message.payload[-1] ^ 1]))


def only(messages: Sequence[Message]) -> Message:
    """The one message there must be."""
    (message,) = messages
    return message
