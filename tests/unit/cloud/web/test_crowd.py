"""A bounded crowd of connections: who says nothing makes room for who asks."""

import contextlib
import socket
import threading

import pytest
import uvicorn

from cloud.web import crowd
from cloud.web.crowd import Connection
from tests.waiting import SURELY_S, eventually

ROOM = 6
ASKED = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def app(scope, receive, send):
    """Answers once all was said, and goes on answering who asks for /open."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    while scope["path"] == "/open" and (await receive())["type"] != "http.disconnect":
        pass
    await send({"type": "http.response.body", "body": b"k"})


@pytest.fixture
def door(monkeypatch):
    monkeypatch.setattr(crowd, "MAX_CONNECTIONS", ROOM)
    config = uvicorn.Config(app, http=Connection, lifespan="off", log_config=None, port=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        eventually(lambda: server.started)
        yield listening.getsockname()
        server.should_exit = server.force_exit = True
        thread.join(SURELY_S)
        assert not thread.is_alive()


@pytest.fixture
def knock(door):
    with contextlib.ExitStack() as all_of_them:

        def knock(said=b""):
            connection = all_of_them.enter_context(socket.create_connection(door, timeout=SURELY_S))
            connection.sendall(said)
            return connection

        yield knock


def said_to(connection):
    """What is said to it until the answer's first letter, or its end."""
    heard = b""
    while not heard.endswith((b"\r\n\r\no", b"k")):
        try:
            heard += connection.recv(1) or b"k"
        except ConnectionResetError:
            return b""
    return heard[:-1]


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"])
def test_who_waits_longest_makes_room_for_who_asks(knock, said):
    silent = [knock(said) for _ in range(ROOM)]

    assert said_to(knock(ASKED)).startswith(b"HTTP/1.1 200")
    assert said_to(silent[0]) == b""


def test_who_is_being_answered_is_not_ended_for_another(knock):
    answered = [knock(ASKED.replace(b"/ ", b"/open ", 1)) for _ in range(ROOM)]
    assert all(said_to(connection) for connection in answered)

    assert said_to(knock()) == b""

    answered.pop().close()
    eventually(lambda: said_to(knock(ASKED)).startswith(b"HTTP/1.1 200"))
    for connection in answered:
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)


def test_a_machine_with_few_files_keeps_fewer_connections(monkeypatch):
    monkeypatch.setattr(crowd.resource, "getrlimit", lambda _: (256, 4096))

    assert crowd._room() == 128
