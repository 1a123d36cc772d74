"""`lamplight-cloud` as a process of its own, and the doors it is given."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import pytest

from tests.waiting import eventually

BROKERS = [
    pytest.param([], id="mosquitto", marks=pytest.mark.needs_mosquitto),
    pytest.param(["--embedded"], id="embedded"),
]
"""The words after `broker` for each kind there is; without mosquitto its tests fail and say what to install."""

_RUN = "from cloud.cli import main; raise SystemExit(main())"


def free_port():
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(*words, stdin=None, timeout_s=30):
    """Run a command to its end."""
    command = [sys.executable, "-c", _RUN, *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout_s)


def start(*words, log, env=None):
    """Start a command in the background; what it says on standard error goes to `log`."""
    with log.open("ab") as errors:
        return subprocess.Popen(
            [sys.executable, "-c", _RUN, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **(env or {})},
        )


@contextlib.contextmanager
def started(*words, log, env=None):
    """The command in the background, ended with SIGTERM, and with SIGKILL if that is not enough."""
    process = start(*words, log=log, env=env)
    try:
        yield process
    finally:
        end(process)


def end(process, number=signal.SIGTERM):
    """Send the signal, and see the process end."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        process.stdout.close()


def wait_for_port(port, process=None):
    """Wait until somebody listens on `port`."""

    def listens():
        assert process is None or process.poll() is None, "the process has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    eventually(listens, deadline_s=20, what=f"listening on {port}")
