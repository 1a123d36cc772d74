"""A TCP connection as a `SerialLine`, for meters with an own address and for serial-to-network converters.

A peer that closes is PortGone at once, never an empty read: who mistakes it for silence spins. Speed is the
converter's business, so `set_baud` changes nothing.
"""

import socket

from gateway.core.errors import PortGone, PortUnavailable

CONNECT_TIMEOUT_S = 10.0
WRITE_TIMEOUT_S = 10.0
MAX_READ_BYTES = 4_096


class TcpPort:
    """An open connection."""

    def __init__(self, host: str, port: int, *, connect_timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        """Connect; raises PortUnavailable."""
        self._where = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=connect_timeout_s)
        except (OSError, UnicodeError) as error:
            reason = (
                "nobody answers" if isinstance(error, TimeoutError) else getattr(error, "strerror", None) or f"{error}"
            )
            do = "check address, port and network; a converter often serves one client at a time"
            raise PortUnavailable(f"cannot connect: {reason}", where=self._where, do=do) from error

    def read(self, timeout_s: float) -> bytes:
        try:
            self._socket.settimeout(max(timeout_s, 0.001))  # 0 would mean "do not wait", and raise
            data = self._socket.recv(MAX_READ_BYTES)
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._gone(f"{error}") from error
        if not data:
            raise self._gone("the peer closed it")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(WRITE_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise self._gone(f"{error}") from error

    def set_baud(self, baud: int) -> None:
        """Nothing to do: the converter keeps its own speed."""

    def close(self) -> None:
        self._socket.close()

    def _gone(self, reason: str) -> PortGone:
        return PortGone(
            f"the connection broke away: {reason}", where=self._where, do="check the network, then try again"
        )
