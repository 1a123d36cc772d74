"""The broker inside this program, for where mosquitto is not: amqtt, with our passwords, permissions and bounds.

Six things of amqtt 0.12.1 are mended at its door, where a CONNECT is read, because behind it they cannot be:

- It looks up a client's session before it checks the password, so that anybody could end ingest's session by asking
  for it. Here a CONNECT is answered for first, and what is not let in never reaches it.
- A client identifier need not be the user's name. Here it must.
- It lets a client take over its own live session and then marks the new connection as gone. Here the old connection
  ends before the new one begins.
- It remembers for a while that a client wanted nothing kept, and keeps nothing although the client now wants it kept.
- It publishes a will wherever its client wanted. Here a CONNECT whose will lies outside its user's rights is refused.
- It retains whatever it is told to, without end. Here that is one short word a gateway, on its state topic.

It keeps everything in memory and loses what is on its way when a client reconnects. Nothing rests on it: gateways send
again what has no receipt. Passwords are read anew whenever their file has changed.
"""

import asyncio
import contextlib
import logging
import signal
import struct
from typing import Any, Final

from amqtt.adapters import BufferReader, ReaderAdapter, StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError, BrokerError, MQTTError, NoDataError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.plugins.base import BaseAuthPlugin, BasePlugin, BaseTopicPlugin
from amqtt.session import Session

from cloud.broker import passwords, permissions
from cloud.broker.folder import BrokerFolder
from cloud.broker.settings import BrokerSettings
from runtime import logs
from runtime.errors import EnvironmentRefused
from wire import topics

_MAX_QUEUED: Final = 10_000
_MAX_CONNECTIONS: Final = 1_000
_MAX_CONNECT_BYTES: Final = 4_096
_CONNECT: Final = 0x10
_MAX_RETAINED_BYTES: Final = 64
_DOOR_TIMEOUT_S: Final = 10.0
_TAKE_OVER_POLL_S: Final = 0.02
_SPOKEN_LEVEL: Final = 4  # MQTT 3.1.1, whose name takes six bytes before its level
_LEVEL_AT: Final = 6
_OTHER_VERSION: Final = bytes.fromhex("2003008400")  # how MQTT 5 is told that it is not spoken here
_MALFORMED: Final = (AMQTTError, MQTTError, NoDataError, ValueError, IndexError, struct.error)
_HERE: Final = "cloud.broker.embedded"

log = logs.get(__name__)


class Registered:
    """Who is registered, as the password file says now."""

    def __init__(self, folder: BrokerFolder) -> None:
        self._file = folder.passwords
        self._stamp: tuple[int, int] | None = None
        self._hashes: dict[str, str] = {}

    def admits(self, user: str, password: str) -> bool:
        """Whether this user has this password."""
        return passwords.matches(password, self._read().get(user, ""))

    def knows(self, user: str) -> bool:
        """Whether this user may enter at all."""
        return user in self._read()

    def _read(self) -> dict[str, str]:
        status = self._file.stat()
        if (status.st_ino, status.st_mtime_ns) != self._stamp:
            self._hashes = passwords.parse_password_file(self._file.read_text(encoding="utf-8"))
            self._stamp = status.st_ino, status.st_mtime_ns
        return self._hashes


class GuardedBroker(Broker):  # type: ignore[misc] # amqtt is untyped
    """amqtt behind a door that reads each CONNECT first."""

    def __init__(self, config: BrokerConfig, registered: Registered) -> None:
        super().__init__(config)
        self._registered = registered

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Let a connection in if its CONNECT is answered for; amqtt's own entrance."""
        try:
            async with asyncio.timeout(_DOOR_TIMEOUT_S):
                first, level = await _read_connect(reader)
                if level != _SPOKEN_LEVEL:
                    writer.write(_OTHER_VERSION)
                    writer.close()
                    return
                connect = await ConnectPacket.from_stream(BufferReader(first))
                is_let_in = self._answers_for(connect)
                if is_let_in:
                    await self._make_way(connect)
        except (TimeoutError, EOFError, OSError, *_MALFORMED) as error:
            log.info("connection_dropped", reason=type(error).__name__)
            writer.close()
            return
        if not is_let_in:
            log.warning("connection_refused", user=str(connect.username)[:40], client_id=str(connect.client_id)[:40])
            writer.write(ConnackPacket.build(0, NOT_AUTHORIZED).to_bytes())
            writer.close()
            return
        with contextlib.suppress(OSError):
            await super().external_connected(_Replayed(first, reader), StreamWriterAdapter(writer), listener_name)

    async def show_out(self) -> None:
        """End the sessions of those who are no longer registered, as mosquitto does when it reads its files anew."""
        for session, handler in list(self.sessions.values()):
            if session.transitions.is_connected() and not self._registered.knows(session.username or ""):
                log.warning("session_ended", user=str(session.username)[:40])
                await handler.handle_connection_closed()

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        """Bring what is retained only to those who may read it: amqtt brings a newcomer all that anybody asked for."""
        if permissions.may(session.username or "", "read", subscription[0]):
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def retain_message(
        self, source_session: Session | None, topic_name: str | None, data: bytes | None, qos: int | None = None
    ) -> None:
        """Retain a gateway's state, a short word; nothing else, so that no gateway can fill the memory."""
        place = topics.parse(topic_name or "")
        if place is not None and place.kind is topics.Kind.STATE and len(data or b"") <= _MAX_RETAINED_BYTES:
            await super().retain_message(source_session, topic_name, data, qos)

    def _answers_for(self, connect: ConnectPacket) -> bool:
        """Whether the sender of a CONNECT showed to be the user it names."""
        user, password = connect.username or "", connect.password or ""
        if connect.will_flag and not permissions.may(user, "write", connect.will_topic or ""):
            return False
        return connect.client_id == user and self._registered.admits(user, password)

    async def _make_way(self, connect: ConnectPacket) -> None:
        """Let the session this client already has fit the connection that is to come."""
        session, handler = self.sessions.get(connect.client_id, (None, None))
        if session is None:
            return
        if session.transitions.is_connected():
            await handler.handle_connection_closed()
        while session.transitions.is_connected():
            await asyncio.sleep(_TAKE_OVER_POLL_S)
        session.clean_session = connect.clean_session_flag


