"""A cloud with homes in it, filled through the real doors: signed events into the real intake, the real rules, the
real messages; and the page's application over it."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import httpx
from starlette.types import ASGIApp

from cloud.customers import service as customers
from cloud.ingest.alarm_desk import AlarmDesk
from cloud.ingest.lane_watch import LaneWatch
from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake, Message
from cloud.ingest.settings import IngestSettings
from cloud.kernel.access import Access
from cloud.kernel.bell import Bell
from cloud.kernel.db import Database
from cloud.kernel.ids import MeterSerial, UsagePointId
from cloud.kernel.loop import Loop
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.mail import Mail
from cloud.messaging.ports import Delivered, Ending
from cloud.messaging.postman import Postman
from cloud.messaging.service import Composer
from cloud.messaging.settings import MailSettings
from cloud.outages.area_service import AreaService, look_again
from cloud.outages.service import OutageService
from cloud.readings import service as readings
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from cloud.usage.service import UsageService
from cloud.web.links import CustomerLinks
from cloud.web.services import Services
from cloud.web.settings import WebSettings
from tests.fakes_cloud import FakeGateway, HandClock, fresh_database
from tests.fakes_outages import AFTER_A_MINUTE
from wire.events import (
    Event,
    Evidence,
    Heartbeat,
    InterruptionAssessed,
    IntervalReadings,
    RegisterReadings,
    SupplyLost,
    SupplyRestored,
)
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.keys import SoftwareSigner
from wire.terms import Cause, Disconnector, EvidenceKind, Grade, Stage
from wire.units import Quantity

TOKEN: Final = "a-token-that-only-this-test-knows-0123456789"
EVENING: Final = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)  # 20:00 in São Paulo
HOURS_READ: Final = 7 * 24
_COLUMNS: Final = "usage_point,meter,customer,name,email,language,time_zone,address\n"
_NIGHT_WH: Final = (210, 190, 180, 175, 180, 240)
_DAY_WH: Final = (520, 760, 540, 380, 350, 420, 610, 480, 360, 340, 390, 640)
_EVENING_WH: Final = (1180, 1740, 1620, 1240, 760, 380)
_HOURS_WH: Final = (*_NIGHT_WH, *_DAY_WH, *_EVENING_WH)


@dataclass(slots=True, kw_only=True)
class FakeSender:
    """A relay that ends every send as it was told to."""

    ending: Ending = field(default_factory=lambda: Delivered(answer="250 2.0.0 queued"))
    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> Ending:
        self.sent.append(mail)
        return self.ending

    def close(self) -> None:
        pass


@dataclass(kw_only=True)
class Town:
    """Homes with gateways that speak to a real cloud, by a clock turned by hand."""

    database: Database
    folder: Path
    clock: HandClock = field(default_factory=lambda: HandClock(EVENING))
    bell: Bell = field(default_factory=Bell)
    links: CustomerLinks = field(default_factory=lambda: CustomerLinks(bytes(32)))
    sender: FakeSender = field(default_factory=FakeSender)
    gateways: dict[str, FakeGateway] = field(default_factory=dict)
    is_open: bool = False

    def __post_init__(self) -> None:
        composer = Composer(Catalogue.load(), "utility.example", self.links.way_out("https://power.example"))
        homes = OutageService(AFTER_A_MINUTE, composer, look_again(AFTER_A_MINUTE))
        self._areas = AreaService(AFTER_A_MINUTE, homes)
        watch = LaneWatch(IngestSettings())
        listeners = [
            watch.on_event,
            readings.on_event,
            homes.on_event,
            self._areas.on_event,
            UsageService(composer).on_event,
        ]
        handlers = {EVENT_TASK: tell(listeners), **watch.handlers(), **homes.handlers(), **self._areas.handlers()}
        self._intake = Intake(
            database=self.database, clock=self.clock, signer=SoftwareSigner.generate(), on_commit=self.bell.ring
        )
        self._loop = Loop(database=self.database, clock=self.clock, handlers=handlers, on_commit=self.bell.ring)
        self._postman = Postman(
            database=self.database,
            clock=self.clock,
            sender=self.sender,
            lookup=None,
            settings=MailSettings(),
            on_commit=self.bell.ring,
        )

    def services(self) -> Services:
        return Services(
            database=self.database,
            clock=self.clock,
            access=Access(token=TOKEN, host_names=["testserver"], is_open=self.is_open),
            links=self.links,
            bell=self.bell,
            settings=WebSettings(),
            close_case=self._areas.close,
            alarms=AlarmDesk(self._intake.batch),
            on_commit=self.bell.ring,
        )

    def settle_in(
        self,
        usage_point: str,
        *,
        name: str = "Clara Nogueira",
        language: str = "pt-BR",
        zone: str = "America/Sao_Paulo",
        address: str = "Rua das Laranjeiras 120, Rio de Janeiro",
    ) -> FakeGateway:
        """Let a customer live there, with a gateway beside the meter."""
        number = len(self.gateways) + 1
        meter = f"LMP{number:08d}"
        gateway = FakeGateway(meter=meter)
        self.gateways[usage_point] = gateway
        row = f'{usage_point},{meter},C-{number},{name},home{number}@example.org,{language},{zone},"{address}"\n'
        customers.import_data(self.database, (_COLUMNS + row).encode(), self.clock)
        self._register(gateway, usage_point)
        return gateway

    def hear(self, gateway: FakeGateway, *events: Event) -> None:
        """Take in what a gateway says now, and do what follows from it."""
        self.take([gateway.say(event, at=self.clock.now()) for event in events])

    def take(self, messages: Sequence[Message]) -> None:
        self._intake.take(messages)
        self.work()

    def work(self) -> None:
        """Do everything that is due."""
        while self._loop.turn() or self._postman.turn():
            pass

    def go_on(self, seconds: float) -> None:
        self.clock.go_on(seconds)
        self.work()

    # What gateways say

    def read_registers(self, gateway: FakeGateway, *, voltage_mv: int = 229_140) -> None:
        values = (
            (Quantity.ENERGY_IMPORT_WH, 12_345_678),
            (Quantity.ENERGY_EXPORT_WH, 0),
            (Quantity.POWER_IMPORT_W, 1_240),
            (Quantity.VOLTAGE_L1_MV, voltage_mv),
            (Quantity.POWER_FAILURES, 12),
            (Quantity.DISCONNECTOR, int(Disconnector.CLOSED)),
        )
        self.hear(gateway, RegisterReadings(at_ms=self.now_ms(), values=values))

    def read_a_week(self, gateway: FakeGateway) -> None:
        hour = self.clock.now().replace(minute=0, second=0, microsecond=0)
        for day in range(7, 0, -1):
            start = hour - timedelta(days=day)
            values = tuple(
                _HOURS_WH[(start.hour - 3 + at) % 24] * (90 + (day * 7 + at * 13) % 25) // 100 for at in range(24)
            )
            event = IntervalReadings.of(unix_ms(start), 3_600, Quantity.ENERGY_IMPORT_WH, values)
            self.hear(gateway, event)

    def beat(self, gateway: FakeGateway) -> None:
        self.hear(gateway, Heartbeat(heads=(), uptime_s=86_000, pending=0))

    def lose(self, gateway: FakeGateway) -> int:
        """The supply goes; returns when, in milliseconds."""
        began_ms = self.now_ms()
        self.clock.go_on(4)
        self.hear(gateway, SupplyLost(began_at_ms=began_ms, input_mv=180))
        return began_ms

    def judge(self, gateway: FakeGateway, began_ms: int, *, stage: Stage = Stage.CONFIRMED) -> None:
        self.clock.go_on(3)
        evidence = (
            Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=200),
            Evidence(kind=EvidenceKind.INPUT_VOLTAGE, value=180, age_ms=200),
            Evidence(kind=EvidenceKind.METER_ANSWERS, value=0, age_ms=1_400),
        )
        self.hear(
            gateway,
            InterruptionAssessed(
                began_at_ms=began_ms, cause=Cause.SUPPLY_INTERRUPTED, stage=stage, grade=Grade.STRONG, evidence=evidence
            ),
        )

    def restore(self, gateway: FakeGateway, began_ms: int) -> None:
        restored_ms = self.now_ms()
        self.clock.go_on(62)
        self.hear(
            gateway,
            SupplyRestored(
                began_at_ms=began_ms,
                restored_at_ms=restored_ms,
                held_s=60,
                voltages_mv=(228_900,),
                disconnector=Disconnector.CLOSED,
                power_failures=13,
            ),
        )

    def live_through_an_outage(self, gateway: FakeGateway, *, minutes: float = 42) -> None:
        """From the loss to the proof of return, the customer told of both."""
        began_ms = self.lose(gateway)
        self.judge(gateway, began_ms)
        self.go_on(90)
        self.go_on(minutes * 60 - 97)
        self.restore(gateway, began_ms)

    def now_ms(self) -> int:
        return unix_ms(self.clock.now())

    def _register(self, gateway: FakeGateway, usage_point: str) -> None:
        row = Gateway(
            id=GatewayId(gateway.id),
            key=gateway.public,
            places=(Place(usage_point=UsagePointId(usage_point), meter=MeterSerial(gateway.meter)),),
            status=Status.ACTIVE,
            status_reason="",
            added_at=self.clock.now(),
        )
        with self.database.transaction() as connection:
            registry.add(connection, row, password_hash=f"$7$101${usage_point}$AAAA")


@contextmanager
def a_town(folder: Path, *, is_open: bool = False) -> Iterator[Town]:
    """An empty town on an empty database."""
    with fresh_database(folder) as database:
        yield Town(database=database, folder=folder, is_open=is_open)


class Browser:
    """Asks an application for pages without a socket, one after the other, and follows no redirect."""

    def __init__(self, app: ASGIApp, headers: dict[str, str] | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://testserver", headers=headers
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._client.aclose())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def get(self, path: str, **request: Any) -> httpx.Response:
        return self.request("GET", path, **request)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.request("POST", path, **request)

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        self._client.cookies.clear()  # what a test wants to send, it says
        return self._loop.run_until_complete(self._client.request(method, path, **request))
