"""A pseudo-terminal that stands in for a serial port, with a name that lasts.

A program opens `link`, a symbolic link to the terminal's far end, as it would open /dev/ttyUSB0. The near end belongs
to the simulator. The far end is kept open here too, so that a reader that closes its port leaves no error behind. A
terminal carries no parity and does not pace; it does remember the speed the reader has set, which is all a simulator
needs to make garbage of what was sent at another. What nobody reads is lost, as on a real line.
"""

import asyncio
import contextlib
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from runtime.errors import EnvironmentRefused

READ_BYTES = 4_096
_OUTPUT_SPEED = 5
_BAUD_BY_CODE = {
    getattr(termios, f"B{baud}"): baud for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
}


class SerialLine:
    """The simulator's end of the line."""

    def __init__(self, near: int, far: int) -> None:
        self._near = near
        self._far = far

    def readers_baud(self) -> int | None:
        """The speed the reader has set; None for one no meter knows."""
        return _BAUD_BY_CODE.get(termios.tcgetattr(self._far)[_OUTPUT_SPEED])

    def write(self, octets: bytes) -> None:
        """Put octets on the line at once; when nobody reads and no more fit, what was said before is lost."""
        try:
            written = os.write(self._near, octets)
        except BlockingIOError:
            written = 0
        if written < len(octets):
            termios.tcflush(self._far, termios.TCIFLUSH)

    def listen(self, hear: Callable[[bytes], None]) -> None:
        """Call `hear` with whatever the reader sends, as it arrives."""

        def receive() -> None:
            with contextlib.suppress(BlockingIOError):
                hear(os.read(self._near, READ_BYTES))

        asyncio.get_running_loop().add_reader(self._near, receive)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._near)
        os.close(self._near)
        os.close(self._far)


@contextlib.asynccontextmanager
async def open_line(link: Path) -> AsyncIterator[SerialLine]:
    """A line under the name `link` while the context lasts; a link left by a killed simulator is replaced.

    Raises EnvironmentRefused when the name cannot be had.
    """
    if link.exists() and not link.is_symlink():
        raise EnvironmentRefused("something else stands there", where=str(link), do="choose another --link path")
    near, far = pty.openpty()
    line = SerialLine(near, far)
    try:
        os.set_blocking(near, False)
        tty.setraw(far)
        target = os.ttyname(far)
        _point(link, target)
        try:
            yield line
        finally:
            with contextlib.suppress(OSError):
                if os.readlink(link) == target:  # noqa: PTH115 - text is compared with text
                    link.unlink()
    finally:
        line.close()


def _point(link: Path, target: str) -> None:
    aside = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        aside.unlink(missing_ok=True)
        aside.symlink_to(target)
        aside.replace(link)
    except OSError as error:
        what = f"the link cannot be made: {error.strerror}"
        raise EnvironmentRefused(what, where=str(link), do="make its folder, or name another place") from error