class AnsweredFor(BaseAuthPlugin):  # type: ignore[misc] # amqtt is untyped
    """Says yes to everyone: who got here was let in at the door."""

    async def authenticate(self, *, session: Session) -> bool:
        return bool(session.username) and session.username == session.client_id


class Permissions(BaseTopicPlugin):  # type: ignore[misc] # amqtt is untyped
    """Our table of permissions in amqtt's words."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool:
        if session is None or not session.username or not topic:
            return False
        return permissions.may(session.username, "write" if action is Action.PUBLISH else "read", topic)


class Bounds(BasePlugin):  # type: ignore[misc] # amqtt is untyped
    """Keeps what waits for an absent client within bounds, letting the oldest go."""

    async def on_broker_retained_message(self, *, client_id: str | None, retained_message: Any) -> None:  # noqa: ARG002
        session = self.context.get_session(client_id) if client_id else None
        if session is not None and session.retained_messages.qsize() > _MAX_QUEUED:
            session.retained_messages.get_nowait()


class _Replayed(ReaderAdapter):  # type: ignore[misc] # amqtt is untyped
    """A connection whose first packet was read already and is to be read again."""

    def __init__(self, first: bytes, rest: asyncio.StreamReader) -> None:
        self._first = first
        self._rest = StreamReaderAdapter(rest)

    async def read(self, n: int = -1) -> bytes:
        if not self._first:
            data: bytes = await self._rest.read(n)
            return data
        taken = self._first if n < 0 else self._first[:n]
        self._first = self._first[len(taken) :]
        return taken

    def feed_eof(self) -> None:
        self._rest.feed_eof()


def run(folder: BrokerFolder, settings: BrokerSettings, port: int) -> None:
    """Serve until SIGTERM or SIGINT; raises EnvironmentRefused when it cannot listen."""
    for noisy in ("amqtt", "transitions"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    asyncio.run(_serve(folder, settings, port))


async def _serve(folder: BrokerFolder, settings: BrokerSettings, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    broker = GuardedBroker(_configuration(settings, port), Registered(folder))
    try:
        await broker.start()
    except (AMQTTError, BrokerError) as error:
        raise EnvironmentRefused(
            f"the broker cannot listen: {error}", where=f"{settings.listen}:{port}", do="check broker.* in cloud.toml"
        ) from error
    shown_out: set[asyncio.Task[None]] = set()

    def look_who_is_there() -> None:
        task = asyncio.ensure_future(broker.show_out())
        shown_out.add(task)
        task.add_done_callback(shown_out.discard)

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, look_who_is_there)
    await stop.wait()
    await broker.shutdown()


def _configuration(settings: BrokerSettings, port: int) -> BrokerConfig:
    listener = ListenerConfig(
        bind=f"{settings.listen}:{port}",
        max_connections=_MAX_CONNECTIONS,
        ssl=settings.certificate_file is not None,
        certfile=settings.certificate_file,
        keyfile=settings.key_file,
    )
    plugins: dict[str, dict[str, Any]] = {f"{_HERE}.{name}": {} for name in ("AnsweredFor", "Permissions", "Bounds")}
    return BrokerConfig(listeners={"default": listener}, plugins=plugins)


async def _read_connect(reader: asyncio.StreamReader) -> tuple[bytes, int]:
    """The bytes of the first packet, and its level of MQTT; raises ValueError when it is no CONNECT of decent size."""
    head = await reader.readexactly(2)
    while head[-1] & 0x80 and len(head) < 5:
        head += await reader.readexactly(1)
    length = sum((byte & 0x7F) << (7 * index) for index, byte in enumerate(head[1:]))
    if head[0] != _CONNECT or length > _MAX_CONNECT_BYTES:
        raise ValueError("not a CONNECT")
    rest = await reader.readexactly(length)
    return head + rest, rest[_LEVEL_AT]
