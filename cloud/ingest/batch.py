"""One transaction's worth of messages: where each stands in its chain, and what is owed for it.

Nearly every message is the next of its lane. So the ends of the lanes are read as the batch begins and move in memory,
new events are collected, and `finish` writes them all with one statement a table; only what is repeated, early or
refused costs a statement of its own. `judge` says what an event is to its chain; here is done what follows from it.

Wherever a lane's end moves, more may follow: what waited behind it, or a hole that begins there. `take` goes on until
nothing moves any more. Passing a hole writes first what was collected, so that the tables can be asked what it lacks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from cloud.ingest import alarms, holes, key_change, lane_watch, store, suspicion
from cloud.ingest.alarms import Kind, Stretch
from cloud.ingest.disclosure import FineReadings
from cloud.ingest.evidence import Evidence
from cloud.ingest.holes import Cause, Hole
from cloud.ingest.lanes import Lanes
from cloud.ingest.news import EVENT_TASK
from cloud.ingest.settings import IngestSettings
from cloud.ingest.verify import Genuine, LaneEnd, Refused, judge, verify
from cloud.kernel import tasks
from cloud.kernel.ids import EventId, LaneId
from cloud.registry.model import Gateway, Status
from runtime import logs
from wire import topics
from wire.chain import Head, Step
from wire.envelope import parse
from wire.events import EventsDropped, KeyAnnounced, UnknownEvent
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.receipts import Receipt
from wire.record import decode_record
from wire.refusals import Reason
from wire.terms import Lane

MAX_PENDING_HOLES: Final = 1_024
"""Holes a gateway may declare ahead of what it still has to send; what it declares beyond has no effect."""

log = logs.get(__name__)
_NOBODY: Final = GatewayId("")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of the messages of a batch; those `left` found no room to wait in and will come again."""

    accepted: int = 0
    repeated: int = 0
    held: int = 0
    left: int = 0
    refusals: list[Refused] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)


