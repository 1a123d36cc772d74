"""The courier: one thread that hands events to the receiver, the urgent ones first, at least once and in order.

    an event is accepted -> the task POST stands -> what is behind the place is posted -> the place moves (commit)

At least once is what a network allows. An answer that is lost, or a kill between a post and its commit, brings the
same events again, with the same identifiers; whoever keeps those acts once. Nothing is said to be exactly once here.

A receiver that is away holds everything up, for alarms are of no use out of order, and it is asked again with a pause
that grows. One event that the receiver will not have must not hold up those behind it: refused for good, it is parked
at once; failed on over and over, it is set aside as a task of its own (AGAIN) and tried beside the others until it,
too, is parked, where a person sees it and `lamplight-cloud parked DIR --revive` brings it back. There is room for so
many of them; a receiver that refuses more refuses everything, and is waited for.

What waits longer than `keep_days` is passed over, counted and told; it stays in the database, and
`lamplight-cloud outward put-back` sends it after all.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy import Connection

from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.ids import EventId
from cloud.kernel.tasks import Task
from cloud.kernel.turns import Turns
from cloud.outward import store
from cloud.outward.cloudevent import as_json
from cloud.outward.post import Ending, NotNow, Refused, Taken
from cloud.outward.settings import OutwardSettings
from cloud.outward.store import Counts, Outgoing, Waiting
from runtime import logs
from runtime.clock import Clock

POST_TASK: Final = "outward.post"
AGAIN_TASK: Final = "outward.again"
RECEIVER: Final = "receiver"
"""The key of the one POST task: there is one receiver."""

MOST_ASIDE: Final = 200
"""Events that may be set aside or parked at once."""

MOST_STUMBLES: Final = 4
"""Attempts on which the receiver may fail before an event is set aside, so that those behind it are tried."""

MOST_ATTEMPTS: Final = 20
"""Attempts at an event that was set aside before it is parked."""

_AT_ONCE: Final = 20  # posts between two commits: what a kill repeats at most
_KEEP_UP_S: Final = 60.0
_IDLE_S: Final = 1.0  # another process may put a place back without waking us

log = logs.get(__name__)


class EventPoster(Protocol):
    """Posts events to a receiver."""

    def post(self, event_id: str, body: bytes, timestamp_s: int) -> Ending:
        """Post one event. Raises nothing that a network can cause: those are endings."""
        ...

    def close(self) -> None:
        """Let go of the receiver."""
        ...


def look(connection: Connection, now: datetime) -> None:
    """Let the courier look for what waits; a pause it makes is left alone."""
    tasks.ensure(connection, POST_TASK, RECEIVER, now)


class Courier:
    """Hands over what waits."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        poster: EventPoster,
        settings: OutwardSettings,
        on_commit: Callable[[], None],
    ) -> None:
        """`on_commit` is called when something was handed over or set aside."""
        self._database = database
        self._clock = clock
        self._poster = poster
        self._settings = settings
        self._on_commit = on_commit
        self._turns = Turns(self.turn, lambda: _IDLE_S)
        self._kept_up_s = clock.monotonic()

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """Look for what waits, where the event is one that leaves."""
        if event.id.lane in self._settings.lanes:
            look(connection, now)

    def wake(self) -> None:
        """Look at once for what waits. Safe from any thread."""
        self._turns.wake()

    def run(self, stop: threading.Event) -> None:
        """Hand over until told to stop; whoever sets `stop` also calls `wake`."""
        self.settle()
        try:
            self._turns.run(stop)
        finally:
            self._poster.close()

    def settle(self) -> None:
        """Give the lanes that leave a place, and look once: something may wait from before."""
        with self._database.transaction() as connection:
            store.settle(connection, self._settings.lanes)
            look(connection, self._clock.now())

    def turn(self) -> bool:
        """Do the one thing that is due; False when nothing is. Raises DatabaseError."""
        with self._database.read() as connection:
            task = _next_task(connection, self._clock.now())
        if task is None:
            self._keep_up()
            return False
        if task.kind == POST_TASK:
            self._post_waiting(task)
        else:
            self._post_again(task)
        self._on_commit()
        return True

    def _post_waiting(self, task: Task) -> None:
        """Post some of what waits in the most urgent lane where anything does."""
        with self._database.read() as connection:
            newest = store.newest_arrival(connection)
            waiting = store.first_waiting(connection, self._settings.lanes, _AT_ONCE)
        if waiting is None:
            self._rest(task, newest)
            return
        round_ = self._round(waiting)
        now = self._clock.now()
        with self._database.transaction() as connection:
            if round_.place != waiting.place:
                store.move(connection, waiting.lane, waiting.place, round_.place, now, round_.counts)
                tasks.reschedule(connection, POST_TASK, RECEIVER, now)  # it goes on, with no attempt counted
                task = replace(task, attempts=0)
            if round_.failed is not None:
                self._failed(connection, task, replace(waiting, place=round_.place), round_.failed)
        log.info("events_posted", lane=waiting.lane.name.lower(), **asdict(round_.counts))

    def _round(self, waiting: Waiting) -> "_Round":
        """Post what waits until one is not taken."""
        oldest = self._clock.now() - timedelta(days=self._settings.keep_days)
        place, delivered, passed_over = waiting.place, 0, 0
        for each in waiting.events:
            if each.may_leave and each.received_at < oldest:
                passed_over += 1
            elif each.may_leave:
                ending = self._post(each)
                if not isinstance(ending, Taken):
                    return _Round(place, Counts(delivered=delivered, passed_over=passed_over), (each, ending))
                delivered += 1
            place = each.arrival
        return _Round(place, Counts(delivered=delivered, passed_over=passed_over), None)

    def _rest(self, task: Task, newest: int) -> None:
        """Nothing waits: the task is done, unless something has come while we looked."""
        now = self._clock.now()
        with self._database.transaction() as connection:
            is_quiet = store.newest_arrival(connection) == newest
            for lane in self._settings.lanes:  # so that the next look begins here and not at the lane's last event
                is_quiet &= store.catch_up(connection, lane, newest)
            if is_quiet:
                tasks.finish(connection, task, now)

    def _keep_up(self) -> None:
        """Now and then put the places behind what does not leave, so that the next look does not go through it all."""
        if self._clock.monotonic() - self._kept_up_s < _KEEP_UP_S:
            return
        self._kept_up_s = self._clock.monotonic()
        with self._database.transaction() as connection:
            newest = store.newest_arrival(connection)
            for lane in self._settings.lanes:
                store.catch_up(connection, lane, newest)

    def _failed(
        self, connection: Connection, task: Task, waiting: Waiting, failed: tuple[Outgoing, Refused | NotNow]
    ) -> None:
        """Wait for the receiver, or let this event alone stand aside."""
        each, ending = failed
        now, event_id = self._clock.now(), each.original.id
        pause = self._pause(task.attempts, ending)
        stumbles = isinstance(ending, NotNow) and ending.stumbles and task.attempts + 1 >= MOST_STUMBLES
        has_room = tasks.count_unfinished(connection, AGAIN_TASK) < MOST_ASIDE
        if has_room and (stumbles or isinstance(ending, Refused)):
            tasks.reschedule(connection, AGAIN_TASK, event_id, now + pause)
            if isinstance(ending, Refused):
                tasks.park(connection, Task(kind=AGAIN_TASK, key=event_id, due_at=now), now, ending.reason)
            store.move(connection, waiting.lane, waiting.place, each.arrival, now, Counts())
            log.warning("event_aside", event_id=event_id, reason=ending.reason)
            if isinstance(ending, Refused):
                return  # the receiver is there: the next one goes at once
        tasks.postpone(connection, task, now + pause, ending.reason)
        log.warning("receiver_away", attempt=task.attempts + 1, reason=ending.reason)

    def _post_again(self, task: Task) -> None:
        """Try an event that was set aside."""
        with self._database.read() as connection:
            found = store.at(connection, EventId.parse(task.key))
        ending = None if found is None else self._post(found)
        now = self._clock.now()
        with self._database.transaction() as connection:
            if tasks.still_due(connection, task, now) is None:
                return
            match ending:
                case Taken() | None:
                    tasks.finish(connection, task, now)
                case NotNow(reason=reason, stumbles=stumbles) if not stumbles or task.attempts + 1 < MOST_ATTEMPTS:
                    tasks.postpone(connection, task, now + self._pause(task.attempts, ending), reason)
                case Refused(reason=reason) | NotNow(reason=reason):
                    tasks.park(connection, task, now, reason)

    def _post(self, each: Outgoing) -> Ending:
        original = each.original
        return self._poster.post(original.id, as_json(original), int(self._clock.now().timestamp()))

    def _pause(self, attempts: int, ending: Ending) -> timedelta:
        """Twice as long each time, and at least as long as the receiver asked for, within the longest."""
        longest_s = self._settings.retry_longest_s
        doubled_s = self._settings.retry_first_s * 2 ** min(attempts, 20)
        asked_s = ending.after_s if isinstance(ending, NotNow) else 0
        return timedelta(seconds=min(max(doubled_s, asked_s), longest_s))


@dataclass(frozen=True, slots=True)
class _Round:
    """What came of posting some events: the place behind those dealt with, and the first that was not taken."""

    place: int
    counts: Counts
    failed: tuple[Outgoing, Refused | NotNow] | None


def _next_task(connection: Connection, now: datetime) -> Task | None:
    """What waits in order goes before what was set aside, and while the receiver is away nothing else is tried."""
    standing = tasks.standing(connection, POST_TASK, RECEIVER)
    if standing is not None and (standing.due_at <= now or standing.attempts):
        return standing if standing.due_at <= now else None
    return next(iter(tasks.due(connection, (AGAIN_TASK,), now, 1)), None)
