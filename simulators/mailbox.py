"""A customer's mailbox: a real SMTP server that keeps every accepted message, and a door to look into it.

What is accepted is durable before the sender hears "250", and nothing is ever dropped as a double: a message that comes
twice lies here twice, so that a test can see it. The HTTP door answers what a mail provider's status call would:
whether a message with this Message-ID arrived. On command it misbehaves as servers do: refuses for now or for ever,
answers late, or stores a message and drops the line before saying so.
"""

import asyncio
import json
import re
import socket
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as email_policy
from email.utils import formatdate
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any, cast
from urllib.parse import unquote

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from runtime.clock import Clock
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused

HOST = "127.0.0.1"
MAX_MESSAGE_BYTES = 1_000_000
MAX_MESSAGES = 100_000
MAX_FAULTS = 1_000
READY_WITHIN_S = 60.0
_FILE = re.compile(r"(\d{6})\.eml")


class Fault(Enum):
    """What to do with a message instead of taking it."""

    REFUSE_FOR_NOW = "busy"  # 451
    REFUSE = "refuse"  # 550
    HANG = "hang"  # silence until the sender gives up; not stored
    LOSE_ANSWER = "lose-answer"  # stored, then the line drops before "250"
    DROP = "drop"  # the line drops, nothing stored


_FAULTS = tuple(fault.value for fault in Fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One accepted message."""

    number: int
    message_id: str
    to: tuple[str, ...]
    subject: str
    language: str
    received_at: str
    text: str

    def plain(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Mailbox:
    """The messages kept in `folder`, one file each, and the faults still to be played."""

    folder: Path
    clock: Clock
    _kept: list[Kept] = field(default_factory=list)
    _faults: deque[Fault] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)

    def open(self) -> None:
        """Read what a former run kept, so that a restart forgets nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        files = sorted(path for path in self.folder.iterdir() if _FILE.fullmatch(path.name))
        self._kept = [_kept(int(path.stem), path.read_bytes()) for path in files]

    def keep(self, recipients: list[str], data: bytes) -> Kept:
        """Store one message durably under the next number."""
        with self._lock:
            number = self._kept[-1].number + 1 if self._kept else 1
            now = self.clock.now()
            trace = f"X-Received-At: {now.isoformat()}\r\nX-Received-For: {', '.join(recipients)}\r\n"
            stored = trace.encode() + data
            write_atomically(self.folder / f"{number:06d}.eml", stored)
            kept = _kept(number, stored)
            self._kept.append(kept)
            return kept

    def messages(self) -> tuple[Kept, ...]:
        """Everything accepted so far, the oldest first."""
        with self._lock:
            return tuple(self._kept)

    def count(self, message_id: str) -> int:
        """How many times a message with this Message-ID was accepted."""
        return sum(kept.message_id == message_id for kept in self.messages())

    def play(self, fault: Fault, times: int) -> None:
        """Treat the next `times` messages so, after those that wait for a fault already; MAX_FAULTS wait at most."""
        with self._lock:
            self._faults.extend([fault] * min(times, MAX_FAULTS - len(self._faults)))

    def next_fault(self) -> Fault | None:
        """The fault for the message at hand, used up by asking."""
        with self._lock:
            return self._faults.popleft() if self._faults else None

    def answer(self, words: Sequence[str]) -> dict[str, object]:
        """Obey one control line: `status`, `fault NAME [TIMES]` or `clear`; InputRefused for anything else."""
        match list(words):
            case ["status"]:
                return {"messages": len(self.messages()), "faults": [fault.value for fault in self._faults]}
            case ["fault", name] if name in _FAULTS:
                self.play(Fault(name), 1)
                return {"faults": len(self._faults)}
            case ["fault", name, times] if name in _FAULTS and _is_count(times):
                self.play(Fault(name), int(times))
                return {"faults": len(self._faults)}
            case ["clear"]:
                self._faults.clear()
                return {"faults": 0}
            case _:
                raise InputRefused(
                    f"the mailbox does not know {' '.join(words)!r:.60}",
                    do=f"say 'status', 'clear' or 'fault {'|'.join(_FAULTS)} [1 to {MAX_FAULTS} times]'",
                )


class _Post:
    """The handler that aiosmtpd asks what to do with a message."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        fault = self._mailbox.next_fault()
        match fault:
            case Fault.REFUSE_FOR_NOW:
                return "451 4.3.2 try again later"
            case Fault.REFUSE:
                return "550 5.1.1 no such mailbox"
            case Fault.HANG:
                await asyncio.sleep(3600)
            case Fault.DROP:
                return _hang_up(server)
        if len(self._mailbox.messages()) >= MAX_MESSAGES:
            return "452 4.2.2 mailbox full"
        content = envelope.content
        data = content if isinstance(content, bytes) else str(content or "").encode()
        kept = self._mailbox.keep(envelope.rcpt_tos, data)
        if fault is Fault.LOSE_ANSWER:
            return _hang_up(server)
        return f"250 2.0.0 kept as {kept.number}"


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_FAULTS


def _hang_up(server: SMTP) -> str:
    """Drop the line as a dying server does: what is returned is never seen."""
    if isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
    return "421 4.3.0 gone"


class MailboxServer:
    """The mailbox on the network: SMTP on one loopback port, the HTTP door on another."""

    def __init__(self, mailbox: Mailbox, *, smtp_port: int, http_port: int) -> None:
        self._mailbox = mailbox
        self._smtp = Controller(
            _Post(mailbox),
            hostname=HOST,
            port=smtp_port,
            ready_timeout=READY_WITHIN_S,
            data_size_limit=MAX_MESSAGE_BYTES,
            ident="mailbox",
        )
        self._http_port = http_port
        self._http: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Open both ports; raises EnvironmentRefused when one is taken."""
        try:
            # A taken port is told before the controller begins: it would wait for it, in a thread of its own.
            with socket.create_server((HOST, self._smtp.port)):
                self._http = _DoorServer(self._mailbox, self._http_port)
            self._smtp.start()
            Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        except OSError as error:
            self._smtp.loop.close()
            raise EnvironmentRefused(f"a port is taken: {error.strerror}", where=HOST, do="give another") from error

    def stop(self) -> None:
        """Close both ports."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
        self._smtp.stop(no_assert=True)


class _DoorServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, mailbox: Mailbox, port: int) -> None:
        self.mailbox = mailbox
        super().__init__((HOST, port), _Door)


class _Door(BaseHTTPRequestHandler):
    """GET /messages, and GET /messages/by-id/{Message-ID}: 200 with a count, or 404."""

    server_version = "mailbox"

    def do_GET(self) -> None:
        mailbox = cast(_DoorServer, self.server).mailbox
        match self.path.split("/"):
            case ["", "messages"]:
                self._say(HTTPStatus.OK, [kept.plain() for kept in mailbox.messages()])
            case ["", "messages", "by-id", message_id]:
                count = mailbox.count(unquote(message_id))
                self._say(HTTPStatus.OK if count else HTTPStatus.NOT_FOUND, {"count": count})
            case _:
                self._say(HTTPStatus.NOT_FOUND, {"error": "say /messages or /messages/by-id/{Message-ID}"})

    def _say(self, status: HTTPStatus, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing: the door is asked many times a second."""


def _kept(number: int, data: bytes) -> Kept:
    message = cast(EmailMessage, message_from_bytes(data, policy=cast(Any, email_policy)))
    body = message.get_body(preferencelist=("plain",))
    return Kept(
        number=number,
        message_id=str(message["Message-ID"] or "").strip(),
        to=tuple(_addresses(str(message["X-Received-For"] or ""))),
        subject=str(message["Subject"] or ""),
        language=str(message["Content-Language"] or ""),
        received_at=str(message["X-Received-At"] or formatdate()),
        text=str(body.get_content()).replace("\r\n", "\n") if body is not None else "",
    )


def _addresses(header: str) -> Iterator[str]:
    yield from (address.strip() for address in header.split(",") if address.strip())
