"""What was ordered of gateways: for people as a page, for programs as a list. Ordering is `lamplight-cloud command`."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from pydantic import Field
from starlette.responses import HTMLResponse

from cloud.edge import store
from cloud.edge.store import Ordered
from cloud.web import words
from cloud.web.moments import Moments
from cloud.web.parameters import DEFAULT_LIMIT, Limit
from cloud.web.problems import ANY_ROUTE
from cloud.web.schema import Answer
from cloud.web.services import Served
from cloud.web.templating import render

_MOST_SHOWN: Final = 200

router = APIRouter()


class CommandAnswer(Answer):
    """A command, and what became of it."""

    gateway: str = Field(description="of which gateway it was ordered")
    number: int = Field(description="its number; they rise for each gateway")
    command: str = Field(description="by what the gateway's answer names it, in hex")
    operation: str = Field(description="what was ordered", examples=["ping-meter LMP1"])
    actor: str = Field(description="who ordered it")
    role: str = Field(description="operator, configurer or key_authority")
    ordered_at: datetime = Field(description="when it was signed")
    expires_at: datetime = Field(description="until when it is worth anything")
    said: int = Field(description="how often it was said so far")
    standing: str = Field(description="waiting, done, refused, failed or unanswered")
    detail: str = Field(description="the gateway's words about it")
    answered_at: datetime | None = Field(description="when the answer was taken in")


class CommandPage(Answer):
    """What was ordered, the last first."""

    commands: list[CommandAnswer]


@router.get("/commands")
def commands(served: Served) -> Response:
    """What was ordered of gateways, and what became of it."""
    with served.database.read() as connection:
        rows = store.newest(connection, _MOST_SHOWN)
    moments = Moments(zone=ZoneInfo("UTC"), now=served.clock.now())
    return HTMLResponse(render("commands.html", rows=rows, moments=moments, now=served.clock.now(), words=words))


@router.get("/api/v1/commands", tags=["commands"], responses=ANY_ROUTE)
def ordered(served: Served, limit: Limit = DEFAULT_LIMIT) -> CommandPage:
    """What was ordered of gateways, the last first, with the gateways' answers."""
    with served.database.read() as connection:
        rows = store.newest(connection, limit)
    now = served.clock.now()
    return CommandPage(commands=[_answer(row, now) for row in rows])


def _answer(row: Ordered, now: datetime) -> CommandAnswer:
    return CommandAnswer(
        gateway=row.gateway,
        number=row.number,
        command=row.id.hex(),
        operation=row.operation,
        actor=row.actor,
        role=row.role.name.lower(),
        ordered_at=row.ordered_at,
        expires_at=row.expires_at,
        said=row.said,
        standing=row.standing(now),
        detail=row.detail,
        answered_at=row.answered_at,
    )
