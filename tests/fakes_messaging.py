"""Stand-ins for what messages meet: a relay and a look-up that do as they are told, and homes to write to."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlalchemy import Connection

from cloud.customers import consent_store, table
from cloud.customers import store as customers
from cloud.customers.consent import Change, Channel, Purpose
from cloud.customers.model import Customer, UsagePoint
from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from cloud.kernel.money import Currency, Money
from cloud.messaging.catalogue import OPT_OUT, TERMS
from cloud.messaging.mail import Mail
from cloud.messaging.model import Announcement
from cloud.messaging.ports import Delivered, Ending, Presence, Unavailable
from cloud.messaging.service import News
from cloud.messaging.smtp import SmtpSender
from tests.ports import free_port
from tests.waiting import SURELY_S, eventually

_WAITS_IN_VAIN_S = (0.25, 1.0, 4.0, 16.0)
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
    """Everything that can be known of a home whose outage lasted 48 minutes."""
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
            fact("measured_at", EVENING + timedelta(seconds=9)),
            fact("nothing_is_drawn", "fair", ttl=timedelta(minutes=15)),
            fact("neighbours_back_at", EVENING + timedelta(minutes=31)),
            fact("no_return_shown", "none", ttl=timedelta(hours=1)),
            fact("cannot_be_seen", "unverified", ttl=timedelta(hours=1)),
        ]
    )


def consented_facts() -> FactSheet:
    """Everything the four messages that need consent can say, but for the way out, as a long but real case has it."""
    brl = Currency.BRL
    return FactSheet(
        [
            fact("use_began_at", EVENING),
            fact("observed_wh", 123_400),
            fact("usual_wh", 10_200),
            fact("use_kind", "base_load"),
            fact("cycle_ends_on", date(2026, 9, 30)),
            fact("projected_low", Money(112_345, brl)),
            fact("projected_high", Money(134_567, brl)),
            fact("usual_bill", Money(101_010, brl)),
            fact("bill_line", Money(105_000, brl)),
            fact("bill_total", Money(123_456, brl)),
            fact("previous_total", Money(101_010, brl)),
            fact("change", Money(22_446, brl)),
            fact("days_part", Money(-3_210, brl)),
            fact("weather_part", Money(9_000, brl)),
            fact("behaviour_part", Money(15_000, brl)),
            fact("price_part", Money(1_000, brl)),
            fact("tax_part", Money(656, brl)),
            fact("bill_from", date(2026, 8, 31)),
            fact("bill_until", date(2026, 9, 30)),
            fact("energy_wh", 1_234_567),
            fact("previous_energy_wh", 987_654),
            fact("programme_name", "Tarifa Social de Energia Elétrica"),
            fact("benefit", "até 65% de desconto na conta."),
            fact("apply_where", "CRAS do seu município"),
            fact("programme_until", date(2026, 12, 31)),
            fact("programme_source", "https://www.gov.example/tarifa-social"),
            fact("read_on", date(2026, 11, 2)),
        ]
    )


def every_fact() -> FactSheet:
    """What any message could be made of, but for whom it goes to."""
    way_out = FactSheet([fact(OPT_OUT, f"https://power.example/stop/C-1~billing~{'x' * 32}")])
    return outage_facts().joined_with(consented_facts()).joined_with(way_out)


SERVICE = [announcement for announcement in Announcement if TERMS[announcement].purpose is None]
CONSENTED = [announcement for announcement in Announcement if TERMS[announcement].purpose is not None]


def way_out(customer: CustomerId, purpose: Purpose) -> str:
    return f"https://power.example/stop/{customer}~{purpose}"


def agree(
    connection: Connection, *purposes: Purpose, at: datetime = EVENING - timedelta(days=9), is_given: bool = True
) -> None:
    """Let the customer of `home_of` say yes, or no, to these purposes by e-mail."""
    for purpose in purposes:
        change = Change(
            customer=CustomerId("C-1"),
            purpose=purpose,
            channel=Channel.EMAIL,
            is_given=is_given,
            at=at,
            by="customer",
            evidence="form 12",
        )
        consent_store.record(connection, change, at)


def consented_news(
    announcement: Announcement = Announcement.HIGH_BILL_EXPLAINED, *, case: str = "UP-1/2026-11"
) -> News:
    return News(home=home_of(), case=case, announcement=announcement, facts=consented_facts())


def outage_news(
    announcement: Announcement = Announcement.POWER_OUT, *, home: UsagePoint | None = None, case: str = "UP-1-1"
) -> News:
    return News(home=home or home_of(), case=case, announcement=announcement, facts=outage_facts())


class Fault(Enum):
    """What a relay can do to a mail instead of taking it, named by when it does so."""

    GREETING_REFUSED = auto()  # 554 instead of 220: it wants nothing to do with us
    BUSY_GREETING = auto()  # 421: too many connections
    SENDER_REFUSED = auto()  # 550 to MAIL
    SENDER_DEFERRED = auto()  # 451 to MAIL
    GONE_AT_MAIL = auto()  # the line drops before the recipient was named
    RECIPIENT_REFUSED = auto()  # 550 to RCPT
    RECIPIENT_DEFERRED = auto()  # 450 to RCPT
    GONE_AT_RCPT = auto()  # the line drops before the text was asked for
    TEXT_REFUSED = auto()  # 554 after the text
    TEXT_DEFERRED = auto()  # 451 after the text
    ANSWER_LOST = auto()  # the mail is kept, and the line drops before the relay says so
    DROPPED_AFTER_TEXT = auto()  # nothing is kept, and the line drops
    SILENT_AFTER_TEXT = auto()  # the mail is kept, and no answer ever comes
    NONSENSE_AFTER_TEXT = auto()  # an answer that is none


@dataclass
class RelayScript:
    """The handler of a real SMTP server: keeps what it takes, and plays the faults it was given, one a mail.

    It has no slots: aiosmtpd looks at every attribute, and Python 3.11.2 leaves one behind there that cannot be read.
    """

    faults: deque[Fault] = field(default_factory=deque)
    kept: list[bytes] = field(default_factory=list)
    connections: int = 0
    logins: list[bytes] = field(default_factory=list)
    is_silent: bool = False

    def _plays(self, *faults: Fault) -> Fault | None:
        return self.faults.popleft() if self.faults and self.faults[0] in faults else None

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        match self._plays(Fault.SENDER_REFUSED, Fault.SENDER_DEFERRED, Fault.GONE_AT_MAIL):
            case Fault.SENDER_REFUSED:
                return "550 5.7.1 not from you"
            case Fault.SENDER_DEFERRED:
                return "451 4.7.1 later"
            case Fault.GONE_AT_MAIL:
                return hang_up(server)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        match self._plays(Fault.RECIPIENT_REFUSED, Fault.RECIPIENT_DEFERRED, Fault.GONE_AT_RCPT):
            case Fault.RECIPIENT_REFUSED:
                return "550 5.1.1 no such mailbox"
            case Fault.RECIPIENT_DEFERRED:
                return "450 4.2.1 try later"
            case Fault.GONE_AT_RCPT:
                return hang_up(server)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Fault.TEXT_REFUSED:
                return "554 5.6.0 not this text"
            case Fault.TEXT_DEFERRED:
                return "451 4.3.0 later"
            case Fault.DROPPED_AFTER_TEXT:
                return hang_up(server)
            case Fault.NONSENSE_AFTER_TEXT:
                return "what was the question"
        assert isinstance(envelope.content, bytes)
        self.kept.append(envelope.content)
        match fault:
            case Fault.ANSWER_LOST:
                return hang_up(server)
            case Fault.SILENT_AFTER_TEXT:
                self.is_silent = True
                await asyncio.sleep(3_600)
        return f"250 2.0.0 kept as {len(self.kept)}"

    def take_login(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        """An authenticator that knows one password."""
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login)
        return AuthResult(success=data.password == b"right", handled=False)  # the server says so, yes or no


class _Relay(SMTP):
    """Refuses in its greeting when the script says so."""

    async def push(self, status: str | bytes) -> None:
        script = self.event_handler
        if str(status).startswith("220 ") and "Ready to start TLS" not in str(status):
            match script._plays(Fault.GREETING_REFUSED, Fault.BUSY_GREETING):
                case Fault.GREETING_REFUSED:
                    status = "554 5.3.2 no service"
                case Fault.BUSY_GREETING:
                    status = "421 4.3.2 too busy"
        await super().push(status)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Relay(self.handler, **self.SMTP_kwargs)


@contextmanager
def relay_of(script: RelayScript, **options: object) -> Iterator[int]:
    """A real SMTP server on a loopback port, which is given."""
    port = free_port()
    controller = _Controller(script, hostname="127.0.0.1", port=port, ready_timeout=SURELY_S, **options)
    controller.start()
    try:
        yield port
    finally:
        controller.stop(no_assert=True)


def send_into_silence(sender: SmtpSender, mail: Mail, is_silent: Callable[[], bool]) -> Ending:
    """Send to a relay that will fall silent, and wait little for its answer.

    A busy machine may not come as far as the text in that time: then it is tried again, and waited for longer. What
    has the text falls silent, however late: it is not sent to again.
    """
    for timeout_s in _WAITS_IN_VAIN_S:
        ending = _send_within(timeout_s, sender, mail)
        if not isinstance(ending, Unavailable):
            eventually(is_silent, what=f"silence instead of {ending}")
            break
    _wait_for_answers(SURELY_S, sender)
    return ending


def _send_within(timeout_s: float, sender: SmtpSender, mail: Mail) -> Ending:
    _wait_for_answers(timeout_s, sender)
    return sender.send(mail)


def _wait_for_answers(timeout_s: float, sender: SmtpSender) -> None:
    sender._settings = replace(sender._settings, timeout_s=timeout_s)
    if sender._relay is not None and sender._relay.sock is not None:
        sender._relay.sock.settimeout(timeout_s)


def hang_up(server: SMTP) -> str:
    """Drop the line at once; what is returned is never seen."""
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()
    return "421 gone"
