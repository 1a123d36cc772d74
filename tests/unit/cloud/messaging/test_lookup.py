"""Asking over HTTP whether a mail arrived."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from cloud.messaging.lookup import HttpLookup
from cloud.messaging.ports import Presence, Unavailable
from runtime.errors import SettingsError
from tests.waiting import SURELY_S

MAIL_ID = "<2d0c3d71@utility.example>"


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers everything with `status`; its address, and what it was asked."""
    asked: list[str] = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("status", "presence"), [(200, Presence.FOUND), (404, Presence.ABSENT)])
def test_a_mail_is_there_or_it_is_not(status: int, presence: Presence) -> None:
    with answering(status) as (url, asked):
        assert HttpLookup(url, timeout_s=SURELY_S).find(MAIL_ID) is presence

    assert asked == ["/messages/by-id/%3C2d0c3d71%40utility.example%3E"]


@pytest.mark.parametrize("status", [204, 301, 401, 500, 503])
def test_any_other_answer_is_no_answer(status: int) -> None:
    with answering(status) as (url, _):
        assert HttpLookup(url, timeout_s=SURELY_S).find(MAIL_ID) == Unavailable(reason=f"asked, and answered {status}")


def test_nobody_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with answering(200) as (url, _):
        assert HttpLookup(url, timeout_s=SURELY_S).find(MAIL_ID) is Presence.FOUND

    assert isinstance(HttpLookup(url, timeout_s=SURELY_S).find(MAIL_ID), Unavailable)


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1", "127.0.0.1:18026", "http://", "file:///etc/passwd"])
def test_an_address_that_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="cannot be asked"):
        HttpLookup(url, timeout_s=SURELY_S)
