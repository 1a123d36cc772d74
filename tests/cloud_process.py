"""`lamplight-cloud` as a process of its own, and the doors it is given.

A program is a fork of one that has loaded the cloud already: loading it anew takes a second each time, and tells no
test anything. `run` and the stories start programs as a shell does.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from multiprocessing.reduction import DupFd

import pytest

from cloud import cli
from tests.waiting import SURELY_S, eventually

BROKERS = [
    pytest.param([], id="mosquitto", marks=pytest.mark.needs_mosquitto),
    pytest.param(["--embedded"], id="embedded"),
]
"""The words after `broker` for each kind there is; without mosquitto its tests fail and say what to install."""

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    ["pytest", "cloud.broker_commands", "cloud.broker.embedded", "cloud.broker.service", "cloud.main", __name__]
)
_RUN = "from cloud.cli import main; raise SystemExit(main())"


class Program:
    """`lamplight-cloud` in a process of its own that ends as any other does, with the face of `subprocess.Popen`."""

    def __init__(self, words, log, env):
        out, told = os.pipe()
        self.stdout = os.fdopen(out, "rb")  # closed by whoever ends the program
        environment = {**os.environ, **(env or {})}
        self._process = _FORKS.Process(target=_main, args=(words, environment, DupFd(told), str(log)))
        self._process.start()
        os.close(told)
        self.pid = self._process.pid

    @property
    def returncode(self):
        return self._process.exitcode

    def poll(self):
        return self.returncode

    def wait(self, timeout=None):
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout)
        return self.returncode

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def _main(words, environment, told, log):
    """What becomes a program: its words, environment, standard output and standard error are its own."""
    sys.argv = ["lamplight-cloud", *words]
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(told.detach(), 1)
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    raise SystemExit(cli.main())


def run(*words, stdin=None, timeout_s=SURELY_S):
    """Run a command to its end."""
    command = [sys.executable, "-c", _RUN, *map(str, words)]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=timeout_s)


def start(*words, log, env=None):
    """Start a command in the background; what it says on standard error goes to `log`."""
    return Program([str(word) for word in words], log, env)


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
        process.wait(SURELY_S)
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

    eventually(listens, what=f"listening on {port}")
