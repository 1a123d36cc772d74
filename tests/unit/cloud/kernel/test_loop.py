import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from cloud.kernel import tasks
from cloud.kernel.errors import StorageFull
from cloud.kernel.loop import MAX_ATTEMPTS, Loop, Worker
from runtime.clock import SystemClock
from tests.fakes_cloud import NOON, HandClock, fresh_database
from tests.waiting import SURELY_S, eventually


class Rule:
    """A handler that keeps what it was given, and fails on the keys it is told to."""

    def __init__(self):
        self.handled = []
        self.failing = {}
        self.before = list
        self._seen = []

    def transactions(self):
        """How many it was given."""
        return len(set(map(id, self._seen)))

    def __call__(self, connection, task, now):
        self._seen.append(connection)
        self.before()
        tasks.add(connection, "trace", f"{task.key}@{task.attempts}", now)
        if task.key in self.failing:
            raise self.failing[task.key]
        self.handled.append((task.key, now))


class Stage:
    """A loop over an empty database, with one rule for timers."""

    def __init__(self, database):
        self.database = database
        self.clock = HandClock()
        self.rule = Rule()
        self.commits = 0
        self.loop = Loop(database=database, clock=self.clock, handlers={"timer": self.rule}, on_commit=self._count)

    def _count(self):
        self.commits += 1

    def add(self, *keys, due_at=NOON):
        with self.database.transaction() as connection:
            for key in keys:
                tasks.add(connection, "timer", key, due_at)

    def traces(self):
        with self.database.read() as connection:
            return {task.key for task in tasks.due(connection, ["trace"], self.clock.now(), 100)}

    def parked(self):
        with self.database.read() as connection:
            return [(task.key, task.attempts) for task in tasks.parked(connection)]


