"""The pages for people: the homes, one home, what was refused, and the list of REST routes.

A handler reads one snapshot, lets the database go, and only then writes the page.
"""

from http import HTTPStatus
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.ingest import quarantine
from cloud.messaging import service as messaging
from cloud.messaging.model import NoSuchTurn, Turn
from cloud.registry.model import Status
from cloud.web import home_page, homes, letters, listing, standing, words
from cloud.web.forms import Form
from cloud.web.home_page import Known
from cloud.web.moments import Moments
from cloud.web.parameters import AfterNameQuery, MessagePath, UsagePointPath
from cloud.web.problems import NotFound, Problem, answer
from cloud.web.services import Served, Services
from cloud.web.templating import render

_HOMES_A_PAGE: Final = 50
_MAX_REFUSED: Final = 100
_SEVEN: Final = 7

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def front(served: Served, after: AfterNameQuery = None) -> Response:
    """The one home there is, or the list of all."""
    now, fresh_for = served.clock.now(), served.settings.fresh_for
    with served.database.read() as connection:
        found = homes.page(connection, after=after or "", limit=_HOMES_A_PAGE + 1)
        only = found[0] if len(found) == 1 and after is None else None
        known = None if only is None else home_page.read(connection, only, now, home_page.TWO_DAYS)
        supplies = [homes.supply(connection, home, now, fresh_for=fresh_for) for home in found[:_HOMES_A_PAGE]]
    if known is not None:
        return _home_page(served, known)
    rows = [(home, supply, Moments(zone=home.zone, now=now)) for home, supply in zip(found, supplies, strict=False)]
    more = found[_HOMES_A_PAGE - 1].id if len(found) > _HOMES_A_PAGE else None
    return HTMLResponse(render("homes.html", rows=rows, more=more, after=after, **_VOCABULARY))


@router.get("/homes/{usage_point}")
def home(served: Served, usage_point: UsagePointPath, days: Annotated[int, Query(ge=2, le=7)] = 2) -> Response:
    """One home, from whether its power is on down to every event."""
    with served.database.read() as connection:
        found = homes.find(connection, usage_point)
        if found is None:
            raise NotFound(f"there is no home {usage_point}")
        span = home_page.SEVEN_DAYS if days == _SEVEN else home_page.TWO_DAYS
        known = home_page.read(connection, found, served.clock.now(), span)
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


def _home_page(served: Services, known: Known) -> Response:
    shown = home_page.show(known, served.settings.fresh_for)
    return HTMLResponse(render("home.html", page=shown, **_VOCABULARY))


_VOCABULARY: Final = {
    "words": words,
    "source_link": letters.source_link,
    "strength": standing.strength,
    "Status": Status,
}
"""What the templates of homes may call."""
