"""How an accepted event reaches the features that act on it: as a task, added in the transaction that stored it.

Every subscriber sees every event in the one transaction that also ends the event's task: all of them act, or none.
A gateway speaks for the meters it is registered for. What it says of another is kept, for it is signed, but no feature
hears of it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection

from cloud.ingest import store
from cloud.ingest.store import StoredEvent
from cloud.kernel.ids import EventId
from cloud.kernel.loop import Handler
from cloud.kernel.tasks import Task
from cloud.registry import store as registry
from runtime import logs

EVENT_TASK: Final = "event"
"""The kind of the task that stands for an accepted event; its key is the event's identifier."""

Subscriber: TypeAlias = Callable[[Connection, StoredEvent, datetime], None]
"""Acts on one event inside the transaction it is given, at the story's instant it is given."""

log = logs.get(__name__)


def tell(subscribers: Sequence[Subscriber]) -> Handler:
    """A handler for EVENT_TASK that lets every subscriber act on the event."""

    def handle(connection: Connection, task: Task, now: datetime) -> None:
        event = store.load(connection, EventId.parse(task.key))
        assert event is not None, "the task was added in the transaction that stored its event"
        if not registry.speaks_for(connection, event.id.gateway, event.record.subject):
            log.warning("foreign_meter", event_id=event.id, subject=event.record.subject)
            return
        for act in subscribers:
            act(connection, event, now)

    return handle
