"""One transaction's worth of messages: where each stands in its chain, and what is owed for it.

Nearly every message is the next of its lane. So the end of a lane is read when the batch first touches it and moves in
memory, new events are collected, and `finish` writes them all with one statement a table; only what is repeated, early
or refused costs a statement of its own. `judge` says what an event is to its chain; here is done what follows from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from cloud.ingest import key_change, quarantine, store
from cloud.ingest.news import EVENT_TASK
from cloud.ingest.verify import Genuine, LaneEnd, Refused, judge, verify
from cloud.kernel import tasks
from cloud.kernel.ids import EventId
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Status
from runtime import logs
from wire.chain import Head, Step
from wire.events import KeyAnnounced, UnknownEvent
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.receipts import Receipt
from wire.refusals import Reason
from wire.terms import Lane

log = logs.get(__name__)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the messages of a batch; `left` ones found no room to wait in and will come again."""

    accepted: int = 0
    repeated: int = 0
    held: int = 0
    left: int = 0
    refused: int = 0
    receipts: list[Receipt] = field(default_factory=list)


class Batch:
    """Places messages one after the other, as if each were written before the next is looked at."""

    def __init__(self, connection: Connection, gateways: Mapping[GatewayId, Gateway], now: datetime) -> None:
        """`gateways` are those of the messages as they stand inside this transaction."""
        self._connection = connection
        self._gateways = dict(gateways)
        self._now = now
        self._tally = Tally()
        self._new: dict[EventId, Genuine] = {}
        self._ends: dict[tuple[GatewayId, Lane], LaneEnd | None] = {}
        self._waiting: dict[GatewayId, int] = {}
        self._owed: set[tuple[GatewayId, int, Lane]] = set()
        self._unknown: list[tuple[str, bytes, Refused]] = []

    def take(self, topic: str, verdict: Genuine) -> None:
        """Find the place of a genuine event, and of those that were waiting for it."""
        following: Genuine | None = verdict
        while following is not None:
            following = self._place(topic, following)

    def refuse(self, topic: str, raw: bytes, refused: Refused) -> None:
        """Keep a message that is not believed; one under a key that this batch may yet announce is looked at again."""
        if refused.reason is Reason.UNKNOWN_KEY:
            self._unknown.append((topic, raw, refused))
        else:
            self._refuse(topic, raw, refused)

    def _look_again(self) -> None:
        """Take what came under keys that were announced in this very batch; refuse the rest."""
        holders = {key.public.key_id: gateway for gateway in self._gateways.values() for key in gateway.keys}
        for topic, raw, refused in self._unknown:
            verdict = verify(topic, raw, holders.get)
            if isinstance(verdict, Genuine):
                self.take(topic, verdict)
            else:
                self._refuse(topic, raw, refused)

    def _refuse(self, topic: str, raw: bytes, refused: Refused) -> None:
        reason, detail = refused.reason, refused.detail
        quarantine.keep(self._connection, reason=reason, detail=detail, topic=topic, raw=raw, now=self._now)
        self._tally.refused += 1
        log.warning("message_refused", topic=topic, reason=reason, detail=detail)

    def finish(self) -> Tally:
        """Write what was collected; what became of all messages, and the receipts owed once it is committed."""
        self._look_again()
        store.append(self._connection, self._new.values(), self._now)
        told = [str(id_) for id_, new in self._new.items() if not isinstance(new.record.event, UnknownEvent)]
        tasks.add_many(self._connection, EVENT_TASK, told, self._now)
        if self._tally.refused:
            quarantine.trim(self._connection)
        self._tally.accepted = len(self._new)
        self._tally.receipts = [self._receipt(*lane) for lane in sorted(self._owed)]
        return self._tally

    def _place(self, topic: str, genuine: Genuine) -> Genuine | None:
        """Do what the chain says to do with an event; what waited for it, when it was accepted."""
        link = genuine.link
        gateway = self._gateways[link.gateway]
        if not gateway.may_still_say(genuine.key_id, link):
            refused = Refused(reason=Reason.GATEWAY_NOT_ACTIVE, detail=gateway.status)
            self.refuse(topic, genuine.sealed, refused)
            return None
        if not gateway.signs_with(genuine.key_id, link):
            self._suspect(topic, genuine, Reason.NOT_ITS_PLACE, f"another key signs {genuine.id}")
            return None
        match judge(genuine, self._end(link.gateway, link.lane), self._known_hash(genuine)):
            case Step.NEXT:
                self._accept(genuine)
                return self._waited_for(topic, genuine)
            case Step.DUPLICATE:
                self._tally.repeated += 1
                self._owed.add((link.gateway, link.gen, link.lane))
            case Step.GAP:
                self._hold(genuine)
            case Refused() as refused:
                self.refuse(topic, genuine.sealed, refused)
            case _:
                self._suspect(topic, genuine, Reason.CONFLICT, f"another event stands at {genuine.id}")
        return None

    def _accept(self, genuine: Genuine) -> None:
        link = genuine.link
        before = self._end(link.gateway, link.lane)
        if before is not None and before.gen < link.gen:
            log.warning("generation_begun", gateway=link.gateway, lane=link.lane.name.lower(), gen=link.gen)
        self._new[genuine.id] = genuine
        self._ends[link.gateway, link.lane] = LaneEnd(gen=link.gen, head=Head(seq=link.seq, hash=genuine.own_hash))
        self._owed.add((link.gateway, link.gen, link.lane))
        if isinstance(genuine.record.event, KeyAnnounced):
            self._change_key(genuine, genuine.record.event)

    def _change_key(self, genuine: Genuine, said: KeyAnnounced) -> None:
        gateway = self._gateways[genuine.link.gateway]
        self._gateways[gateway.id] = key_change.follow(self._connection, gateway, genuine, said)

    def _hold(self, genuine: Genuine) -> None:
        gateway = genuine.link.gateway
        if self._count_waiting(gateway) >= store.MAX_HELD:
            self._tally.left += 1
        elif store.hold(self._connection, genuine, self._now):
            self._tally.held += 1
            self._waiting[gateway] += 1

    def _waited_for(self, topic: str, accepted: Genuine) -> Genuine | None:
        """Take out what waited for the event just accepted, and refuse what the beginning of a generation closed."""
        link, gateway = accepted.link, self._gateways[accepted.link.gateway]
        if not self._count_waiting(link.gateway):
            return None
        if link.seq == 1:
            for sealed in store.take_held_before(self._connection, link.gateway, link.lane, link.gen):
                closed = Refused(reason=Reason.BROKEN_CHAIN, detail=f"generation {link.gen} has begun")
                self.refuse(topic, sealed, closed)
                self._waiting[link.gateway] -= 1
        waiting = store.take_held(self._connection, replace(accepted.id, seq=link.seq + 1))
        if waiting is None:
            return None
        self._waiting[link.gateway] -= 1
        verdict = verify(topic, waiting, lambda _key_id: gateway)
        assert isinstance(verdict, Genuine), "only genuine events wait, and a key never changes its gateway"
        return verdict

    def _suspect(self, topic: str, genuine: Genuine, reason: Reason, detail: str) -> None:
        """Two events claim one place of a chain, or two keys: from now on nothing of this gateway's is believed."""
        gateway = genuine.link.gateway
        registry.set_status(self._connection, gateway, Status.SUSPECT, detail, self._now)
        self._gateways[gateway] = replace(self._gateways[gateway], status=Status.SUSPECT)
        self.refuse(topic, genuine.sealed, Refused(reason=reason, detail=detail))
        log.error("gateway_suspect", gateway=gateway, event_id=genuine.id, reason=reason)

    def _end(self, gateway: GatewayId, lane: Lane) -> LaneEnd | None:
        if (gateway, lane) not in self._ends:
            self._ends[gateway, lane] = store.lane_end(self._connection, gateway, lane)
        return self._ends[gateway, lane]

    def _known_hash(self, genuine: Genuine) -> bytes | None:
        """The hash of what is stored, about to be, or waiting at this event's place."""
        link, end = genuine.link, self._end(genuine.link.gateway, genuine.link.lane)
        if end is not None and (link.gen, link.seq) == (end.gen, end.head.seq + 1):
            return None  # nothing stands right behind the end: what waited for it was taken when it came
        if genuine.id in self._new:
            return self._new[genuine.id].own_hash
        return store.known_hash(self._connection, genuine.id)

    def _count_waiting(self, gateway: GatewayId) -> int:
        if gateway not in self._waiting:
            self._waiting[gateway] = store.count_held(self._connection, gateway)
        return self._waiting[gateway]

    def _receipt(self, gateway: GatewayId, gen: int, lane: Lane) -> Receipt:
        head = store.head_of(self._connection, gateway, gen, lane)
        assert head is not None, "a lane that is owed a receipt has a head"
        at_ms = unix_ms(self._now)
        return Receipt(gateway=gateway, gen=gen, lane=lane, seq=head.seq, head=head.hash, at_ms=at_ms)
