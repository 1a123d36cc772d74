"""What events are handed to: a real HTTP(S) server that misbehaves on command, and one that needs no network."""

import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cloud.ingest.disclosure import FineReadings
from cloud.ingest.service import Intake
from cloud.kernel import tasks
from cloud.kernel.ids import EventId
from cloud.outward import courier as outward
from cloud.outward import store
from cloud.outward.courier import POST_TASK, RECEIVER, Courier
from cloud.outward.post import Ending, Taken
from cloud.outward.settings import OutwardSettings
from tests.fakes_cloud import FakeGateway, HandClock, register
from wire.events import SupplyLost
from wire.keys import SoftwareSigner
from wire.terms import Lane

_TRICKLE_S = 0.02
_GIVE_UP_S = 20
LONGEST_PAUSE_S = 100


@dataclass(slots=True)
class Receiver:
    """What came to a real server, and what it does about it; `commands` are used up first, then it takes everything.

    What is named in `unwanted` by its id is refused for good whenever it comes, and uses up no command.

    A command is a status to answer, or one of: `lose` (take it and hang up before the answer), `hang up` (take nothing
    and hang up), `be silent`, `trickle` (an answer without an end), `redirect`, `talk nonsense`, `talk on` (an answer
    without an end, fast).
    """

    commands: deque[int | str] = field(default_factory=deque)
    unwanted: set[str] = field(default_factory=set)
    answer_headers: dict[str, str] = field(default_factory=dict)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    effects: dict[tuple[str, str], dict[str, object]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    connections: int = 0
    released: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def ids(self) -> list[str]:
        """The identifiers of all posts, in their order."""
        return [headers["webhook-id"] for headers, _ in self.posts]

    def next_command(self, event_id: str) -> int | str:
        """What is to be done with the event that came."""
        if event_id in self.unwanted:
            return 422
        return self.commands.popleft() if self.commands else 204

    def act(self, body: bytes) -> None:
        """Act on an event as a receiver should: once for each source and id."""
        event = json.loads(body)
        self.effects.setdefault((event["source"], event["id"]), event)


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver at work; with `tls` it listens as `localhost`."""
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(receiver))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    host = "127.0.0.1" if tls is None else "localhost"
    receiver.url = f"{'http' if tls is None else 'https'}://{host}:{server.server_port}/events?from=lamplight"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append(({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.paths.append(self.path)
            command = receiver.next_command(self.headers["webhook-id"])
            _DOINGS.get(str(command), _answer)(self, receiver, command, body)

        def log_message(self, *said: object) -> None:
            """Nothing: tests look at what came."""

    return Handler


def _answer(handler: BaseHTTPRequestHandler, receiver: Receiver, command: int | str, body: bytes) -> None:
    status = int(command)
    if 200 <= status < 300:
        receiver.act(body)
    handler.send_response(status)
    for name, value in receiver.answer_headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _lose(handler: BaseHTTPRequestHandler, receiver: Receiver, command: int | str, body: bytes) -> None:
    receiver.act(body)
    _hang_up(handler, receiver, command, body)


def _hang_up(handler: BaseHTTPRequestHandler, *_: object) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def _be_silent(handler: BaseHTTPRequestHandler, receiver: Receiver, *_: object) -> None:
    receiver.released.wait(_GIVE_UP_S)
    handler.close_connection = True


def _trickle(handler: BaseHTTPRequestHandler, receiver: Receiver, *_: object) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not receiver.released.wait(_TRICKLE_S):
        try:
            handler.wfile.write(b"x")
        except OSError:
            return


def _redirect(handler: BaseHTTPRequestHandler, receiver: Receiver, *_: object) -> None:
    handler.send_response(307)
    handler.send_header("Location", receiver.url.replace("/events", "/elsewhere"))
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _talk_nonsense(handler: BaseHTTPRequestHandler, *_: object) -> None:
    handler.close_connection = True
    handler.wfile.write(b"\x00\xff SMTP ready\r\n\r\n")


def _talk_on(handler: BaseHTTPRequestHandler, receiver: Receiver, command: int | str, body: bytes) -> None:
    receiver.act(body)
    handler.close_connection = True
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not receiver.released.is_set():
            handler.wfile.write(b"on and on " * 1000)
    except OSError:
        return


_DOINGS = {
    "lose": _lose,
    "hang up": _hang_up,
    "be silent": _be_silent,
    "trickle": _trickle,
    "redirect": _redirect,
    "talk nonsense": _talk_nonsense,
    "talk on": _talk_on,
}


@dataclass(slots=True)
class FakePoster:
    """A receiver without a network: takes every event unless told otherwise; `endings` are used up first.

    What `endings_of` names by its id always ends that way; `meanwhile` happens while an event is posted.
    """

    endings: deque[Ending] = field(default_factory=deque)
    endings_of: dict[str, Ending] = field(default_factory=dict)
    meanwhile: deque[Callable[[], None]] = field(default_factory=deque)
    posted: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    is_closed: bool = False

    def post(self, event_id: str, body: bytes, timestamp_s: int) -> Ending:
        self.posted.append(event_id)
        if self.meanwhile:
            self.meanwhile.popleft()()
        ending = self.endings_of.get(event_id) or (self.endings.popleft() if self.endings else Taken(status=204))
        if isinstance(ending, Taken):
            self.taken.append(event_id)
        return ending

    def close(self) -> None:
        self.is_closed = True


class Town:
    """A cloud that takes a gateway's events in, and a courier that hands them over."""

    def __init__(self, database):
        self.database = database
        self.clock = HandClock()
        self.gateway = FakeGateway()
        self.poster = FakePoster()
        self.events = ("alarms",)
        register(database, self.gateway)
        self.consents = True
        self.intake = Intake(
            database=database,
            clock=self.clock,
            signer=SoftwareSigner.generate(),
            on_commit=lambda: None,
            fine=FineReadings(billing_period_s=3600, has_agreed=lambda *_: self.consents),
        )

    def courier(self, **settings):
        """A courier as `serve` starts one, which has settled."""
        chosen = {
            "url": "http://127.0.0.1:1/",
            "events": self.events,
            "retry_first_s": 10,
            "retry_longest_s": LONGEST_PAUSE_S,
        }
        made = Courier(
            database=self.database,
            clock=self.clock,
            poster=self.poster,
            settings=OutwardSettings(**{**chosen, **settings}),
            on_commit=lambda: None,
        )
        made.settle()
        return made

    def say(self, event, **about):
        """Let the gateway say it, the cloud take it in, and the news go round; its name."""
        message = self.gateway.say(event, **about)
        self.intake.take([message])
        self.news()
        return f"{self.gateway.id}/{self.gateway.gen}/{event.lane.value}/{self.gateway.heads[event.lane].seq}"

    def news(self):
        with self.database.transaction() as connection:
            outward.look(connection, self.clock.now())

    def work(self, courier):
        """All that is due now."""
        while courier.turn():
            pass

    def go_by(self, courier, turns):
        """So many times: all that is due, and then the longest pause."""
        for _ in range(turns):
            self.work(courier)
            self.clock.go_on(LONGEST_PAUSE_S)

    def standing(self, lane=Lane.ALARM):
        with self.database.read() as connection:
            return next(each for each in store.standings(connection) if each.lane is lane)

    def exported(self):
        with self.database.read() as connection:
            return list(store.between(connection, list(Lane), None, None))

    def found(self, event_id):
        with self.database.read() as connection:
            return store.at(connection, EventId.parse(event_id))

    def parked(self):
        with self.database.read() as connection:
            return [(task.kind, task.key, task.failure) for task in tasks.parked(connection)]

    def due_in_s(self):
        with self.database.read() as connection:
            task = tasks.standing(connection, POST_TASK, RECEIVER)
        return (task.due_at - self.clock.now()).total_seconds()


def alarm(number=0):
    return SupplyLost(began_at_ms=1_795_284_000_000 + number, input_mv=412)
