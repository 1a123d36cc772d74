"""The machine the gateway runs on, looked at: room on its disk, the journal's size, our memory, its temperature.

All of it is Linux's own files and one system call; nothing is started for it. What a machine does not tell (a box
without a thermal sensor, a file system that is gone) is left out or zero, and is never a reason to stop.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from runtime.errors import EnvironmentRefused
from runtime.reading import read_at_most
from wire.events import GatewayHealth

_MOST_BYTES: Final = 4_096
_MOST_COUNT: Final = 2**32  # what the event can carry; 4 TB of disk
_TEMPERATURES_MC: Final = range(-100_000, 250_000)
_THERMAL: Final = Path("/sys/class/thermal/thermal_zone0/temp")
_STATM: Final = Path("/proc/self/statm")
_BESIDE: Final = ("", "-wal", "-shm")


class Machine:
    """Says how the gateway fares."""

    def __init__(
        self,
        journal: Path,
        *,
        dropped: Callable[[], int],
        refused: Callable[[], int],
        thermal: Path = _THERMAL,
        statm: Path = _STATM,
    ) -> None:
        """`dropped` counts the reports there was no room for, `refused` the events the journal would not take."""
        self._journal = journal
        self._dropped, self._refused = dropped, refused
        self._thermal, self._statm = thermal, statm

    def look(self) -> GatewayHealth:
        """How things stand now."""
        return GatewayHealth(
            disk_free_kb=_bounded(self._disk_free_kb()),
            journal_kb=_bounded(self._journal_kb()),
            memory_kb=_bounded(self._memory_kb()),
            temperature_mc=self._temperature_mc(),
            reports_dropped=_bounded(self._dropped()),
            events_refused=_bounded(self._events_refused()),
        )

    def _events_refused(self) -> int:
        try:
            return self._refused()
        except EnvironmentRefused:
            return 0

    def _disk_free_kb(self) -> int:
        """What a program without privileges may still write."""
        try:
            disk = os.statvfs(self._journal.parent)
        except OSError:
            return 0
        return disk.f_bavail * disk.f_frsize // 1024

    def _journal_kb(self) -> int:
        octets = 0
        for suffix in _BESIDE:
            with suppress(OSError):
                octets += self._journal.with_name(self._journal.name + suffix).stat().st_size
        return octets // 1024

    def _memory_kb(self) -> int:
        """What of us is in memory: the second field of statm, in pages (proc(5))."""
        try:
            pages = int(read_at_most(self._statm, _MOST_BYTES).split()[1])
        except (OSError, ValueError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") // 1024

    def _temperature_mc(self) -> int | None:
        try:
            found_mc = int(read_at_most(self._thermal, _MOST_BYTES))
        except (OSError, ValueError):
            return None
        return found_mc if found_mc in _TEMPERATURES_MC else None


def _bounded(count: int) -> int:
    return max(0, min(count, _MOST_COUNT))
