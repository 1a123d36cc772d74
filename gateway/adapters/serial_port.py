"""A serial port as a `SerialLine`: 8N1, or with parity, opened for ourselves alone, its errors in words to act on.

Two programs on one optical head hear half an answer each, so the port is locked. A missing, busy or forbidden port is
PortUnavailable with what to do; a port that breaks away in use is PortGone. A pty serves as well as a device; it has
no parity bit, and Linux refuses the second who asks it for one.
"""

import errno
import select
import termios
from pathlib import Path

import serial

from gateway.core.errors import PortGone, PortUnavailable

MAX_READ_BYTES = 4_096
WRITE_TIMEOUT_S = 10.0
_BROKEN = (OSError, termios.error, ValueError)  # SerialException is an OSError
_PTYS = Path("/dev/pts")
_WHAT_TO_DO = {
    errno.ENOENT: ("there is no such port", "check the cable, then `ls -l /dev/serial/by-id`"),
    errno.EACCES: (
        "the port may not be opened",
        "add this user to the group of the device (dialout), then log in anew",
    ),
    errno.EBUSY: ("another program uses the port", "stop it: `fuser -v` on the port names it"),
    errno.EWOULDBLOCK: ("another program uses the port", "stop it: `fuser -v` on the port names it"),
    errno.EINVAL: (
        "the port does not take this speed or this parity",
        "check them in the meter profile, or use another adapter",
    ),
    errno.ENOTTY: ("this is no serial port", "give a device such as /dev/serial/by-id/..."),
    errno.EISDIR: ("this is a folder, not a port", "give a device such as /dev/serial/by-id/..."),
}


class SerialPort:
    """An open serial port."""

    def __init__(self, path: str, baud: int, *, has_parity: bool = False) -> None:
        """Open it, with a bit of even parity where it has one; raises PortUnavailable."""
        parity = serial.PARITY_EVEN if has_parity and not _is_pty(path) else serial.PARITY_NONE
        self._path = path
        try:
            self._serial = serial.Serial(
                path, baudrate=baud, parity=parity, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
            self._serial.reset_input_buffer()
        except _BROKEN as error:
            raise _unavailable(path, error) from error

    def read(self, timeout_s: float) -> bytes:
        try:
            ready, _, _ = select.select([self._serial.fileno()], [], [], max(timeout_s, 0))
            return bytes(self._serial.read(MAX_READ_BYTES)) if ready else b""
        except _BROKEN as error:
            raise self._gone(error) from error

    def write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
            self._serial.flush()
        except _BROKEN as error:
            raise self._gone(error) from error

    def set_baud(self, baud: int) -> None:
        try:
            self._serial.baudrate = baud
        except _BROKEN as error:
            raise self._gone(error) from error

    def close(self) -> None:
        try:
            self._serial.close()
        except _BROKEN:
            return  # the device went first; there is nothing left to let go

    def _gone(self, error: Exception) -> PortGone:
        return PortGone(f"the port broke away: {error}", where=self._path, do="plug it in again; check cable and hub")


def _is_pty(path: str) -> bool:
    try:
        return _PTYS in Path(path).resolve().parents
    except (OSError, RuntimeError):
        return False  # opening it says what is wrong


def _unavailable(path: str, error: Exception) -> PortUnavailable:
    what, do = _WHAT_TO_DO.get(
        _error_number(error), (f"the port cannot be opened: {error}", "check the port and its cable")
    )
    return PortUnavailable(what, where=path, do=do)


def _error_number(error: BaseException | None) -> int:
    """The system's number behind pyserial's words: in the error itself, or in the one it was made of."""
    while error is not None:
        numbers = (getattr(error, "errno", None), *error.args[:1])
        found = next((number for number in numbers if isinstance(number, int)), None)
        if found is not None:
            return found
        error = error.__context__
    return 0
