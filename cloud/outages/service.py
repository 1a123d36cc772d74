"""The shell around the rules: an accepted event, or a timer, becomes a step, and all its effects are written at once.

In comes every event of ingest (a subscriber) and the timer this module sets itself; out go the home's state, its cases,
its timeline, and messages that wait to be sent, in the one transaction that also ends the task that brought us here.

The utility's customer file says whose home a meter measures. A gateway that is registered for another usage point than
its meter's home is not believed about either: nothing is done, and a line in the log asks for somebody to look.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.customers.model import UsagePoint
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import UsagePointId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from cloud.messaging import service as messaging
from cloud.messaging.service import Composer, News
from cloud.outages import facts, store
from cloud.outages.effects import CaseChanged, DropNotice, Effect, Noted, NotifyAt, Retract, Tell
from cloud.outages.model import Remark, State
from cloud.outages.rules import step
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import Assessed, Dipped, Heard, Lost, NoticeDue, Observation, Returned, Saying
from cloud.registry import store as registry
from runtime import logs
from wire.events import Disconnector, InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.instants import from_unix_ms
from wire.record import ClockSource

NOTICE_TASK: Final = "outage.notice"
_MOVES_THE_STORY_ON: Final = frozenset({Remark.OPENED, Remark.RESTORED})

log = logs.get(__name__)


class OutageService:
    """Keeps what is held of every home, and asks for messages."""

    def __init__(self, settings: OutageSettings, composer: Composer) -> None:
        self._settings = settings
        self._composer = composer

    def handlers(self) -> Mapping[str, Handler]:
        """What the loop runs for us."""
        return {NOTICE_TASK: self._on_notice}

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """Act on an accepted event; a `Subscriber` of ingest. What does not speak of supply is none of ours."""
        seen = saying(event, self._settings)
        if seen is None:
            return
        home = customers.behind(connection, event.record.subject)
        gateway = registry.get(connection, event.id.gateway)
        if home is None or gateway is None or not gateway.speaks_for(home.id, home.meter):
            where = home.id if home else "-"
            log.warning("event_of_no_home", event_id=event.id, meter=event.record.subject, home=where)
            return
        self._take(connection, home, seen, now)

    def _on_notice(self, connection: Connection, task: Task, now: datetime) -> None:
        usage_point, _, number = task.key.rpartition("/")
        home = customers.find(connection, usage_point)
        assert home is not None, "homes are never taken away"
        self._take(connection, home, NoticeDue(case_number=int(number)), now)

    def _take(self, connection: Connection, home: UsagePoint, seen: Observation, now: datetime) -> None:
        state = store.load_state(connection, home.id, home.meter)
        made = step(state, seen, now, self._settings)
        for effect in made.effects:
            self._write(connection, home, effect, now)
        store.save_state(connection, home.id, made.state)
        _report(home.id, state, made.state, made.effects)

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
            case Retract():
                messaging.overtake(connection, home.id, now)
            case Tell(case=case, announcement=announcement):
                sheet = facts.sheet(home.id, case, self._settings)
                name = facts.case_name(home.id, case.number)
                news = News(home=home, case=name, announcement=announcement, facts=sheet)
                self._composer.compose(connection, news, now)


def saying(event: StoredEvent, settings: OutageSettings) -> Saying | None:
    """What an event says about supply; None when it says nothing about it."""
    heard = _heard(event, settings)
    match event.record.event:
        case SupplyLost(began_at_ms=began):
            return Lost(heard=heard, began_at=from_unix_ms(began))
        case InterruptionAssessed(began_at_ms=began) as verdict:
            return Assessed(
                heard=heard,
                began_at=from_unix_ms(began),
                cause=verdict.cause,
                stage=verdict.stage,
                grade=verdict.grade,
                evidence=verdict.evidence,
            )
        case SupplyRestored(began_at_ms=began) as back:
            return Returned(
                heard=heard,
                began_at=from_unix_ms(began),
                returned_at=from_unix_ms(back.restored_at_ms),
                held_s=back.held_s,
                lowest_mv=min(back.voltages_mv, default=None),
                is_switched_off=back.disconnector in {Disconnector.OPEN, Disconnector.READY},
            )
        case SupplyDipped(began_at_ms=began):
            return Dipped(heard=heard, began_at=from_unix_ms(began))
        case _:
            return None


def _heard(event: StoredEvent, settings: OutageSettings) -> Heard:
    stamp = event.record.stamp
    is_set = stamp.source is not ClockSource.NONE and stamp.uncertainty_ms <= settings.clock_tolerance_s * 1_000
    return Heard(
        event=event.id,
        meter=event.record.subject,
        said_at=event.at,
        heard_at=event.received_at,
        clock_is_good=is_set and event.at <= event.received_at + settings.clock_tolerance,
    )


def _report(usage_point: UsagePointId, before: State, after: State, effects: tuple[Effect, ...]) -> None:
    remarks = ",".join(effect.remark for effect in effects if isinstance(effect, Noted)) or "-"
    log.info("home_judged", usage_point=usage_point, before=before.phase, after=after.phase, remarks=remarks)
