"""The pages for people: the homes, one home, what was refused, and the list of REST routes.

A handler reads one snapshot, lets the database go, and only then writes the page.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.grid import store as grid
from cloud.ingest import quarantine
from cloud.kernel.ids import DeviceId
from cloud.messaging import service as messaging
from cloud.messaging.model import NoSuchTurn, Turn
from cloud.registry.model import Status
from cloud.web import home_page, homes, letters, listing, standing, street, street_house, street_page, words
from cloud.web.forms import Form
from cloud.web.home_page import Known
from cloud.web.moments import Moments
from cloud.web.parameters import AfterNameQuery, FeederQuery, MessagePath, UsagePointPath
from cloud.web.problems import NotFound, Problem, answer
from cloud.web.services import Served, Services
from cloud.web.sight import Onlooker
from cloud.web.templating import render

_HOMES_A_PAGE: Final = 50
_MAX_REFUSED: Final = 100
_SEVEN: Final = 7

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def front(served: Served, feeder: FeederQuery = None, after: AfterNameQuery = None) -> Response:
    """The street, where a grid is known; else the one home there is, or the list of all."""
    with served.database.read() as connection:
        feeders = grid.feeders(connection)
        if not feeders:
            return _homes(served, connection, after, alone=after is None)
        known = _street(served, connection, feeders, feeder, after)
    page = street_page.show(known)
    return HTMLResponse(render("street.html", page=page, **_STREET_VOCABULARY))


@router.get("/homes")
def all_homes(served: Served, after: AfterNameQuery = None) -> Response:
    """Every home, in the order of their names."""
    with served.database.read() as connection:
        return _homes(served, connection, after, alone=False)


@router.get("/homes/{usage_point}")
def home(served: Served, usage_point: UsagePointPath, days: Annotated[int, Query(ge=2, le=7)] = 2) -> Response:
    """One home, from whether its power is on down to every event."""
    with served.database.read() as connection:
        found = homes.find(connection, usage_point)
        if found is None:
            raise NotFound(f"there is no home {usage_point}")
        span = home_page.SEVEN_DAYS if days == _SEVEN else home_page.TWO_DAYS
        known = home_page.read(connection, found, served.clock.now(), served.settings, span)
    return _home_page(served, known)


@router.post("/messages/{number}/decide")
def decide(request: Request, served: Served, number: MessagePath, form: Form) -> Response:
    """What a person decided about a message whose fate is unknown."""
    try:
        turn = Turn(form.get("turn", ""))
        with served.database.transaction() as connection:
            settled = messaging.settle(connection, number, turn, served.clock.now())
    except KeyError:
        raise NotFound(f"there is no message {number}") from None
    except (NoSuchTurn, ValueError) as refused:
        problem = Problem(what=str(refused), where=f"message {number}", do="go back and look where it stands now")
        return answer(request, HTTPStatus.CONFLICT, problem)
    served.on_commit()
    return RedirectResponse(f"/homes/{settled.usage_point}#m{number}", status_code=HTTPStatus.SEE_OTHER)


@router.get("/quarantine")
def refused(served: Served) -> Response:
    """What was not believed, and why."""
    with served.database.read() as connection:
        rows = quarantine.newest(connection, limit=_MAX_REFUSED)
        counts = quarantine.counts(connection)
    moments = Moments(zone=ZoneInfo("UTC"), now=served.clock.now())
    return HTMLResponse(render("quarantine.html", rows=rows, counts=counts, moments=moments, words=words))


@router.get("/docs")
def docs(request: Request) -> Response:
    """The REST interface, from its own description."""
    return HTMLResponse(render("docs.html", api=listing.of(request.app.openapi())))


def _street(
    served: Services, connection: Connection, feeders: Sequence[DeviceId], feeder: str | None, after: str | None
) -> street_page.Known:
    wanted = feeders[0] if feeder is None else DeviceId(feeder)
    try:
        return street_page.read(connection, feeders, wanted, served.clock.now(), served.settings, after)
    except KeyError:
        raise NotFound(f"there is no feeder {wanted}") from None


def _homes(served: Services, connection: Connection, after: str | None, *, alone: bool) -> Response:
    """The list of homes; the page of the only one there is, where that may stand for it."""
    now = served.clock.now()
    found = homes.page(connection, after=after or "", limit=_HOMES_A_PAGE + 1)
    if alone and len(found) == 1:
        return _home_page(served, home_page.read(connection, found[0], now, served.settings, home_page.TWO_DAYS))
    onlooker = Onlooker(connection, now, served.settings)
    rows = [
        (sight.home, sight.supply, Moments(zone=sight.home.zone, now=now))
        for sight in map(onlooker.look, found[:_HOMES_A_PAGE])
    ]
    more = found[_HOMES_A_PAGE - 1].id if len(found) > _HOMES_A_PAGE else None
    base = "/" if alone or not grid.feeders(connection) else "/homes"
    return HTMLResponse(render("homes.html", rows=rows, more=more, after=after, base=base, **_VOCABULARY))


def _home_page(served: Services, known: Known) -> Response:
    customer = known.home.customer
    her_link = None if customer is None else f"/you/{served.links.token_for(customer.id)}"
    return HTMLResponse(render("home.html", page=home_page.show(known, her_link), **_VOCABULARY))


_VOCABULARY: Final = {
    "words": words,
    "source_link": letters.source_link,
    "strength": standing.strength,
    "Status": Status,
    "memberships": street_page.MEMBERSHIPS,
}
"""What the templates of homes may call."""
_STREET_VOCABULARY: Final = {
    "words": words,
    "titles": letters.TEMPLATES,
    "counts": street_page.standing_counts,
    "icons": street_house.ICONS,
    "symbols": street.SYMBOLS,
}
"""What the template of the street may call."""
