"""From accepted events to cases, timers and messages, in one transaction each."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from cloud.kernel.ids import EventId, MeterSerial, UsagePointId
from cloud.messaging import store as messages
from cloud.messaging.model import Message, State
from cloud.outages import store
from cloud.outages.model import End, Phase, Remark
from tests.fakes_cloud import NOON
from tests.fakes_messaging import home_of, move_in
from tests.fakes_town import BACK, LOST, VERDICT, Town, ms, town_in
from wire.events import Evidence, Heartbeat, SupplyDipped
from wire.record import ClockSource
from wire.terms import EvidenceKind, Grade, Stage


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_in(tmp_path) as town:
        yield town


def told(town: Town) -> None:
    town.hear(LOST)
    town.hear(VERDICT)
    town.wait(60)


def delivered(connection: Connection, message: Message) -> None:
    messages.save_standing(connection, replace(message, state=State.DELIVERED))


def test_an_outage_becomes_a_case_and_a_queued_message(town: Town) -> None:
    told(town)

    (message,) = town.messages()
    assert (message.key.template, message.key.case, message.state) == ("power_out", "UP-1-1", State.QUEUED)
    assert message.valid_until == NOON + timedelta(minutes=15)
    assert town.phase() is Phase.TOLD


def test_the_return_becomes_the_second_message_and_closes_the_case(town: Town) -> None:
    told(town)
    with town.database.transaction() as connection:
        delivered(connection, town.messages()[0])

    town.wait(2_880)
    town.hear(BACK)

    _, second = town.messages()
    assert (second.key.template, second.state) == ("power_back", State.QUEUED)
    assert second.letter is not None
    assert "48\N{NO-BREAK SPACE}minutos" in second.letter.body.text
    with town.database.read() as connection:
        (case,) = store.of_home(connection, "UP-1", limit=5)
    assert case.end is End.RESTORED


def test_what_was_not_sent_when_power_returned_is_overtaken_and_its_sequel_not_written(town: Town) -> None:
    told(town)

    town.wait(600)
    town.hear(BACK)

    first, second = town.messages()
    assert first.overtaken_at is not None
    assert (second.state, second.letter) == (State.OVERTAKEN, None)


def test_a_withdrawn_case_stops_what_was_not_sent(town: Town) -> None:
    told(town)

    town.hear(replace(VERDICT, stage=Stage.WITHDRAWN))

    (message,) = town.messages()
    assert message.overtaken_at is not None


def test_a_notice_is_dropped_when_power_returns_before_it(town: Town) -> None:
    town.hear(LOST)
    town.hear(VERDICT)
    town.clock.go_on(30)
    town.hear(BACK)

    town.wait(3_600)

    assert town.messages() == []


def test_an_outage_timed_by_an_unset_clock_is_held_for_a_person(town: Town) -> None:
    town.hear(VERDICT, source=ClockSource.NONE)

    town.wait(180)

    (message,) = town.messages()
    assert (message.state, message.letter) == (State.HELD, None)
    assert message.reason == "began_at is not known; power_is_out is not known"


def test_an_outage_that_was_not_heard_of_again_is_too_old_to_tell(town: Town) -> None:
    town.hear(VERDICT)

    town.wait(901 + 4)

    (message,) = town.messages()
    assert message.state is State.HELD
    assert message.reason.startswith("power_is_out is too old to repeat")


def test_every_event_leaves_its_line_in_the_timeline(town: Town) -> None:
    told(town)
    town.hear(SupplyDipped(began_at_ms=ms(70), duration_ms=500))
    town.hear(BACK)

    with town.database.read() as connection:
        lines = store.timeline(connection, "UP-1", limit=10)

    assert [line.remark for line in reversed(lines)] == [
        Remark.SUSPECTED,
        Remark.OPENED,
        Remark.TOLD,
        Remark.DIPPED,
        Remark.RESTORED,
    ]
    assert lines[0].event == EventId(gateway=town.gateway.id, gen=1, lane=0, seq=3)


def test_events_that_do_not_speak_of_supply_change_nothing(town: Town) -> None:
    town.hear(Heartbeat(heads=(), uptime_s=10, pending=0), subject="")

    assert town.phase() is Phase.SUPPLIED


def test_a_meter_of_nobodys_home_is_acted_on_by_nobody(town: Town) -> None:
    town.gateway.meter = "LMP00000099"

    town.hear(VERDICT)
    town.wait(600)

    assert town.messages() == []


def test_a_gateway_registered_for_another_home_is_not_believed_about_this_one(town: Town) -> None:
    with town.database.transaction() as connection:
        move_in(connection, replace(home_of(), meter=MeterSerial("LMP00000009")))
        move_in(connection, replace(home_of(), id=UsagePointId("UP-2")))

    town.hear(VERDICT)

    assert town.messages() == []


def test_a_meters_last_gasp_alone_opens_a_case_that_its_return_closes(town: Town) -> None:
    gasp = Evidence(kind=EvidenceKind.METER_LAST_GASP, value=1, age_ms=40)
    town.hear(replace(VERDICT, stage=Stage.CONFIRMED, grade=Grade.FAIR, evidence=(gasp,)))
    opened = town.phase()

    town.wait(2_880)
    town.hear(BACK)

    assert opened is Phase.OUT
    assert town.phase() is Phase.SUPPLIED
