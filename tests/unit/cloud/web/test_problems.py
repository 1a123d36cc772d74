"""A mistake of ours in a route: an honest answer for whoever asked, and the traceback for the log alone."""

from collections.abc import Iterator

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.web.app import create_app
from tests.fakes_web import TOKEN, Browser, Town

BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Mistake(Exception):
    """A bug that nobody foresaw."""


class MistakenDatabase:
    """A database whose use shows a bug."""

    def read(self) -> None:
        raise Mistake("secret of the machine")


class Server:
    """What a web server does around the application: it keeps, for its log, what was raised."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.logged: list[Mistake] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Mistake as mistake:
            self.logged.append(mistake)


@pytest.fixture
def server(lived_in: Town) -> Server:
    services = lived_in.services()
    object.__setattr__(services, "database", MistakenDatabase())
    return Server(create_app(services))


@pytest.fixture
def client(server: Server) -> Iterator[Browser]:
    with Browser(server, headers=BEARER) as made:
        yield made


def test_a_program_gets_the_problem_it_was_promised(client: Browser) -> None:
    answer = client.get("/api/v1/cases")

    assert answer.status_code == 500
    assert answer.json() == {
        "what": "the program failed",
        "where": "/api/v1/cases",
        "do": "try again; if it fails again, look at the program's log on the machine it runs on",
    }


def test_a_person_gets_a_page_that_says_what_to_do(client: Browser) -> None:
    answer = client.get("/homes/UP-1")

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")
    assert "the program failed" in answer.text
    assert "try again" in answer.text


@pytest.mark.parametrize("path", ["/api/v1/cases", "/homes/UP-1", "/"])
def test_nothing_of_the_inside_is_told_but_the_server_can_log_it(client: Browser, server: Server, path: str) -> None:
    answer = client.get(path)

    assert "secret of the machine" not in answer.text
    assert "Traceback" not in answer.text
    assert [str(mistake) for mistake in server.logged] == ["secret of the machine"]


@pytest.mark.parametrize("path", ["/api/v1/cases", "/homes/UP-1"])
def test_the_answer_has_the_headers_that_every_answer_has(client: Browser, path: str) -> None:
    headers = client.get(path).headers

    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["cache-control"] == "no-store"
