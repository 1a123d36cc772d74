"""A home looked at: everything the pages and programs say of its power, gathered once.

An `Onlooker` lives for one request. It reads what is held of a home, what its meter said last, when its gateway was
heard, and the open outage it lies in; open outages are read once a feeder, so that a page of many homes costs no more
for lying in one large outage.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from cloud.grid import store as grid
from cloud.ingest import store as intake
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.outages import area_store
from cloud.outages import store as outages
from cloud.outages.area_model import Member, Outage
from cloud.outages.area_model import Standing as Membership
from cloud.outages.model import State
from cloud.readings import store as readings
from cloud.readings.store import RegisterReading
from cloud.web import standing
from cloud.web.homes import Home
from cloud.web.settings import WebSettings
from cloud.web.standing import Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """The open outage a home lies in, and how it stands there."""

    outage: Outage
    member: Member

    @property
    def is_in_it(self) -> bool:
        """Whether the home is dark by it, as far as is known, or may be."""
        return self.member.standing in {Membership.OUT, Membership.UNVERIFIED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is known of one home at one moment."""

    home: Home
    state: State
    registers: list[RegisterReading]
    heard_at: datetime | None
    around: Around | None
    supply: Supply

    @property
    def is_alone_in_outage(self) -> bool:
        """Whether the outage stands at this home's own service, and has not ended for it."""
        return self.around is not None and self.around.outage.device == self.home.id and self.around.is_in_it

    @property
    def outage_name(self) -> str | None:
        return None if self.around is None else self.around.outage.name


class Onlooker:
    """Looks at homes for one request."""

    def __init__(self, connection: Connection, now: datetime, settings: WebSettings) -> None:
        self._connection = connection
        self._now = now
        self._settings = settings
        self._feeders: dict[DeviceId, dict[UsagePointId, Around]] = {}

    def look(self, home: Home) -> Sight:
        """The home as it stands now."""
        connection, meter = self._connection, home.meter
        state = outages.load_state(connection, home.id, meter or "")
        registers = [] if meter is None else readings.latest(connection, meter)
        heard = intake.page(connection, gateways=home.gateway_ids, limit=1) if home.gateways else []
        heard_at = heard[0].received_at if heard else None
        around = self.around(home.id)
        is_unverified = around is not None and around.member.standing is Membership.UNVERIFIED
        is_silent = heard_at is not None and self._now - heard_at > self._settings.silent_for
        supply = standing.supply_of(
            state,
            registers,
            self._now,
            fresh_for=self._settings.fresh_for,
            unverified_since=around.outage.began_at if around is not None and is_unverified else None,
            silent_since=heard_at if is_silent else None,
        )
        return Sight(home=home, state=state, registers=registers, heard_at=heard_at, around=around, supply=supply)

    def around(self, usage_point: UsagePointId) -> Around | None:
        """The open outage this home lies in; None where there is none, or nobody told how it hangs on the grid."""
        feeder = grid.feeder_of(self._connection, usage_point)
        return None if feeder is None else self.of_feeder(feeder).get(usage_point)

    def of_feeder(self, feeder: DeviceId) -> dict[UsagePointId, Around]:
        """Every home of a feeder that lies in an open outage; where several hold it, the one that holds it now."""
        if feeder not in self._feeders:
            found: dict[UsagePointId, Around] = {}
            for outage in sorted(area_store.open_of(self._connection, feeder), key=lambda outage: outage.number):
                for member in outage.members:
                    if member.standing is not Membership.ELSEWHERE or member.usage_point not in found:
                        found[member.usage_point] = Around(outage=outage, member=member)
            self._feeders[feeder] = found
        return self._feeders[feeder]
