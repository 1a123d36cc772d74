"""Room on the disk that is held for alarms: a file of nothing beside the journal, given up when the disk is full.

Whoever else fills the disk (a log, an update, a technician's copy) finds it full while the ballast still lies there.
It goes when a commit found no room, and is laid again once there is room for it twice over; until then the gateway is
short of room, and keeps alarms and what it concluded, but no readings.
"""

import os
import shutil
from pathlib import Path

from runtime import logs

log = logs.get(__name__)

_PIECE = bytes(65_536)
_ROOM_TIMES = 3  # so much of it must be free before it is laid: a disk is not filled by what guards against that


class Ballast:
    """One file of `size_bytes`; none at all for 0, and then nobody is ever short."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._lies = size_bytes == 0

    @property
    def is_short(self) -> bool:
        """Whether the disk has room for alarms alone."""
        return not self._lies

    def lay(self) -> None:
        """Lay it, where it does not lie yet and there is room; where there is none, nothing happens."""
        if self._lies:
            return
        try:
            is_there = self._path.exists() and self._path.stat().st_size == self._size_bytes
            self._lies = is_there or (self._fits() and self._write())
            if self._lies and not is_there:
                log.info("ballast_laid", size_bytes=self._size_bytes)
        except OSError as error:
            log.debug("ballast_not_laid", reason=str(error))
        if not self._lies:
            log.warning("disk_short", keeping="alarms")

    def give_up(self) -> bool:
        """Give its room to the journal; whether there was any to give."""
        if not self._lies or not self._size_bytes:
            return False
        self._lies = False
        log.warning("ballast_given_up", size_bytes=self._size_bytes, keeping="alarms")
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return False  # a disk that is read-only gives nothing
        return True

    def _fits(self) -> bool:
        return shutil.disk_usage(self._path.parent).free >= _ROOM_TIMES * self._size_bytes

    def _write(self) -> bool:
        """Real octets: a file system that packs zeroes is rare on a card, one that promises holes is not."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            left = self._size_bytes
            while left:
                left -= os.write(descriptor, _PIECE[:left])
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return True
