"""What is asked of the service by others than a gateway: a person's word, and the wider outage's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cloud.kernel.ids import CustomerId, EventId, MeterSerial, UsagePointId
from cloud.messaging.model import State
from cloud.outages import store
from cloud.outages.model import End, Phase, Remark
from cloud.outages.service import CloseRefused, NoOpenCase
from cloud.registry import store as registry
from cloud.registry.model import Gateway, Place, Status
from tests.fakes_cloud import NOON, FakeGateway
from tests.fakes_messaging import home_of, move_in
from tests.fakes_outages import AWAY
from tests.fakes_town import BACK, LOST, VERDICT, Town, ms, town_in
from wire.events import Event, Evidence
from wire.ids import GatewayId
from wire.terms import Cause, EvidenceKind, Stage

UP = UsagePointId("UP-1")
NEIGHBOUR = EventId(gateway=GatewayId("7Z0M4QDA"), gen=1, lane=0, seq=9)
AROUND = NOON + timedelta(seconds=1_800)
THERE = Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=2_000)
READS = Evidence(kind=EvidenceKind.METER_VOLTAGE, value=229_400, age_ms=1_500)
IDLE = Evidence(kind=EvidenceKind.METER_LOAD, value=0, age_ms=1_500)
TRIPPED = replace(VERDICT, cause=Cause.OWN_BREAKER, evidence=(AWAY, READS, IDLE))
UPLINK_GONE = replace(VERDICT, cause=Cause.WAN_FAULT, stage=Stage.PROVISIONAL, evidence=(THERE,))


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_in(tmp_path) as town:
        yield town


def tell_out(town: Town) -> None:
    town.hear(LOST)
    town.hear(VERDICT)
    town.wait(60)
    town.deliver()


def close(town: Town, who: str = "Rosa", reason: str = "She called: power is on") -> None:
    with town.database.transaction() as connection:
        town.service.close_by_operator(connection, UP, who, reason, town.clock.now())


def tell_still_out(town: Town, *sources: EventId) -> bool:
    with town.database.transaction() as connection:
        return town.service.tell_still_out(connection, UP, AROUND, sources or (NEIGHBOUR,), town.clock.now())


def ask(town: Town, *, home: UsagePointId = UP) -> bool:
    with town.database.transaction() as connection:
        return town.service.ask(connection, home, "T-0101-1", AROUND, (NEIGHBOUR,), town.clock.now())


def templates(town: Town) -> list[str]:
    return [message.key.template for message in town.messages()]


# A person closes a case


def test_a_closed_case_keeps_who_closed_it_and_why_and_tells_nobody(town: Town) -> None:
    tell_out(town)

    close(town)

    with town.database.read() as connection:
        (case,) = store.of_home(connection, "UP-1", limit=5)
    assert (case.end, case.closed_by, case.close_reason) == (End.OPERATOR, "Rosa", "She called: power is on")
    assert (templates(town), town.timeline()[-1], town.phase()) == (
        ["power_out"],
        Remark.CLOSED_BY_OPERATOR,
        Phase.SUPPLIED,
    )


def test_the_proof_that_comes_later_is_told_once(town: Town) -> None:
    tell_out(town)
    close(town)

    town.wait(2_880)
    town.hear(BACK)
    town.hear(BACK)

    assert templates(town) == ["power_out", "power_back"]
    assert town.messages()[-1].state is State.QUEUED


def test_a_case_that_is_closed_before_its_notice_is_told_to_nobody(town: Town) -> None:
    town.hear(LOST)
    town.hear(VERDICT)

    close(town)
    town.wait(3_600)
    town.hear(BACK)

    assert town.messages() == []


def test_what_was_not_sent_when_a_person_closed_must_not_leave(town: Town) -> None:
    town.hear(VERDICT)
    town.wait(60)

    close(town)

    (message,) = town.messages()
    assert message.overtaken_at == town.clock.now()


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        ("Rosa", ""),
        ("Rosa", "  "),
        ("Rosa", "x" * 501),
        ("Rosa", "two\nlines"),
        ("Rosa", "\x00"),
        ("", "ok"),
        ("\x1b", "ok"),
    ],
)
def test_who_does_not_say_why_in_a_line_closes_nothing(town: Town, who: str, reason: str) -> None:
    tell_out(town)

    with pytest.raises(CloseRefused, match="write it in one line"):
        close(town, who, reason)

    assert town.phase() is Phase.TOLD


def test_the_longest_reason_is_long_enough(town: Town) -> None:
    tell_out(town)

    close(town, reason="é" * 500)

    assert town.phase() is Phase.SUPPLIED


@pytest.mark.parametrize("usage_point", ["UP-1", "UP-9"])
def test_there_is_nothing_to_close_where_nothing_is_open(town: Town, usage_point: str) -> None:
    with pytest.raises(NoOpenCase, match=usage_point), town.database.transaction() as connection:
        town.service.close_by_operator(connection, UsagePointId(usage_point), "Rosa", "why not", NOON)


# Who listens hears of every change


def test_who_listens_hears_of_every_step_that_changed_the_home_and_of_no_other(town: Town) -> None:
    town.hear(LOST)
    town.hear(VERDICT)
    town.wait(60)
    heard_so_far = len(town.changed)
    town.hear(LOST)
    close(town)
    close_to_the_end = len(town.changed)
    tell_still_out(town)
    ask(town)

    assert (heard_so_far, close_to_the_end, len(town.changed)) == (3, 5, 5)
    assert set(town.changed) == {UP}


# Still without power, and is your power on


def test_who_was_told_out_is_told_still_out_once(town: Town) -> None:
    tell_out(town)
    town.wait(1_900)

    assert (tell_still_out(town), tell_still_out(town)) == (True, False)

    message = town.messages()[-1]
    assert (message.key.template, message.key.case, message.state) == ("still_out", "UP-1-1", State.QUEUED)
    assert [str(source) for source in message.facts["neighbours_back_at"].sources] == [f"event:{NEIGHBOUR}"]
    assert town.timeline()[-1] is Remark.STILL_OUT_TOLD


def test_power_back_follows_still_out(town: Town) -> None:
    tell_out(town)
    tell_still_out(town)
    town.deliver()

    town.wait(2_880)
    town.hear(BACK)

    assert templates(town) == ["power_out", "still_out", "power_back"]


def test_who_was_not_told_out_is_not_told_still_out(town: Town) -> None:
    assert tell_still_out(town) is False
    town.hear(LOST)
    town.hear(VERDICT)
    assert tell_still_out(town) is False

    assert town.messages() == []


@pytest.mark.parametrize(
    "seen", [replace(VERDICT, evidence=(THERE, READS)), replace(BACK, voltages_mv=())], ids=["sensed", "unproven"]
)
def test_who_may_have_power_again_is_not_told_still_out(town: Town, seen: Event) -> None:
    tell_out(town)
    town.hear(seen)

    assert tell_still_out(town) is False


@pytest.mark.parametrize(
    "seen", [replace(VERDICT, evidence=(THERE, READS)), replace(BACK, voltages_mv=())], ids=["sensed", "unproven"]
)
def test_still_out_that_waits_is_void_once_something_speaks_for_a_return(town: Town, seen: Event) -> None:
    tell_out(town)
    tell_still_out(town)

    town.hear(seen)

    assert {message.key.template: message.overtaken_at is None for message in town.messages()} == {
        "power_out": True,
        "still_out": False,
    }


def test_still_out_without_a_proof_of_the_neighbours_is_held_for_a_person(town: Town) -> None:
    tell_out(town)

    with town.database.transaction() as connection:
        town.service.tell_still_out(connection, UP, AROUND, (), town.clock.now())

    message = town.messages()[-1]
    assert (message.state, message.reason) == (State.HELD, "neighbours_back_at is not known")


def test_a_home_that_cannot_be_seen_is_asked_once(town: Town) -> None:
    town.hear(LOST)

    assert (ask(town), ask(town)) == (True, False)

    (message,) = town.messages()
    assert (message.key.template, message.key.case, message.state) == ("power_check", "T-0101-1/UP-1", State.QUEUED)
    assert message.facts["case"].value == "T-0101-1"
    assert message.valid_until == town.clock.now() + timedelta(hours=1)
    assert (town.timeline()[-1], town.phase()) == (Remark.ASKED, Phase.SUSPECTED)


def test_a_customer_with_two_homes_is_asked_about_each(town: Town) -> None:
    other = replace(home_of(), id=UsagePointId("UP-2"), meter=MeterSerial("LMP00000002"))
    with town.database.transaction() as connection:
        move_in(connection, other)

    assert (ask(town), ask(town, home=other.id)) == (True, True)


def test_a_home_with_an_open_case_or_none_of_ours_is_not_asked(town: Town) -> None:
    tell_out(town)

    assert (ask(town), ask(town, home=UsagePointId("UP-9"))) == (False, False)


def test_a_question_that_was_not_sent_is_void_once_the_meter_reads_power(town: Town) -> None:
    town.hear(LOST)
    ask(town)

    town.hear(replace(VERDICT, evidence=(THERE, READS)))

    (message,) = town.messages()
    assert message.overtaken_at is not None


# The home's own breaker


def test_the_customer_is_asked_to_look_at_the_main_switch_with_the_voltage_at_the_meter(town: Town) -> None:
    town.hear(LOST)
    town.hear(TRIPPED)
    town.wait(60)

    (message,) = town.messages()
    assert (message.key.template, message.key.case, message.state) == ("check_breaker", "UP-1-breaker-1", State.QUEUED)
    assert message.letter is not None
    assert "229\N{NO-BREAK SPACE}V" in message.letter.body.text
    assert message.valid_until == NOON + timedelta(minutes=15)
    assert town.timeline()[-1] is Remark.BREAKER_TOLD


def test_a_breaker_that_is_switched_on_before_the_mail_left_is_not_told(town: Town) -> None:
    town.hear(LOST)
    town.hear(TRIPPED)
    town.wait(60)

    town.hear(BACK)

    (message,) = town.messages()
    assert message.overtaken_at is not None


def test_a_breaker_that_is_switched_on_before_its_notice_is_told_to_nobody(town: Town) -> None:
    town.hear(LOST)
    town.hear(TRIPPED)
    town.hear(replace(TRIPPED, stage=Stage.WITHDRAWN))
    town.wait(3_600)

    assert town.messages() == []


# The gateway itself


def test_a_fault_of_the_uplink_is_noted_for_every_home_of_the_gateway(tmp_path: Path) -> None:
    with town_in(tmp_path) as town:
        town.gateway = FakeGateway()
        homes = {"UP-0006A": "LMP00000061", "UP-0006B": "LMP00000062", "UP-0006C": "LMP00000063"}
        with town.database.transaction() as connection:
            for name, meter in homes.items():
                person = replace(home_of().customer, id=CustomerId(f"C-{name}"))
                flat = replace(home_of(), id=UsagePointId(name), meter=MeterSerial(meter), customer=person)
                move_in(connection, flat)
        behind(town, homes)

        town.hear(UPLINK_GONE, subject="")

        assert town.changed == list(homes)
        with town.database.read() as connection:
            states = [store.load_state(connection, UsagePointId(name), meter) for name, meter in homes.items()]
        assert {(state.phase, state.finding and state.finding.cause) for state in states} == {
            (Phase.SUPPLIED, Cause.WAN_FAULT)
        }


def test_only_a_fault_of_the_uplink_speaks_of_the_gateway_itself(town: Town) -> None:
    town.hear(replace(VERDICT, began_at_ms=ms(5)), subject="")

    assert (town.phase(), town.changed) == (Phase.SUPPLIED, [])


def behind(town: Town, homes: dict[str, str]) -> None:
    """Let the town's gateway speak for these homes."""
    gateway = Gateway(
        id=GatewayId(town.gateway.id),
        key=town.gateway.public,
        places=tuple(Place(usage_point=UsagePointId(name), meter=MeterSerial(meter)) for name, meter in homes.items()),
        status=Status.ACTIVE,
        status_reason="",
        added_at=NOON,
    )
    with town.database.transaction() as connection:
        registry.add(connection, gateway, password_hash="$7$101$AAAA$AAAA")
