"""One post of one event: over HTTP/1.1, to the address in the settings, signed, and over within its time.

What became of it has three ends. `Taken`: the receiver said 2xx. `Refused`: it said that it will not have this very
event (400, 413, 422 and their like). `NotNow`: everything else; the same event is posted again later. An answer that
was lost is `NotNow`, too, though the receiver may have acted: that is why a second post has the same identifier.

A redirect is followed nowhere: it would lead a signed body, and this machine, to an address nobody configured. What a
whole post may take is bounded by one deadline, however slowly its octets trickle in; of an answer no more than a few
thousand octets are read, and none is acted upon. No proxy of the environment is asked.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from cloud.outward import address, signature
from cloud.outward.address import Address, AddressRefused
from cloud.outward.cloudevent import CONTENT_TYPE
from runtime import VERSION
from runtime.errors import SettingsError
from runtime.secret import Secret

_MOST_ANSWER_BYTES: Final = 4_096
_MAX_REASON_CHARS: Final = 200
_ABOUT_US: Final = frozenset({401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 426, 431, 451})
_LATER: Final = frozenset({408, 423, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receiver has it."""

    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The receiver will not have this event, now or later."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotNow:
    """It is to be posted again; `stumbles` tells that the receiver is there and fails, perhaps on this event alone."""

    reason: str
    after_s: int = 0
    stumbles: bool = False


Ending: TypeAlias = Taken | Refused | NotNow


class Poster:
    """Posts to one receiver, over a connection that is kept while it is used; for one thread."""

    def __init__(self, to: Address, secrets: Sequence[Secret], timeout_s: float, ca_file: Path | None = None) -> None:
        """Raises SettingsError when the certificates to trust cannot be read."""
        self._to = to
        self._secrets = tuple(secrets)
        self._timeout_s = timeout_s
        self._trust = _trust(ca_file) if to.is_encrypted else None
        self._line: _Line | None = None

    def post(self, event_id: str, body: bytes, timestamp_s: int) -> Ending:
        """Post one event. Raises nothing that a network can cause: those are endings."""
        headers = {
            "Host": self._to.authority,
            "Content-Type": CONTENT_TYPE,
            "User-Agent": f"lamplight/{VERSION}",
            **signature.headers(self._secrets, event_id, timestamp_s, body),
        }
        kept = self._line is not None
        try:
            try:
                return self._exchange(body, headers)
            except (http.client.BadStatusLine, BrokenPipeError, ConnectionError):
                self.close()
                if not kept:
                    raise
                return self._exchange(body, headers)  # it had closed the connection we kept: that says nothing of this
        except AddressRefused as refused:
            self.close()
            return NotNow(reason=_short(f"nothing is posted there: {refused}"))
        except TimeoutError:
            self.close()
            return NotNow(reason=f"no answer within {self._timeout_s:g} s")
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: an answer that is no HTTP
            self.close()
            return NotNow(reason=_short(f"{type(error).__name__}: {error}"))

    def close(self) -> None:
        """Let the connection go."""
        if self._line is not None:
            self._line.hang_up()
        self._line = None

    def _exchange(self, body: bytes, headers: dict[str, str]) -> Ending:
        deadline_s = time.monotonic() + self._timeout_s
        if self._line is None:
            self._line = _Line.open(self._to, self._trust, deadline_s)
        line = self._line
        line.deadline_s = deadline_s
        connection = http.client.HTTPConnection(self._to.host)
        connection.sock = cast(socket.socket, line)
        connection.request("POST", self._to.target, body=body, headers=headers)
        answer = connection.getresponse()
        said = answer.read(_MOST_ANSWER_BYTES + 1)
        ending = _ending(answer, said[:_MOST_ANSWER_BYTES])
        if answer.will_close or not answer.isclosed():
            self.close()
        return ending


class _Line:
    """A connection as `http.client` uses a socket, on which nothing outlasts the deadline."""

    def __init__(self, door: socket.socket) -> None:
        self.deadline_s = 0.0
        self._door = door

    @classmethod
    def open(cls, to: Address, trust: ssl.SSLContext | None, deadline_s: float) -> "_Line":
        door = address.connect(to, lambda: _remaining_s(deadline_s))
        try:
            door.settimeout(_remaining_s(deadline_s))
            return cls(door if trust is None else trust.wrap_socket(door, server_hostname=to.host))
        except BaseException:
            door.close()
            raise

    def sendall(self, octets: bytes) -> None:
        self._door.settimeout(_remaining_s(self.deadline_s))
        self._door.sendall(octets)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def receive_into(self, buffer: memoryview) -> int:
        self._door.settimeout(_remaining_s(self.deadline_s))
        return self._door.recv_into(buffer)

    def close(self) -> None:
        """Nothing: `http.client` closes its socket while the file it made of it is still to be read."""

    def hang_up(self) -> None:
        self._door.close()


class _Incoming(io.RawIOBase):
    """What comes over a line, as a file."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # any writable buffer, and we get this one
        return self._line.receive_into(buffer)


def _remaining_s(deadline_s: float) -> float:
    remaining_s = deadline_s - time.monotonic()
    if remaining_s <= 0:
        raise TimeoutError
    return remaining_s


def _ending(answer: http.client.HTTPResponse, said: bytes) -> Ending:
    status = answer.status
    reason = _short(f"{status} {answer.reason} {said.decode('utf-8', 'replace')}")
    if 200 <= status < 300:
        return Taken(status=status)
    if 300 <= status < 400:
        return NotNow(reason=f"it answered {status}, a redirect, which is followed nowhere: name the final address")
    if status in _LATER:
        return NotNow(reason=reason, after_s=_retry_after_s(answer.getheader("Retry-After", "")))
    if 400 <= status < 500 and status not in _ABOUT_US:
        return Refused(reason=reason)
    return NotNow(reason=reason, stumbles=status >= 500)


def _retry_after_s(text: str) -> int:
    """The seconds a receiver asks for; a date is taken as none: its clock need not be ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        trust = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # an SSLError is one
        raise SettingsError(
            f"the certificates to trust cannot be read: {error.strerror or error}", where=f"outward.ca_file {ca_file}"
        ) from error
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    return trust


def _short(text: str) -> str:
    return "".join(char for char in " ".join(text.split()) if char.isprintable())[:_MAX_REASON_CHARS]
