"""A winter month in one home, as the meter, the utility and the weather station each know it, and a cloud that hears.

The home, the bills and the temperatures are those of `simulators.cis`, so that all of them agree to the Wh and the
cent; the gateway's words are signed and taken in as real ones are. Only the broker, the relay and the passing of time
are done by hand.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud.assistance import programme_file
from cloud.assistance.service import AssistanceService
from cloud.assistance.settings import AssistanceSettings
from cloud.billing import explained_store, outlook_store, tariff_folder, weather_store
from cloud.billing.explained_store import Look
from cloud.billing.outlook_store import Outlook
from cloud.billing.service import EXPLAIN_TASK, PROJECT_TASK, BillService, bills_told
from cloud.billing.settings import BillSettings
from cloud.billing.weather_table import StationDay
from cloud.cis.service import import_drop
from cloud.customers.model import UsagePoint
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.loop import Loop
from cloud.messaging import store as messages
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import Message
from cloud.messaging.service import Composer
from cloud.readings import service as readings
from cloud.usage.service import UsageService
from simulators.cis import drop, prices, winter
from simulators.cis.books import Books, Home, Rows
from simulators.cis.winter import WinterHome
from tests.fakes_cloud import FakeGateway, HandClock, register
from tests.fakes_messaging import way_out
from wire.events import Event, IntervalReadings, UnusualUse
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.terms import UseKind, UseStage
from wire.units import Quantity

ZONE = ZoneInfo("America/Sao_Paulo")
ANA = Home(usage_point="UP-1", meter="LMP00000001")
CONTRACT, BILL = ANA.named("K"), "B-UP-1-2026-07"
CYCLE = (date(2026, 6, 14), date(2026, 7, 13))
IN_THE_CYCLE, AFTER_IT = date(2026, 7, 8), date(2026, 7, 15)
LIVED_IN = WinterHome(seed=1, zone=ZONE, fault_from=date(2026, 7, 3), fault_until=date(2026, 7, 12))
CONSENTS = (("usage_alerts", "email"), ("billing", "email"), ("assistance", "email"))
POOR = {"cadunico": "true", "income_per_capita_min_wages": "0.4"}
TARIFF = tariff_folder.SHIPPED / f"{prices.TARIFF}.toml"
PROGRAMMES = programme_file.load()
BILL_SETTINGS = BillSettings(again_longest_s=600, attempts=4)


@cache
def energy_wh_on(day: date) -> int:
    return LIVED_IN.energy_wh_on(day)


@cache
def books(on: date, consents: Sequence[tuple[str, str]] = CONSENTS) -> Rows:
    """What the utility's customer system knows on a day."""
    ledger = Books(on=on, since=prices.FIRST_DAY, cycle_day=CYCLE[0].day, facts=POOR, consents=consents)
    return ledger.rows([ANA], lambda _home, day: energy_wh_on(day))


def evening_of(day: date) -> datetime:
    """Nobody's quiet hours."""
    return datetime.combine(day, time(18, 30), ZONE).astimezone(UTC)


def day_of_readings(day: date) -> IntervalReadings:
    hours = list(winter.hours_of(day, ZONE))
    values = tuple(LIVED_IN.energy_wh_in(hour) for hour in hours)
    return IntervalReadings.of(unix_ms(hours[0]), 3_600, Quantity.ENERGY_IMPORT_WH, values)


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def heater_never_stops() -> UnusualUse:
    """What the edge says in the evening of the day it notices."""
    return UnusualUse(
        kind=UseKind.BASE_LOAD,
        stage=UseStage.RAISED,
        began_at_ms=unix_ms(datetime(2026, 7, 7, 4, tzinfo=UTC)),
        noticed_at_ms=unix_ms(datetime(2026, 7, 7, 9, tzinfo=UTC)),
        observed_wh=1_650,
        usual_wh=400,
        period_s=3_600,
        score_milli=1_800,
    )


