"""A serial port behind a converter that speaks RFC 2217, as a `SerialLine` whose speed can be set.

So a meter whose head starts at 300 baud can be read over a network. The converter must grant the port and each speed
within `ANSWER_TIMEOUT_S`; one that does not speak RFC 2217, or keeps another speed, is refused by name rather than read
as noise. What we write leaves the far port later than our socket: `write` waits for as long as the line takes.
"""

import time
from collections.abc import Callable

from gateway.adapters.tcp_port import CONNECT_TIMEOUT_S, TcpPort
from gateway.core import rfc2217
from gateway.core.errors import PortGone, PortUnavailable
from gateway.core.rfc2217 import PortCommand, PortControl

ANSWER_TIMEOUT_S = 3.0
_BITS_PER_CHARACTER = 10
_AS_ASKED = (
    (PortCommand.DATA_BITS, 8),
    (PortCommand.STOP_BITS, rfc2217.ONE_STOP_BIT),
    (PortCommand.CONTROL, rfc2217.NO_FLOW_CONTROL),
    (PortCommand.CONTROL, rfc2217.DTR_ON),  # many optical heads are fed from DTR and RTS
    (PortCommand.CONTROL, rfc2217.RTS_ON),
    (PortCommand.LINE_STATE_MASK, 0),
    (PortCommand.MODEM_STATE_MASK, 0),
    (PortCommand.PURGE, rfc2217.PURGE_BOTH),
)


class Rfc2217Port:
    """An open port at the far end of a connection."""

    def __init__(
        self,
        host: str,
        port: int,
        baud: int,
        *,
        has_parity: bool = False,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Connect and take the port at this speed, 8N1 or 8E1; raises PortUnavailable."""
        self._where, self._baud, self._pause = f"{host}:{port}", baud, pause
        self._answer_timeout_s = answer_timeout_s
        self._control = PortControl()
        self._arrived = bytearray()
        self._tcp = TcpPort(host, port, connect_timeout_s=connect_timeout_s)
        try:
            self._take_the_port(baud, rfc2217.EVEN_PARITY if has_parity else rfc2217.NO_PARITY)
        except PortGone as gone:
            self._tcp.close()
            raise PortUnavailable(gone.what, where=gone.where, do=gone.do) from gone

    def read(self, timeout_s: float) -> bytes:
        ends_at_s = time.monotonic() + timeout_s
        while not self._arrived:
            left_s = ends_at_s - time.monotonic()
            self._hear(left_s)
            if left_s <= 0:
                break
        arrived = bytes(self._arrived)
        self._arrived.clear()
        return arrived

    def write(self, data: bytes) -> None:
        self._tcp.write(rfc2217.escaped(data))
        self._pause(len(data) * _BITS_PER_CHARACTER / self._baud)

    def set_baud(self, baud: int) -> None:
        self._control.granted.pop(PortCommand.BAUD, None)
        self._tcp.write(rfc2217.command(PortCommand.BAUD, baud))
        if not self._has(lambda: PortCommand.BAUD in self._control.granted):
            raise self._refused(f"the converter does not answer when {baud} baud are asked for")
        granted = self._control.granted[PortCommand.BAUD]
        if granted != baud:
            raise self._refused(f"the converter stays at {granted} baud when {baud} are asked for")
        self._baud = baud

    def close(self) -> None:
        self._tcp.close()

    def _take_the_port(self, baud: int, parity: int) -> None:
        self._tcp.write(self._control.begin())
        if not self._has(lambda: self._control.is_served is not None) or not self._control.is_served:
            raise self._refused("whoever answers there does not speak RFC 2217")
        self._tcp.write(
            b"".join(rfc2217.command(what, value) for what, value in (*_AS_ASKED, (PortCommand.PARITY, parity)))
        )
        self.set_baud(baud)
        self._arrived.clear()

    def _has(self, is_there: Callable[[], bool]) -> bool:
        """Wait for an answer of the converter's."""
        ends_at_s = time.monotonic() + self._answer_timeout_s
        while not is_there():
            left_s = ends_at_s - time.monotonic()
            if left_s <= 0:
                return False
            self._hear(left_s)
        return True

    def _hear(self, timeout_s: float) -> None:
        received = self._control.receive(self._tcp.read(timeout_s))
        self._arrived += received.data
        if received.answer:
            self._tcp.write(received.answer)

    def _refused(self, what: str) -> PortGone:
        do = "set the converter to RFC 2217 (Telnet with port control), or give hdlc+tcp://HOST:PORT at its own speed"
        return PortGone(what, where=self._where, do=do)
