"""The door of the page, before any route: by which name it was asked for, who asks, and what every answer says.

    Host not ours            -> 421, whatever else the request brings
    /healthz, /enter, /static -> let through
    /you/..., /stop/...      -> let through: the customer's own token stands in the address, and its routes check it
    a form sent from another site -> 403
    no token and no cookie   -> 401 for programs, to /enter for people
    anything else            -> the route, whose answer gets the headers below

It stands outside of the routes, so that a new route is closed from its first day. The policy allows nothing but our
own files: no inline script or style, no other host, no frame around us.
"""

from collections.abc import Iterable
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.kernel.access import COOKIE_NAME, Access
from cloud.web.problems import Problem, is_for_programs, json_of

_OPEN_PATHS: Final = frozenset({"/healthz", "/enter"})
_STATIC: Final = "/static/"
_OPEN_PREFIXES: Final = (_STATIC, "/you/", "/stop/")
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_MAX_NEXT_CHARS: Final = 200
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)


class Gate:
    """Lets a request through to the routes, or answers it itself."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_answer_headers(path, message["headers"])]
            await send(message)

        refusal = self._refusal(scope["method"], path, scope["query_string"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send_guarded)

    def _refusal(self, method: str, path: str, query: bytes, headers: Headers) -> Response | None:
        """The answer for a request that does not come through; None for one that does."""
        if not self._access.knows_host(headers.get("host")):
            problem = Problem(
                what="this page is not known under that name",
                where="header: host",
                do="ask for it as 127.0.0.1, or add the name to web.host_names",
            )
            return _refused(HTTPStatus.MISDIRECTED_REQUEST, problem)
        if method not in _SAFE_METHODS and _is_foreign(headers):
            problem = Problem(what="the form was sent from another site", do="use the form on our own page")
            return _refused(HTTPStatus.FORBIDDEN, problem)
        if path in _OPEN_PATHS or path.startswith(_OPEN_PREFIXES) or self._admits(headers):
            return None
        if is_for_programs(path):
            problem = Problem(
                what="the request brings no valid token",
                where="header: authorization",
                do="send 'Authorization: Bearer TOKEN' with the token from the cloud's state folder",
            )
            return _refused(HTTPStatus.UNAUTHORIZED, problem, {"WWW-Authenticate": 'Bearer realm="lamplight"'})
        return RedirectResponse(_way_in(method, path, query), status_code=HTTPStatus.SEE_OTHER)

    def _admits(self, headers: Headers) -> bool:
        cookie = _entry_cookie(headers.get("cookie", ""))
        return self._access.admits(authorization=headers.get("authorization"), cookie=cookie)


def _refused(status: HTTPStatus, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    return Response(json_of(problem), status_code=status, headers=headers, media_type="application/json")


def _way_in(method: str, path: str, query: bytes) -> str:
    """The address of the entrance, which leads back to what was asked for."""
    wanted = path + (f"?{query.decode('latin-1')}" if query else "")
    if method != "GET" or wanted == "/" or len(wanted) > _MAX_NEXT_CHARS:
        return "/enter"
    return f"/enter?next={quote(wanted, safe='/')}"


def _is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site made it send this; programs say nothing of the kind."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OWN_SITE
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _entry_cookie(header: str) -> str | None:
    try:
        morsel = SimpleCookie(header).get(COOKIE_NAME)
    except CookieError:
        return None
    return None if morsel is None else morsel.value


def _answer_headers(path: str, present: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    caching = b"no-cache" if path.startswith(_STATIC) else b"no-store"
    is_told = any(name.lower() == b"cache-control" for name, _ in present)
    return [*_HEADERS, *([] if is_told else [(b"cache-control", caching)])]
