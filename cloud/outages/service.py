"""The shell around the rules: an accepted event, or a timer, becomes a step, and all its effects are written at once.

In comes every event of ingest (a subscriber), the timers this module sets itself, and the word of a person; out go the
home's state, its cases, its timeline, and messages that wait to be sent, in the one transaction that also ends the task
that brought us here.

The utility's customer file says whose home a meter measures. A gateway that is registered for another usage point than
its meter's home is not believed about either: nothing is done, and a line in the log asks for somebody to look.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.customers.model import UsagePoint
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import EventId, UsagePointId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from cloud.messaging import service as messaging
from cloud.messaging.model import Announcement
from cloud.messaging.service import Composer, News
from cloud.outages import facts, store
from cloud.outages.effects import (
    BreakerNoticeAt,
    CaseChanged,
    DropBreakerNotice,
    DropNotice,
    Effect,
    Noted,
    NotifyAt,
    Retract,
    Step,
    Tell,
    TellOfBreaker,
)
from cloud.outages.hearing import is_of_the_gateway, saying
from cloud.outages.model import Case, Remark, State
from cloud.outages.rules import step
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import BreakerDue, ClosedByOperator, NoticeDue, Observation, Saying
from cloud.registry import store as registry
from runtime import logs
from runtime.errors import InputRefused

NOTICE_TASK: Final = "outage.notice"
BREAKER_TASK: Final = "outage.breaker"
_MOVES_THE_STORY_ON: Final = frozenset({Remark.OPENED, Remark.RESTORED})

HomeChanged: TypeAlias = Callable[[Connection, UsagePointId, datetime], None]
"""Hears, in the transaction it is given, that a home's phase, finding or case has changed."""

MAX_REASON_CHARS: Final = 500
MAX_WHO_CHARS: Final = 100

log = logs.get(__name__)


class CloseRefused(InputRefused):
    """A case is not closed: there is none, or who closes it does not properly say why."""


class NoOpenCase(CloseRefused):
    """There is no open case to close."""


def _nobody_listens(_connection: Connection, _usage_point: UsagePointId, _now: datetime) -> None:
    pass


