"""The REST interface: the same knowledge as the pages, for programs.

Every list is cut into pages by a cursor that a new row never shifts. Parameters are bounded before a store sees them,
and every answer that is not the wanted one is a `Problem`.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection

from cloud.ingest import quarantine
from cloud.ingest import store as intake
from cloud.kernel.ids import EventId
from cloud.messaging import store as messaging
from cloud.messaging.model import State
from cloud.outages import area_store
from cloud.outages import store as outages
from cloud.registry import store as registry
from cloud.web import answers, homes, outage_pages
from cloud.web.event_pages import prove
from cloud.web.parameters import (
    DEFAULT_LIMIT,
    AfterNameQuery,
    AfterQuery,
    BeforeQuery,
    GatewayQuery,
    Limit,
    OutagePath,
    UsagePointPath,
    UsagePointQuery,
    event_id,
)
from cloud.web.problems import ANY_ROUTE, NOT_FOUND, NotFound
from cloud.web.schema import (
    CasePage,
    EventDetail,
    EventPage,
    MessagePage,
    OutageDetail,
    OutagePage,
    QuarantinePage,
    UsagePointDetail,
    UsagePointPage,
)
from cloud.web.services import Served
from cloud.web.sight import Onlooker
from wire.ids import GatewayId

_LIST_HOMES: Final = "list them with GET /api/v1/usage-points"

router = APIRouter(prefix="/api/v1", responses=ANY_ROUTE)


@router.get("/usage-points", tags=["homes"])
def usage_points(served: Served, after: AfterNameQuery = None, limit: Limit = DEFAULT_LIMIT) -> UsagePointPage:
    """Every home, and what can be said of its power."""
    now = served.clock.now()
    with served.database.read() as connection:
        found = homes.page(connection, after=after or "", limit=limit + 1)
        onlooker = Onlooker(connection, now, served.settings)
        sights = [onlooker.look(home) for home in found[:limit]]
    listed = [answers.usage_point(sight, now) for sight in sights]
    return UsagePointPage(usage_points=listed, next=listed[-1].id if len(found) > limit else None)


@router.get("/usage-points/{usage_point}", tags=["homes"], responses=NOT_FOUND)
def usage_point(served: Served, usage_point: UsagePointPath) -> UsagePointDetail:
    """One home with its meter's latest registers and its open case."""
    now = served.clock.now()
    with served.database.read() as connection:
        home = homes.find(connection, usage_point)
        if home is None:
            raise NotFound(f"there is no usage point {usage_point}", do=_LIST_HOMES)
        cases = outages.newest(connection, usage_point=home.id, limit=1)
        sight = Onlooker(connection, now, served.settings).look(home)
    open_case = next((case for case in cases if case.case.is_open), None)
    return answers.usage_point_detail(sight, now, open_case)


@router.get("/events", tags=["events"])
def events(
    served: Served,
    usage_point: UsagePointQuery = None,
    gateway: GatewayQuery = None,
    before: BeforeQuery = None,
    after: AfterQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> EventPage:
    """Accepted events, the newest first; behind `after`, the oldest first: that is how a program follows them."""
    with served.database.read() as connection:
        gateways, subjects = _speakers(connection, usage_point, gateway)
        found = intake.page(connection, gateways=gateways, subjects=subjects, before=before, after=after, limit=limit)
    is_end = len(found) < limit and after is None
    return EventPage(
        events=[answers.event(event) for event in found], next=None if is_end or not found else found[-1].arrival
    )


@router.get("/events/{gateway}/{gen}/{lane}/{seq}", tags=["events"], responses=NOT_FOUND)
def event(served: Served, wanted: Annotated[EventId, Depends(event_id)]) -> EventDetail:
    """One event with its signed bytes, its place in the chain, and whether both hold."""
    with served.database.read() as connection:
        stored = intake.load(connection, wanted)
        if stored is None:
            raise NotFound(f"there is no event {wanted}", do="list them with GET /api/v1/events")
        proof = prove(connection, stored, registry.get(connection, wanted.gateway))
    return EventDetail(
        **answers.event_fields(stored),
        envelope=proof.sealed.hex(),
        hash=proof.own_hash.hex(),
        prev=stored.record.link.prev.hex(),
        is_verified=proof.is_verified,
        is_linked=proof.is_linked,
        receipted_to=proof.receipted_to,
    )


@router.get("/cases", tags=["outages"])
def cases(
    served: Served, usage_point: UsagePointQuery = None, before: BeforeQuery = None, limit: Limit = DEFAULT_LIMIT
) -> CasePage:
    """Outages of single homes, the last opened first."""
    with served.database.read() as connection:
        found = outages.newest(connection, before=before, usage_point=usage_point, limit=limit)
    return CasePage(cases=[answers.case(case) for case in found], next=found[-1].id if len(found) == limit else None)


@router.get("/outages", tags=["outages"])
def located(served: Served, before: BeforeQuery = None, limit: Limit = DEFAULT_LIMIT) -> OutagePage:
    """Outages of the grid with the homes they reached, the last opened first."""
    with served.database.read() as connection:
        found = area_store.newest(connection, before=before, limit=limit)
    listed = [answers.outage(outage) for outage in found]
    return OutagePage(outages=listed, next=found[-1].number if len(found) == limit else None)


@router.get("/outages/{outage}", tags=["outages"], responses=NOT_FOUND)
def located_one(served: Served, outage: OutagePath) -> OutageDetail:
    """One outage with its homes and its timeline."""
    with served.database.read() as connection:
        found = outage_pages.find(connection, outage)
        if found is None:
            raise NotFound(f"there is no outage {outage}", do="list them with GET /api/v1/outages")
        nested = area_store.within(connection, found.number)
        timeline = area_store.timeline(connection, found.number)
    return answers.outage_detail(found, nested, timeline)


@router.get("/messages", tags=["messages"])
def messages(
    served: Served,
    usage_point: UsagePointQuery = None,
    state: Annotated[State | None, Query(description="only in this state")] = None,
    before: BeforeQuery = None,
    limit: Limit = DEFAULT_LIMIT,
) -> MessagePage:
    """Messages to customers, the last written first, with the source behind every figure."""
    with served.database.read() as connection:
        found = messaging.newest(connection, usage_point=usage_point, state=state, before=before, limit=limit)
    return MessagePage(
        messages=[answers.message(message) for message in found], next=found[-1].id if len(found) == limit else None
    )


@router.get("/quarantine", tags=["quarantine"])
def refused(served: Served, limit: Limit = DEFAULT_LIMIT) -> QuarantinePage:
    """What came and was not believed, with the reason, the last refused first."""
    with served.database.read() as connection:
        rows = quarantine.newest(connection, limit=limit)
        counts = quarantine.counts(connection)
    return QuarantinePage(
        counts={str(reason): count for reason, count in counts.items()}, refused=[answers.refused(row) for row in rows]
    )


def _speakers(
    connection: Connection, usage_point: str | None, gateway: str | None
) -> tuple[list[GatewayId] | None, set[str] | None]:
    """Whose events are wanted, and about what; None for everybody's and for anything."""
    if usage_point is None:
        return (None if gateway is None else [GatewayId(gateway)]), None
    of_home = [known for known in registry.of_usage_points(connection, [usage_point]) if gateway in (None, known.id)]
    subjects = {subject for known in of_home for subject in known.subjects_in(usage_point)}
    return [known.id for known in of_home], subjects
