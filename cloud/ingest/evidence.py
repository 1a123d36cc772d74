"""What is kept of a message that is refused or withheld: the octets as they came, or the event's place alone.

Whoever looks into the quarantine sees what a gateway said. So of an event that says more than its customer agreed to,
nothing is kept but where it stands.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from cloud.ingest import quarantine
from cloud.ingest.disclosure import FineReadings
from cloud.ingest.verify import Genuine, Refused
from cloud.kernel.ids import EventId
from runtime import logs
from wire import topics
from wire.refusals import Reason
from wire.terms import Lane

log = logs.get(__name__)


class Evidence:
    """Keeps what a batch refuses; `refusals` are those so far."""

    def __init__(self, connection: Connection, now: datetime, fine: FineReadings | None) -> None:
        """`fine` says what nobody may see; without it everything may be seen."""
        self.refusals: list[Refused] = []
        self._connection = connection
        self._now = now
        self._fine = fine

    def keep(self, topic: str, raw: bytes, refused: Refused) -> None:
        """Keep a message as it came; of an event that nobody may see, its place alone."""
        said = refused.said
        if said is not None and self._is_too_fine_to_show(said):
            raw = str(said.id).encode()
        self._keep(topic, raw, refused)

    def keep_genuine(self, genuine: Genuine, refused: Refused) -> None:
        """Keep an event that its gateway did sign, and that is refused all the same."""
        topic = topics.up(genuine.link.gateway, genuine.link.lane)
        self.keep(topic, genuine.sealed, replace(refused, said=genuine))

    def withhold(self, new: dict[EventId, Genuine]) -> Collection[EventId]:
        """Empty the accepted events that their customer did not agree to; a person hears of each."""
        withheld = {} if self._fine is None else self._fine.withheld(self._connection, new.values())
        for id_, why in withheld.items():
            new[id_] = replace(new[id_], sealed=b"")
            place = topics.up(id_.gateway, Lane(id_.lane))
            self._keep(place, str(id_).encode(), Refused(reason=Reason.NOT_CONSENTED, detail=why))
        return withheld

    def trim(self) -> None:
        """Let go of the oldest where the quarantine has become too long."""
        if self.refusals:
            quarantine.trim(self._connection)

    def _keep(self, topic: str, raw: bytes, refused: Refused) -> None:
        reason, detail = refused.reason, refused.detail
        quarantine.keep(self._connection, reason=reason, detail=detail, topic=topic, raw=raw, now=self._now)
        self.refusals.append(refused)
        log.warning("message_refused", topic=topic, reason=reason, detail=detail)

    def _is_too_fine_to_show(self, genuine: Genuine) -> bool:
        return self._fine is not None and self._fine.is_too_fine_to_show(self._connection, genuine)
