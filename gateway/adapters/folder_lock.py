"""One gateway for one folder: two writers of one chain would each disprove the other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runtime.errors import EnvironmentRefused

LOCK_FILE = "gateway.lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; raises EnvironmentRefused when another does. A killed process lets it go."""
    path = folder / LOCK_FILE
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        do = "give the folder that `lamplight-gateway init` made, as its owner"
        raise EnvironmentRefused(f"cannot lock the folder: {error.strerror}", where=str(folder), do=do) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            other = _named_in(descriptor)
            raise EnvironmentRefused(
                f"another gateway runs on this folder (process {other})", where=str(folder), do="stop that one first"
            ) from error
        with suppress(OSError):  # on a full disk the lock still holds; only its holder's number is not told
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(folder: Path) -> int | None:
    """The process that holds the folder; None when none does."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def _named_in(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() else 0
