"""Files that somebody named: read whole, but never more than they may hold.

A name may stand for a device without an end (/dev/zero) or for the wrong file of some gigabytes; read whole, either
would take the machine's memory before anything could be said about it.
"""

import errno
import os
from pathlib import Path

from runtime.errors import EnvironmentRefused

_OTHERS = 0o077
_MOST_SECRET_BYTES = 64_000


def read_at_most(path: Path, most_bytes: int) -> bytes:
    """The file's bytes; raises OSError, for one that holds more (EFBIG) and a path that cannot be one (EINVAL), too."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except ValueError as error:  # a NUL in the path
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path)) from error
    if len(data) > most_bytes:
        raise OSError(errno.EFBIG, f"it holds more than {most_bytes:,} bytes", str(path))
    return data


def read_secret(path: Path) -> bytes:
    """The bytes of a secret's file; raises OSError, and EnvironmentRefused where others may read it."""
    if path.stat().st_mode & _OTHERS:
        do = f"chmod 600 {path}, and replace the secret if somebody else was on this machine"
        raise EnvironmentRefused("others on this machine may read this secret", where=str(path), do=do)
    return read_at_most(path, _MOST_SECRET_BYTES)
