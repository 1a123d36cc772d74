"""How a story looks at the world: the cloud's REST interface and the customer's mailbox, both over HTTP on loopback."""

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

HOST = "127.0.0.1"
TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A JSON door on a loopback port."""

    port: int

    def get(self, path: str) -> Any:
        """What the door answers; None when nobody is there or the answer is a refusal."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=TIMEOUT_S)
        try:
            connection.request("GET", path, headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            return json.loads(body) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()


def is_listening(port: int) -> bool:
    """Whether somebody takes connections on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=TIMEOUT_S):
            return True
    except OSError:
        return False


def free_ports(count: int) -> tuple[int, ...]:
    """Loopback ports that nobody holds at this moment, all different."""
    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = tuple(server.getsockname()[1] for server in held)
    for server in held:
        server.close()
    return ports


def port_or_free(wanted: int) -> int:
    """`wanted` if nobody holds it, so that the page's address is the same every time; else a free one."""
    try:
        with socket.create_server((HOST, wanted)):
            return wanted
    except OSError:
        return free_ports(1)[0]
