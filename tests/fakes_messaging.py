"""Stand-ins for what messages meet: a relay and a look-up that do as they are told, and homes to write to."""

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.customers import table
from cloud.customers.model import Customer, UsagePoint
from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from cloud.messaging.mail import Mail
from cloud.messaging.ports import Delivered, Ending, Presence, Unavailable
from cloud.messaging.service import News

EVENING = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)
PROOF = Source(kind=SourceKind.EVENT, ref="7Z0M4QDA/1/0/2")


@dataclass(slots=True)
class FakeSender:
    """A relay that takes every mail unless told otherwise; `endings` are used up first."""

    endings: deque[Ending] = field(default_factory=deque)
    sent: list[Mail] = field(default_factory=list)
    is_closed: bool = False

    def send(self, mail: Mail) -> Ending:
        self.sent.append(mail)
        return self.endings.popleft() if self.endings else Delivered(answer="250 taken")

    def close(self) -> None:
        self.is_closed = True


@dataclass(slots=True)
class FakeLookup:
    """Knows the mails it was told of; `silent` for as many questions."""

    arrived: set[str] = field(default_factory=set)
    silent: int = 0
    asked: list[str] = field(default_factory=list)

    def find(self, message_id: str) -> Presence | Unavailable:
        self.asked.append(message_id)
        if self.silent:
            self.silent -= 1
            return Unavailable(reason="nobody could be asked")
        return Presence.FOUND if message_id in self.arrived else Presence.ABSENT


def home_of(language: Language = Language.PT_BR, *, name: str = "Ana Souza") -> UsagePoint:
    person = Customer(id=CustomerId("C-1"), name=name, email="ana@example.com", language=language)
    return UsagePoint(
        id=UsagePointId("UP-1"),
        meter=MeterSerial("LMP00000001"),
        customer=person,
        zone=ZoneInfo("America/Sao_Paulo"),
        address="Rua das Flores 12",
        imported_at=EVENING - timedelta(days=30),
    )


def move_in(connection: Connection, home: UsagePoint) -> None:
    """Let the home stand in the database."""
    row = table.Row(
        number=2,
        usage_point=home.id,
        meter=home.meter,
        customer=home.customer.id,
        name=home.customer.name,
        email=home.customer.email,
        language=home.customer.language,
        time_zone=home.zone,
        address=home.address,
    )
    customers.keep(connection, [row], home.imported_at)


def fact(name: str, value: FactValue, *, as_of: datetime = EVENING, ttl: timedelta | None = None) -> Fact:
    return Fact(id=name, value=value, sources=(PROOF,), as_of=as_of, ttl=ttl)


def outage_facts() -> FactSheet:
    """What is known of an outage that lasted 48 minutes."""
    return FactSheet(
        [
            fact("case", "UP-1-1"),
            fact("began_at", EVENING),
            fact("power_is_out", "fair", ttl=timedelta(minutes=15)),
            fact("returned_at", EVENING + timedelta(minutes=48)),
            fact("out_for", timedelta(minutes=48)),
            fact("voltage_mv", 230_600),
            fact("held", timedelta(seconds=60)),
            fact("power_is_back", "proven", ttl=timedelta(hours=6)),
        ]
    )


def outage_news(announcement: str = "power_out", *, home: UsagePoint | None = None, case: str = "UP-1-1") -> News:
    return News(home=home or home_of(), case=case, announcement=announcement, facts=outage_facts())
