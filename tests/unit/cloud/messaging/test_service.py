"""Composing: once, from facts that hold, or with the reason why not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.facts import FactSheet
from cloud.kernel.i18n import Language
from cloud.messaging import service, store
from cloud.messaging.catalogue import Catalogue
from cloud.messaging.model import Announcement, Message, NoSuchTurn, State, Turn
from cloud.messaging.service import ASK_TASK, SEND_TASK, Composer, News
from tests.fakes_cloud import fresh_database
from tests.fakes_messaging import EVENING, SERVICE, home_of, outage_facts, outage_news

CATALOGUE = Catalogue.load()
LATER = EVENING + timedelta(minutes=1)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        yield connection


def compose(connection: Connection, news: News | None = None) -> None:
    Composer(CATALOGUE, "utility.example").compose(connection, news or outage_news(), LATER)


def the_message(connection: Connection) -> Message:
    (message,) = store.newest(connection, limit=10)
    return message


def stand(connection: Connection, state: State) -> None:
    """Let the newest message stand somewhere."""
    newest = store.newest(connection, limit=1)[0]
    store.save_standing(connection, replace(newest, state=state))


@pytest.mark.parametrize("language", Language)
def test_a_message_is_written_in_its_readers_language_and_queued(connection: Connection, language: Language) -> None:
    compose(connection, outage_news(home=home_of(language)))

    message = the_message(connection)
    assert (message.state, message.language, message.recipient) == (State.QUEUED, language, "ana@example.com")
    assert [task.key for task in tasks.due(connection, [SEND_TASK], LATER, 5)] == [str(message.id)]


def test_a_message_keeps_the_facts_it_was_written_from(connection: Connection) -> None:
    compose(connection)

    message = the_message(connection)
    assert message.letter is not None
    assert {figure.fact_id for figure in message.letter.body.figures} <= set(message.facts)
    assert str(message.facts["address"].sources[0]) == "customer:UP-1"
    assert message.valid_until == EVENING + timedelta(minutes=15)


def test_asking_twice_writes_one_message(connection: Connection) -> None:
    compose(connection)
    compose(connection)

    assert the_message(connection).state is State.QUEUED


def test_another_stage_is_another_message(connection: Connection) -> None:
    compose(connection)
    compose(connection, replace(outage_news(), stage=2))

    assert len({message.message_id for message in store.newest(connection, limit=10)}) == 2


@pytest.mark.parametrize("lost", ["began_at", "power_is_out", "case"])
def test_a_missing_fact_means_no_message_and_a_person_to_look(connection: Connection, lost: str) -> None:
    facts = FactSheet(found for found in outage_facts().values() if found.id != lost)

    compose(connection, replace(outage_news(), facts=facts))

    message = the_message(connection)
    assert (message.state, message.letter, message.reason) == (State.HELD, None, f"{lost} is not known")
    assert tasks.due(connection, [SEND_TASK], LATER, 5) == []


def test_a_stale_fact_means_no_message(connection: Connection) -> None:
    Composer(CATALOGUE, "utility.example").compose(connection, outage_news(), EVENING + timedelta(minutes=16))

    message = the_message(connection)
    assert message.state is State.HELD
    assert message.reason.startswith("power_is_out is too old to repeat (good until 2026-11-21 23:30:00 UTC)")


def test_composing_says_whether_a_message_was_queued_just_now(connection: Connection) -> None:
    composer = Composer(CATALOGUE, "utility.example")
    unproven = outage_news(Announcement.POWER_CHECK, case="T-1-1/UP-1")

    assert [composer.compose(connection, outage_news(), LATER) for _ in range(2)] == [True, False]
    assert composer.compose(connection, replace(unproven, facts=FactSheet()), LATER) is False


@pytest.mark.parametrize("announcement", SERVICE)
@pytest.mark.parametrize("language", Language)
def test_every_announcement_can_be_written_from_a_full_sheet(
    connection: Connection, announcement: Announcement, language: Language
) -> None:
    home = home_of(language)
    compose(connection, outage_news(home=home))
    stand(connection, State.DELIVERED)

    compose(connection, outage_news(announcement, home=home))

    written = store.newest(connection, limit=1)[0]
    assert (written.key.template, written.letter is not None) == (announcement, True)


def test_what_is_overtaken_can_be_of_one_kind_only(connection: Connection) -> None:
    compose(connection)
    compose(connection, outage_news(Announcement.POWER_CHECK, case="T-1-1/UP-1"))

    service.overtake(connection, home_of().id, LATER, only=Announcement.POWER_CHECK)

    overtaken = {found.key.template: found.overtaken_at for found in store.newest(connection, limit=10)}
    assert overtaken == {"power_out": None, "power_check": LATER}


@pytest.mark.parametrize("first", [State.SENDING, State.DELIVERED, State.UNKNOWN])
def test_the_end_is_told_to_whom_the_beginning_may_have_been_told(connection: Connection, first: State) -> None:
    compose(connection)
    stand(connection, first)

    compose(connection, outage_news(Announcement.POWER_BACK))

    assert store.newest(connection, limit=1)[0].state is State.QUEUED


@pytest.mark.parametrize("first", [State.QUEUED, State.HELD, State.REFUSED, State.OVERTAKEN])
def test_the_end_is_not_told_to_whom_the_beginning_was_not(connection: Connection, first: State) -> None:
    compose(connection)
    stand(connection, first)

    compose(connection, outage_news(Announcement.POWER_BACK))

    message = store.newest(connection, limit=1)[0]
    assert (message.state, message.letter) == (State.OVERTAKEN, None)


def test_the_end_of_another_case_does_not_count_as_told(connection: Connection) -> None:
    compose(connection)
    stand(connection, State.DELIVERED)

    compose(connection, outage_news(Announcement.POWER_BACK, case="UP-1-2"))

    assert store.newest(connection, limit=1)[0].state is State.OVERTAKEN


# A person decides


@pytest.mark.parametrize(
    ("state", "turn", "then"),
    [
        (State.UNKNOWN, Turn.MARKED_DELIVERED, State.DELIVERED),
        (State.UNKNOWN, Turn.SENT_AGAIN, State.QUEUED),
        (State.REFUSED, Turn.SENT_AGAIN, State.QUEUED),
    ],
)
def test_a_person_settles_what_waits_for_one(connection: Connection, state: State, turn: Turn, then: State) -> None:
    compose(connection)
    stand(connection, state)
    number = str(the_message(connection).id)
    tasks.add(connection, ASK_TASK, number, LATER)
    tasks.finish(connection, tasks.due(connection, [SEND_TASK], LATER, 1)[0], LATER)

    service.settle(connection, int(number), turn, LATER)

    assert the_message(connection).state is then
    assert tasks.due(connection, [ASK_TASK], LATER, 5) == []
    assert len(tasks.due(connection, [SEND_TASK], LATER, 5)) == (then is State.QUEUED)


@pytest.mark.parametrize("turn", [Turn.MARKED_DELIVERED, Turn.SENT_AGAIN])
def test_what_is_delivered_is_not_sent_again(connection: Connection, turn: Turn) -> None:
    compose(connection)
    stand(connection, State.DELIVERED)

    with pytest.raises(NoSuchTurn, match="a message that is delivered"):
        service.settle(connection, the_message(connection).id, turn, LATER)


def test_a_person_decides_only_what_is_a_persons_to_decide(connection: Connection) -> None:
    compose(connection)
    stand(connection, State.UNKNOWN)

    with pytest.raises(NoSuchTurn, match="a person does not decide"):
        service.settle(connection, the_message(connection).id, Turn.FOUND, LATER)


def test_there_is_no_deciding_about_a_message_that_is_not_there(connection: Connection) -> None:
    with pytest.raises(KeyError):
        service.settle(connection, 7, Turn.SENT_AGAIN, LATER)


def test_messages_are_found_by_home_state_and_page(tmp_path: Path) -> None:
    with fresh_database(tmp_path) as database:
        assert found(database, usage_point="UP-1") == ["UP-1-3", "UP-1-2", "UP-1-1"]
        assert found(database, state=State.HELD) == ["UP-1-2"]
        assert found(database, before=2) == ["UP-1-1"]
        assert found(database, usage_point="UP-9") == []


def found(database: Database, **wanted: object) -> list[str]:
    with database.transaction() as connection:
        for number in (1, 2, 3):
            compose(connection, outage_news(case=f"UP-1-{number}"))
        second = store.find(connection, 2)
        assert second is not None
        store.save_standing(connection, replace(second, state=State.HELD))
        return [message.key.case for message in store.newest(connection, limit=10, **wanted)]  # type: ignore[arg-type]
