"""What a caller is told when it gets no answer: what happened, where, and what to do; as JSON or as a page.

One model for every error of every route, the same three facts that a command prints on its one line. Nothing of the
machine's inside is told, and what was handed in is repeated only in part.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from cloud.kernel.errors import DatabaseBusy, DatabaseError, IdentifierRefused
from cloud.web.templating import render

PROGRAM_PREFIXES: Final = ("/api/", "/openapi.json", "/healthz", "/live")
_RETRY_AFTER_S: Final = "5"
_MAX_WORDS_CHARS: Final = 200


class Problem(BaseModel):
    """Why there is no answer, and what to do about it."""

    model_config = ConfigDict(frozen=True)

    what: str = Field(description="what happened", examples=["there is no such usage point"])
    where: str = Field(default="", description="the part of the request it is about", examples=["path: usage_point"])
    do: str = Field(default="", description="what to do next", examples=["list them with GET /api/v1/usage-points"])


def _answers(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    return {int(status): {"model": Problem, "description": _MEANINGS[status]} for status in statuses}


_MEANINGS: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "The request brings no valid token.",
    HTTPStatus.NOT_FOUND: "There is no such thing.",
    HTTPStatus.MISDIRECTED_REQUEST: "The page is not known under the name it was asked for.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A parameter is not of the form it must have.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The program failed; its log says at what.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database cannot be read now; the same request may succeed soon.",
}
ANY_ROUTE: Final = _answers(
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.MISDIRECTED_REQUEST,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
"""What every route of the REST interface may answer instead."""
NOT_FOUND: Final = _answers(HTTPStatus.NOT_FOUND)


class NotFound(HTTPException):
    """What was asked for does not exist; the caller asks for something else."""

    def __init__(self, what: str, *, do: str = "") -> None:
        super().__init__(status_code=HTTPStatus.NOT_FOUND, detail=what)
        self.do = do


def install(app: FastAPI) -> None:
    """Let every error that a route foresees end as a Problem; `for_the_unforeseen` sees to the others."""
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(IdentifierRefused, _on_identifier)
    app.add_exception_handler(DatabaseError, _on_database)


def for_the_unforeseen() -> Middleware:
    """What stands around the routes and lets our own mistakes end as a Problem, too.

    It raises them again once it has answered, so that the server logs them with their traceback. Starlette's own place
    for this is outside of all middleware, where an answer would lack the headers of the `Gate`.
    """
    return Middleware(ServerErrorMiddleware, handler=_on_mistake)


def answer(request: Request, status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem for whoever asks: JSON for a program, a page for a person."""
    if is_for_programs(request.url.path):
        return JSONResponse(problem.model_dump(), status_code=status, headers=headers)
    page = render("problem.html", problem=problem, status=status, title=_phrase(status))
    return HTMLResponse(page, status_code=status, headers=headers)


def is_for_programs(path: str) -> bool:
    """Whether a path is asked for by programs rather than people."""
    return path.startswith(PROGRAM_PREFIXES)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    do = error.do if isinstance(error, NotFound) else _what_to_do(error.status_code)
    problem = Problem(what=str(error.detail), where=_shown(request.url.path), do=do)
    return answer(request, error.status_code, problem, error.headers)


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    source, *names = map(str, first["loc"])
    problem = Problem(what=first["msg"], where=f"{source}: {'.'.join(names)}", do="see /docs for the form it must have")
    if is_for_programs(request.url.path):
        return answer(request, HTTPStatus.UNPROCESSABLE_ENTITY, problem)
    return answer(request, HTTPStatus.NOT_FOUND, Problem(what="there is no such page", where=problem.where))


async def _on_identifier(request: Request, error: Exception) -> Response:
    assert isinstance(error, IdentifierRefused)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_for_programs(request.url.path) else HTTPStatus.NOT_FOUND
    return answer(request, status, Problem(what=_shown(error.what), do=error.do))


async def _on_database(request: Request, error: Exception) -> Response:
    busy = isinstance(error, DatabaseBusy)
    what = "the database is busy" if busy else "the database cannot be read"
    do = "try again in some seconds" if busy else "look at the program's log on the machine it runs on"
    headers = {"Retry-After": _RETRY_AFTER_S}
    return answer(request, HTTPStatus.SERVICE_UNAVAILABLE, Problem(what=what, do=do), headers)


async def _on_mistake(request: Request, _error: Exception) -> Response:
    do = "try again; if it fails again, look at the program's log on the machine it runs on"
    problem = Problem(what="the program failed", where=_shown(request.url.path), do=do)
    return answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, problem)


def json_of(problem: Problem) -> bytes:
    """The problem as bytes, for who stands outside of the routes."""
    return json.dumps(problem.model_dump()).encode()


def _what_to_do(status: int) -> str:
    match status:
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return "use a method named by the Allow header"
        case HTTPStatus.NOT_FOUND:
            return "look at / for the homes or at /docs for the REST interface"
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return "send less"
        case _:
            return ""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase


def _shown(text: str) -> str:
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text[:_MAX_WORDS_CHARS])
