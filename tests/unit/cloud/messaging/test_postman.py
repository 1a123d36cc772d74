"""The postman: each message once, whatever the relay, the look-up or a restart does."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from cloud.kernel.db import Database
from cloud.messaging import service, store
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.mail import Mail
from cloud.messaging.model import Message, State, Turn
from cloud.messaging.ports import Delivered, Ending, Refused, Unavailable, Unknown
from cloud.messaging.postman import MAX_LOST_ANSWERS, Postman
from cloud.messaging.service import Composer, News
from cloud.messaging.settings import MailSettings
from tests.fakes_cloud import HandClock, fresh_database
from tests.fakes_messaging import EVENING, FakeLookup, FakeSender, home_of, outage_news
from tests.waiting import SURELY_S, eventually

CATALOGUE = Catalogue.load()
LOST = Unknown(reason="the relay's answer was lost")
BUSY = Unavailable(reason="451 later")


class Killed(BaseException):
    """kill -9 in the midst of sending."""


@dataclass(slots=True)
class DyingSender(FakeSender):
    """Hands the mail over, and then the program is killed."""

    def send(self, mail: Mail) -> Ending:
        self.sent.append(mail)
        raise Killed


@dataclass(slots=True)
class Office:
    """A post office with everything around it under our thumb."""

    database: Database
    clock: HandClock = field(default_factory=lambda: HandClock(EVENING))
    sender: FakeSender = field(default_factory=FakeSender)
    lookup: FakeLookup | None = field(default_factory=FakeLookup)
    rings: int = 0

    def queue(self, news: News | None = None) -> int:
        with self.database.transaction() as connection:
            Composer(CATALOGUE, "utility.example").compose(connection, news or outage_news(), self.clock.now())
            return store.newest(connection, limit=1)[0].id

    def postman(self) -> Postman:
        """A postman as it begins after a restart."""
        return Postman(
            database=self.database,
            clock=self.clock,
            sender=self.sender,
            lookup=self.lookup,
            settings=MailSettings(),
            on_commit=self._ring,
        )

    def work(self) -> "Office":
        """Let a postman do all that is due now."""
        postman = self.postman()
        while postman.turn():
            pass
        return self

    def wait(self, seconds: float) -> "Office":
        self.clock.go_on(seconds)
        return self.work()

    def message(self, number: int = 1) -> Message:
        with self.database.read() as connection:
            message = store.find(connection, number)
        assert message is not None
        return message

    def overtake(self) -> None:
        with self.database.transaction() as connection:
            service.overtake(connection, home_of().id, self.clock.now())

    def settle(self, turn: Turn) -> None:
        with self.database.transaction() as connection:
            service.settle(connection, 1, turn, self.clock.now())

    def _ring(self) -> None:
        self.rings += 1


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with fresh_database(tmp_path) as database:
        yield Office(database)


def test_a_queued_message_is_sent_once(office: Office) -> None:
    office.queue()

    office.work().wait(3_600)

    (mail,) = office.sender.sent
    assert (mail.recipient, mail.name) == ("ana@example.com", "Ana Souza")
    assert mail.message_id == office.message().message_id
    assert (office.message().state, office.message().answer, office.message().attempts) == (
        State.DELIVERED,
        "250 taken",
        1,
    )
    assert office.rings == 1


def test_messages_go_out_in_the_order_they_were_queued(office: Office) -> None:
    for number in (1, 2, 3):
        office.queue(outage_news(case=f"UP-1-{number}"))

    office.work()

    assert [mail.message_id for mail in office.sender.sent] == [office.message(n).message_id for n in (1, 2, 3)]


def test_the_message_stands_in_sending_before_the_relay_hears_of_it(office: Office) -> None:
    office.queue()
    office.sender = DyingSender()

    with pytest.raises(Killed):
        office.work()

    assert office.message().state is State.SENDING


# Unavailable, refused


def test_an_unavailable_relay_is_asked_again_with_growing_pauses(office: Office) -> None:
    office.queue()
    office.sender.endings.extend([BUSY] * 3)

    office.work()

    assert (office.message().state, office.message().reason) == (State.QUEUED, "451 later")
    assert [attempts_after(office, seconds) for seconds in (4.9, 0.1, 9.9, 0.1, 19.9, 0.1)] == [1, 2, 2, 3, 3, 4]
    assert office.message().state is State.DELIVERED


def attempts_after(office: Office, seconds: float) -> int:
    office.wait(seconds)
    return len(office.sender.sent)


def test_a_refused_message_stops_and_shows_why(office: Office) -> None:
    office.queue()
    office.sender.endings.append(Refused(answer="550 no such mailbox"))

    office.work().wait(100_000)

    assert len(office.sender.sent) == 1
    assert (office.message().state, office.message().answer) == (State.REFUSED, "550 no such mailbox")


def test_what_grew_too_old_while_the_relay_was_away_is_not_sent(office: Office) -> None:
    office.queue()
    office.sender.endings.extend([BUSY] * 100)
    office.work()

    office.wait(901)

    assert office.message().state is State.HELD
    assert len(office.sender.sent) == 1


def test_what_was_overtaken_while_the_relay_was_away_is_not_sent(office: Office) -> None:
    office.queue()
    office.sender.endings.append(BUSY)
    office.work()

    office.overtake()
    office.wait(60)

    assert office.message().state is State.OVERTAKEN
    assert len(office.sender.sent) == 1


# The lost answer


def test_a_mail_whose_answer_was_lost_and_that_arrived_is_not_sent_again(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)
    office.work()
    assert office.lookup is not None
    office.lookup.arrived.add(office.message().message_id)

    office.wait(5)

    assert len(office.sender.sent) == 1
    assert (office.message().state, office.message().reason) == (
        State.DELIVERED,
        "its answer was lost; it was looked up and had arrived",
    )


def test_a_mail_whose_answer_was_lost_and_that_did_not_arrive_is_sent_again_as_the_same_mail(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)

    office.work().wait(5)

    first, second = office.sender.sent
    assert first == second
    assert office.message().state is State.DELIVERED


def test_the_look_up_gives_the_mail_time_to_settle(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)

    office.work().wait(4.9)

    assert office.lookup is not None
    assert office.lookup.asked == []
    assert office.message().state is State.UNKNOWN


def test_while_nobody_answers_the_look_up_the_mail_stays_unknown(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)
    assert office.lookup is not None
    office.lookup.silent = 2

    states = [office.work().message().state, office.wait(5).message().state, office.wait(5).message().state]

    assert states == [State.UNKNOWN] * 3
    assert office.wait(10).message().state is State.DELIVERED
    assert len(office.sender.sent) == 2


def test_without_a_look_up_a_person_decides(office: Office) -> None:
    office.lookup = None
    office.queue()
    office.sender.endings.append(LOST)

    office.work().wait(100_000)

    assert len(office.sender.sent) == 1
    assert office.message().state is State.UNKNOWN
    assert office.message().reason.endswith("nobody can be asked whether it arrived: a person decides")


@pytest.mark.parametrize(("turn", "mails"), [(Turn.MARKED_DELIVERED, 1), (Turn.SENT_AGAIN, 2)])
def test_what_a_person_decided_is_done(office: Office, turn: Turn, mails: int) -> None:
    office.lookup = None
    office.queue()
    office.sender.endings.append(LOST)
    office.work()

    office.settle(turn)
    office.work()

    assert len(office.sender.sent) == mails
    assert office.message().state is State.DELIVERED


def test_an_answer_lost_again_and_again_is_for_a_person(office: Office) -> None:
    office.queue()
    office.sender.endings.extend([LOST] * 100)
    office.work()

    for _ in range(20):
        office.wait(5)

    assert len(office.sender.sent) == MAX_LOST_ANSWERS + 1
    assert office.message().state is State.UNKNOWN
    assert office.message().reason.endswith("its answer was lost too often: a person decides")


def test_what_was_overtaken_while_unknown_and_did_not_arrive_is_not_sent(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)
    office.work()

    office.overtake()
    office.wait(5)

    assert office.message().state is State.OVERTAKEN
    assert len(office.sender.sent) == 1


# Killed in the midst of it


@pytest.mark.parametrize(("arrived", "mails"), [(True, 1), (False, 2)])
def test_a_program_killed_while_sending_looks_the_mail_up_when_it_is_back(
    office: Office, arrived: bool, mails: int
) -> None:
    number = office.queue()
    office.sender = DyingSender()
    with pytest.raises(Killed):
        office.work()
    before = office.sender.sent
    office.sender = FakeSender(sent=before)
    assert office.lookup is not None
    office.lookup.arrived |= {office.message(number).message_id} if arrived else set()

    office.work()

    assert (office.message().state, office.message().reason) == (
        State.UNKNOWN,
        "the program stopped between sending and the answer",
    )
    office.wait(5)
    assert office.message().state is State.DELIVERED
    assert len(office.sender.sent) == mails


def test_a_look_up_is_void_when_a_person_decided_meanwhile(office: Office) -> None:
    office.queue()
    office.sender.endings.append(LOST)
    office.work()

    office.settle(Turn.MARKED_DELIVERED)
    office.wait(60)

    assert office.lookup is not None
    assert office.lookup.asked == []
    assert office.message().state is State.DELIVERED


def test_the_thread_sends_when_woken_and_stops_when_told(office: Office) -> None:
    postman, stop = office.postman(), Event()
    thread = Thread(target=postman.run, args=(stop,))
    thread.start()

    office.queue()
    postman.wake()
    eventually(lambda: office.sender.sent)

    stop.set()
    postman.wake()
    thread.join(SURELY_S)
    assert not thread.is_alive()
    assert office.sender.is_closed


def test_a_message_that_was_never_written_is_never_sent(office: Office) -> None:
    stale = replace(outage_news(), facts=outage_news().facts)
    office.clock.go_on(timedelta(hours=1).total_seconds())
    office.queue(stale)

    office.work()

    assert office.sender.sent == []
    assert office.message().state is State.HELD


def test_the_four_ends_are_all_there_are() -> None:
    assert set(Ending.__args__) == {Delivered, Refused, Unavailable, Unknown}