@pytest.fixture
def stage(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Stage(database)


def test_a_due_task_is_handled_once(stage):
    stage.add("a")

    assert stage.loop.turn() == 1
    assert stage.loop.turn() == 0

    assert stage.rule.handled == [("a", NOON)]
    assert stage.commits == 1


def test_a_task_waits_for_its_instant(stage):
    stage.add("a", due_at=NOON + timedelta(minutes=3))

    stage.loop.turn()
    assert stage.rule.handled == []

    stage.clock.go_on(180)
    stage.loop.turn()
    assert stage.rule.handled == [("a", NOON + timedelta(minutes=3))]


def test_a_task_no_handler_knows_is_left_for_whoever_does(stage):
    with stage.database.transaction() as connection:
        tasks.add(connection, "mail", "a", NOON)

    assert stage.loop.turn() == 0


def test_a_failing_task_leaves_nothing_behind_and_does_not_stop_the_others(stage):
    stage.rule.failing = {"bad": ValueError("no such meter")}
    stage.add("bad", "good")

    stage.loop.turn()

    assert [key for key, _ in stage.rule.handled] == ["good"]
    assert stage.traces() == {"good@0"}


def test_a_failing_task_undoes_nothing_of_those_before_and_behind_it(stage):
    stage.rule.failing = {"bad": ValueError("no such meter")}
    stage.add("first", "bad", "last")

    stage.loop.turn()
    stage.loop.turn()

    assert stage.traces() == {"first@0", "last@0"}


def test_tasks_that_take_no_time_share_a_transaction(stage):
    stage.add("a", "b", "c")

    stage.loop.turn()

    assert stage.rule.transactions() == 1


def test_a_transaction_that_took_long_enough_is_committed_before_the_next_task(stage):
    stage.rule.before = lambda: stage.clock.go_on(1)
    stage.add("a", "b", "c")

    stage.loop.turn()

    assert stage.rule.transactions() == 3
    assert stage.traces() == {"a@0", "b@0", "c@0"}


def test_waiting_for_the_writer_is_no_part_of_a_transaction(stage, monkeypatch):
    stage.add("a", "b", "c")
    begin = stage.database.transaction

    @contextmanager
    def after_a_wait():
        stage.clock.go_on(1)
        with begin() as connection:
            yield connection

    monkeypatch.setattr(stage.database, "transaction", after_a_wait)
    stage.loop.turn()

    assert stage.rule.transactions() == 1


def test_what_a_full_disk_undid_is_all_done_again_and_only_once(stage):
    stage.rule.failing = {"b": StorageFull("the disk is full")}
    stage.add("a", "b", "c")

    with pytest.raises(StorageFull):
        stage.loop.turn()
    undone = stage.traces()
    stage.rule.failing = {}
    stage.loop.turn()

    assert undone == set()
    assert stage.traces() == {"a@0", "b@0", "c@0"}


def test_a_failing_task_is_tried_again_ever_later(stage):
    stage.rule.failing = {"bad": ValueError("no such meter")}
    stage.add("bad")

    stage.loop.turn()
    assert stage.loop.turn() == 0
    stage.clock.go_on(1)
    assert stage.loop.turn() == 1
    stage.clock.go_on(1)
    assert stage.loop.turn() == 0
    stage.clock.go_on(1)
    stage.rule.failing = {}
    stage.loop.turn()

    assert [key for key, _ in stage.rule.handled] == ["bad"]


def test_a_task_that_keeps_failing_is_parked_where_a_person_sees_it(stage):
    stage.rule.failing = {"bad": ValueError("no such meter")}
    stage.add("bad")

    for _ in range(MAX_ATTEMPTS):
        stage.loop.turn()
        stage.clock.go_on(3600)

    assert stage.parked() == [("bad", MAX_ATTEMPTS)]
    assert stage.loop.turn() == 0


def test_a_full_disk_is_not_the_tasks_fault(stage):
    stage.rule.failing = {"a": StorageFull("the disk is full")}
    stage.add("a")

    with pytest.raises(StorageFull):
        stage.loop.turn()
    stage.rule.failing = {}
    stage.loop.turn()

    assert stage.rule.handled == [("a", NOON)]
    assert stage.traces() == {"a@0"}


def test_a_task_another_one_cancelled_is_not_handled(stage):
    def cancel_other(connection, task, now):
        stage.rule(connection, task, now)
        tasks.cancel(connection, "timer", "b")

    stage.add("a", "b")
    loop = Loop(database=stage.database, clock=stage.clock, handlers={"timer": cancel_other}, on_commit=list)

    loop.turn()

    assert [key for key, _ in stage.rule.handled] == ["a"]


def test_a_running_loop_finds_by_itself_what_falls_due_while_it_waits(stage):
    clock = SystemClock()
    loop = Loop(database=stage.database, clock=clock, handlers={"timer": stage.rule}, on_commit=list)
    worker = Worker("loop", loop.run, clock=clock, wake=loop.wake)
    stage.add("a", due_at=clock.now() + timedelta(seconds=0.3))
    worker.start()

    eventually(lambda: stage.rule.handled)
    worker.stop()

    assert worker.join(SURELY_S)
    assert not worker.is_alive


def test_a_running_loop_takes_what_is_added_when_woken_and_stops_when_told(stage):
    clock = SystemClock()
    loop = Loop(database=stage.database, clock=clock, handlers={"timer": stage.rule}, on_commit=list)
    worker = Worker("loop", loop.run, clock=clock, wake=loop.wake)
    worker.start()

    stage.add("a", due_at=NOON.replace(year=2020))
    loop.wake()
    eventually(lambda: stage.rule.handled)
    worker.stop()

    assert worker.join(SURELY_S)
    assert worker.failures == 0


def test_work_that_fails_is_begun_anew():
    began = []
    second = threading.Event()

    def work(stop):
        began.append(1)
        if len(began) == 1:
            raise ValueError("first time unlucky")
        second.set()
        stop.wait()

    worker = Worker("test", work, clock=SystemClock(), wake=list)
    worker.start()
    assert second.wait(SURELY_S)
    worker.stop()

    assert worker.join(SURELY_S)
    assert (len(began), worker.failures) == (2, 1)
