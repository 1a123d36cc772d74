"""What a story sees through a door: silence is looked at again, a refusal ends the story."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from simulators.scenarios.chaos import Chaos
from simulators.scenarios.doors import Door, Unanswered
from simulators.scenarios.onlooker import Onlooker
from simulators.scenarios.processes import Cast, StoryFailed

HOME = b'{"phase": "supplied"}'


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[Door]:
    """A door that gives these answers in turn, the last one again and again."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield Door(port=server.server_port)
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture
def onlooker_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Door], Onlooker]:
    monkeypatch.setattr("simulators.scenarios.onlooker.LOOK_EVERY_S", 0.01)
    cast = Cast(tmp_path, {})
    return lambda door: Onlooker(cast=cast, cloud=door, mailbox=door, chaos=Chaos(cast, []))


def test_a_look_that_nobody_answers_is_none_and_one_wait_is_reported(onlooker_at: Callable[[Door], Onlooker]) -> None:
    with answering((503, b"{}"), (200, b"half an ans"), (200, HOME)) as door:
        onlooker = onlooker_at(door)

        seen = onlooker.until("her home", lambda: onlooker.home("UP-1"))

    assert seen == {"phase": "supplied"}
    assert list(onlooker.timings) == ["her home"]


def test_a_story_without_an_answer_fails_with_what_was_waited_for(onlooker_at: Callable[[Door], Onlooker]) -> None:
    with answering((503, b"{}")) as door:
        onlooker = onlooker_at(door)

        with pytest.raises(StoryFailed, match=r"did not come within 0.1 s: her home"):
            onlooker.until("her home", lambda: onlooker.home("UP-1"), within_s=0.1)


def test_a_refusal_ends_the_story_at_once(onlooker_at: Callable[[Door], Onlooker]) -> None:
    with answering((404, b"there is no usage point UP-1"), (200, HOME)) as door:
        onlooker = onlooker_at(door)

        with pytest.raises(StoryFailed, match=r"refused with 404: /api/v1/usage-points/UP-1\nthere is no usage point"):
            onlooker.until("her home", lambda: onlooker.home("UP-1"))


def test_where_nobody_is_nobody_answers() -> None:
    with answering((200, HOME)) as door:
        pass

    with pytest.raises(Unanswered):
        door.get("/")
