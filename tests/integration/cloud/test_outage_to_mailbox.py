"""A home's outage from the gateway's sealed words to the mail in the customer's box, in one process.

The gateway, the intake, the rules, the postman, the SMTP server and its look-up are the real ones; only the broker
between them and the passing of time are done by hand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cloud.ingest.news import EVENT_TASK, tell
from cloud.ingest.service import Intake
from cloud.kernel.db import Database
from cloud.kernel.i18n import Language
from cloud.kernel.loop import Loop
from cloud.messaging import store as messages
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.lookup import HttpLookup
from cloud.messaging.mail import Mail
from cloud.messaging.model import State
from cloud.messaging.ports import Ending
from cloud.messaging.postman import Postman
from cloud.messaging.service import Composer
from cloud.messaging.settings import MailSettings
from cloud.messaging.smtp import SmtpSender
from cloud.outages.service import OutageService
from cloud.readings import service as readings
from simulators.mailbox import Fault, Mailbox, MailboxServer
from tests.fakes_cloud import NOON, FakeGateway, HandClock, fresh_database, register
from tests.fakes_messaging import home_of, move_in, send_into_silence
from tests.fakes_outages import AFTER_A_MINUTE
from tests.fakes_town import BACK, LOST, VERDICT, ms
from tests.ports import free_port
from tests.waiting import SURELY_S
from wire.events import Event, InterruptionAssessed, SupplyLost, SupplyRestored
from wire.keys import SoftwareSigner
from wire.terms import Cause, Grade

SUBJECTS = {
    Language.EN: ["Your power is out: Rua das Flores 12", "Your power is back: Rua das Flores 12"],
    Language.PT_BR: ["Falta de energia: Rua das Flores 12", "A energia voltou: Rua das Flores 12"],
    Language.ES: ["Corte de electricidad: Rua das Flores 12", "Ha vuelto la electricidad: Rua das Flores 12"],
    Language.FR: [
        "Coupure de courant\N{NO-BREAK SPACE}: Rua das Flores 12",
        "Le courant est revenu\N{NO-BREAK SPACE}: Rua das Flores 12",
    ],
}


@dataclass(slots=True)
class Sender:
    """The real one, which does not wait long for a mailbox that is going to hang."""

    smtp: SmtpSender
    mailbox: Mailbox

    def send(self, mail: Mail) -> Ending:
        if self._will_hang():
            return send_into_silence(self.smtp, mail, lambda: not self._will_hang())
        return self.smtp.send(mail)

    def close(self) -> None:
        self.smtp.close()

    def _will_hang(self) -> bool:
        return self.mailbox.answer(["status"])["faults"] == [Fault.HANG.value]


@dataclass(slots=True)
class Cloud:
    """The parts of the cloud between a gateway's words and a relay, driven by hand."""

    database: Database
    mail: MailSettings
    mailbox: Mailbox
    clock: HandClock = field(default_factory=HandClock)
    gateway: FakeGateway = field(default_factory=FakeGateway)
    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)

    def hear(self, *events: Event, said_at: datetime | None = None) -> None:
        """Let the gateway's words come in, twice each, as a gateway that missed its receipt sends them."""
        said = [self.gateway.say(event, at=said_at or self.clock.now()) for event in events]
        intake = Intake(database=self.database, clock=self.clock, signer=self.signer, on_commit=lambda: None)
        intake.take(said)
        intake.take(said)
        self.work()

    def wait(self, seconds: float) -> None:
        self.clock.go_on(seconds)
        self.work()

    def work(self) -> None:
        """All that is due now, by parts as they begin after a restart."""
        outages = OutageService(AFTER_A_MINUTE, Composer(Catalogue.load(), "utility.example"))
        handlers = {EVENT_TASK: tell([readings.on_event, outages.on_event]), **outages.handlers()}
        loop = Loop(database=self.database, clock=self.clock, handlers=handlers, on_commit=lambda: None)
        sender = Sender(SmtpSender(self.mail), self.mailbox)
        postman = Postman(
            database=self.database,
            clock=self.clock,
            sender=sender,
            lookup=HttpLookup(self.mail.reconcile_url, SURELY_S) if self.mail.reconcile_url else None,
            settings=self.mail,
            on_commit=lambda: None,
        )
        while loop.turn() or postman.turn():
            pass
        sender.close()

    def subjects(self) -> list[str]:
        return [kept.subject for kept in self.mailbox.messages()]

    def states(self) -> list[State]:
        with self.database.read() as connection:
            return [message.state for message in reversed(messages.newest(connection, limit=10))]


