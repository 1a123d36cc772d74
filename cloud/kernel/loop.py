"""The loop that drives every rule of the cloud, and the one place that survives a bug in one of them.

What is to be done stands in the task table. The loop takes what is due and runs the handler of its kind and marks the
task done in one transaction: a kill between the two cannot happen, so a handler's writes and its task's end are one.
Tasks that take no time share a transaction, since what a commit costs most is the disk; all of them are done, or none.
Handlers write to the database and to nothing else; whatever leaves the house is itself a task for whoever sends it.

A handler that fails is a bug or a fact nobody thought of. Its writes are undone, what shared its transaction is done
again without it, the task is put off (twice as long each time) and, after MAX_ATTEMPTS, parked where a person sees it;
the tasks behind it go on. A database that is full or locked is not the handler's fault: nothing is counted, the loop
pauses and goes on when it can.

`Worker` is the thread around this loop and its kin (ingest, MQTT, sending): it begins anew what failed, logs why, and
ends when told to.
"""

import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sqlalchemy import Connection

from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.errors import DatabaseError
from cloud.kernel.tasks import Task
from cloud.kernel.turns import Turns
from runtime import logs
from runtime.clock import Clock

MAX_ATTEMPTS: Final = 8
_FIRST_DELAY: Final = timedelta(seconds=1)
_LONGEST_DELAY: Final = timedelta(minutes=5)
_TASKS_A_TURN: Final = 100
_LONGEST_TRANSACTION_S: Final = 0.02  # ingest waits for it: an alarm would rather not
_LONGEST_WAIT_S: Final = 1.0  # another process (an import, a second program) may add tasks without waking us
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_AFTER_S: Final = 60.0

Handler: TypeAlias = Callable[[Connection, Task, datetime], None]
"""Does one task inside the transaction it is given, at the story's instant it is given."""

Work: TypeAlias = Callable[[threading.Event], None]
"""A thread's work: returns soon after its event is set."""

log = logs.get(__name__)


class Loop:
    """Runs due tasks through their handlers, each as if it had a transaction of its own."""

    def __init__(
        self, *, database: Database, clock: Clock, handlers: Mapping[str, Handler], on_commit: Callable[[], None]
    ) -> None:
        """`on_commit` is called after every turn that changed something, for whoever shows it."""
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._on_commit = on_commit
        self._next_due_at: datetime | None = None  # as the last turn saw it, if it found nothing to do
        self._turns = Turns(self.turn, self._idle_s)

    def wake(self) -> None:
        """Look at once for what is due; called by whoever has just added a task. Safe from any thread."""
        self._turns.wake()

    def run(self, stop: threading.Event) -> None:
        """Turn until told to stop; whoever sets `stop` also calls `wake`."""
        self._turns.run(stop)

    def turn(self) -> int:
        """Try every task that is due now, at most a turn's worth; how many were tried.

        Raises: DatabaseError when the database would not serve; what was committed before it stands.
        """
        with self._database.read() as connection:
            found = tasks.due(connection, self._handlers, self._clock.now(), _TASKS_A_TURN)
            self._next_due_at = None if found else tasks.next_due_at(connection, self._handlers)
        left = found
        while left:
            left = left[self._attempt(left) :]
        if found:
            self._on_commit()
        return len(found)

    def _attempt(self, found: Sequence[Task]) -> int:
        """Do the first of these in one transaction; how many. Where one fails, those it undid are done each alone."""
        tried: list[Task] = []
        failure = _failure_of(lambda: self._do(found, tried))
        if isinstance(failure, DatabaseError):
            raise failure
        if failure is None:
            return len(tried)
        if len(tried) == 1:
            self._put_off(tried[0], failure)
        else:
            for task in tried:
                self._attempt([task])
        return len(tried)

    def _do(self, found: Sequence[Task], tried: list[Task]) -> None:
        """Do tasks in one transaction, until it has taken long enough; `tried` tells which."""
        with self._database.transaction() as connection:
            end_s = self._clock.monotonic() + _LONGEST_TRANSACTION_S
            for task in found:
                tried.append(task)
                now = self._clock.now()
                current = tasks.still_due(connection, task, now)
                if current is not None:
                    self._handlers[task.kind](connection, current, now)
                    tasks.finish(connection, current, now)
                if self._clock.monotonic() >= end_s:
                    break

    def _put_off(self, task: Task, error: Exception) -> None:
        now = self._clock.now()
        failure = f"{type(error).__name__}: {error}"
        is_last = task.attempts + 1 >= MAX_ATTEMPTS
        with self._database.transaction() as connection:
            if is_last:
                tasks.park(connection, task, now, failure)
            else:
                tasks.postpone(connection, task, now + _delay(task.attempts), failure)
        event = "task_parked" if is_last else "task_put_off"
        log.error(event, kind=task.kind, key=task.key, attempt=task.attempts + 1, failure=failure, at=_place_of(error))

    def _idle_s(self) -> float:
        if self._next_due_at is None:
            return _LONGEST_WAIT_S
        ahead_s = (self._next_due_at - self._clock.now()).total_seconds()
        return min(max(self._clock.wall_seconds(ahead_s), 0.0), _LONGEST_WAIT_S)


class Worker:
    """A thread that keeps `work(stop)` running until told to stop, and begins it anew when it fails."""

    def __init__(self, name: str, work: Work, *, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` is called once stop is asked for, to end whatever the work is waiting for."""
        self.name = name
        self.failures = 0
        self._work = work
        self._clock = clock
        self._wake = wake
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the work to end; returns at once."""
        self._stop.set()
        self._wake()

    def join(self, timeout_s: float) -> bool:
        """Wait for the work to end; whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stop.is_set():
            began_s = self._clock.monotonic()
            failure = _failure_of(lambda: self._work(self._stop))
            if failure is not None:
                self._note(failure)
            if self._clock.monotonic() - began_s > _STEADY_AFTER_S:
                pause_s = _FIRST_PAUSE_S
            self._stop.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _note(self, error: Exception) -> None:
        self.failures += 1
        log.error("worker_failed", worker=self.name, failure=f"{type(error).__name__}: {error}", at=_place_of(error))


def _failure_of(work: Callable[[], None]) -> Exception | None:
    """Do the work and return what it raised: the supervisor's one catch, so that no bug stops what stands beside it."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - see above
        return error
    return None


def _delay(attempts: int) -> timedelta:
    delay: timedelta = _FIRST_DELAY * 2**attempts
    return min(delay, _LONGEST_DELAY)


def _place_of(error: Exception) -> str:
    """The line that raised: what a log needs of a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
