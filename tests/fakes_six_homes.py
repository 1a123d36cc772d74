"""Six homes on one transformer: events of their gateways in; cases, outages on the tree and messages out."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from pathlib import Path

from sqlalchemy import Connection

from cloud.grid import store as grid
from cloud.grid.model import Tree
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.ids import CustomerId, DeviceId, EventId, MeterSerial, UsagePointId
from cloud.kernel.loop import Handler, Loop
from cloud.messaging import store as messages
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import Message, State
from cloud.messaging.service import Composer
from cloud.outages import area_store
from cloud.outages.area_model import Mark, Outage, Standing
from cloud.outages.area_service import AreaService, look_again, look_at
from cloud.outages.service import OutageService
from cloud.outages.settings import OutageSettings
from cloud.readings import service as readings
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from tests.fakes_cloud import NOON, FakeGateway, HandClock, fresh_database
from tests.fakes_feeder import device, feeder_of, homes_at
from tests.fakes_messaging import home_of, move_in
from tests.fakes_town import BACK, LOST, VERDICT, ms
from wire.envelope import parse
from wire.events import Event, RegisterReadings
from wire.instants import unix_ms
from wire.record import ClockSource, decode_record
from wire.units import Quantity

STREET = ("UP-1", "UP-2", "UP-3", "UP-4", "UP-5", "UP-6")
FEEDER = DeviceId("F-1")


@dataclass(slots=True)
class Street:
    """Six homes on one transformer, a gateway each, and the loop that drives their rules."""

    database: Database
    clock: HandClock
    service: OutageService
    areas: AreaService
    gateways: dict[str, FakeGateway] = field(default_factory=dict)

    def now_s(self) -> float:
        return (self.clock.now() - NOON).total_seconds()

    def hear(self, home: str, said: Event, *, ahead: timedelta = timedelta()) -> None:
        """Let a home's gateway say something now, and the cloud act on it; `ahead` is how wrong its clock is."""
        now, gateway = self.clock.now(), self.gateways[home]
        record = decode_record(parse(gateway.say(said, at=now + ahead).payload).payload)
        if ahead:
            record = replace(record, stamp=replace(record.stamp, source=ClockSource.NONE))
        link = record.link
        event_id = EventId(gateway=link.gateway, gen=link.gen, lane=int(link.lane), seq=link.seq)
        stored = StoredEvent(arrival=1, id=event_id, record=record, received_at=now)
        with self.database.transaction() as connection:
            for act in (readings.on_event, self.service.on_event, self.areas.on_event):
                act(connection, stored, now)

    def lose(self, *homes: str, began_s: float = 0) -> "Street":
        for home in homes:
            self.hear(home, replace(LOST, began_at_ms=ms(began_s)))
            self.hear(home, replace(VERDICT, began_at_ms=ms(began_s)))
        return self

    def restore(self, *homes: str, began_s: float = 0) -> "Street":
        restored_at_ms = unix_ms(self.clock.now()) - 60_000
        back = replace(BACK, began_at_ms=ms(began_s), restored_at_ms=restored_at_ms)
        for home in homes:
            self.hear(home, back)
        return self

    def read(self, home: str, voltage_mv: int = 230_000) -> None:
        """Let a home's own meter read a voltage now."""
        values = ((Quantity.ENERGY_IMPORT_WH, 5_000), (Quantity.VOLTAGE_L1_MV, voltage_mv))
        self.hear(home, RegisterReadings(at_ms=unix_ms(self.clock.now()), values=values))

    def wait_until(self, at_s: float) -> "Street":
        """Let story time pass; what falls due is done when it does."""
        handlers = {**self.service.handlers(), **self.areas.handlers()}
        loop = Loop(database=self.database, clock=self.clock, handlers=handlers, on_commit=lambda: None)
        while (due_s := self._next_due_s(handlers)) <= at_s:
            self.clock.go_on(max(0.0, due_s - self.now_s()))
            loop.turn()
        self.clock.go_on(at_s - self.now_s())
        return self

    def _next_due_s(self, handlers: Mapping[str, Handler]) -> float:
        with self.database.read() as connection:
            due_at = tasks.next_due_at(connection, handlers)
        return inf if due_at is None else (due_at - NOON).total_seconds()

    def outages(self) -> list[Outage]:
        with self.database.read() as connection:
            return area_store.open_of(connection, FEEDER)

    def outage(self, number: int) -> Outage:
        with self.database.read() as connection:
            found = area_store.find(connection, number)
        assert found is not None
        return found

    def standing(self, home: str, number: int = 1) -> Standing:
        return {str(member.usage_point): member.standing for member in self.outage(number).members}[home]

    def marks(self, number: int) -> list[Mark]:
        with self.database.read() as connection:
            return [line.mark for line in reversed(area_store.timeline(connection, number))]

    def deliver(self) -> "Street":
        """Let the mails that wait be delivered."""
        with self.database.transaction() as connection:
            for message in messages.newest(connection, state=State.QUEUED, limit=100):
                messages.save_standing(connection, replace(message, state=State.DELIVERED))
        return self

    def messages(self) -> list[Message]:
        with self.database.read() as connection:
            return messages.newest(connection, limit=100)

    def told(self) -> list[tuple[str, str]]:
        """What was delivered, or waits to be."""
        out = (message for message in self.messages() if message.state in {State.QUEUED, State.DELIVERED})
        return sorted((str(message.usage_point), message.key.template) for message in out)

    def connect(self, tree: Tree) -> None:
        """Import a feeder."""
        with self.database.transaction() as connection:
            grid.keep_trees(connection, [tree])
            look_at(OutageSettings())(connection, [FEEDER, tree.feeder], self.clock.now())

    def close(self, home: str, reason: str = "seen from the street") -> None:
        with self.database.transaction() as connection:
            self.areas.close(connection, UsagePointId(home), "Rui", reason, self.clock.now())


@contextmanager
def street_in(folder: Path) -> Iterator[Street]:
    """The street, on a database that lies in the folder."""
    with fresh_database(folder) as database:
        settings = OutageSettings()
        service = OutageService(settings, Composer(Catalogue.load(), "utility.example"), look_again(settings))
        made = Street(database, HandClock(), service, AreaService(settings, service))
        tree = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET))
        with database.transaction() as connection:
            for number, home in enumerate(STREET):
                made.gateways[home] = FakeGateway(meter=f"LMP0000010{number}")
                _settle(connection, number, home, made.gateways[home])
            grid.keep_trees(connection, [tree])
        yield made


def _settle(connection: Connection, number: int, home: str, gateway: FakeGateway) -> None:
    """A home with its customer and its gateway."""
    known = home_of()
    person = replace(known.customer, id=CustomerId(f"C-{number}"))
    move_in(connection, replace(known, id=UsagePointId(home), meter=MeterSerial(gateway.meter), customer=person))
    place = Place(usage_point=UsagePointId(home), meter=MeterSerial(gateway.meter))
    registered = Gateway(
        id=gateway.id,
        key=gateway.public,
        places=(place,),
        status=Status.ACTIVE,
        status_reason="",
        added_at=NOON,
    )
    registry.add(connection, registered, password_hash="$7$101$AAAA$AAAA")
