"""Ingest: a batch of messages is verified, placed and committed in one transaction; then, and only then, receipted.

    messages -verify-> Genuine | Refused -judge-> next: stored, its task added | duplicate | gap: held | conflict
    -commit-> the bell rings -> receipts for every lane that was stored or repeated

The order is the promise. A receipt leaves only after the commit it speaks of, because a gateway frees its rows on it;
a kill between the two costs nothing, since the gateway sends again and a duplicate is answered with the same receipt.

What comes too early waits (bounded) and is taken in the moment its gap fills. Two different events at one place of a
chain are proof that a key lives twice: the gateway becomes suspect, and from then on all it says is kept in
quarantine and acted on by nobody.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy import Connection

from cloud.ingest import quarantine
from cloud.ingest.batch import Batch, Tally
from cloud.ingest.disclosure import FineReadings
from cloud.ingest.quarantine import Quarantined
from cloud.ingest.settings import IngestSettings
from cloud.ingest.verify import Genuine, Refused, check, read
from cloud.kernel.db import Database
from cloud.registry import store as registry
from cloud.registry.known import KnownGateways
from cloud.registry.model import Gateway
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.envelope import Signer, claimed_key_id
from wire.ids import GatewayId
from wire.receipts import Receipt, seal_receipt
from wire.refusals import Reason

_USUAL: Final = IngestSettings()

log = logs.get(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came, or is to go, over MQTT on one topic."""

    topic: str
    payload: bytes


class Takes(Protocol):
    """What batches of messages are handed to: the intake, or what stands before it."""

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Take a batch in; what is to be published. Raises: DatabaseError when nothing of it could be kept."""
        ...


class Intake:
    """Takes batches of messages in, and says which receipts are owed."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        signer: Signer,
        on_commit: Callable[[], None],
        settings: IngestSettings = _USUAL,
        fine: FineReadings | None = None,
    ) -> None:
        """`signer` holds the receipt key; `on_commit` is called after a batch that changed something.

        `fine` says which readings need the customer's consent; without it none do.
        """
        self._fine = fine
        self._database = database
        self._clock = clock
        self._signer = signer
        self._on_commit = on_commit
        self._settings = settings
        self._known = KnownGateways(registry.by_key_id)

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Take a batch in and return the receipts to publish; when this returns, what they say is on the disk.

        Raises: DatabaseError when nothing of the batch could be kept.
        """
        messages = [message for message in messages if not _is_hint(message.topic)]
        key_ids = _key_ids(messages)
        with self._database.read() as connection:
            verdicts = _verified(messages, self._known.by_key_id(connection, key_ids))
        with self._database.transaction() as connection:
            tally = self._place(connection, messages, verdicts, self._known.by_key_id(connection, key_ids))
        self._tell(tally)
        return [_sealed(receipt, self._signer) for receipt in tally.receipts]

    def batch(self, connection: Connection, gateways: Iterable[Gateway]) -> Batch:
        """An empty batch for what these gateways said, in a transaction of the caller's."""
        by_id = {gateway.id: gateway for gateway in gateways}
        return Batch(connection, by_id, self._settings, self._clock.now(), self._fine)

    def replay(self, kept: Quarantined) -> Refused | None:
        """Let a refused message go the same way once more; None when it is taken now, and so no longer kept.

        What is refused again stays as it was kept. What nobody agreed to is taken like any other: its place alone is
        kept. Raises: DatabaseError.
        """
        if kept.size > len(kept.raw):
            return Refused(reason=kept.reason, detail="only its beginning was kept")
        try:
            with self._database.transaction() as connection:
                again = [Message(topic=kept.topic, payload=kept.raw)]
                owners = self._known.by_key_id(connection, _key_ids(again))
                tally = self._place(connection, again, _verified(again, owners), owners)
                still = [refused for refused in tally.refusals if refused.reason is not Reason.NOT_CONSENTED]
                if still:
                    raise _StillRefused
                quarantine.forget(connection, kept.id)
        except _StillRefused:
            return still[0]
        self._tell(tally)
        return None

    def _place(
        self,
        connection: Connection,
        messages: Sequence[Message],
        verdicts: Sequence[Genuine | Refused],
        owners: Mapping[bytes, Gateway],
    ) -> Tally:
        batch = self.batch(connection, owners.values())
        for message, verdict in zip(messages, verdicts, strict=True):
            if isinstance(verdict, Genuine):
                batch.take(verdict)
            else:
                batch.refuse(message.topic, message.payload, verdict)
        return batch.finish()

    def _tell(self, tally: Tally) -> None:
        log.info(
            "batch_taken",
            accepted=tally.accepted,
            repeated=tally.repeated,
            held=tally.held,
            left=tally.left,
            refused=len(tally.refusals),
        )
        if tally.accepted or tally.refusals:
            self._on_commit()


class _StillRefused(Exception):
    """A replayed message is refused again: what that wrote is undone."""


def _key_ids(messages: Sequence[Message]) -> set[bytes]:
    return {claimed_key_id(message.payload) for message in messages}


def _verified(messages: Sequence[Message], owners: Mapping[bytes, Gateway]) -> list[Genuine | Refused]:
    """The verdicts on a batch: all signatures first, since checking and reading put each other out of the cache."""
    signed = [check(message.topic, message.payload, owners.get) for message in messages]
    return list(map(read, signed))


def _is_hint(topic: str) -> bool:
    """Whether a topic carries the broker's word on who is connected: unsigned, and evidence of nothing."""
    place = topics.parse(topic)
    return place is not None and place.kind is topics.Kind.STATE


def _sealed(receipt: Receipt, signer: Signer) -> Message:
    topic = topics.receipt(GatewayId(receipt.gateway))
    return Message(topic=topic, payload=seal_receipt(receipt, signer))
