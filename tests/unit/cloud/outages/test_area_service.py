"""From events of several homes to outages on the tree, their timers and whom is written to, in one transaction each."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

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
from cloud.outages.area_evidence import homes_of
from cloud.outages.area_model import Mark, Outage, Standing
from cloud.outages.area_service import AreaService, look_again, look_at
from cloud.outages.service import CloseRefused, NoOpenCase, OutageService
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import LIVE_MV
from cloud.readings import service as readings
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from tests.fakes_cloud import NOON, FakeGateway, HandClock, fresh_database
from tests.fakes_feeder import device, feeder_of, homes_at
from tests.fakes_messaging import home_of, move_in
from wire.envelope import parse
from wire.events import (
    Cause,
    Disconnector,
    Event,
    Evidence,
    EvidenceKind,
    Grade,
    InterruptionAssessed,
    RegisterReadings,
    Stage,
    SupplyLost,
    SupplyRestored,
)
from wire.instants import unix_ms
from wire.record import ClockSource, decode_record
from wire.units import Quantity

DARK = (Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=2_000),)
STREET = ("UP-1", "UP-2", "UP-3", "UP-4", "UP-5", "UP-6")
FEEDER = DeviceId("F-1")


def ms(seconds: float) -> int:
    return unix_ms(NOON + timedelta(seconds=seconds))


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
            self.hear(home, SupplyLost(began_at_ms=ms(began_s), input_mv=0))
            verdict = InterruptionAssessed(
                began_at_ms=ms(began_s),
                cause=Cause.SUPPLY_INTERRUPTED,
                stage=Stage.CONFIRMED,
                grade=Grade.FAIR,
                evidence=DARK,
            )
            self.hear(home, verdict)
        return self

    def restore(self, *homes: str, began_s: float = 0) -> "Street":
        back = SupplyRestored(
            began_at_ms=ms(began_s),
            restored_at_ms=unix_ms(self.clock.now()) - 60_000,
            held_s=60,
            voltages_mv=(230_600,),
            disconnector=Disconnector.CLOSED,
            power_failures=4,
        )
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


def settle(connection: Connection, number: int, home: str, gateway: FakeGateway) -> None:
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


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with fresh_database(tmp_path) as database:
        settings = OutageSettings()
        service = OutageService(settings, Composer(Catalogue.load(), "utility.example"), look_again(settings))
        made = Street(database, HandClock(), service, AreaService(settings, service))
        tree = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET))
        with database.transaction() as connection:
            for number, home in enumerate(STREET):
                made.gateways[home] = FakeGateway(meter=f"LMP0000010{number}")
                settle(connection, number, home, made.gateways[home])
            grid.keep_trees(connection, [tree])
        yield made


@contextmanager
def counted_statements() -> Iterator[Counter[str]]:
    counts: Counter[str] = Counter()

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        counts[statement.split(maxsplit=1)[0]] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def test_a_dark_street_becomes_one_outage_after_the_gathering_time(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4")
    assert street.outages() == []

    street.wait_until(6)

    (outage,) = street.outages()
    assert (outage.device, outage.began_at) == ("T-0101", NOON)
    assert [street.standing(home) for home in STREET] == [Standing.OUT] * 4 + [Standing.UNVERIFIED] * 2


def test_of_each_home_it_is_known_when_its_sense_fell_and_which_case_is_over(street: Street) -> None:
    street.hear("UP-1", SupplyLost(began_at_ms=ms(0), input_mv=0))
    street.lose("UP-2").wait_until(600).restore("UP-2")

    with street.database.read() as connection:
        homes = homes_of(connection, FEEDER, street.clock.now(), OutageSettings())

    assert [homes[UsagePointId(name)].suspected_at for name in ("UP-1", "UP-2", "UP-3")] == [NOON, None, None]
    back = homes[UsagePointId("UP-2")]
    assert (back.out_since, back.was_out_since, back.returned_case) == (None, NOON, 1)


def test_a_burst_costs_one_survey(street: Street) -> None:
    street.lose(*STREET)

    with street.database.read() as connection:
        due = tasks.due(connection, ["area.look"], NOON + timedelta(seconds=60), 100)
    assert [task.key for task in due] == [FEEDER]


def test_a_survey_asks_the_same_number_of_questions_whatever_its_homes(street: Street) -> None:
    street.lose("UP-1")
    with street.database.transaction() as connection, counted_statements() as of_one:
        street.areas._survey(connection, FEEDER, street.clock.now())
    street.wait_until(600).lose(*STREET[1:]).restore("UP-1")

    with street.database.transaction() as connection, counted_statements() as of_all:
        street.areas._survey(connection, FEEDER, street.clock.now())

    assert of_one["SELECT"] <= of_all["SELECT"] <= 9


def test_the_night_of_the_street(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600).deliver()
    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000).deliver()

    assert [outage.device for outage in street.outages()] == ["T-0101", "UP-2"]
    assert street.outages()[1].within == 1
    assert street.standing("UP-2", 1) is Standing.ELSEWHERE

    street.restore("UP-2")
    street.read("UP-5")
    street.read("UP-6")
    street.wait_until(1_100)

    assert street.outages() == []
    assert street.told() == [
        ("UP-1", "power_back"),
        ("UP-1", "power_out"),
        ("UP-2", "power_back"),
        ("UP-2", "power_out"),
        ("UP-2", "still_out"),
        ("UP-3", "power_back"),
        ("UP-3", "power_out"),
        ("UP-4", "power_back"),
        ("UP-4", "power_out"),
        ("UP-5", "power_check"),
        ("UP-6", "power_check"),
    ]
    assert street.marks(1) == [
        Mark.OPENED,
        Mark.FIRST_BACK,
        Mark.FOUND_WITHIN,
        Mark.RESTORED,
        Mark.ASKED,
        Mark.ASKED,
        Mark.CLOSED,
    ]
    assert street.marks(2) == [Mark.OPENED, Mark.STILL_OUT, Mark.FIRST_BACK, Mark.CLOSED]


def test_a_customer_who_was_never_reached_is_not_noted_as_told_that_it_goes_on(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600)

    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000)

    assert ("UP-2", "still_out") not in street.told()
    assert Mark.STILL_OUT not in street.marks(2)


def test_a_question_that_waits_is_void_once_the_meter_shows_a_voltage(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(1_000)
    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is None

    street.read("UP-6")
    street.wait_until(1_010)

    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is not None


@pytest.mark.parametrize(("voltage_mv", "standing"), [(LIVE_MV, Standing.BACK), (LIVE_MV - 1, Standing.UNVERIFIED)])
def test_power_to_the_case_book_is_power_to_an_outage(street: Street, voltage_mv: int, standing: Standing) -> None:
    street.lose(*STREET[:5]).wait_until(600)

    street.read("UP-6", voltage_mv)
    street.wait_until(610)

    assert street.standing("UP-6") is standing


def test_a_question_that_waits_is_void_once_a_person_closes_the_home(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(1_000)

    street.close("UP-6")

    (question,) = [message for message in street.messages() if message.usage_point == "UP-6"]
    assert question.overtaken_at is not None


def test_a_return_timed_by_a_clock_that_was_not_set_is_no_younger_than_when_it_was_heard(street: Street) -> None:
    street.lose("UP-1").wait_until(600)
    heard_at, early = street.clock.now(), timedelta(minutes=20)
    back = SupplyRestored(
        began_at_ms=ms(0),
        restored_at_ms=unix_ms(heard_at + early),
        held_s=60,
        voltages_mv=(230_600,),
        disconnector=Disconnector.CLOSED,
        power_failures=4,
    )

    street.hear("UP-1", back, ahead=early)

    with street.database.read() as connection:
        homes = homes_of(connection, FEEDER, heard_at + 2 * early, OutageSettings())
    proof = homes[UsagePointId("UP-1")].proof
    assert proof is not None
    assert proof.at == heard_at


def test_a_home_that_moves_to_another_feeder_takes_its_outage_along(street: Street) -> None:
    street.lose("UP-1").wait_until(600)
    other = feeder_of([device("T-9", "F-9")], homes_at("T-9", "UP-1"), "F-9")
    rest = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET[1:]))
    street.connect(rest)

    street.connect(other)
    street.wait_until(620)

    assert street.outages() == []
    assert street.outage(2).feeder == "F-9"


def test_a_feeder_that_becomes_a_part_of_another_leaves_no_outage_behind(street: Street) -> None:
    street.lose(*STREET).wait_until(600)
    whole = feeder_of([device("F-1", "F-9"), device("T-0101", "F-1")], homes_at("T-0101", *STREET), "F-9")

    street.connect(whole)
    street.wait_until(620)

    assert street.outages() == []
    assert (street.marks(1)[-1], street.outage(2).feeder) == (Mark.CLOSED, "F-9")


def test_nothing_is_left_to_wake_for_once_all_is_over(street: Street) -> None:
    street.lose("UP-1", "UP-2").wait_until(600)
    street.restore("UP-1", "UP-2")
    for home in STREET[2:]:
        street.read(home)
    street.wait_until(620)

    assert street.outages() == []
    with street.database.read() as connection:
        assert tasks.next_due_at(connection, street.areas.handlers()) is None


def test_a_reading_without_a_voltage_worth_the_name_verifies_nothing(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.read("UP-6", voltage_mv=3_000)
    street.wait_until(620)
    assert street.standing("UP-6") is Standing.UNVERIFIED

    street.read("UP-6")
    street.wait_until(630)
    assert street.outages() == []


def test_a_reading_of_a_member_who_is_verified_costs_no_survey(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.read("UP-1")

    with street.database.read() as connection:
        assert tasks.due(connection, ["area.look"], NOON + timedelta(days=1), 10) == []


def test_an_unchanged_world_writes_nothing(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    known, lines = street.outage(1), street.marks(1)

    with street.database.transaction() as connection:
        street.areas.look_again(connection, UsagePointId("UP-1"), street.clock.now())
    with counted_statements() as counts:
        street.wait_until(610)

    assert (street.outage(1), street.marks(1)) == (known, lines)
    assert counts["INSERT"] == 0


def test_a_person_closes_an_unverified_home_with_a_reason(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)
    street.restore(*STREET[:5]).wait_until(610)

    street.close("UP-6")
    street.wait_until(620)

    (member,) = street.outage(1).of(Standing.CLOSED)
    assert (member.usage_point, member.closed_by, member.close_reason) == ("UP-6", "Rui", "seen from the street")
    assert street.outages() == []
    assert street.marks(1)[-2:] == [Mark.MEMBER_CLOSED, Mark.CLOSED]


def test_a_person_closes_a_homes_own_case(street: Street) -> None:
    street.lose("UP-1", "UP-2").wait_until(600)

    street.close("UP-1")
    street.wait_until(610)

    assert street.standing("UP-1") is Standing.CLOSED


def test_a_home_with_nothing_open_is_not_closed(street: Street) -> None:
    with pytest.raises(NoOpenCase):
        street.close("UP-1")


def test_an_unverified_home_is_not_closed_without_a_reason(street: Street) -> None:
    street.lose(*STREET[:5]).wait_until(600)

    with pytest.raises(CloseRefused):
        street.close("UP-6", reason=" ")


def test_homes_without_a_place_on_the_grid_have_cases_and_no_outage(street: Street) -> None:
    tree = feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET[1:]))
    with street.database.transaction() as connection:
        grid.keep_trees(connection, [tree])

    street.lose("UP-1").wait_until(600)

    assert street.outages() == []
    assert street.told() == [("UP-1", "power_out")]


def test_the_outage_of_a_home_is_the_one_it_is_in_now(street: Street) -> None:
    street.lose("UP-1", "UP-2", "UP-3", "UP-4").wait_until(600)
    street.restore("UP-1", "UP-3", "UP-4").wait_until(1_000)

    with street.database.read() as connection:
        found = {home: area_store.of_home(connection, home) for home in ("UP-1", "UP-2", "UP-9")}
        newest = [outage.number for outage in area_store.newest(connection, limit=5)]

    assert {home: outage and outage.number for home, outage in found.items()} == {"UP-1": 1, "UP-2": 2, "UP-9": None}
    assert newest == [2, 1]
