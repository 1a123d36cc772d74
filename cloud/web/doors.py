"""The entrance, and the one word of health: what can be asked without rights.

A person types the access token once and gets a cookie; where they wanted to go is kept on the way, and is a path of
this page and nothing else. /healthz tells whether the parts of the cloud are alive, to whoever watches over it.
"""

import re
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from cloud.kernel.access import COOKIE_NAME
from cloud.kernel.errors import DatabaseError
from cloud.web.forms import Form
from cloud.web.services import Served
from cloud.web.templating import render

_LOCAL_PATH: Final = re.compile(r"/(?:[A-Za-z0-9][A-Za-z0-9_.:/?=&-]*)?")
_COOKIE_AGE_S: Final = 30 * 86_400

router = APIRouter()


class Health(BaseModel):
    """Whether the cloud is well, and which of its parts are alive."""

    model_config = ConfigDict(frozen=True)

    status: str = Field(description="ok, or degraded when a part is not alive", examples=["ok"])
    parts: dict[str, bool] = Field(description="each part, and whether it is alive", examples=[{"database": True}])


@router.get(
    "/healthz",
    tags=["health"],
    response_model=Health,
    responses={503: {"model": Health, "description": "A part is not alive."}},
)
def health(served: Served) -> Response:
    """Whether every part of the cloud is alive; needs no token."""
    parts = {"database": _can_be_read(served), **served.parts()}
    found = Health(status="ok" if all(parts.values()) else "degraded", parts=parts)
    status = HTTPStatus.OK if all(parts.values()) else HTTPStatus.SERVICE_UNAVAILABLE
    return JSONResponse(found.model_dump(), status_code=status)


@router.get("/enter", include_in_schema=False)
def entrance(next_: Annotated[str, Query(alias="next", max_length=600)] = "/") -> Response:
    """The form that asks for the token."""
    return HTMLResponse(render("enter.html", next=_local(next_), was_wrong=False))


@router.post("/enter", include_in_schema=False)
def enter(request: Request, served: Served, form: Form) -> Response:
    """Let a person in who typed the token."""
    wanted = _local(form.get("next", "/"))
    cookie = served.access.cookie_for(form.get("token", ""))
    if cookie is None:
        page = render("enter.html", next=wanted, was_wrong=True)
        return HTMLResponse(page, status_code=HTTPStatus.FORBIDDEN)
    answer = RedirectResponse(wanted, status_code=HTTPStatus.SEE_OTHER)
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        COOKIE_NAME, cookie, max_age=_COOKIE_AGE_S, httponly=True, samesite="strict", secure=is_secure, path="/"
    )
    return answer


def _local(wanted: str) -> str:
    """A path of this page; the front page for anything that could lead elsewhere."""
    return wanted if _LOCAL_PATH.fullmatch(wanted) else "/"


def _can_be_read(served: Served) -> bool:
    try:
        with served.database.read() as connection:
            connection.execute(text("SELECT 1"))
    except DatabaseError:
        return False
    return True
