"""The page of alarms: what is missing of what gateways said, what they gave up, and which contradict themselves.

Each alarm says what it means and what can be done. A gap is written off here, every other alarm is said to be seen;
both need a name and a reason, since whoever asks later wants to know who decided that something never came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud.ingest import alarms, holes
from cloud.ingest.alarm_desk import NoOpenAlarm, WordRefused
from cloud.ingest.alarms import Alarm, Kind
from cloud.ingest.holes import Cause, KnownHole
from cloud.kernel.ids import UsagePointId
from cloud.registry import store as registry
from cloud.web import gateway_words, words
from cloud.web.forms import Form
from cloud.web.moments import Moments
from cloud.web.parameters import MessagePath
from cloud.web.problems import Problem, answer
from cloud.web.services import Served
from cloud.web.templating import render

_MAX_OPEN: Final = 200
_MAX_OVER: Final = 50
_MAX_HOLES: Final = 100
_MAX_HOMES: Final = 4
_UTC: Final = ZoneInfo("UTC")
_ONE: Final = {"alarms": "alarm", "readings": "reading", "diagnostics": "diagnostic event"}
_MANY: Final = {"alarms": "alarms", "readings": "readings", "diagnostics": "diagnostic events"}
_CAUSES: Final = {
    Cause.FULL: "there was no room for newer ones",
    Cause.TOO_LARGE: "too large for the broker",
    Cause.MISSING: "gone from its journal, and it did not drop them",
    Cause.WITHHELD: "the customer does not consent to readings so fine",
    Cause.LOST_WITH_JOURNAL: "lost with its journal",
    Cause.WRITTEN_OFF: "written off",
}
_MEANINGS: Final = {
    Kind.GAP: "The gateway’s chain has a hole, and nothing of it comes. Later events of this lane wait behind it.",
    Kind.GIVEN_UP: "The gateway said so itself, signed; its chain goes on behind them. They will not come.",
    Kind.BEGUN_ANEW: "The gateway counts from one again. Whatever the cloud had not received by then is lost.",
    Kind.KEY_NOT_TAKEN: "The gateway announced a key and does not prove that it holds it, or somebody else does.",
    Kind.TWO_CHAINS: "Two events claim one place: a copied card, or a restored image. Nothing it says is believed.",
}
_STEPS: Final = {
    Kind.GAP: "Look whether the gateway is connected and its disk holds. If they are gone, write them off.",
    Kind.GIVEN_UP: "Look why the gateway could not send for so long, or how large its journal may be.",
    Kind.BEGUN_ANEW: "Have its card looked at; a card that failed once fails again.",
    Kind.KEY_NOT_TAKEN: "What it says under that key is refused. Change its key again, at the gateway.",
    Kind.TWO_CHAINS: "Find both devices. Revoke this gateway and give the true one a new key.",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownAlarm:
    """An alarm with its words, and the homes its gateway speaks for."""

    alarm: Alarm
    homes: Sequence[UsagePointId]
    more_homes: int

    @property
    def title(self) -> str:
        return _title(self.alarm)

    @property
    def meaning(self) -> str:
        return _MEANINGS[self.alarm.kind]

    @property
    def step(self) -> str:
        return _STEPS[self.alarm.kind]

    @property
    def is_gap(self) -> bool:
        return self.alarm.kind is Kind.GAP

    @property
    def detail(self) -> str:
        """Why, or where; a given-up stretch's cause in words."""
        is_cause = self.alarm.kind is Kind.GIVEN_UP
        return _CAUSES[Cause(self.alarm.detail)] if is_cause else self.alarm.detail


@router.get("/alarms")
def all_alarms(served: Served) -> Response:
    """What is open, what is missing for good, and what is over."""
    with served.database.read() as connection:
        is_open = [_shown(connection, alarm) for alarm in alarms.open_ones(connection, limit=_MAX_OPEN)]
        over = [_shown(connection, alarm) for alarm in alarms.ended_ones(connection, limit=_MAX_OVER)]
        known = holes.newest(connection, limit=_MAX_HOLES)
    moments = Moments(zone=_UTC, now=served.clock.now())
    shown = {"open": is_open, "over": over, "holes": [(hole, hole_words(hole)) for hole in known]}
    return HTMLResponse(render("alarms.html", **shown, moments=moments, words=words))


@router.post("/alarms/{number}/settle")
def settle(request: Request, served: Served, number: MessagePath, form: Form) -> Response:
    """A person has seen an alarm, or writes a gap off."""
    who, why, now = form.get("who", ""), form.get("reason", ""), served.clock.now()
    try:
        with served.database.transaction() as connection:
            if form.get("as") == "written off":
                served.alarms.write_off(connection, number, who, why, now)
            else:
                served.alarms.seen(connection, number, who, why, now)
    except (NoOpenAlarm, WordRefused) as refused:
        status = HTTPStatus.CONFLICT if isinstance(refused, NoOpenAlarm) else HTTPStatus.BAD_REQUEST
        return answer(request, status, Problem(what=refused.what, where=f"alarm {number}", do=refused.do))
    served.on_commit()
    return RedirectResponse("/alarms", status_code=HTTPStatus.SEE_OTHER)


def hole_words(known: KnownHole) -> str:
    """How much of a hole is missing, and why."""
    lane, why = gateway_words.LANES[known.hole.lane], _CAUSES[known.hole.cause]
    if known.passed_at is None:
        return f"{_MANY[lane]}, once what is before them has come: {why}"
    if not known.missing:
        return f"{_counted(known.hole.last_seq - known.hole.first_seq + 1, lane)}: {why}; the cloud has all of it"
    return f"{_counted(known.missing, lane)}: {why}"


def _title(alarm: Alarm) -> str:
    lane = gateway_words.LANES[alarm.lane]
    match alarm.kind:
        case Kind.GAP:
            return f"{_counted(alarm.missing, lane)} missing"
        case Kind.GIVEN_UP:
            return f"{_counted(alarm.missing, lane)} given up"
        case Kind.BEGUN_ANEW:
            lost = f"; {words.grouped(alarm.missing)} events never came" if alarm.missing else ""
            return f"A gateway’s journal began anew{lost}"
        case Kind.KEY_NOT_TAKEN:
            return "A gateway’s new key was not taken"
        case Kind.TWO_CHAINS:
            return "One key speaks in two places"


def _counted(count: int, lane: str) -> str:
    return f"{words.grouped(count)} {_ONE[lane] if count == 1 else _MANY[lane]}"


def _shown(connection: Connection, alarm: Alarm) -> ShownAlarm:
    gateway = registry.get(connection, alarm.gateway)
    homes = [] if gateway is None else [place.usage_point for place in gateway.places]
    return ShownAlarm(alarm=alarm, homes=homes[:_MAX_HOMES], more_homes=max(len(homes) - _MAX_HOMES, 0))