@dataclass(slots=True)
class Month:
    """The parts of the cloud between what is told and what waits to be sent, driven by hand."""

    database: Database
    folder: Path
    clock: HandClock = field(default_factory=lambda: HandClock(evening_of(IN_THE_CYCLE)))
    gateway: FakeGateway = field(default_factory=FakeGateway)
    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    handed_in: int = 0
    kills: int = 0
    """So many more times everything is lost at the last moment, when help was offered and nothing is committed."""

    def begin(self, *, tariff: str | None = None) -> None:
        """Let the gateway be registered, and the tariff be in its folder, as it is or as a test wants it."""
        register(self.database, self.gateway)
        self.tariffs.mkdir()
        (self.tariffs / TARIFF.name).write_text(tariff or TARIFF.read_text())

    def copied(self, database: Database, folder: Path) -> "Month":
        """The same month going on from here in another place."""
        gateway = FakeGateway(signer=self.gateway.signer, heads=dict(self.gateway.heads))
        month = Month(database, folder, HandClock(self.clock.now()), gateway, self.signer, self.handed_in)
        shutil.copytree(self.tariffs, month.tariffs)
        return month

    @property
    def tariffs(self) -> Path:
        return self.folder / "tariffs"

    def hand_in(self, rows: Rows) -> None:
        """A drop of the customer system, twice, as whoever lost the answer hands it in."""
        self.handed_in += 1
        path = drop.write(self.folder, f"D-{self.handed_in}", rows, self.clock.now())
        for _ in range(2):
            assert import_drop(self.database, path, self.clock, bills_told(BILL_SETTINGS)).is_whole
        self.work()

    def warm(self, last: date) -> None:
        """The weather of the year before, up to a day."""
        told = (
            StationDay(station=winter.STATION, day=day, mean_temp_c=winter.mean_temp_c(day, LIVED_IN.seed))
            for day in days(date(2025, 5, 1), last)
        )
        with self.database.transaction() as connection:
            weather_store.keep(connection, told)

    def hear(self, *events: Event) -> None:
        """Let the gateway's words come in, twice each, as a gateway that missed its receipt sends them."""
        said = [self.gateway.say(event, at=self.clock.now()) for event in events]
        intake = Intake(database=self.database, clock=self.clock, signer=self.signer, on_commit=lambda: None)
        intake.take(said)
        intake.take(said)
        self.work()

    def read(self, first: date, last: date) -> None:
        self.hear(*map(day_of_readings, days(first, last)))

    def go_on(self, until: datetime | None = None) -> None:
        """Until then, and an hour more, with all that falls due on the way."""
        if until is not None:
            self.clock.go_on((until - self.clock.now()).total_seconds())
            self.work()
        for _ in range(6):
            self.clock.go_on(600)
            self.work()

    def work(self) -> None:
        """All that is due now, by parts as they begin after a restart."""
        composer = Composer(Catalogue.load(), "utility.example", way_out)
        assistance = AssistanceService(AssistanceSettings(jurisdiction="BR"), PROGRAMMES, composer)

        def offer(connection: Connection, home: UsagePoint, now: datetime, *, energy_wh: int) -> None:
            assistance.after_explained_bill(connection, home, now, energy_wh=energy_wh)
            if self.kills:
                self.kills -= 1
                raise RuntimeError("killed")

        bills = BillService(BILL_SETTINGS, self.tariffs, composer, offer)
        heard = tell([readings.on_event, UsageService(composer).on_event, bills.on_event])
        handlers = {EVENT_TASK: heard, **bills.handlers()}
        loop = Loop(database=self.database, clock=self.clock, handlers=handlers, on_commit=lambda: None)
        while loop.turn():
            pass

    def messages(self) -> list[Message]:
        """What was composed, the first one first."""
        with self.database.read() as connection:
            return messages.newest(connection, limit=20)[::-1]

    def told(self) -> list[str]:
        """The announcements that wait to be sent, the first one first."""
        return [message.key.template for message in self.messages() if message.letter is not None]

    def outlook(self, on: date = IN_THE_CYCLE) -> Outlook:
        """What is kept of the cycle a day lies in."""
        with self.database.read() as connection:
            found = outlook_store.find(connection, CONTRACT, on)
        assert found is not None
        return found

    def look(self) -> Look:
        """What is kept of the bill of the cycle."""
        with self.database.read() as connection:
            found = explained_store.find(connection, BILL)
        assert found is not None
        return found

    def waiting(self) -> int:
        """How many tasks are still to be done, and how many a person would find parked."""
        with self.database.read() as connection:
            kinds = [EVENT_TASK, EXPLAIN_TASK, PROJECT_TASK]
            left = tasks.due(connection, kinds, self.clock.now() + timedelta(days=30), 100)
            return len(left) + len(tasks.parked(connection))


def asking(rows: Rows, cents: int) -> Rows:
    """The books in which the last bill asks so many cents more."""
    *before, last = rows["bills"]
    total = Decimal(last["total"]) + Decimal(cents).scaleb(-2)
    return rows | {"bills": [*before, last | {"total": str(total)}]}