@contextmanager
def a_cloud(folder: Path, language: Language = Language.PT_BR) -> Iterator[Cloud]:
    mailbox = Mailbox(folder=folder / "mail", clock=HandClock())
    mailbox.open()
    smtp_port, http_port = free_port(), free_port()
    server = MailboxServer(mailbox, smtp_port=smtp_port, http_port=http_port)
    server.start()
    mail = MailSettings(port=smtp_port, timeout_s=SURELY_S, reconcile_url=f"http://127.0.0.1:{http_port}")
    try:
        with fresh_database(folder) as database:
            cloud = Cloud(database, mail, mailbox)
            register(database, cloud.gateway)
            with database.transaction() as connection:
                move_in(connection, home_of(language))
            yield cloud
    finally:
        server.stop()


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with a_cloud(tmp_path) as cloud:
        yield cloud


def outage(began_s: float = 0) -> tuple[SupplyLost, InterruptionAssessed]:
    began_at_ms = ms(began_s)
    return replace(LOST, began_at_ms=began_at_ms), replace(VERDICT, began_at_ms=began_at_ms, grade=Grade.WEAK)


def back(at_s: float, began_s: float = 0) -> SupplyRestored:
    return replace(BACK, began_at_ms=ms(began_s), restored_at_ms=ms(at_s))


@pytest.mark.parametrize("language", Language)
def test_ana_is_told_in_her_language_that_power_is_out_and_that_it_is_back(tmp_path: Path, language: Language) -> None:
    with a_cloud(tmp_path, language) as cloud:
        cloud.hear(*outage())
        cloud.wait(60)
        cloud.wait(540)
        cloud.hear(back(540))
        cloud.wait(3_600)

        assert cloud.subjects() == SUBJECTS[language]
        assert {kept.language for kept in cloud.mailbox.messages()} == {language.value}


@pytest.mark.parametrize(
    "fault", [Fault.LOSE_ANSWER, Fault.DROP, Fault.HANG, Fault.REFUSE_FOR_NOW], ids=lambda fault: fault.value
)
def test_whatever_the_relay_does_each_message_arrives_once(cloud: Cloud, fault: Fault) -> None:
    cloud.mailbox.play(fault, 1)

    cloud.hear(*outage())
    for seconds in (60, 5, 5, 5):
        cloud.wait(seconds)
    cloud.mailbox.play(fault, 1)
    cloud.wait(500)
    cloud.hear(back(500))
    for seconds in (5, 5, 5):
        cloud.wait(seconds)

    assert cloud.subjects() == SUBJECTS[Language.PT_BR]
    assert cloud.states() == [State.DELIVERED, State.DELIVERED]


def test_a_mailbox_that_refuses_for_good_is_written_to_once(cloud: Cloud) -> None:
    cloud.mailbox.play(Fault.REFUSE, 1)

    cloud.hear(*outage())
    cloud.wait(60)
    cloud.hear(back(500))
    cloud.wait(3_600)

    assert cloud.subjects() == []
    assert cloud.states() == [State.REFUSED, State.OVERTAKEN]


def test_an_outage_heard_of_when_it_is_over_is_on_record_and_in_nobodys_mailbox(cloud: Cloud) -> None:
    cloud.clock.go_on(7_200)

    cloud.hear(*outage(), back(1_800), said_at=NOON + timedelta(seconds=1_860))
    cloud.wait(3_600)

    assert cloud.subjects() == []
    assert cloud.states() == []


def test_an_unplugged_gateway_darkens_no_mailbox(cloud: Cloud) -> None:
    lost, verdict = outage()

    cloud.hear(lost, replace(verdict, cause=Cause.GATEWAY_UNPLUGGED))
    cloud.wait(3_600)

    assert cloud.subjects() == []


def test_two_outages_in_one_evening_are_two_stories(cloud: Cloud) -> None:
    cloud.hear(*outage())
    cloud.wait(60)
    cloud.wait(300)
    cloud.hear(back(300))
    cloud.wait(240)

    cloud.hear(*outage(600))
    cloud.wait(60)
    cloud.wait(240)
    cloud.hear(back(880, 600))

    assert cloud.subjects() == 2 * SUBJECTS[Language.PT_BR]
