"""What needs consent is told to whom gave it, by day, rarely, and with a way to say no; the supply's word always is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest

from cloud.customers import preference_store
from cloud.customers.consent import Purpose
from cloud.customers.preferences import Preferences
from cloud.kernel.db import Database
from cloud.kernel.facts import FactSheet
from cloud.messaging import service, store
from cloud.messaging.catalogue import TERMS, Catalogue
from cloud.messaging.mail import as_bytes, sender_address
from cloud.messaging.model import Announcement, Message, State, Turn
from cloud.messaging.permission import no_way_out
from cloud.messaging.postman import Postman
from cloud.messaging.service import Composer, News
from cloud.messaging.settings import MailSettings
from tests.fakes_cloud import HandClock, fresh_database
from tests.fakes_messaging import (
    CONSENTED,
    EVENING,
    FakeSender,
    agree,
    consented_facts,
    consented_news,
    fact,
    home_of,
    move_in,
    outage_news,
    way_out,
)

CATALOGUE = Catalogue.load()
NOON = EVENING - timedelta(hours=8, minutes=15)  # 12:00 in São Paulo
NIGHT = EVENING + timedelta(hours=2)  # 22:15
MORNING_S = 9.75 * 3_600  # from NIGHT to 8:00
UNUSUAL = Announcement.UNUSUAL_USE
SENDER = sender_address("Utility <no-reply@utility.example>")


class House:
    """A customer, the composer and the postman, by a clock turned by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = HandClock(NOON)
        self.sender = FakeSender()
        self.way_out = way_out
        with database.transaction() as connection:
            move_in(connection, home_of())

    def agrees(self, *purposes: Purpose, is_given: bool = True) -> None:
        with self.database.transaction() as connection:
            agree(connection, *purposes, at=self.clock.now(), is_given=is_given)

    def wishes(self, preferences: Preferences) -> None:
        with self.database.transaction() as connection:
            preference_store.record(
                connection, home_of().customer.id, preferences, by="customer", how="page", now=self.clock.now()
            )

    def tell(self, news: News) -> bool:
        with self.database.transaction() as connection:
            return Composer(CATALOGUE, "utility.example", self.way_out).compose(connection, news, self.clock.now())

    def work(self, seconds: float = 0) -> "House":
        self.clock.go_on(seconds)
        postman = Postman(
            database=self.database,
            clock=self.clock,
            sender=self.sender,
            lookup=None,
            settings=MailSettings(),
            on_commit=lambda: None,
        )
        while postman.turn():
            pass
        return self

    @property
    def message(self) -> Message:
        with self.database.read() as connection:
            return store.newest(connection, limit=1)[0]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with fresh_database(tmp_path) as database:
        yield House(database)


@pytest.mark.parametrize("announcement", CONSENTED)
def test_who_agreed_is_told_with_a_text_message_beside_it_and_a_way_out(
    house: House, announcement: Announcement
) -> None:
    purpose = TERMS[announcement].purpose
    assert purpose is not None
    house.agrees(purpose)

    assert house.tell(consented_news(announcement))

    message = house.work().message
    assert (message.state, message.purpose) == (State.DELIVERED, purpose)
    assert message.letter is not None
    assert message.letter.sms is not None
    assert str(message.facts["opt_out_url"].sources[0]) == f"consent:C-1/{purpose}/email"
    assert house.sender.sent[0].opt_out_url == f"https://power.example/stop/C-1~{purpose}"


@pytest.mark.parametrize("announcement", CONSENTED)
def test_who_never_agreed_is_not_told_and_it_is_seen_why(house: House, announcement: Announcement) -> None:
    assert not house.tell(consented_news(announcement))

    message = house.work().message
    assert (message.state, message.letter, house.sender.sent) == (State.WITHHELD, None, [])
    assert message.reason.startswith("the customer never agreed to")


def test_word_of_the_supply_asks_for_no_consent_and_waits_for_no_morning(house: House) -> None:
    house.clock = HandClock(NIGHT)

    sheet = FactSheet(replace(each, as_of=NIGHT) for each in outage_news().facts.values())
    house.tell(replace(outage_news(), facts=sheet))

    assert house.work().message.state is State.DELIVERED


def test_a_no_said_before_it_left_counts(house: House) -> None:
    house.clock = HandClock(NIGHT)
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    house.clock.go_on(60)
    house.agrees(Purpose.BILLING, is_given=False)

    house.work(MORNING_S)

    message = house.message
    assert (message.state, house.sender.sent) == (State.WITHHELD, [])
    assert message.reason.startswith("the customer said no to billing by email on ")


