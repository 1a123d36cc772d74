"""IEC 62056-21, mode E: how a reader wakes the meter's optical port and both change over to HDLC.

    reader  /?<address>!<CR><LF>            300 Bd; an empty address means whichever meter sees the light
    meter   /LMP5\\2LAMPSIM01<CR><LF>        maker, fastest speed (5 = 9600), "\\2" = binary mode, type
    reader  <ACK>2 5 2<CR><LF>              protocol 2 = HDLC, speed, mode 2 = binary
    meter   <ACK>2 5 2<CR><LF>              the same at 300 Bd; from here on both speak HDLC at the new speed

Characters are 7E1, done in software: bit 7 carries the even parity of an 8N1 line. In come octets and the time, out go
answers. A character with wrong parity spoils the message it is part of; a message that is not one of these two, or not
for this meter, is met with silence; a reader that does not choose in time starts over. Nothing here outlasts 64 octets.
"""

import re
from dataclasses import dataclass
from enum import Enum

SIGN_ON_BAUD = 300
BAUD_BY_IDENTIFIER = {"0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200}
BITS_PER_CHARACTER = 10
# IEC 62056-21: the longest wait between two messages, and between two characters of one.
ANSWER_TIMEOUT_S = 1.5
CHARACTER_TIMEOUT_S = 1.5
REACTION_S = 0.2
FAST_REACTION_S = 0.02
MAX_MESSAGE_OCTETS = 64

_REQUEST = re.compile(rb"/\?([0-9A-Za-z ]{0,32})!\r\n\Z")
_OPTION = re.compile(rb"\x06([0-9])([0-9A-I])([0-9A-Z])\r\n\Z")
_WAKE_UP = 0x00
# Two seconds of NUL wake the port of a meter that saves its battery (annex B); others take no notice of them.
WAKING_OCTETS = 2 * SIGN_ON_BAUD // BITS_PER_CHARACTER
_HDLC_PROTOCOL, _BINARY_MODE = "2", "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnAnswer:
    """What the meter says, after its reaction time; `agreed_baud` is the speed HDLC goes on at, once it is said."""

    octets: bytes
    after_s: float
    agreed_baud: int | None = None


class Phase(Enum):
    """Where the sign-on stands."""

    WAITING = "for a request"
    OFFERED = "the speed and mode, waiting for the reader's choice"


class SignOn:
    """The meter's end of the sign-on."""

    def __init__(
        self,
        *,
        address: str,
        fastest_baud: int = 9600,
        maker: str = "LMP",
        model: str = "LAMPSIM01",
        saves_battery: bool = False,
    ) -> None:
        self._address = address.lstrip("0")
        self._identifier = next(name for name, baud in BAUD_BY_IDENTIFIER.items() if baud == fastest_baud)
        self._identification = f"/{maker}{self._identifier}\\2{model}\r\n".encode("ascii")
        # A maker's third letter in lower case promises the fast reaction.
        self._reaction_s = FAST_REACTION_S if maker[2].islower() else REACTION_S
        self._phase = Phase.WAITING
        self._sleeps_for = self._sleeps_at_rest_for = WAKING_OCTETS if saves_battery else 0
        self._message = bytearray()
        self._last_octet_s = 0.0
        self._choose_until_s = 0.0

    def reset(self) -> None:
        """Begin anew: the power was cut, or HDLC is over."""
        self._phase = Phase.WAITING
        self._sleeps_for = self._sleeps_at_rest_for
        self._message.clear()

    def feed(self, octets: bytes, mono_s: float) -> list[SignOnAnswer]:
        """Take what was heard; give what to say."""
        if mono_s - self._last_octet_s > CHARACTER_TIMEOUT_S:
            self._message.clear()
        if self._phase is Phase.OFFERED and not self._message and mono_s > self._choose_until_s:
            self._phase = Phase.WAITING
        self._last_octet_s = mono_s
        answers = []
        for octet in octets:
            answer = self._take(octet, mono_s)
            if answer is not None:
                answers.append(answer)
        return answers

    def _take(self, octet: int, mono_s: float) -> SignOnAnswer | None:
        character = octet & 0x7F
        is_spoilt = octet != with_even_parity(bytes((character,)))[0]
        if is_spoilt or len(self._message) == MAX_MESSAGE_OCTETS:
            self._message.clear()
        if self._sleeps_for > 0:
            self._sleeps_for = self._sleeps_for - 1 if octet == _WAKE_UP else self._sleeps_at_rest_for
            return None
        if is_spoilt or character == _WAKE_UP:
            return None
        self._message.append(character)
        if character != 0x0A:
            return None
        message = bytes(self._message)
        self._message.clear()
        if (request := _REQUEST.search(message)) is not None:
            return self._identify(request[1].decode("ascii"), mono_s)
        if self._phase is Phase.OFFERED and (option := _OPTION.search(message)) is not None:
            return self._change_over(*(part.decode("ascii") for part in option.groups()))
        return None

    def _identify(self, address: str, mono_s: float) -> SignOnAnswer | None:
        if address and address.lstrip("0") != self._address:
            return None
        self._phase = Phase.OFFERED
        spoken_s = self._reaction_s + len(self._identification) * BITS_PER_CHARACTER / SIGN_ON_BAUD
        self._choose_until_s = mono_s + spoken_s + ANSWER_TIMEOUT_S
        return SignOnAnswer(octets=with_even_parity(self._identification), after_s=self._reaction_s)

    def _change_over(self, protocol: str, speed: str, mode: str) -> SignOnAnswer | None:
        self._phase = Phase.WAITING
        # A reader whose head cannot change speed asks for 0 and stays at 300 Bd.
        if (protocol, mode) != (_HDLC_PROTOCOL, _BINARY_MODE) or speed not in (self._identifier, "0"):
            return None
        confirmation = f"\x06{protocol}{speed}{mode}\r\n".encode("ascii")
        return SignOnAnswer(
            octets=with_even_parity(confirmation), after_s=self._reaction_s, agreed_baud=BAUD_BY_IDENTIFIER[speed]
        )


def with_even_parity(characters: bytes) -> bytes:
    """Seven-bit characters with bit 7 such that the number of ones is even.

    >>> with_even_parity(b"/?!\\r\\n").hex(" ")
    'af 3f 21 8d 0a'
    """
    return bytes(character | (character.bit_count() & 1) << 7 for character in characters)