class OutageService:
    """Keeps what is held of every home, and asks for messages."""

    def __init__(
        self, settings: OutageSettings, composer: Composer, on_home_changed: HomeChanged = _nobody_listens
    ) -> None:
        """`on_home_changed` is called after every step that changed a home's phase, finding or case."""
        self._settings = settings
        self._composer = composer
        self._on_home_changed = on_home_changed

    def handlers(self) -> Mapping[str, Handler]:
        """What the loop runs for us."""
        return {NOTICE_TASK: self._on_notice, BREAKER_TASK: self._on_breaker_notice}

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """Act on an accepted event; a `Subscriber` of ingest. What does not speak of supply is none of ours."""
        seen = saying(event, self._settings)
        if seen is None:
            return
        for home in _homes(connection, event, seen):
            self._take(connection, home, seen, now)

    def close_by_operator(
        self, connection: Connection, usage_point: UsagePointId, who: str, reason: str, now: datetime
    ) -> None:
        """Close the home's open case on a person's word; nobody is told "back" until its own meter proves it.

        Raises: NoOpenCase, CloseRefused when `who` or `reason` is empty, too long or not printable.
        """
        word = ClosedByOperator(who=_line(who, "name", MAX_WHO_CHARS), reason=_line(reason, "reason", MAX_REASON_CHARS))
        home, case = self._home_and_case(connection, usage_point)
        if home is None or case is None:
            raise NoOpenCase(
                f"there is no open case at {usage_point[:40]}", do="look at its timeline: it may be closed"
            )
        self._take(connection, home, word, now)

    def tell_still_out(
        self,
        connection: Connection,
        usage_point: UsagePointId,
        neighbours_back_at: datetime,
        sources: Sequence[EventId],
        now: datetime,
    ) -> bool:
        """Tell a customer who was told "out" that there is power around this home but none shown here; once a case.

        `sources` prove that the neighbours have power. Returns whether a message was queued just now; a customer
        who was not told yet hears it from the case's own notice, and where something speaks for a return here
        nothing is said.
        """
        home, case = self._home_and_case(connection, usage_point)
        if home is None or case is None or case.told_at is None or case.is_returning:
            return False
        sheet = facts.still_out(
            home.id, case, facts.Neighbours(back_at=neighbours_back_at, by=sources), now, self._settings
        )
        name = facts.case_name(home.id, case.number)
        news = News(home=home, case=name, announcement=Announcement.STILL_OUT, facts=sheet)
        return self._say(connection, news, Remark.STILL_OUT_TOLD, case.number, now)

    def ask(
        self,
        connection: Connection,
        usage_point: UsagePointId,
        outage_name: str,
        neighbours_back_at: datetime,
        sources: Sequence[EventId],
        now: datetime,
    ) -> bool:
        """Ask the customer of a home that cannot be seen whether power is on; once an outage and home.

        `sources` prove that the neighbours have power. Returns whether a message was queued just now; a home with an
        open case is not asked.
        """
        home, case = self._home_and_case(connection, usage_point)
        if home is None or case is not None:
            return False
        sheet = facts.power_check(
            outage_name, facts.Neighbours(back_at=neighbours_back_at, by=sources), now, self._settings
        )
        name = f"{outage_name}/{home.id}"
        news = News(home=home, case=name, announcement=Announcement.POWER_CHECK, facts=sheet)
        return self._say(connection, news, Remark.ASKED, None, now)

    def _home_and_case(
        self, connection: Connection, usage_point: UsagePointId
    ) -> tuple[UsagePoint | None, Case | None]:
        """The home and its open case, each None where there is none."""
        home = customers.find(connection, usage_point)
        state = None if home is None else store.load_state(connection, home.id, home.meter)
        return home, None if state is None else state.open_case

    def _say(self, connection: Connection, news: News, remark: Remark, case_number: int | None, now: datetime) -> bool:
        """Compose, with a line in the timeline if a message was queued just now."""
        is_queued = self._composer.compose(connection, news, now)
        if is_queued:
            line = Noted(remark=remark, case_number=case_number, heard=None)
            store.add_line(connection, news.home.id, line, now)
        return is_queued

    def _on_notice(self, connection: Connection, task: Task, now: datetime) -> None:
        home, number = _home_and_number(connection, task)
        self._take(connection, home, NoticeDue(case_number=number), now)

    def _on_breaker_notice(self, connection: Connection, task: Task, now: datetime) -> None:
        home, number = _home_and_number(connection, task)
        self._take(connection, home, BreakerDue(occurrence=number), now)

    def _take(self, connection: Connection, home: UsagePoint, seen: Observation, now: datetime) -> None:
        state = store.load_state(connection, home.id, home.meter)
        made = step(state, seen, now, self._settings)
        for effect in made.effects:
            self._write(connection, home, effect, now)
        store.save_state(connection, home.id, made.state)
        _report(home.id, state, made.state, made.effects)
        if _has_changed(state, made):
            self._on_home_changed(connection, home.id, now)

    def _write(self, connection: Connection, home: UsagePoint, effect: Effect, now: datetime) -> None:
        match effect:
            case CaseChanged(case=case):
                store.save_case(connection, home.id, case)
            case Noted():
                store.add_line(connection, home.id, effect, now)
                if effect.remark in _MOVES_THE_STORY_ON:
                    messaging.overtake(connection, home.id, now)
            case NotifyAt(case_number=number, due_at=due_at):
                tasks.reschedule(connection, NOTICE_TASK, f"{home.id}/{number}", due_at)
            case DropNotice(case_number=number):
                tasks.cancel(connection, NOTICE_TASK, f"{home.id}/{number}")
            case BreakerNoticeAt(occurrence=occurrence, due_at=due_at):
                tasks.reschedule(connection, BREAKER_TASK, f"{home.id}/{occurrence}", due_at)
            case DropBreakerNotice(occurrence=occurrence):
                tasks.cancel(connection, BREAKER_TASK, f"{home.id}/{occurrence}")
            case Retract(only=only):
                messaging.overtake(connection, home.id, now, only=only)
            case TellOfBreaker(finding=finding, occurrence=occurrence):
                name = facts.breaker_name(home.id, occurrence)
                sheet = facts.own_breaker(name, finding, self._settings)
                news = News(home=home, case=name, announcement=Announcement.CHECK_BREAKER, facts=sheet)
                self._composer.compose(connection, news, now)
            case Tell(case=case, announcement=announcement):
                sheet = facts.sheet(home.id, case, self._settings)
                name = facts.case_name(home.id, case.number)
                news = News(home=home, case=name, announcement=announcement, facts=sheet)
                self._composer.compose(connection, news, now)


def _homes(connection: Connection, event: StoredEvent, seen: Saying) -> Iterator[UsagePoint]:
    """The homes an event speaks of: its meter's, or all of the gateway's where it speaks of the gateway itself."""
    gateway = registry.get(connection, event.id.gateway)
    meters: tuple[str, ...] = (event.record.subject,)
    if gateway is not None and is_of_the_gateway(seen):
        meters = tuple(place.meter for place in gateway.places)
    for meter in meters:
        home = customers.behind(connection, meter)
        if home is not None and gateway is not None and gateway.speaks_for(home.id, home.meter):
            yield home
        else:
            log.warning("event_of_no_home", event_id=event.id, meter=meter, home=home.id if home else "-")


def _home_and_number(connection: Connection, task: Task) -> tuple[UsagePoint, int]:
    """The home and the number that one of our timers names."""
    usage_point, _, number = task.key.rpartition("/")
    home = customers.find(connection, usage_point)
    assert home is not None, "homes are never taken away"
    return home, int(number)


def _line(text: str, thing: str, limit: int) -> str:
    """One printable line a person typed; raises CloseRefused."""
    line = text.strip()
    if not line or len(line) > limit or not line.isprintable():
        raise CloseRefused(f"this is no {thing}", do=f"write it in one line of 1 to {limit} printable characters")
    return line


def _has_changed(before: State, made: Step) -> bool:
    after = made.state
    is_case_changed = any(isinstance(effect, CaseChanged) for effect in made.effects)
    return is_case_changed or (before.phase, before.finding) != (after.phase, after.finding)


def _report(usage_point: UsagePointId, before: State, after: State, effects: tuple[Effect, ...]) -> None:
    remarks = ",".join(effect.remark for effect in effects if isinstance(effect, Noted)) or "-"
    log.info("home_judged", usage_point=usage_point, before=before.phase, after=after.phase, remarks=remarks)
