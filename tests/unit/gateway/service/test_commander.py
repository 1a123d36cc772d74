"""What the cloud orders is done once; what anybody else orders, or orders again, is not done at all."""

from dataclasses import replace

import pytest

from gateway.service.commander import Commander
from runtime.errors import EnvironmentRefused
from tests.fakes_commands import AUTHORITY, CHANGE, GATEWAY, PING, ROTATE, STRANGER, Edge, command, said, sealed
from tests.fakes_gateway import at
from wire.commands import AuthorityKey, KnownOperation, PingMeter, Role, UnknownOperation, seal_command
from wire.instants import unix_ms
from wire.terms import CommandOutcome

OTHER_AUTHORITY = (AuthorityKey(role=Role.OPERATOR, key=STRANGER.public), *AUTHORITY[1:])


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("operation", [PING, CHANGE, ROTATE])
def test_an_order_is_done_and_answered_by_its_identity(edge: Edge, operation: KnownOperation) -> None:
    edge.hear(sealed(command(operation)))

    assert edge.done == [operation]
    assert edge.book.outcomes == [CommandOutcome.DONE]
    assert edge.memory.record is not None
    assert edge.memory.record.under_way == ""


def test_the_number_is_on_the_disk_before_anything_is_done(edge: Edge) -> None:
    edge.act = Killed()

    with pytest.raises(Killed):
        edge.hear(sealed(command(number=7)))

    assert edge.memory.record is not None
    assert edge.memory.record.operator == 7
    assert edge.memory.record.under_way


def test_a_gateway_that_was_killed_in_the_middle_answers_so_and_does_it_no_second_time(edge: Edge) -> None:
    envelope, edge.act = sealed(command()), Killed()
    with pytest.raises(Killed):
        edge.hear(envelope)

    edge.act = None
    edge.hear(envelope)

    assert edge.done == [PING]
    assert edge.book.outcomes == [CommandOutcome.FAILED]
    assert "stopped meanwhile" in edge.book.events[0].detail


def test_a_gateway_killed_after_its_answer_gives_no_other(edge: Edge) -> None:
    edge.hear(sealed(command()))
    assert edge.memory.record is not None

    edge.memory.record = replace(edge.memory.record, under_way=edge.book.events[0].command.hex())
    edge.hear()

    assert edge.book.outcomes == [CommandOutcome.DONE]
    assert edge.memory.record.under_way == ""


@pytest.mark.parametrize("times", [2, 10])
def test_the_same_order_again_is_done_once(edge: Edge, times: int) -> None:
    edge.hear(*[sealed(command())] * times)

    assert edge.done == [PING]
    assert edge.book.outcomes == [CommandOutcome.DONE]


def test_the_same_order_after_a_restart_is_done_once(edge: Edge) -> None:
    edge.hear(sealed(command()))

    edge.hear(sealed(command()))

    assert edge.done == [PING]


def test_another_order_with_a_number_that_was_used_is_not_done(edge: Edge) -> None:
    edge.hear(sealed(command(number=5)))

    edge.hear(sealed(command(PingMeter(meter="LMP2"), number=5)), sealed(command(number=4)))

    assert edge.done == [PING]


def test_an_order_of_before_the_numbers_were_lost_is_not_done(edge: Edge) -> None:
    envelope = sealed(command())
    edge.hear(envelope)

    edge.memory.record, edge.clock.story_s = None, 1
    edge.hear(envelope)

    assert edge.done == [PING]


def test_each_role_counts_for_itself(edge: Edge) -> None:
    edge.hear(sealed(command(number=2**32)), sealed(command(ROTATE, number=1)), sealed(command(CHANGE, number=1)))

    assert edge.done == [PING, ROTATE, CHANGE]


def test_numbers_that_a_stolen_key_used_up_count_for_nothing_under_another_key(edge: Edge) -> None:
    edge.hear(sealed(command(number=2**32)))

    edge.authority = OTHER_AUTHORITY
    edge.clock.story_s = 10
    edge.hear()
    edge.clock.story_s = 12
    edge.hear(seal_command(command(number=1, from_s=12), [STRANGER]))

    assert edge.done == [PING, PING]


