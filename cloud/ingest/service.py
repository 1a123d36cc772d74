"""Ingest in one transaction: every message of a batch is accepted, known already, held, or refused; then receipts.

    messages -verify-> Genuine | Refused -judge-> NEXT: stored, its task added | DUPLICATE | GAP: held | CONFLICT
    -commit-> receipts for every lane that was stored or repeated -> the loop is woken

The order is the promise. A receipt leaves only after the commit it speaks of, because a gateway frees its rows on it;
a kill between the two costs nothing, since the gateway sends again and a duplicate is answered with the same receipt.

What comes too early waits (bounded) and is taken in the moment its gap fills. Two different events at one place of a
chain are proof that a key lives twice: the gateway becomes suspect, and from then on all it says is kept in
quarantine and acted on by nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from cloud.ingest import quarantine, store
from cloud.ingest.news import EVENT_TASK
from cloud.ingest.verify import Genuine, Refused, judge, key_id_of, verify
from cloud.kernel import tasks
from cloud.kernel.db import Database, ms_of_instant
from cloud.registry import store as registry
from cloud.registry.model import Status
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.chain import Step
from wire.envelope import Signer
from wire.events import Lane, UnknownEvent
from wire.ids import GatewayId
from wire.receipts import Receipt, seal_receipt
from wire.refusals import Reason

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came over MQTT on one topic."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReceipt:
    """A receipt ready to be published."""

    topic: str
    payload: bytes


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of a batch; `lanes` are the chains whose gateways are owed a receipt."""

    accepted: int = 0
    repeated: int = 0
    held: int = 0
    left: int = 0
    refused: int = 0
    lanes: set[tuple[GatewayId, int, Lane]] = field(default_factory=set)


class Intake:
    """Takes batches of messages in, and says which receipts are owed."""

    def __init__(self, *, database: Database, clock: Clock, signer: Signer, on_commit: Callable[[], None]) -> None:
        """`signer` holds the receipt key; `on_commit` is called after a batch that brought something new."""
        self._database = database
        self._clock = clock
        self._signer = signer
        self._on_commit = on_commit

    def take(self, messages: Sequence[Message]) -> list[SealedReceipt]:
        """Take a batch in and return the receipts to publish; when this returns, what they say is on the disk.

        Raises: DatabaseError when nothing of the batch could be kept.
        """
        messages = [message for message in messages if not _is_hint(message.topic)]
        verdicts = self._verdicts(messages)
        with self._database.transaction() as connection:
            batch = _Batch(connection, self._clock.now())
            for message, verdict in zip(messages, verdicts, strict=True):
                batch.take(message, verdict)
            tally = batch.finish()
            receipts = [self._receipt(connection, *lane, batch.now) for lane in sorted(tally.lanes)]
        self._tell(tally)
        return [_sealed(receipt, self._signer) for receipt in receipts]

    def _verdicts(self, messages: Sequence[Message]) -> list[Genuine | Refused]:
        key_ids = {key_id for message in messages if (key_id := key_id_of(message.payload)) is not None}
        with self._database.read() as connection:
            owners = registry.by_key_id(connection, key_ids)
        return [verify(message.topic, message.payload, owners.get) for message in messages]

    def _receipt(self, connection: Connection, gateway: GatewayId, gen: int, lane: Lane, now: datetime) -> Receipt:
        head = store.head_of(connection, gateway, gen, lane)
        assert head is not None, "a lane owed a receipt has a head"
        at_ms = ms_of_instant(now)
        return Receipt(gateway=gateway, gen=gen, lane=lane, seq=head.seq, head=head.hash, at_ms=at_ms)

    def _tell(self, tally: Tally) -> None:
        log.info(
            "batch_taken",
            accepted=tally.accepted,
            repeated=tally.repeated,
            held=tally.held,
            left=tally.left,
            refused=tally.refused,
        )
        if tally.accepted or tally.refused:
            self._on_commit()


