"""The shell around outages on the tree: news of a home becomes a survey of its feeder, all of it in one transaction.

A storm brings news of many homes at once. So the first of them schedules one look at its feeder, a few seconds ahead,
and what comes until then finds it scheduled: a burst costs one survey, whose cost is that of its feeder. Instants to
look again are tasks, too, and void once their outage is over. A home without a place on the grid has cases and no
outage.

What is asked and told goes through the home's own rules (`OutageService`), which say each thing once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from cloud.grid import store as grid
from cloud.grid.service import FeedersChanged
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import DeviceId, EventId, UsagePointId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from cloud.messaging import service as messaging
from cloud.messaging.model import Announcement
from cloud.outages import area_store, areas
from cloud.outages.area_evidence import homes_of
from cloud.outages.area_model import Ask, Line, Mark, Outage, Scene, Survey, TellStillOut, Wake
from cloud.outages.service import HomeChanged, NoOpenCase
from cloud.outages.settings import OutageSettings
from runtime import logs
from wire.events import RegisterReadings
from wire.units import VOLTAGES

LOOK_TASK: Final = "area.look"
WAKE_TASK: Final = "area.wake"
_WHYS: Final = ("nested", "ask", "tell")

log = logs.get(__name__)


class Homes(Protocol):
    """What is asked of the rules of single homes; `OutageService` is one."""

    def ask(
        self,
        connection: Connection,
        usage_point: UsagePointId,
        outage_name: str,
        neighbours_back_at: datetime,
        sources: Sequence[EventId],
        now: datetime,
    ) -> bool: ...

    def tell_still_out(
        self,
        connection: Connection,
        usage_point: UsagePointId,
        neighbours_back_at: datetime,
        sources: Sequence[EventId],
        now: datetime,
    ) -> bool: ...

    def close_by_operator(
        self, connection: Connection, usage_point: UsagePointId, who: str, reason: str, now: datetime
    ) -> None:
        """Raises NoOpenCase when the home has none, CloseRefused when the words will not do."""


def look_again(settings: OutageSettings) -> HomeChanged:
    """What `OutageService` calls when a home changed: its feeder is looked at soon."""

    schedule = look_at(settings)

    def schedule_feeder_of(connection: Connection, usage_point: UsagePointId, now: datetime) -> None:
        feeder = grid.feeder_of(connection, usage_point)
        if feeder is not None:
            schedule(connection, [feeder], now)

    return schedule_feeder_of


def look_at(settings: OutageSettings) -> FeedersChanged:
    """What an import calls when feeders changed: each is looked at soon, though it be on the grid no more."""

    def schedule(connection: Connection, feeders: Collection[DeviceId], now: datetime) -> None:
        for feeder in feeders:
            tasks.ensure(connection, LOOK_TASK, feeder, now + settings.gather)

    return schedule


class AreaService:
    """Surveys feeders, and keeps what comes of it."""

    def __init__(self, settings: OutageSettings, homes: Homes) -> None:
        self._settings = settings
        self._homes = homes
        self._look_again = look_again(settings)

    def handlers(self) -> Mapping[str, Handler]:
        """What the loop runs for us."""
        return {LOOK_TASK: self._on_look, WAKE_TASK: self._on_wake}

    def look_again(self, connection: Connection, usage_point: UsagePointId, now: datetime) -> None:
        """Look at the home's feeder soon."""
        self._look_again(connection, usage_point, now)

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """A voltage read at an unverified member's own meter verifies it; a `Subscriber` of ingest, after readings."""
        said = event.record.event
        if not isinstance(said, RegisterReadings) or not any(quantity in VOLTAGES for quantity, _ in said.values):
            return
        home = area_store.unverified_behind(connection, event.record.subject)
        if home is not None:
            self._look_again(connection, home, now)

    def close(self, connection: Connection, usage_point: UsagePointId, who: str, reason: str, now: datetime) -> None:
        """Close, on a person's word, the home's open case or else its unverified standing in open outages.

        Raises: NoOpenCase when it has neither; CloseRefused when `who` or `reason` will not do.
        """
        try:
            self._homes.close_by_operator(connection, usage_point, who, reason, now)
        except NoOpenCase:
            numbers = area_store.open_with_unverified(connection, usage_point)
            if not numbers:
                raise
            for number in numbers:
                area_store.close_member(connection, number, usage_point, who.strip(), reason.strip(), now)
            lines = (
                Line(number=number, mark=Mark.MEMBER_CLOSED, detail=reason.strip(), usage_point=usage_point)
                for number in numbers
            )
            area_store.add_lines(connection, lines, now)
            messaging.overtake(connection, usage_point, now, only=Announcement.POWER_CHECK)
            self._look_again(connection, usage_point, now)

    def _on_look(self, connection: Connection, task: Task, now: datetime) -> None:
        self._survey(connection, DeviceId(task.key), now)

    def _on_wake(self, connection: Connection, task: Task, now: datetime) -> None:
        number, _, _ = task.key.partition("/")
        feeder = area_store.feeder_of(connection, int(number))
        if feeder is not None:
            self._survey(connection, feeder, now)

    def _survey(self, connection: Connection, feeder: DeviceId, now: datetime) -> None:
        before = area_store.scene_of(connection, feeder)
        made = self._looked_at(connection, feeder, before, now)
        known = {outage.number: outage for outage in before}
        for outage in made.outages:
            area_store.save(connection, outage, known.get(outage.number))
        self._schedule(connection, made)
        for home in made.answered:
            messaging.overtake(connection, home, now, only=Announcement.POWER_CHECK)
        lines = [*made.lines, *self._spoken(connection, made, now)]
        area_store.add_lines(connection, lines, now)
        _report(feeder, lines)

    def _looked_at(self, connection: Connection, feeder: DeviceId, before: Sequence[Outage], now: datetime) -> Survey:
        try:
            tree = grid.tree(connection, feeder)
        except KeyError:  # it is a part of another feeder now
            return areas.without_feeder([outage for outage in before if outage.is_open], now)
        scene = Scene(
            homes=homes_of(connection, feeder, now, self._settings),
            outages=tuple(before),
            next_number=area_store.next_number(connection),
        )
        return areas.survey(tree, scene, now, self._settings)

    def _schedule(self, connection: Connection, made: Survey) -> None:
        for wake in made.wakes:
            tasks.reschedule(connection, WAKE_TASK, _key(wake), wake.due_at)
        for number in made.over:
            for why in _WHYS:
                tasks.cancel(connection, WAKE_TASK, f"{number}/{why}")

    def _spoken(self, connection: Connection, made: Survey, now: datetime) -> Iterator[Line]:
        """Ask and tell; a line for each message that was written."""
        for word in made.words:
            home, back_at = word.usage_point, word.neighbours_back_at
            match word:
                case Ask():
                    mark = Mark.ASKED
                    is_said = self._homes.ask(connection, home, word.outage_name, back_at, word.sources, now)
                case TellStillOut():
                    mark = Mark.STILL_OUT
                    is_said = self._homes.tell_still_out(connection, home, back_at, word.sources, now)
            if is_said:
                yield Line(number=word.number, mark=mark, usage_point=home)


def _key(wake: Wake) -> str:
    return f"{wake.number}/{wake.why}"


def _report(feeder: DeviceId, lines: Sequence[Line]) -> None:
    for line in lines:
        log.info(
            "outage_changed",
            feeder=feeder,
            outage=line.number,
            mark=line.mark,
            detail=line.detail or "-",
            usage_point=line.usage_point or "-",
        )
