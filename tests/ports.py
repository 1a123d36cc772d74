"""A door for a server that a test starts.

The system lends the ports from 32768 on to whoever calls out, and a story takes its own from 20,000 on. So a door is
looked for below those: it is still free when the server that was killed comes back. What one test was given no other
gets, in whatever process, until the process that asked has ended; nor the one after it, for a server that wants two.
"""

import random
import socket
from contextlib import suppress

PORTS = range(10_000, 20_000, 2)


def free_port() -> int:
    """A port of this machine that nobody listens on, and no other test will."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            _claim(port)
            return port
    raise AssertionError("every port is taken")


def _claim(port: int) -> None:
    """Hold, to the end of this process, a name in the kernel that one process can have; OSError where another has."""
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0lamplight-test-port-{port}")
        claim.detach()
