"""A door for a server that a test starts.

The system lends the ports from 32768 on to whoever calls out, and a story takes its own from 20,000 on. So a door is
looked for below those: it is still free when the server that was killed comes back. What one test was given no other
gets, in whatever process, until the process that asked has ended, and its forks; nor the one after it, for a server
that wants two. Where a utility's broker listens unless it is told otherwise, no test's does.
"""

import errno
import random
import socket

HOST = "127.0.0.1"
BROKERS_OWN = 18_830
PORTS = [port for port in range(10_000, 20_000, 2) if port != BROKERS_OWN]


def free_port() -> int:
    """A port of this machine that nobody listens on, nor on the next, and no other test will."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        try:
            with socket.create_server((HOST, port)), socket.create_server((HOST, port + 1)):
                _claim(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return port
    raise AssertionError("every port is taken")


def _claim(port: int) -> None:
    """Hold, to the end of this process, a name in the kernel that one process can have; OSError where another has."""
    with socket.socket(socket.AF_UNIX) as claim:
        claim.bind(f"\0lamplight-test-port-{port}")
        claim.detach()