def test_other_keys_are_said_once(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    edge.hear()

    edge.authority = OTHER_AUTHORITY
    edge.hear()
    edge.hear()

    assert caplog.text.count("command_keys_changed") == 1


def test_other_keys_are_not_said_before_their_record_is_on_the_disk(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    edge.hear()

    edge.authority, edge.memory.is_full = OTHER_AUTHORITY, True
    edge.hear()

    assert "command_keys_changed" not in caplog.text


def test_the_first_keys_are_nothing_new(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    edge.hear(sealed(command()))

    assert edge.done == [PING]
    assert "command_keys_changed" not in caplog.text


def test_what_was_done_before_the_keys_changed_is_done_no_second_time_whatever_the_clock_says(edge: Edge) -> None:
    envelope = sealed(command(CHANGE))
    edge.hear(envelope)

    edge.authority = OTHER_AUTHORITY
    for story_s in (0, 1, 30):
        edge.clock.story_s = story_s
        edge.hear(envelope)

    assert edge.done == [CHANGE]


def test_what_a_broker_had_kept_is_not_done(edge: Edge) -> None:
    edge.hear(sealed(command()), is_retained=True)

    assert edge.done == []
    assert edge.book.events == []


def test_an_order_for_another_gateway_is_not_done_and_not_answered(edge: Edge) -> None:
    edge.hear(sealed(command(gateway="00000000")))

    assert (edge.done, edge.book.events) == ([], [])


@pytest.mark.parametrize(("s", "times"), [(99.999, 0), (100, 1), (160, 1), (160.001, 0)])
def test_an_order_is_done_from_its_beginning_to_its_end_and_no_longer(edge: Edge, s: float, times: int) -> None:
    edge.clock.story_s = s

    edge.hear(sealed(command(from_s=100, lives_s=60)))

    assert len(edge.done) == times


def test_one_that_came_too_early_is_done_when_it_comes_again(edge: Edge) -> None:
    envelope = sealed(command(from_s=100))
    edge.hear(envelope)

    edge.clock.story_s = 101
    edge.hear(envelope)

    assert edge.done == [PING]


def test_one_that_came_too_late_is_answered_once(edge: Edge) -> None:
    edge.clock.story_s = 61

    edge.hear(sealed(command()), sealed(command()))

    assert edge.done == []
    assert [event.detail for event in edge.book.events] == ["it came after its time"]


@pytest.mark.parametrize("lives_s", [600.001, 86_400, -1])
def test_an_order_for_more_than_ten_minutes_is_not_done(edge: Edge, lives_s: float) -> None:
    edge.hear(sealed(command(lives_s=lives_s)))

    assert edge.done == []
    assert edge.book.outcomes == [CommandOutcome.REFUSED]


def test_a_clock_that_may_be_far_off_obeys_nothing(edge: Edge) -> None:
    edge.uncertainty_ms = 60_001

    edge.hear(sealed(command()))

    assert (edge.done, edge.book.events) == ([], [])


def test_a_clock_behind_what_a_receipt_says_obeys_nothing_until_it_is_right_again(edge: Edge) -> None:
    edge.book.receipted_ms, envelope = unix_ms(at(10)), sealed(command())
    edge.hear(envelope)
    assert edge.done == []

    edge.clock.story_s = 10
    edge.hear(envelope)

    assert edge.done == [PING]


def test_a_clock_that_was_set_back_makes_no_old_order_young(edge: Edge) -> None:
    edge.clock.story_s = 3_600
    edge.hear(sealed(command(from_s=3_600)))

    edge.clock.story_s = 30
    edge.hear(sealed(command(number=2)))

    assert edge.done == [PING]


def test_an_operation_it_does_not_know_is_declined(edge: Edge) -> None:
    later = replace(command(), operation=UnknownOperation(code=999, arguments={}, why=""))

    edge.hear(sealed(later))

    assert [event.detail for event in edge.book.events] == ["this gateway does not know the operation"]


def test_an_operation_that_fails_is_answered_with_what_was_the_matter(edge: Edge) -> None:
    edge.act = EnvironmentRefused("the disk is read-only", where="/var/lib")

    edge.hear(sealed(command()))

    assert [(event.outcome, event.detail) for event in edge.book.events] == [
        (CommandOutcome.FAILED, "the disk is read-only")
    ]


def test_what_cannot_be_recorded_is_not_done_until_it_can_be(edge: Edge) -> None:
    edge.hear()
    commander_memory_full = edge.memory
    commander_memory_full.is_full = True
    edge.hear(sealed(command()))
    assert (edge.done, edge.book.events) == ([], [])

    commander_memory_full.is_full = False
    edge.hear(sealed(command()))

    assert edge.done == [PING]


def test_no_more_than_the_queue_holds_is_kept_in_memory(edge: Edge) -> None:
    commander = Commander(
        gateway=GATEWAY, authority=(), memory=edge.memory, book=edge.book, orders={}, clock=edge.clock, uncertainty_ms=0
    )

    for _ in range(1_000):
        commander.hear(said(b"x"))

    assert commander.dropped == 984