class _Batch:
    """One transaction's worth of messages, placed one after the other."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.now = now
        self._connection = connection
        self._tally = Tally()

    def take(self, message: Message, verdict: Genuine | Refused) -> None:
        """Find the place of one message, and of those that were waiting for it."""
        if isinstance(verdict, Refused):
            self._refuse(message.topic, message.payload, verdict)
            return
        following: Genuine | None = verdict
        while following is not None:
            following = self._place(message.topic, following)

    def finish(self) -> Tally:
        """What became of all of them."""
        if self._tally.refused:
            quarantine.trim(self._connection)
        return self._tally

    def _place(self, topic: str, genuine: Genuine) -> Genuine | None:
        """Do what the chain says to do with a genuine event; the one that waited for it, when it was accepted."""
        gateway = registry.get(self._connection, genuine.gateway.id)  # as it stands now, in this transaction
        if gateway is None or gateway.status is not Status.ACTIVE:
            status = "gone" if gateway is None else gateway.status
            self._refuse(topic, genuine.sealed, Refused(reason=Reason.GATEWAY_NOT_ACTIVE, detail=status))
            return None
        link = genuine.link
        end = store.lane_end(self._connection, link.gateway, link.lane)
        match judge(genuine, end, store.known_hash(self._connection, genuine.id)):
            case Step.NEXT:
                self._accept(genuine)
                return self._waiting_for(topic, genuine)
            case Step.DUPLICATE:
                self._tally.repeated += 1
                self._tally.lanes.add((link.gateway, link.gen, link.lane))
            case Step.GAP:
                is_held = store.hold(self._connection, genuine, self.now)
                self._tally.held += is_held
                self._tally.left += not is_held
            case Refused() as refused:
                self._refuse(topic, genuine.sealed, refused)
            case _:
                self._suspect(topic, genuine)
        return None

    def _accept(self, genuine: Genuine) -> None:
        link = genuine.link
        store.append(self._connection, genuine, self.now)
        if not isinstance(genuine.record.event, UnknownEvent):
            tasks.add(self._connection, EVENT_TASK, str(genuine.id), self.now)
        self._tally.accepted += 1
        self._tally.lanes.add((link.gateway, link.gen, link.lane))

    def _waiting_for(self, topic: str, accepted: Genuine) -> Genuine | None:
        """Take out what waited for the event just accepted, and refuse what the beginning of a generation closed."""
        link, gateway = accepted.link, accepted.gateway
        if link.seq == 1:
            for sealed in store.take_held_before(self._connection, link.gateway, link.lane, link.gen):
                closed = Refused(reason=Reason.BROKEN_CHAIN, detail=f"generation {link.gen} has begun")
                self._refuse(topic, sealed, closed)
        waiting = store.take_held(self._connection, replace(accepted.id, seq=link.seq + 1))
        if waiting is None:
            return None
        verdict = verify(topic, waiting, {gateway.key.key_id: gateway}.get)
        assert isinstance(verdict, Genuine), "only genuine events wait, and a key never changes its gateway"
        return verdict

    def _refuse(self, topic: str, raw: bytes, refused: Refused) -> None:
        quarantine.keep(
            self._connection, reason=refused.reason, detail=refused.detail, topic=topic, raw=raw, now=self.now
        )
        self._tally.refused += 1
        log.warning("message_refused", topic=topic, reason=refused.reason, detail=refused.detail)

    def _suspect(self, topic: str, genuine: Genuine) -> None:
        detail = f"another event stands at {genuine.id}"
        registry.set_status(self._connection, genuine.gateway.id, Status.SUSPECT, detail, self.now)
        self._refuse(topic, genuine.sealed, Refused(reason=Reason.CONFLICT, detail=detail))
        log.error("gateway_suspect", gateway=genuine.gateway.id, event_id=genuine.id)


def _is_hint(topic: str) -> bool:
    """Whether a topic carries the broker's word on who is connected: unsigned, and evidence of nothing."""
    place = topics.parse(topic)
    return place is not None and place.kind is topics.Kind.STATE


def _sealed(receipt: Receipt, signer: Signer) -> SealedReceipt:
    topic = topics.receipt(GatewayId(receipt.gateway))
    return SealedReceipt(topic=topic, payload=seal_receipt(receipt, signer))
