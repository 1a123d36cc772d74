"""The meter on a network: DLMS over TCP in its wrapper (IEC 62056-47), no HDLC and no line to keep in step.

Eight octets stand before each APDU: version 1, whose it is, whom it is for, and how long it is. TCP orders and repeats
by itself. Octets that begin with no such header end the conversation: nothing behind them can be told from noise.
"""

from collections.abc import Callable

from simulators.meter.station import MANAGEMENT_LOGICAL_DEVICE, MAX_REQUEST_BYTES, Application
from simulators.meter.transmission import Transmission
from simulators.moment import Moment

# No line sets the pace, so that it is nearly none.
NETWORK_BAUD = 10_000_000
_VERSION = 1
_HEADER_BYTES = 8


class WrapperPort:
    """One reader's connection."""

    def __init__(
        self, application: Application, *, addressee: Callable[[int], int] = int, sender: Callable[[int], int] = int
    ) -> None:
        """`addressee`, `sender`: to whom and from whom an answer says it is; by the book, whoever called and was."""
        self._application = application
        self._addressee, self._sender = addressee, sender
        self._heard = bytearray()
        self.frames_refused = 0

    def baud_at(self, mono_s: float) -> int:  # noqa: ARG002 - the other ports change their speed
        """As fast as the network."""
        return NETWORK_BAUD

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what came over the connection; give what to send."""
        self._heard += octets
        answers: list[Transmission] = []
        while len(self._heard) >= _HEADER_BYTES:
            version, source, destination, length = _header(self._heard)
            if version != _VERSION or length > MAX_REQUEST_BYTES:
                self._heard.clear()
                self.frames_refused += 1
                break
            if len(self._heard) < _HEADER_BYTES + length:
                break
            request = bytes(self._heard[_HEADER_BYTES : _HEADER_BYTES + length])
            del self._heard[: _HEADER_BYTES + length]
            if destination == MANAGEMENT_LOGICAL_DEVICE:
                answer = self._application.answer(source, request, now)
                header = _octets(_VERSION, self._sender(destination), self._addressee(source), len(answer))
                answers += [Transmission(octets=header + answer, baud=NETWORK_BAUD)] if answer else []
        return answers

    def power_off(self) -> None:
        """The supply is gone, and the association with it."""
        self.hung_up()

    def hung_up(self) -> None:
        """The connection is gone, and the association with it."""
        self._heard.clear()
        self._application.link_lost()


def _header(octets: bytes | bytearray) -> tuple[int, ...]:
    return tuple(int.from_bytes(octets[at : at + 2], "big") for at in range(0, _HEADER_BYTES, 2))


def _octets(*fields: int) -> bytes:
    return b"".join(field.to_bytes(2, "big") for field in fields)
