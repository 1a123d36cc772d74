"""The shell around outages on the tree: news of a home becomes a survey of its feeder, all of it in one transaction.

A storm brings news of many homes at once. So the first of them schedules one look at its feeder, a few seconds ahead,
and what comes until then finds it scheduled: a burst costs one survey, whose cost is that of its feeder. Instants to
look again are tasks, too, and void once their outage is over. A home without a place on the grid has cases and no
outage.

What is asked and told goes through the home's own rules (`OutageService`), which say each thing once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import Connection

from cloud.grid import store as grid
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import DeviceId, EventId, UsagePointId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from cloud.outages import area_store, areas
from cloud.outages.area_evidence import homes_of
from cloud.outages.area_model import Ask, Line, Mark, Scene, Survey, TellStillOut, Wake
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

    def schedule(connection: Connection, usage_point: UsagePointId, now: datetime) -> None:
        feeder = grid.feeder_of(connection, usage_point)
        if feeder is not None:
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
            self._look_again(connection, usage_point, now)

    def _on_look(self, connection: Connection, task: Task, now: datetime) -> None:
        self._survey(connection, DeviceId(task.key), now)

    def _on_wake(self, connection: Connection, task: Task, now: datetime) -> None:
        number, _, _ = task.key.partition("/")
        feeder = area_store.feeder_of(connection, int(number))
        if feeder is not None:
            self._survey(connection, feeder, now)

    def _survey(self, connection: Connection, feeder: DeviceId, now: datetime) -> None:
        try:
            tree = grid.tree(connection, feeder)
        except KeyError:
            return  # the feeder was taken out of the grid; its homes have no outage any more
        before = area_store.scene_of(connection, feeder)
        scene = Scene(
            homes=homes_of(connection, feeder, now, self._settings),
            outages=tuple(before),
            next_number=area_store.next_number(connection),
        )
        made = areas.survey(tree, scene, now, self._settings)
        known = {outage.number: outage for outage in before}
        for outage in made.outages:
            area_store.save(connection, outage, known.get(outage.number))
        area_store.add_lines(connection, made.lines, now)
        self._act(connection, made, now)
        _report(feeder, made)

    def _act(self, connection: Connection, made: Survey, now: datetime) -> None:
        for wake in made.wakes:
            tasks.reschedule(connection, WAKE_TASK, _key(wake), wake.due_at)
        for number in made.over:
            for why in _WHYS:
                tasks.cancel(connection, WAKE_TASK, f"{number}/{why}")
        for word in made.words:
            match word:
                case Ask():
                    self._homes.ask(
                        connection, word.usage_point, word.outage_name, word.neighbours_back_at, word.sources, now
                    )
                case TellStillOut():
                    self._homes.tell_still_out(connection, word.usage_point, word.neighbours_back_at, word.sources, now)


def _key(wake: Wake) -> str:
    return f"{wake.number}/{wake.why}"


def _report(feeder: DeviceId, made: Survey) -> None:
    for line in made.lines:
        log.info(
            "outage_changed",
            feeder=feeder,
            outage=line.number,
            mark=line.mark,
            detail=line.detail or "-",
            usage_point=line.usage_point or "-",
        )
