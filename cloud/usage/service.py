"""Unusual use that a gateway noticed, told to the customer who wishes to know, once for each time it begins.

What lasts is told: days above what is usual, and quiet hours that are not quiet. A single high hour is over when it is
noticed, and nobody can do anything about it; and that nothing at all is drawn is a matter of the meter and of whoever
looks after it, since a customer who is away knows it, and one who is not has light. Both stand on the home's page.

What has ended, and what was noticed too long ago, is news to nobody: a message that still waits for the morning is then
overtaken. In come accepted events; out go messages, in the transaction of the event.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from cloud.customers import store as customers
from cloud.customers.model import UsagePoint
from cloud.ingest.store import StoredEvent
from cloud.kernel.facts import Fact, FactSheet, FactValue, Source, SourceKind
from cloud.messaging import service as messaging
from cloud.messaging.model import Announcement
from cloud.messaging.service import Composer, News
from cloud.registry import store as registry
from runtime import logs
from wire.events import UnusualUse
from wire.instants import from_unix_ms
from wire.terms import UseKind, UseStage

TOLD: Final[Mapping[UseKind, str]] = {UseKind.SUSTAINED: "sustained", UseKind.BASE_LOAD: "base_load"}
"""The kinds a customer is told of, each by the phrase that says it."""

NEWS_FOR: Final = timedelta(days=7)
"""For so long after it was noticed unusual use is told; a gateway that was away may know of it days later."""

log = logs.get(__name__)


class UsageService:
    """Tells of unusual use."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """Act on an accepted event; a `Subscriber` of ingest. What is no unusual use is none of ours."""
        noticed = event.record.event
        if not isinstance(noticed, UnusualUse):
            return
        home = _home(connection, event)
        if home is None or noticed.kind not in TOLD:
            log.info("unusual_use_not_told", event_id=event.id, kind=noticed.kind.name, home=home.id if home else "-")
            return
        case = case_name(home, noticed)
        if noticed.stage is UseStage.ENDED:
            messaging.overtake(connection, home.id, now, only=Announcement.UNUSUAL_USE, case=case)
        elif now - from_unix_ms(noticed.noticed_at_ms) <= NEWS_FOR:
            news = News(home=home, case=case, announcement=Announcement.UNUSUAL_USE, facts=facts(event, noticed))
            self._composer.compose(connection, news, now)
        else:
            log.info("unusual_use_is_old_news", event_id=event.id, home=home.id)


def case_name(home: UsagePoint, noticed: UnusualUse) -> str:
    """What makes it the same: the meter, the kind, and the day it began by the customer's calendar."""
    began_on = from_unix_ms(noticed.began_at_ms).astimezone(home.zone).date()
    return f"{home.meter}/{TOLD[noticed.kind]}/{began_on}"


def facts(event: StoredEvent, noticed: UnusualUse) -> FactSheet:
    """What the message is written from; the event proves all of it."""
    source = (Source(kind=SourceKind.EVENT, ref=str(event.id)),)
    said: Mapping[str, FactValue] = {
        "use_began_at": from_unix_ms(noticed.began_at_ms),
        "use_kind": TOLD[noticed.kind],
        "observed_wh": noticed.observed_wh,
        "usual_wh": noticed.usual_wh,
    }
    as_of = from_unix_ms(noticed.noticed_at_ms)
    return FactSheet(
        Fact(id=name, value=value, sources=source, as_of=as_of, ttl=NEWS_FOR) for name, value in said.items()
    )


def _home(connection: Connection, event: StoredEvent) -> UsagePoint | None:
    """The home whose meter it is, if the gateway is the one registered there."""
    home = customers.behind(connection, event.record.subject)
    gateway = registry.get(connection, event.id.gateway)
    is_its_own = home is not None and gateway is not None and gateway.speaks_for(home.id, home.meter)
    return home if is_its_own else None
