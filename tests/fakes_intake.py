"""An intake over an empty database with one registered gateway at its door, and what it made of what came."""

from sqlalchemy import func, select

from cloud.ingest import alarms, holes, quarantine, store
from cloud.ingest.lane_watch import LaneWatch
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.ingest.settings import IngestSettings
from cloud.kernel import tasks
from cloud.kernel.loop import Loop
from cloud.registry import store as registry
from tests.fakes_cloud import FakeGateway, HandClock, register
from wire.events import Heartbeat, LaneHead, SupplyLost
from wire.keys import SoftwareSigner
from wire.receipts import open_receipt
from wire.terms import Lane

LOST = SupplyLost(began_at_ms=1_700_000_000_000, input_mv=4_900)
GAP_AFTER_S = IngestSettings().gap_after_s


class Door:
    """An intake over an empty database, with one registered gateway at its door."""

    def __init__(self, database):
        self.database = database
        self.signer = SoftwareSigner.generate()
        self.clock = HandClock()
        self.rung = 0
        self.intake = Intake(database=database, clock=self.clock, signer=self.signer, on_commit=self._ring)
        self.gateway = FakeGateway()
        register(database, self.gateway)

    def _ring(self):
        self.rung += 1

    def take(self, *messages):
        """The receipts for a batch, opened."""
        return [open_receipt(sealed.payload, self.signer.public) for sealed in self.intake.take(messages)]

    def stored(self):
        with self.database.read() as connection:
            return [str(event.id) for event in store.page(connection, after=0, limit=1000)]

    def told(self):
        with self.database.read() as connection:
            return [task.key for task in tasks.due(connection, [EVENT_TASK], self.clock.now(), 1000)]

    def refused(self):
        with self.database.read() as connection:
            return [(row.reason, row.times) for row in reversed(quarantine.newest(connection, limit=1000))]

    def status(self):
        with self.database.read() as connection:
            return registry.get(connection, self.gateway.id).status

    def held(self):
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(store.held_table)).scalar_one()

    def alarms(self):
        """The open ones: kind, lane, from, to, how many are missing."""
        with self.database.read() as connection:
            found = reversed(alarms.open_ones(connection, limit=100))
            return [(one.kind, one.lane, one.first_seq, one.last_seq, one.missing) for one in found]

    def missing(self):
        """Of every hole: from, to, how many never came; nothing of those still pending."""
        with self.database.read() as connection:
            known = sorted(holes.newest(connection, limit=100), key=lambda one: one.hole.first_seq)
            return [(one.hole.first_seq, one.hole.last_seq, one.missing) for one in known if one.passed_at]

    def place(self, seq, lane=Lane.DIAGNOSTICS, gen=1):
        return f"{self.gateway.id}/{gen}/{int(lane)}/{seq}"


class Watched(Door):
    """An intake whose accepted events and timers are acted on."""

    def __init__(self, database):
        super().__init__(database)
        watch = LaneWatch(IngestSettings())
        handlers = {EVENT_TASK: tell([watch.on_event]), **watch.handlers()}
        self.loop = Loop(database=database, clock=self.clock, handlers=handlers, on_commit=list)

    def take(self, *messages):
        receipts = super().take(*messages)
        while self.loop.turn():
            pass
        return receipts

    def after(self, seconds):
        self.clock.go_on(seconds)
        while self.loop.turn():
            pass

    def alarms_made(self, count):
        return [self.gateway.say(LOST) for _ in range(count)]

    def heartbeat(self, **heads):
        """What the gateway says next of its lanes; `alarm=Head(...)` in place of where it truly stands."""
        named = dict(self.gateway.heads)
        named |= {Lane[lane.upper()]: head for lane, head in heads.items()}
        told = tuple(LaneHead(lane=lane, seq=head.seq, head=head.hash) for lane, head in sorted(named.items()))
        return self.gateway.say(Heartbeat(heads=told, uptime_s=5, pending=0), subject="")

    def kinds(self):
        return [kind for kind, *_ in self.alarms()]