def test_a_person_cannot_send_again_what_the_customer_took_back(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    house.clock.go_on(1)
    house.agrees(Purpose.BILLING, is_given=False)
    with house.database.transaction() as connection:
        store.save_standing(connection, replace(house.message, state=State.REFUSED))
        service.settle(connection, 1, Turn.SENT_AGAIN, house.clock.now())

    assert house.work().message.state is State.WITHHELD


def test_what_becomes_known_at_night_is_told_in_the_morning(house: House) -> None:
    house.clock = HandClock(NIGHT)
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())

    assert house.work(MORNING_S - 1).sender.sent == []
    assert len(house.work(1).sender.sent) == 1


def test_quiet_hours_she_wished_for_meanwhile_are_kept_too(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    house.wishes(Preferences(quiet_from=time(11), quiet_until=time(14)))

    assert house.work().sender.sent == []
    assert house.message.state is State.QUEUED
    assert len(house.work(2 * 3_600).sender.sent) == 1


def test_whoever_asks_again_after_she_agreed_writes_no_second_message(house: House) -> None:
    house.tell(consented_news())
    house.agrees(Purpose.BILLING)

    assert not house.tell(consented_news())
    assert house.message.state is State.WITHHELD


@pytest.mark.parametrize(
    ("days", "told"),
    [((0, 29), [True, False]), ((0, 30), [True, True]), ((0, 40, 80, 120, 160), [True] * 4 + [False])],
)
def test_unusual_use_is_told_once_a_month_and_four_times_a_year(
    house: House, days: tuple[int, ...], told: list[bool]
) -> None:
    house.agrees(Purpose.USAGE_ALERTS)
    heard = []
    for day in days:
        house.clock = HandClock(NOON + timedelta(days=day))
        heard.append(house.tell(consented_news(UNUSUAL, case=f"UP-1/{day}")))
        house.work()

    assert heard == told
    assert house.message.reason.startswith("" if told[-1] else "the customer was told often enough: ")


def test_what_was_withheld_does_not_count_as_told(house: House) -> None:
    house.tell(consented_news(UNUSUAL, case="UP-1/1"))
    house.agrees(Purpose.USAGE_ALERTS)

    assert house.tell(consented_news(UNUSUAL, case="UP-1/2"))


def test_without_an_address_to_say_no_at_nothing_is_sent(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.way_out = no_way_out

    house.tell(consented_news())

    assert (house.message.state, house.message.letter) == (State.WITHHELD, None)
    assert house.message.reason.endswith("set web.public_url")


def test_an_outage_overtakes_no_bill(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    with house.database.transaction() as connection:
        service.overtake(connection, home_of().id, house.clock.now())

    assert house.work().message.state is State.DELIVERED


@pytest.mark.parametrize(("case", "state"), [("UP-1/1", State.OVERTAKEN), ("UP-1/2", State.QUEUED)])
def test_one_case_can_be_overtaken_alone(house: House, case: str, state: State) -> None:
    house.clock = HandClock(NIGHT)
    house.agrees(Purpose.USAGE_ALERTS)
    house.tell(consented_news(UNUSUAL, case="UP-1/1"))
    with house.database.transaction() as connection:
        service.overtake(connection, home_of().id, house.clock.now(), only=UNUSUAL, case=case)

    house.work()

    house.clock = HandClock(NIGHT)
    assert (house.message.overtaken_at is not None) is (state is State.OVERTAKEN)


def test_a_part_that_grew_stale_is_left_out_and_one_that_is_told_bounds_the_letter(house: House) -> None:
    house.agrees(Purpose.BILLING)
    stale = fact("weather_part", consented_facts()["weather_part"].value, as_of=NOON, ttl=timedelta(seconds=1))
    fresh = fact("price_part", consented_facts()["price_part"].value, as_of=NOON, ttl=timedelta(days=1))
    others = [each for each in consented_facts().values() if each.id not in {"weather_part", "price_part"}]
    house.clock.go_on(60)

    house.tell(replace(consented_news(), facts=FactSheet([*others, stale, fresh])))

    message = house.message
    assert message.letter is not None
    assert {"price_part"} == {each.fact_id for each in message.letter.body.figures} & {"weather_part", "price_part"}
    assert message.valid_until == NOON + timedelta(days=1)


def test_a_mail_program_can_say_no_by_itself_over_https(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    house.tell(outage_news())
    house.work()

    bill, outage = (message_from_bytes(as_bytes(mail, SENDER), policy=SMTP) for mail in house.sender.sent)

    assert bill["List-Unsubscribe"] == "<https://power.example/stop/C-1~billing>"
    assert bill["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (outage["List-Unsubscribe"], outage["List-Unsubscribe-Post"]) == (None, None)


def test_over_plain_http_no_program_says_no_for_her(house: House) -> None:
    house.agrees(Purpose.BILLING)
    house.tell(consented_news())
    mail = replace(house.work().sender.sent[0], opt_out_url="http://127.0.0.1:8080/stop/" + "x" * 90)

    raw = as_bytes(mail, SENDER)

    assert b"List-Unsubscribe: <http://127.0.0.1:8080/stop/" + b"x" * 90 + b">\r\n" in raw
    assert b"List-Unsubscribe-Post" not in raw
