"""A town of a few homes behind one gateway: accepted events in, cases and messages out, with every timer between."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from cloud.ingest.store import StoredEvent
from cloud.kernel.db import Database
from cloud.kernel.ids import EventId, UsagePointId
from cloud.kernel.loop import Loop
from cloud.messaging import store as messages
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import Message, State
from cloud.messaging.service import Composer
from cloud.outages import store
from cloud.outages.model import Phase, Remark
from cloud.outages.service import OutageService
from tests.fakes_cloud import NOON, FakeGateway, HandClock, fresh_database, register
from tests.fakes_messaging import home_of, move_in
from tests.fakes_outages import AFTER_A_MINUTE, AWAY
from wire.envelope import parse
from wire.events import Event, InterruptionAssessed, SupplyLost, SupplyRestored
from wire.instants import unix_ms
from wire.record import ClockSource, decode_record
from wire.terms import Cause, Disconnector, Grade, Stage


def ms(seconds: float) -> int:
    return unix_ms(NOON + timedelta(seconds=seconds))


LOST = SupplyLost(began_at_ms=ms(0), input_mv=0)
VERDICT = InterruptionAssessed(
    began_at_ms=ms(0), cause=Cause.SUPPLY_INTERRUPTED, stage=Stage.CONFIRMED, grade=Grade.FAIR, evidence=(AWAY,)
)
BACK = SupplyRestored(
    began_at_ms=ms(0),
    restored_at_ms=ms(2_880),
    held_s=60,
    voltages_mv=(230_600,),
    disconnector=Disconnector.CLOSED,
    power_failures=4,
)


@dataclass(slots=True)
class Town:
    """Homes behind one gateway, the first of them UP-1, and the loop that drives their rules."""

    database: Database
    clock: HandClock
    gateway: FakeGateway
    service: OutageService
    changed: list[UsagePointId] = field(default_factory=list)

    def hear(self, event: Event, *, source: ClockSource = ClockSource.NTP, subject: str | None = None) -> None:
        """Let the gateway say something now, and the cloud act on it."""
        now = self.clock.now()
        message = self.gateway.say(event, at=now, subject=subject)
        record = decode_record(parse(message.payload).payload)
        record = replace(record, stamp=replace(record.stamp, source=source))
        link = record.link
        event_id = EventId(gateway=link.gateway, gen=link.gen, lane=int(link.lane), seq=link.seq)
        stored = StoredEvent(arrival=1, id=event_id, record=record, received_at=now)
        with self.database.transaction() as connection:
            self.service.on_event(connection, stored, now)

    def wait(self, seconds: float) -> None:
        """Let story time pass, and the timers that fall due be heard."""
        self.clock.go_on(seconds)
        loop = Loop(database=self.database, clock=self.clock, handlers=self.service.handlers(), on_commit=lambda: None)
        loop.turn()

    def messages(self) -> list[Message]:
        with self.database.read() as connection:
            return list(reversed(messages.newest(connection, limit=10)))

    def phase(self) -> Phase:
        with self.database.read() as connection:
            return store.load_state(connection, home_of().id, self.gateway.meter).phase

    def timeline(self) -> list[Remark]:
        """What happened to the first home, in its order."""
        with self.database.read() as connection:
            return [line.remark for line in reversed(store.timeline(connection, home_of().id, limit=20))]

    def deliver(self) -> None:
        """Let the mails that wait be delivered."""
        with self.database.transaction() as connection:
            for message in messages.newest(connection, state=State.QUEUED, limit=10):
                messages.save_standing(connection, replace(message, state=State.DELIVERED))


@contextmanager
def town_in(folder: Path) -> Iterator[Town]:
    """A town whose database lies in the folder."""
    with fresh_database(folder) as database:
        gateway = FakeGateway()
        register(database, gateway)
        with database.transaction() as connection:
            move_in(connection, home_of())
        changed: list[UsagePointId] = []
        service = OutageService(
            AFTER_A_MINUTE,
            Composer(Catalogue.load(), "utility.example"),
            lambda _connection, usage_point, _now: changed.append(usage_point),
        )
        yield Town(database, HandClock(), gateway, service, changed)
