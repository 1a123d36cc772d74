"""Ingest: a batch of messages is verified, placed and committed in one transaction; then, and only then, receipted.

    messages -verify-> Genuine | Refused -judge-> next: stored, its task added | duplicate | gap: held | conflict
    -commit-> the bell rings -> receipts for every lane that was stored or repeated

The order is the promise. A receipt leaves only after the commit it speaks of, because a gateway frees its rows on it;
a kill between the two costs nothing, since the gateway sends again and a duplicate is answered with the same receipt.

What comes too early waits (bounded) and is taken in the moment its gap fills. Two different events at one place of a
chain are proof that a key lives twice: the gateway becomes suspect, and from then on all it says is kept in
quarantine and acted on by nobody.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from cloud.ingest.batch import Batch, Tally
from cloud.ingest.disclosure import FineReadings
from cloud.ingest.settings import IngestSettings
from cloud.ingest.verify import Genuine, key_id_of, verify
from cloud.kernel.db import Database
from cloud.registry import store as registry
from runtime import logs
from runtime.clock import Clock
from wire import topics
from wire.envelope import Signer
from wire.ids import GatewayId
from wire.receipts import Receipt, seal_receipt

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

    def take(self, messages: Sequence[Message]) -> list[Message]:
        """Take a batch in and return the receipts to publish; when this returns, what they say is on the disk.

        Raises: DatabaseError when nothing of the batch could be kept.
        """
        messages = [message for message in messages if not _is_hint(message.topic)]
        key_ids = {key_id for message in messages if (key_id := key_id_of(message.payload)) is not None}
        with self._database.read() as connection:
            owner_of = registry.by_key_id(connection, key_ids).get
        verdicts = [verify(message.topic, message.payload, owner_of) for message in messages]
        with self._database.transaction() as connection:
            gateways = {gateway.id: gateway for gateway in registry.by_key_id(connection, key_ids).values()}
            batch = Batch(connection, gateways, self._settings, self._clock.now(), self._fine)
            for message, verdict in zip(messages, verdicts, strict=True):
                if isinstance(verdict, Genuine):
                    batch.take(verdict)
                else:
                    batch.refuse(message.topic, message.payload, verdict)
            tally = batch.finish()
        self._tell(tally)
        return [_sealed(receipt, self._signer) for receipt in tally.receipts]

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


def _is_hint(topic: str) -> bool:
    """Whether a topic carries the broker's word on who is connected: unsigned, and evidence of nothing."""
    place = topics.parse(topic)
    return place is not None and place.kind is topics.Kind.STATE


def _sealed(receipt: Receipt, signer: Signer) -> Message:
    topic = topics.receipt(GatewayId(receipt.gateway))
    return Message(topic=topic, payload=seal_receipt(receipt, signer))
