"""Watches over what is missing: a lane that stays behind what its gateway claims, or behind what waits for its gap.

    heartbeat -> every head it names is held against what is here: further than here, watched; another event, or less
                 than was named before: two chains
    held      -> the lane it waits in is watched
    watch     -> did the lane come further since the last look? yes: look again. no: the operator is told. filled: over

Whatever has a backlog comes further, however slowly, and is no gap. A heartbeat goes out last of all lanes, so what it
names was sent before it; where nothing of that comes for `gap_after`, it was lost at the gateway or is being kept back.

A claim goes backwards in no honest way: numbers are given once, and an older heartbeat that comes late is known by its
own number. A generation that begins anew closes the one before it; what was claimed of that and never came is kept as
a hole, and told with the new beginning.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from cloud.ingest import alarms, claims, holes, store, suspicion
from cloud.ingest.alarms import Kind, Stretch
from cloud.ingest.claims import Claim
from cloud.ingest.holes import Cause, Hole
from cloud.ingest.settings import IngestSettings
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import EventId, LaneId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from wire.chain import Head
from wire.events import Heartbeat, JournalBegunAnew, LaneHead
from wire.terms import JournalLoss, Lane

WATCH_TASK: Final = "lane.watch"
"""The kind of the task that looks at a lane with a gap; its key is the lane, its payload how far it had come."""

_LOST: Final = {
    JournalLoss.MISSING: "the gateway found no journal",
    JournalLoss.DAMAGED: "the gateway's journal is damaged; it lies set aside there",
}


def watch(connection: Connection, lane: LaneId, reached_seq: int, due_at: datetime) -> None:
    """Look at the lane at this instant, unless it is watched already."""
    tasks.ensure(connection, WATCH_TASK, str(lane), due_at, payload=str(reached_seq))


class LaneWatch:
    """Hears what gateways claim, and looks after the lanes that are behind it."""

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings

    def handlers(self) -> Mapping[str, Handler]:
        """What the loop runs for us."""
        return {WATCH_TASK: self._on_watch}

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """A heartbeat's claims, and a journal's new beginning; a `Subscriber` of ingest."""
        match event.record.event:
            case Heartbeat(heads=heads):
                for head in heads:
                    self._claimed(connection, event, head, now)
            case JournalBegunAnew() as begun:
                _close_generation(connection, event.id, begun, now)

    def _claimed(self, connection: Connection, event: StoredEvent, said: LaneHead, now: datetime) -> None:
        lane = LaneId(gateway=event.id.gateway, gen=event.id.gen, lane=said.lane)
        before = claims.of(connection, lane)
        if before is not None and before.by_seq >= event.id.seq:
            return  # it came late: what stands behind it in the chain was heard already
        head = Head(seq=said.seq, hash=said.head)
        if (contradiction := _contradiction(connection, lane, before, head)) is not None:
            suspicion.suspect(connection, _stretch(lane, head.seq, head.seq, missing=0), contradiction, now)
            return
        claims.keep(connection, lane, head, event.id.seq, now)
        reached = _reached(connection, lane)
        if reached is not None and reached < head.seq:
            watch(connection, lane, reached, now + self._settings.gap_after)

    def _on_watch(self, connection: Connection, task: Task, now: datetime) -> None:
        lane = LaneId.parse(task.key)
        reached = _reached(connection, lane)
        behind = None if reached is None else known_behind(connection, lane, reached)
        if reached is None or behind is None:
            alarms.end_itself(connection, Kind.GAP, lane, now)
            return
        if task.payload == str(reached):
            gap = _stretch(lane, reached + 1, behind.seq, missing=behind.seq - reached)
            alarms.stands(connection, Kind.GAP, gap, _since_when(claims.of(connection, lane), behind), now)
        tasks.reschedule(connection, WATCH_TASK, task.key, now + self._settings.gap_after, payload=str(reached))


def _reached(connection: Connection, lane: LaneId) -> int | None:
    """How far a lane has come in its generation; None where a later one closed it."""
    end = store.lane_ends(connection, [lane.gateway]).get((lane.gateway, lane.lane))
    if end is None or end.gen < lane.gen:
        return 0
    return end.head.seq if end.gen == lane.gen else None


def known_behind(connection: Connection, lane: LaneId, reached: int) -> Head | None:
    """The last event that is missing next in a lane, as what is known behind it names it; None where nothing is."""
    held = store.first_held(connection, lane)
    if held is not None and held.seq > reached:
        return held
    claim = claims.of(connection, lane)
    return None if claim is None or claim.head.seq <= reached else claim.head


def _since_when(claim: Claim | None, behind: Head) -> str:
    if claim is None or claim.head.seq < behind.seq:
        return "later ones came"
    return f"a heartbeat named them at {claim.said_at:%Y-%m-%d %H:%M:%S} UTC"


def _contradiction(connection: Connection, lane: LaneId, before: Claim | None, head: Head) -> str | None:
    """What makes this claim untrue together with what is known; None when nothing does."""
    if before is not None and head.seq < before.head.seq:
        return f"lane {lane} went back from {before.head.seq} to {head.seq}"
    if before is not None and head.seq == before.head.seq and head.hash != before.head.hash:
        return f"two heartbeats name different events at {lane}/{head.seq}"
    known = store.known_hash(connection, lane.place(head.seq)) if head.seq else None
    if known is None:
        end = store.head_of(connection, lane.gateway, lane.gen, lane.lane)
        known = end.hash if end is not None and end.seq == head.seq else None
    if known is not None and known != head.hash:
        return f"a heartbeat names another event than stands at {lane}/{head.seq}"
    return None


def _close_generation(connection: Connection, at: EventId, begun: JournalBegunAnew, now: datetime) -> None:
    """What was claimed of the generation before and never came is missing for good."""
    missing = 0
    for lane_number in Lane:
        lane = LaneId(gateway=at.gateway, gen=begun.previous_gen, lane=lane_number)
        alarms.end_itself(connection, Kind.GAP, lane, now)
        claim = claims.of(connection, lane)
        end = store.head_of(connection, lane.gateway, lane.gen, lane.lane)
        reached = 0 if end is None else end.seq
        if claim is None or claim.head.seq <= reached:
            continue
        count = claim.head.seq - reached
        hole = Hole(
            gateway=lane.gateway,
            gen=lane.gen,
            lane=lane.lane,
            first_seq=reached + 1,
            last_seq=claim.head.seq,
            head=claim.head.hash,
            cause=Cause.LOST_WITH_JOURNAL,
            said_by=str(at),
        )
        if holes.keep(connection, hole, now):
            holes.passed(connection, hole, count, now)
            missing += count
    about = _stretch(LaneId(gateway=at.gateway, gen=at.gen, lane=Lane.ALARM), at.seq, at.seq, missing=missing)
    alarms.stands(connection, Kind.BEGUN_ANEW, about, _LOST[begun.reason], now)


def _stretch(lane: LaneId, first_seq: int, last_seq: int, *, missing: int) -> Stretch:
    return Stretch(
        gateway=lane.gateway, gen=lane.gen, lane=lane.lane, first_seq=first_seq, last_seq=last_seq, missing=missing
    )
