"""The folder a drop comes in: its files read through one open door, past which no name leads.

Who can write into the folder shall not be able to have another file of this machine read as a file of the drop. So
the folder is opened once, and each file below it, by a name without a slash, never through a link and never one that
is no plain file; what was opened is what is read and checked.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud.cis import manifest
from cloud.cis.manifest import DropRefused, Manifest
from cloud.kernel import sheet
from runtime.errors import InputRefused


@dataclass(frozen=True, slots=True)
class DropFolder:
    """An open folder."""

    path: Path
    descriptor: int

    def manifest(self) -> Manifest:
        """What the drop says it holds; raises DropRefused, also for tables in the folder that it does not list."""
        found = manifest.parse(self.read(manifest.NAME, manifest.MAX_BYTES))
        listed = {file.name for file in found.files}
        for name in sorted(os.listdir(self.descriptor)):  # noqa: PTH208 - what was opened, wherever its name leads now
            if name.casefold().endswith(".csv") and name not in listed:
                raise DropRefused("the manifest does not list this file", where=name)
        return found

    def read(self, name: str, most_bytes: int = sheet.MAX_BYTES) -> bytes:
        """The bytes of one file; raises DropRefused."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would keep us waiting for ever
        try:
            with open(os.open(name, flags, dir_fd=self.descriptor), "rb") as file:  # noqa: PTH123 - a descriptor
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise DropRefused("this is no plain file", where=name)
                data = file.read(most_bytes + 1)
        except OSError as error:
            raise DropRefused(f"cannot read the file: {error.strerror}", where=name) from error
        if len(data) > most_bytes:
            raise DropRefused(f"it holds more than {most_bytes:,} bytes", where=name)
        return data


@contextmanager
def opened(path: Path) -> Iterator[DropFolder]:
    """The folder at a path, which may be a link to it; raises InputRefused."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputRefused(f"cannot open the folder: {error.strerror}", where=str(path)) from error
    try:
        yield DropFolder(path, descriptor)
    finally:
        os.close(descriptor)
