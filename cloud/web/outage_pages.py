"""The pages of outages: the list, and one outage with its homes, its timeline, and what was told in it.

An outage says which homes' cases belong together and where; how each home stands rests on its own evidence, which
stands beside it with its age. A large outage comes in pages of homes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.kernel.ids import UsagePointId
from cloud.messaging import store as messaging
from cloud.outages import answers, area_store
from cloud.outages.answers import Answer
from cloud.outages.area_model import Member, Outage
from cloud.outages.area_model import Standing as Membership
from cloud.outages.area_store import OutageLine
from cloud.outages.facts import case_name
from cloud.outages.service import CloseRefused, NoOpenCase
from cloud.web import homes, letters, looks, words
from cloud.web.forms import Form
from cloud.web.letters import ShownLetter
from cloud.web.moments import Moments
from cloud.web.parameters import AfterNameQuery, BeforeQuery, OutagePath, UsagePointPath
from cloud.web.problems import NotFound, Problem, answer
from cloud.web.services import Served, Services
from cloud.web.sight import Onlooker, Sight
from cloud.web.street_page import MEMBERSHIPS, standing_counts
from cloud.web.templating import render

MEMBERS_A_PAGE: Final = 60
_OUTAGES_A_PAGE: Final = 50
_MESSAGES_A_HOME: Final = 10
_MAX_LINES: Final = 200
_UTC: Final = ZoneInfo("UTC")

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMember:
    """A home of an outage: how it stands there, how it stands now, what its customer was told and said."""

    member: Member
    is_outage_open: bool
    sight: Sight
    moments: Moments
    phrase: str
    notes: Sequence[str]
    evidence: Sequence[looks.Seen]
    letters: Sequence[ShownLetter]
    answer: Answer | None

    @property
    def standing(self) -> str:
        return MEMBERSHIPS[self.member.standing]

    @property
    def can_be_settled(self) -> bool:
        """Whether a person's word may close it: it has an open case, or an open outage knows nothing of it."""
        is_awaited = self.is_outage_open and self.member.standing is Membership.UNVERIFIED
        return self.sight.state.open_case is not None or is_awaited


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An outage's page, ready for its template."""

    outage: Outage
    parent: Outage | None
    nested: Sequence[Outage]
    moments: Moments
    members: Sequence[ShownMember]
    more: UsagePointId | None
    timeline: Sequence[OutageLine]

    @property
    def counts(self) -> str:
        return standing_counts(self.outage)


@router.get("/outages")
def outages(served: Served, before: BeforeQuery = None) -> Response:
    """All outages, the last opened first, in the zone of their homes if that is one."""
    with served.database.read() as connection:
        found = area_store.newest(connection, before=before, limit=_OUTAGES_A_PAGE + 1)
        shown = found[:_OUTAGES_A_PAGE]
        zones = area_store.zones_of(connection, [each.number for each in shown])
    more = shown[-1].number if len(found) > _OUTAGES_A_PAGE else None
    is_mixed = len(zones) > 1
    zone = ZoneInfo(zones.pop()) if len(zones) == 1 else _UTC
    moments = Moments(zone=zone, now=served.clock.now())
    listed = {"outages": shown, "more": more, "moments": moments, "is_mixed": is_mixed}
    return HTMLResponse(render("outages.html", counts=standing_counts, **listed))


@router.get("/outages/{outage}")
def outage(served: Served, outage: OutagePath, after: AfterNameQuery = None) -> Response:
    """One outage, from where it is down to every home it reached."""
    with served.database.read() as connection:
        found = find(connection, outage)
        if found is None:
            raise NotFound(f"there is no outage {outage}")
        shown = read(connection, found, served, after)
    vocabulary = {"words": words, "source_link": letters.source_link, "marks": words.MARKS}
    return HTMLResponse(render("outage.html", page=shown, counts=standing_counts, **vocabulary))


@router.post("/homes/{usage_point}/close")
def close(request: Request, served: Served, usage_point: UsagePointPath, form: Form) -> Response:
    """An operator closes a home's case, and says why."""
    try:
        with served.database.transaction() as connection:
            served.close_case(
                connection, UsagePointId(usage_point), form.get("who", ""), form.get("reason", ""), served.clock.now()
            )
    except CloseRefused as refused:
        status = HTTPStatus.CONFLICT if isinstance(refused, NoOpenCase) else HTTPStatus.BAD_REQUEST
        return answer(request, status, Problem(what=refused.what, where=f"home {usage_point}", do=refused.do))
    served.on_commit()
    return RedirectResponse(f"/homes/{usage_point}#story", status_code=HTTPStatus.SEE_OTHER)


def find(connection: Connection, name: str) -> Outage | None:
    """The outage of this name, "T-0101-1", or of this number, "1"."""
    found = area_store.find(connection, int(name.rpartition("-")[2]))
    return found if found is not None and name in {found.name, str(found.number)} else None


def read(connection: Connection, outage: Outage, served: Services, after: str | None) -> Shown:
    """Everything the page of an outage shows, as it stands in this snapshot."""
    now = served.clock.now()
    names = [member.usage_point for member in outage.members]
    first = next((at + 1 for at, name in enumerate(names) if name == after), 0)
    page = outage.members[first : first + MEMBERS_A_PAGE]
    onlooker = Onlooker(connection, now, served.settings)
    shown_names = [member.usage_point for member in page]
    sights = {home.id: onlooker.look(home) for home in homes.of_names(connection, shown_names)}
    said = answers.of_homes(connection, shown_names)
    members = [
        _member(connection, outage, member, sights[member.usage_point], said.get(member.usage_point), now)
        for member in page
        if member.usage_point in sights
    ]
    return Shown(
        outage=outage,
        parent=None if outage.within is None else area_store.find(connection, outage.within),
        nested=area_store.within(connection, outage.number),
        moments=Moments(zone=members[0].sight.home.zone if members else _UTC, now=now),
        members=members,
        more=page[-1].usage_point if first + MEMBERS_A_PAGE < len(names) else None,
        timeline=area_store.timeline(connection, outage.number, limit=_MAX_LINES),
    )


def _member(
    connection: Connection, outage: Outage, member: Member, sight: Sight, said: Answer | None, now: datetime
) -> ShownMember:
    moments = Moments(zone=sight.home.zone, now=now)
    phrase = looks.phrase(sight.supply, moments)
    cases = {f"{outage.name}/{member.usage_point}"}
    if member.case_number is not None:
        cases.add(case_name(member.usage_point, member.case_number))
    told = messaging.newest(connection, usage_point=member.usage_point, limit=_MESSAGES_A_HOME)
    return ShownMember(
        member=member,
        is_outage_open=outage.is_open,
        sight=sight,
        moments=moments,
        phrase=phrase[0].upper() + phrase[1:],
        notes=looks.notes(sight.supply, moments),
        evidence=looks.evidence(sight.supply),
        letters=letters.in_order([message for message in told if message.key.case in cases], moments),
        answer=said if said is not None and said.said_at >= outage.began_at else None,
    )