class Batch:
    """Places messages one after the other, as if each were written before the next is looked at."""

    def __init__(
        self,
        connection: Connection,
        gateways: Mapping[GatewayId, Gateway],
        settings: IngestSettings,
        now: datetime,
        fine: FineReadings | None = None,
    ) -> None:
        """`gateways` are those of the messages as they stand inside this transaction; `fine` withholds readings."""
        self._settings = settings
        self._connection = connection
        self._gateways = dict(gateways)
        self._now = now
        self._tally = Tally()
        self._evidence = Evidence(connection, now, fine)
        self._lanes = Lanes(connection, gateways)
        self._new: dict[EventId, Genuine] = {}
        self._moved: list[tuple[GatewayId, Lane]] = []
        self._owed: set[tuple[GatewayId, int, Lane]] = set()
        self._gapped: set[LaneId] = set()
        self._unknown: list[tuple[str, bytes, Refused]] = []
        self._announced: dict[bytes, GatewayId] = {}

    def take(self, verdict: Genuine) -> None:
        """Find the place of a genuine event, and of all that was waiting for it."""
        self._place(verdict)
        self._drain()

    def refuse(self, topic: str, raw: bytes, refused: Refused) -> None:
        """Keep a message that is not believed; one under a key that this batch may yet announce is looked at again."""
        if refused.reason is Reason.UNKNOWN_KEY:
            self._unknown.append((topic, raw, refused))
        else:
            self._evidence.keep(topic, raw, refused)

    def _look_again(self) -> None:
        """Take what came under keys that were announced in this very batch, one after the other; refuse the rest."""
        left, keys = self._unknown, 0
        while left and keys < len(self._announced):
            keys = len(self._announced)
            left = [
                (topic, raw, again) for topic, raw, _ in left if (again := self._refusal_of(topic, raw)) is not None
            ]
        for message in left:
            self._evidence.keep(*message)

    def _refusal_of(self, topic: str, raw: bytes) -> Refused | None:
        """Take a message under the keys announced so far; why it is refused all the same, or None."""
        verdict = verify(topic, raw, lambda key_id: self._gateways.get(self._announced.get(key_id, _NOBODY)))
        if isinstance(verdict, Refused):
            return verdict
        self.take(verdict)
        return None

    def write_off(self, lane: LaneId, who: str, remark: str) -> int:
        """Go on behind all that a lane is known to lack, on a person's word; how many holes that made."""
        made = 0
        while made <= store.MAX_HELD and (hole := self._next_gap(lane, who, remark)) is not None:
            made += 1
            holes.keep(self._connection, hole, self._now)
            self._lanes.add_pending(hole)
            self._moved.append((lane.gateway, lane.lane))
            self._drain()
        return made

    def finish(self) -> Tally:
        """Write what was collected; what became of all messages, and the receipts owed once it is committed."""
        self._look_again()
        self._write()
        look_at = self._now + self._settings.gap_after
        for lane in sorted(self._gapped):
            lane_watch.watch(self._connection, lane, self._lanes.reached(lane) or 0, look_at)
        self._evidence.trim()
        self._tally.refusals = self._evidence.refusals
        self._tally.receipts = [self._receipt(*lane) for lane in sorted(self._owed)]
        return self._tally

    def _place(self, genuine: Genuine) -> None:
        """Do what the chain says to do with an event."""
        link = genuine.link
        gateway = self._gateways[link.gateway]
        if not gateway.may_still_say(genuine.key_id, link):
            self._evidence.keep_genuine(genuine, Refused(reason=Reason.GATEWAY_NOT_ACTIVE, detail=gateway.status))
            return
        if not gateway.signs_with(genuine.key_id, link):
            self._suspect(genuine, Reason.NOT_ITS_PLACE, f"another key signs {genuine.id}")
            return
        match judge(genuine, self._lanes.end(link.gateway, link.lane), self._known_hash(genuine)):
            case Step.NEXT:
                self._accept(genuine)
            case Step.DUPLICATE:
                self._repeated(genuine)
            case Step.BEHIND:
                self._late(genuine)
            case Step.GAP:
                self._hold(genuine)
            case Refused() as refused:
                self._evidence.keep_genuine(genuine, refused)
            case _:
                self._suspect(genuine, Reason.CONFLICT, f"another event stands at {genuine.id}")

    def _accept(self, genuine: Genuine) -> None:
        link = genuine.link
        self._new[genuine.id] = genuine
        self._move(link.gateway, link.lane, LaneEnd(gen=link.gen, head=Head(seq=link.seq, hash=genuine.own_hash)))
        match genuine.record.event:
            case EventsDropped() as dropped:
                self._declare(genuine, dropped)
            case KeyAnnounced() as announced:
                self._change_key(genuine, announced)

    def _change_key(self, genuine: Genuine, announced: KeyAnnounced) -> None:
        known = self._gateways[genuine.link.gateway]
        gateway = key_change.follow(self._connection, known, genuine, announced, self._now)
        self._gateways[gateway.id] = gateway
        self._announced |= {key.public.key_id: gateway.id for key in gateway.keys}

    def _repeated(self, genuine: Genuine) -> None:
        self._tally.repeated += 1
        self._owed.add((genuine.link.gateway, genuine.link.gen, genuine.link.lane))

    def _late(self, genuine: Genuine) -> None:
        """Take in what was given up and comes all the same: it is signed, and its place is free."""
        self._write()
        hole = holes.around(self._connection, genuine.id)
        if hole is None or hole.cause is Cause.WITHHELD:  # what a customer withheld is not wanted, wherever it lay
            self._repeated(genuine)
        elif not self._fits(genuine, hole):
            self._suspect(genuine, Reason.CONFLICT, f"another event stands at {genuine.id}")
        else:
            self._new[genuine.id] = genuine
            self._owed.add((genuine.link.gateway, genuine.link.gen, genuine.link.lane))
            holes.one_came(self._connection, hole)

    def _hold(self, genuine: Genuine) -> None:
        link, gateway = genuine.link, genuine.link.gateway
        self._gapped.add(LaneId(gateway=gateway, gen=link.gen, lane=link.lane))
        if self._lanes.waiting(gateway) >= store.MAX_HELD:
            self._tally.left += 1
        elif store.hold(self._connection, genuine, self._now):
            self._tally.held += 1
            self._lanes.waits(gateway, 1)
        event = genuine.record.event
        if isinstance(event, EventsDropped) and event.of_lane is link.lane:
            self._declare(genuine, event)  # it waits for the very events it gives up: nobody else can tell of them

    def _drain(self) -> None:
        while self._moved:
            self._go_on(*self._moved.pop())

    def _next_gap(self, lane: LaneId, who: str, remark: str) -> Hole | None:
        """What is missing next, up to what is known behind it; None where nothing is known to be missing."""
        reached, gateway = self._lanes.reached(lane), self._gateways[lane.gateway]
        if reached is None or gateway.status is not Status.ACTIVE:
            return None
        self._write()
        behind = lane_watch.known_behind(self._connection, lane, reached)
        if behind is None:
            return None
        return Hole(
            gateway=lane.gateway,
            gen=lane.gen,
            lane=lane.lane,
            first_seq=reached + 1,
            last_seq=behind.seq,
            head=behind.hash,
            cause=Cause.WRITTEN_OFF,
            said_by=who,
            remark=remark,
        )

    def _go_on(self, gateway: GatewayId, lane: Lane) -> None:
        """The lane's end moved: pass the holes that begin there, and take out what waited for it."""
        for hole in self._lanes.pending(gateway, lane):
            self._pass(hole)
        end = self._lanes.end(gateway, lane)
        if end is None or not self._lanes.waiting(gateway):
            return
        behind = EventId(gateway=gateway, gen=end.gen, lane=int(lane), seq=end.head.seq + 1)
        waiting = store.take_held(self._connection, behind)
        if waiting is not None:
            self._lanes.waits(gateway, -1)
            self._place(self._waited(gateway, lane, waiting))

    def _waited(self, gateway: GatewayId, lane: Lane, sealed: bytes) -> Genuine:
        owner = self._gateways[gateway]
        verdict = verify(topics.up(gateway, lane), sealed, lambda _key_id: owner)
        assert isinstance(verdict, Genuine), "only genuine events wait, and a key never changes its gateway"
        return verdict

    def _declare(self, genuine: Genuine, dropped: EventsDropped) -> None:
        """The gateway gave events up: their lane need not wait for them."""
        hole = holes.declared(genuine.link, dropped)
        if hole is None or self._lanes.count_pending(genuine.link.gateway) >= MAX_PENDING_HOLES:
            log.warning("hole_not_believed", event_id=genuine.id, lane=dropped.of_lane.name.lower())
        elif holes.keep(self._connection, hole, self._now):
            self._lanes.add_pending(hole)
            self._moved.append((hole.gateway, hole.lane))

    def _pass(self, hole: Hole) -> None:
        """Go on behind a hole, once the lane has come to its beginning."""
        end = self._lanes.end(hole.gateway, hole.lane)
        reached = self._lanes.reached(hole.lane_id)
        if reached is not None and reached < hole.first_seq - 1:
            return
        self._write()
        self._lanes.passed(hole)
        if self._contradicts(hole, end):
            self._distrust(_stretch(hole, missing=0), f"{hole.last} is said to be another event")
            return
        if reached is not None and reached < hole.last_seq:
            self._move(hole.gateway, hole.lane, LaneEnd(gen=hole.gen, head=Head(seq=hole.last_seq, hash=hole.head)))
        self._count_missing(hole)

    def _contradicts(self, hole: Hole, end: LaneEnd | None) -> bool:
        """Whether something else is known to stand where the hole ends."""
        known = store.known_hash(self._connection, hole.last)
        if known is None and end is not None and (end.gen, end.head.seq) == (hole.gen, hole.last_seq):
            known = end.head.hash
        return known is not None and known != hole.head

    def _count_missing(self, hole: Hole) -> None:
        """Keep and tell how much of a hole never came; what waited within it is taken in."""
        first = replace(hole.last, seq=hole.first_seq)
        missing = hole.last_seq - hole.first_seq + 1 - store.count_stored(self._connection, first, hole.last_seq)
        holes.passed(self._connection, hole, missing, self._now)
        within = store.take_held_between(self._connection, first, hole.last_seq)
        self._lanes.waits(hole.gateway, -len(within))
        for sealed in within:
            self._place(self._waited(hole.gateway, hole.lane, sealed))
        if missing > len(within) and hole.cause is not Cause.WRITTEN_OFF:
            stretch = _stretch(hole, missing=missing - len(within))
            alarms.told(self._connection, Kind.GIVEN_UP, stretch, str(hole.cause), self._now)

    def _fits(self, genuine: Genuine, hole: Hole) -> bool:
        """Whether a late event agrees with what its hole ends with, and with its neighbours as far as they are here."""
        place, link = genuine.id, genuine.link
        before = store.stored_hash(self._connection, replace(place, seq=link.seq - 1))
        after = store.sealed_of(self._connection, replace(place, seq=link.seq + 1))
        return (
            (link.seq != hole.last_seq or genuine.own_hash == hole.head)
            and before in (None, link.prev)
            and (not after or decode_record(parse(after).payload).link.prev == genuine.own_hash)
        )

    def _move(self, gateway: GatewayId, lane: Lane, end: LaneEnd) -> None:
        before = self._lanes.end(gateway, lane)
        self._lanes.move(gateway, lane, end)
        self._owed.add((gateway, end.gen, lane))
        self._moved.append((gateway, lane))
        if before is None or before.gen < end.gen:
            self._begin_generation(gateway, lane, end.gen, before)

    def _begin_generation(self, gateway: GatewayId, lane: Lane, gen: int, before: LaneEnd | None) -> None:
        """A generation begins: what waited for a gap in those below waits in vain."""
        if before is not None:
            log.warning("generation_begun", gateway=gateway, lane=lane.name.lower(), gen=gen)
        if not self._lanes.waiting(gateway):
            return
        for sealed in store.take_held_before(self._connection, gateway, lane, gen):
            closed = Refused(reason=Reason.BROKEN_CHAIN, detail=f"generation {gen} has begun")
            self._evidence.keep_genuine(self._waited(gateway, lane, sealed), closed)
            self._lanes.waits(gateway, -1)

    def _suspect(self, genuine: Genuine, reason: Reason, detail: str) -> None:
        """Two events claim one place of a chain, or two keys: from now on nothing of this gateway's is believed."""
        link = genuine.link
        stretch = Stretch(
            gateway=link.gateway, gen=link.gen, lane=link.lane, first_seq=link.seq, last_seq=link.seq, missing=0
        )
        self._distrust(stretch, detail)
        self._evidence.keep_genuine(genuine, Refused(reason=reason, detail=detail))

    def _distrust(self, stretch: Stretch, detail: str) -> None:
        suspicion.suspect(self._connection, stretch, detail, self._now)
        self._gateways[stretch.gateway] = replace(self._gateways[stretch.gateway], status=Status.SUSPECT)

    def _known_hash(self, genuine: Genuine) -> bytes | None:
        """The hash of what is stored, about to be, or waiting at this event's place."""
        link, end = genuine.link, self._lanes.end(genuine.link.gateway, genuine.link.lane)
        if end is not None and (link.gen, link.seq) == (end.gen, end.head.seq + 1):
            return None  # nothing stands right behind the end: what waited for it was taken when it came
        if genuine.id in self._new:
            return self._new[genuine.id].own_hash
        return store.known_hash(self._connection, genuine.id)

    def _write(self) -> None:
        """Write what was collected so far."""
        new, self._new = self._new, {}
        withheld = self._evidence.withhold(new)
        store.append(self._connection, new.values(), self._now)
        store.move_heads(self._connection, self._lanes.moved())
        told = [
            str(id_)
            for id_, genuine in new.items()
            if id_ not in withheld and not isinstance(genuine.record.event, UnknownEvent)
        ]
        tasks.add_many(self._connection, EVENT_TASK, told, self._now)
        self._tally.accepted += len(new)

    def _receipt(self, gateway: GatewayId, gen: int, lane: Lane) -> Receipt:
        end = self._lanes.end(gateway, lane)
        head = end.head if end is not None and end.gen == gen else store.head_of(self._connection, gateway, gen, lane)
        assert head is not None, "a lane that is owed a receipt has a head"
        at_ms = unix_ms(self._now)
        return Receipt(gateway=gateway, gen=gen, lane=lane, seq=head.seq, head=head.hash, at_ms=at_ms)


def _stretch(hole: Hole, *, missing: int) -> Stretch:
    return Stretch(
        gateway=hole.gateway,
        gen=hole.gen,
        lane=hole.lane,
        first_seq=hole.first_seq,
        last_seq=hole.last_seq,
        missing=missing,
    )
