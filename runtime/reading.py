"""Files that somebody named: read whole, but never more than they may hold.

A name may stand for a device without an end (/dev/zero) or for the wrong file of some gigabytes; read whole, either
would take the machine's memory before anything could be said about it. Nor is it waited for without an end: a pipe into
which nobody writes is refused.
"""

import errno
import os
import select
import stat
from io import BufferedReader
from pathlib import Path

from runtime.errors import EnvironmentRefused

_OTHERS = 0o077
_MOST_SECRET_BYTES = 64_000
PIPE_TIMEOUT_S = 30.0
"""How long a pipe may be without its first byte."""


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """The file's bytes; raises OSError, for one that holds more (EFBIG) and a path that cannot be one (EINVAL), too."""
    with opened(path) as file:
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it holds more than {most_bytes:,} bytes", str(path))
    return data


def opened(path: Path) -> BufferedReader:
    """The file, open for reading; raises OSError, for a pipe nobody writes into (ETIMEDOUT), too."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except ValueError as error:  # a NUL in the path
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path)) from error
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            _wait_for_a_writer(descriptor, path)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _wait_for_a_writer(descriptor: int, path: Path) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(PIPE_TIMEOUT_S * 1000):
        raise OSError(errno.ETIMEDOUT, f"nobody wrote into the pipe for {PIPE_TIMEOUT_S:g} s", str(path))


def read_secret(path: Path) -> bytes:
    """The bytes of a secret's file; raises OSError, and EnvironmentRefused where others may read it."""
    if path.stat().st_mode & _OTHERS:
        do = f"chmod 600 {path}, and replace the secret if somebody else was on this machine"
        raise EnvironmentRefused("others on this machine may read this secret", where=str(path), do=do)
    return read_at_most(path, _MOST_SECRET_BYTES)
