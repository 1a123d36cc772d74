from datetime import timedelta

import pytest

from cloud.kernel import tasks
from cloud.kernel.tasks import Task
from tests.fakes_cloud import NOON, fresh_database

MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection(tmp_path):
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        yield connection


def keys_due(connection, now=NOON, kinds=("timer",), limit=10):
    return [task.key for task in tasks.due(connection, kinds, now, limit)]


def test_a_task_is_due_from_its_instant_on(connection):
    tasks.add(connection, "timer", "a", NOON, '{"x": 1}')

    assert keys_due(connection, NOON - timedelta(milliseconds=1)) == []
    assert tasks.due(connection, ["timer"], NOON, 10) == [Task(kind="timer", key="a", due_at=NOON, payload='{"x": 1}')]


def test_a_task_stands_once_and_keeps_its_first_instant(connection):
    assert tasks.add(connection, "timer", "a", NOON)
    assert not tasks.add(connection, "timer", "a", NOON - MINUTE)

    assert keys_due(connection, NOON - MINUTE) == []


def test_a_task_that_is_done_never_comes_again(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)

    tasks.finish(connection, task, NOON)

    assert not tasks.add(connection, "timer", "a", NOON)
    assert keys_due(connection, NOON + MINUTE) == []


def test_the_same_key_of_two_kinds_is_two_tasks(connection):
    assert tasks.add(connection, "timer", "a", NOON)
    assert tasks.add(connection, "event", "a", NOON)

    assert keys_due(connection, kinds=("event",)) == ["a"]
    assert keys_due(connection, kinds=("event", "timer")) == ["a", "a"]


def test_the_longest_due_come_first_then_the_first_added(connection):
    tasks.add(connection, "timer", "late", NOON)
    tasks.add(connection, "timer", "10", NOON - MINUTE)
    tasks.add(connection, "timer", "9", NOON - MINUTE)

    assert keys_due(connection) == ["10", "9", "late"]
    assert keys_due(connection, limit=2) == ["10", "9"]


def test_a_timer_can_be_set_anew_even_when_it_has_gone_off(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)
    tasks.finish(connection, task, NOON)

    tasks.reschedule(connection, "timer", "a", NOON + MINUTE, "{}")

    assert keys_due(connection) == []
    assert tasks.due(connection, ["timer"], NOON + MINUTE, 1) == [
        Task(kind="timer", key="a", due_at=NOON + MINUTE, payload="{}")
    ]


def test_a_timer_can_be_set_before_it_ever_stood(connection):
    tasks.reschedule(connection, "timer", "a", NOON)

    assert keys_due(connection) == ["a"]


def test_a_cancelled_timer_does_not_go_off_and_can_stand_again(connection):
    tasks.add(connection, "timer", "a", NOON)

    assert tasks.cancel(connection, "timer", "a")
    assert not tasks.cancel(connection, "timer", "a")

    assert keys_due(connection) == []
    assert tasks.add(connection, "timer", "a", NOON)


def test_what_is_done_cannot_be_cancelled(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)
    tasks.finish(connection, task, NOON)

    assert not tasks.cancel(connection, "timer", "a")


def test_a_postponed_task_counts_its_attempts_and_says_why(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)

    tasks.postpone(connection, task, NOON + MINUTE, "ValueError: no" * 100)

    (again,) = tasks.due(connection, ["timer"], NOON + MINUTE, 1)
    assert again.attempts == 1
    assert again.failure is not None
    assert again.failure.startswith("ValueError: no")
    assert len(again.failure) == 500


def test_a_parked_task_is_seen_but_not_due_until_revived(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)

    tasks.park(connection, task, NOON, "ValueError: no")

    assert keys_due(connection) == []
    assert [(task.key, task.failure) for task in tasks.parked(connection)] == [("a", "ValueError: no")]
    assert tasks.revive(connection, "timer", "a", NOON + MINUTE)
    assert not tasks.revive(connection, "timer", "a", NOON + MINUTE)
    assert keys_due(connection, NOON + MINUTE) == ["a"]
    assert tasks.parked(connection) == []


def test_what_was_meanwhile_cancelled_is_not_due_any_more(connection):
    tasks.add(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)
    assert tasks.still_due(connection, task, NOON) == task

    tasks.cancel(connection, "timer", "a")

    assert tasks.still_due(connection, task, NOON) is None


def test_the_next_due_instant_is_that_of_open_tasks_only(connection):
    assert tasks.next_due_at(connection, ["timer"]) is None

    tasks.add(connection, "timer", "a", NOON)
    tasks.add(connection, "timer", "b", NOON + MINUTE)
    tasks.finish(connection, Task(kind="timer", key="a", due_at=NOON), NOON)

    assert tasks.next_due_at(connection, ["timer"]) == NOON + MINUTE


def test_a_task_that_is_ensured_keeps_the_instant_it_has(connection):
    tasks.ensure(connection, "timer", "a", NOON)
    tasks.ensure(connection, "timer", "a", NOON + MINUTE)

    assert keys_due(connection) == ["a"]


def test_a_task_that_was_done_is_ensured_anew(connection):
    tasks.ensure(connection, "timer", "a", NOON)
    (task,) = tasks.due(connection, ["timer"], NOON, 1)
    tasks.finish(connection, task, NOON)

    tasks.ensure(connection, "timer", "a", NOON + MINUTE)

    assert keys_due(connection) == []
    assert keys_due(connection, NOON + MINUTE) == ["a"]


def test_a_task_put_to_a_later_instant_while_it_is_done_stays_open(connection):
    tasks.add(connection, "watch", "a", NOON)
    (task,) = tasks.due(connection, ["watch"], NOON, 10)

    tasks.reschedule(connection, "watch", "a", NOON + timedelta(minutes=1))
    tasks.finish(connection, task, NOON)

    assert tasks.due(connection, ["watch"], NOON, 10) == []
    assert len(tasks.due(connection, ["watch"], NOON + timedelta(minutes=1), 10)) == 1
