"""Readings finer than billing needs, from a home whose customer did not agree to them: not kept, not acted on.

Their gateway should not have sent them. One that does has other rules than ours, or none; so it is asked again here,
where the customer's own words are kept. Such an event has its place in the chain, by its hash, and is receipted, since
else everything behind it would wait for ever; its octets are not stored, and a person hears of it (quarantine).

What counts is what stood at the time of the readings: a consent given later opens nothing that was closed, and one
withdrawn later does not undo what was allowed. It ends with a billing period, which the gateway may finish.
Register readings may come once a billing period; a second within one is let pass, because periods are the home's and we
do not know whether its clock had just begun another.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import BigInteger, Column, Connection, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from cloud.ingest.verify import Genuine
from cloud.kernel.db import metadata
from cloud.kernel.ids import EventId, UsagePointId
from wire.events import IntervalReadings, RegisterReadings, UnusualUse
from wire.instants import from_unix_ms
from wire.units import OF_THE_HOME

HasAgreed: TypeAlias = Callable[[Connection, UsagePointId, datetime, timedelta], bool]
"""Whether the customer of this home agreed to fine readings of this instant; a no counts from this much later."""

told_table = Table(
    "registers_told",
    metadata,
    Column("meter", Text, primary_key=True),
    Column("last_ms", BigInteger, nullable=False),
    Column("before_ms", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
_t = told_table.c


@dataclass(frozen=True, slots=True, kw_only=True)
class FineReadings:
    """Which readings need consent, and who knows whether it was given."""

    billing_period_s: int
    has_agreed: HasAgreed

    def withheld(self, connection: Connection, accepted: Iterable[Genuine]) -> dict[EventId, str]:
        """Those of the accepted events that must not be kept, and why."""
        return {event.id: why for event in accepted if (why := self._why(connection, event))}

    def is_too_fine_to_show(self, connection: Connection, genuine: Genuine) -> bool:
        """Whether nobody may see what an event says that is refused for another reason.

        Registers too, however seldom: what is refused is not counted, so nobody knows how often they come.
        """
        return self._without_consent(connection, genuine) != ""

    def _why(self, connection: Connection, genuine: Genuine) -> str:
        """Why an accepted event must not be kept; empty when it may."""
        why, event = self._without_consent(connection, genuine), genuine.record.event
        if why and isinstance(event, RegisterReadings) and self._is_seldom(connection, genuine, event.at_ms):
            return ""
        return why

    def _without_consent(self, connection: Connection, genuine: Genuine) -> str:
        """What an event says that its customer did not agree to; empty for nothing."""
        match genuine.record.event:
            case IntervalReadings(period_s=period_s, start_ms=at_ms) if period_s < self.billing_period_s:
                what = f"readings over {period_s} s"
            case UnusualUse(period_s=period_s, noticed_at_ms=at_ms) if period_s < self.billing_period_s:
                what = f"use over {period_s} s"
            case RegisterReadings(at_ms=at_ms, values=values) if any(quantity in OF_THE_HOME for quantity, _ in values):
                what = "registers more often than once a billing period"
            case _:
                return ""
        place = genuine.gateway.place_of(genuine.record.subject)
        slack = timedelta(seconds=self.billing_period_s)
        if place is not None and self.has_agreed(connection, place.usage_point, from_unix_ms(at_ms), slack):
            return ""
        return f"{what} of meter {genuine.record.subject} without consent"

    def _is_seldom(self, connection: Connection, genuine: Genuine, at_ms: int) -> bool:
        """Whether these registers are at most the second ones within a billing period; they count, if so."""
        meter, period_ms = genuine.record.subject, self.billing_period_s * 1000
        row = connection.execute(select(told_table).where(_t.meter == meter)).one_or_none()
        if row is not None and abs(at_ms - row.last_ms) < period_ms and abs(at_ms - row.before_ms) < period_ms:
            return False
        told = {"last_ms": at_ms, "before_ms": -period_ms if row is None else row.last_ms}
        statement = insert(told_table).values(meter=meter, **told)
        connection.execute(statement.on_conflict_do_update(index_elements=["meter"], set_=told))
        return True
