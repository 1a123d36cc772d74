"""How a story looks at the world: the cloud's REST interface and the customer's mailbox, both over HTTP on loopback."""

import contextlib
import http.client
import json
import random
import socket
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from simulators.scenarios.processes import StoryFailed

HOST = "127.0.0.1"
TIMEOUT_S = 20.0
PORTS = range(20_000, 32_000)


class Unanswered(Exception):
    """Nobody is there, or he is not himself: that says nothing of the street. Whoever looked looks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A JSON door on a loopback port."""

    port: int

    def get(self, path: str) -> Any:
        """What the door answers; Unanswered when it does not, StoryFailed when it refuses what no time will mend."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == HTTPStatus.OK:
                return json.loads(body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unanswered(f"no answer to {path}: {error}") from error
        finally:
            connection.close()
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise StoryFailed(f"refused with {answer.status}: {path}\n{body[:200].decode(errors='replace')}")
        raise Unanswered(f"no answer to {path}: {answer.status}")


def is_listening(port: int) -> bool:
    """Whether somebody takes connections on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False


def free_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that nobody holds at this moment, all different.

    Below the range from which the system lends ports to outgoing connections, so that the port of a killed process is
    still there when it comes back.
    """
    found: list[int] = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.create_server((HOST, port)):
            found.append(port)
    return tuple(found)


def port_or_free(wanted: int) -> int:
    """`wanted` if nobody holds it, so that the page's address is the same every time; else a free one."""
    try:
        with socket.create_server((HOST, wanted)):
            return wanted
    except OSError:
        return free_ports(1)[0]
