"""An optical port that gives data readouts: IEC 62056-21, mode C.

    reader  /?<address>!<CR><LF>       300 Bd           meter   /LMP5LAMPSIM01<CR><LF>
    reader  <ACK>0 5 0<CR><LF>         and both change over; the meter sends its block at 9600 Bd
    reader  <NAK>                      the same block again          <SOH>B0<ETX>q   good-bye

After the block the port listens at that speed for a while, then it is back at 300 Bd. In come octets heard at its
speed, out go transmissions; characters of wrong parity spoil what they are part of.
"""

import re
from collections.abc import Callable
from datetime import datetime

from simulators.meter.opto import (
    ANSWER_TIMEOUT_S,
    BAUD_BY_IDENTIFIER,
    BITS_PER_CHARACTER,
    REACTION_S,
    SIGN_ON_BAUD,
    with_even_parity,
)
from simulators.meter.transmission import Transmission
from simulators.moment import Moment

MAX_MESSAGE_OCTETS = 64
_REQUEST = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n\Z")
_OPTION = re.compile(rb"\x060([0-9])0\r\n\Z")
_NAK, _BREAK = b"\x15", b"\x01B0\x03q"


class ReadoutPort:
    """The meter's end of a mode C dialogue."""

    def __init__(self, *, address: str, fastest_baud: int, block: Callable[[datetime], bytes]) -> None:
        self._address = address.lstrip("0")
        self._identifier = next(name for name, baud in BAUD_BY_IDENTIFIER.items() if baud == fastest_baud)
        self._block = block
        self._said = b""
        self._message = bytearray()
        self._baud = SIGN_ON_BAUD
        self._back_at_s = 0.0

    @property
    def frames_refused(self) -> int:
        """There are no frames in text."""
        return 0

    def baud_at(self, mono_s: float) -> int:
        """The speed the port listens at."""
        if self._baud != SIGN_ON_BAUD and mono_s > self._back_at_s:
            self.power_off()
        return self._baud

    def feed(self, octets: bytes, now: Moment) -> list[Transmission]:
        """Take what was heard at the port's speed; give what to send."""
        self.baud_at(now.mono_s)
        answers = []
        for octet in octets:
            self._message.append(octet & 0x7F)
            if with_even_parity(bytes((octet & 0x7F,)))[0] != octet or len(self._message) > MAX_MESSAGE_OCTETS:
                self._message.clear()
            answers += self._answer(now)
        return answers

    def power_off(self) -> None:
        """The supply is gone: every agreement with it."""
        self._baud, self._said = SIGN_ON_BAUD, b""
        self._message.clear()

    def hung_up(self) -> None:
        """Nothing to do: a head does not tell that its reader is gone."""

    def _answer(self, now: Moment) -> list[Transmission]:
        message = bytes(self._message)
        if self._baud != SIGN_ON_BAUD:
            return self._repeat(message, now)
        request, option = _REQUEST.search(message), _OPTION.search(message)
        if request is None and option is None:
            return []
        self._message.clear()
        if request is not None:
            return self._identify(request[1].decode("ascii"))
        return self._read_out(option[1].decode("ascii") if option else "", now)

    def _identify(self, address: str) -> list[Transmission]:
        if address and address.lstrip("0") != self._address:
            return []
        self._said = f"/LMP{self._identifier}LAMPSIM01\r\n".encode("ascii")
        return [self._transmission(self._said)]

    def _read_out(self, speed: str, now: Moment) -> list[Transmission]:
        if not self._said or speed not in (self._identifier, "0"):
            return []
        self._baud, self._said = BAUD_BY_IDENTIFIER[speed], self._block(now.at)
        return self._said_at(now)

    def _repeat(self, message: bytes, now: Moment) -> list[Transmission]:
        if message.endswith(_BREAK):
            self.power_off()
        elif message.endswith(_NAK):
            self._message.clear()
            return self._said_at(now)
        return []

    def _said_at(self, now: Moment) -> list[Transmission]:
        spoken_s = REACTION_S + len(self._said) * BITS_PER_CHARACTER / self._baud
        self._back_at_s = now.mono_s + spoken_s + 2 * ANSWER_TIMEOUT_S
        return [self._transmission(self._said)]

    def _transmission(self, text: bytes) -> Transmission:
        return Transmission(octets=with_even_parity(text), baud=self._baud, after_s=REACTION_S)
