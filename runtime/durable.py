"""Small files that a power cut cannot tear: written aside, made durable, then put in place in one step."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runtime.errors import EnvironmentRefused


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """As `write_pieces_atomically`, of data that is here whole."""
    write_pieces_atomically(path, (data,), mode=mode)


def write_pieces_atomically(path: Path, pieces: Iterable[bytes], *, mode: int = 0o600) -> None:
    """Replace `path` by all the pieces so that a reader, or a machine back from a power cut, sees the old or the new.

    Raises EnvironmentRefused when the folder cannot be written (disk full, read-only, missing); the old file stays.
    So does a folder or a device that was named by mistake: root would put a file in the place of /dev/null.
    """
    if path.exists() and not path.is_file():
        raise EnvironmentRefused("this is no file, and is not replaced by one", where=str(path), do="name a file")
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
        try:
            os.fchmod(descriptor, mode)
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.writelines(pieces)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(aside, path)  # noqa: PTH105 - beside its fsync of the folder, the system call is clearer
        sync_folder(path.parent)
    except OSError as error:
        raise EnvironmentRefused(
            f"cannot write: {error.strerror}", where=str(path), do="free some space or check the folder's rights"
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink()  # there is one only where it was not put in place


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
