"""A customer port that speaks text without being asked: in which language, how often, how fast, and sealed or not.

A sealed telegram is one general-glo-ciphering APDU: the meter's title, then what `security` makes of the text. Its
counter begins with the machine's seconds, so that a meter started again does not say a number twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulators.meter import telegrams
from simulators.meter.life import Life
from simulators.meter.opto import with_even_parity
from simulators.meter.security import Keys, seal
from simulators.moment import Moment

_GENERAL_GLO_CIPHERING = 0xDB


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language of a customer port."""

    telegram: Callable[[Life, datetime], bytes]
    baud: int
    every_s: float
    has_parity: bool


LANGUAGES = {
    "p1": Language(telegram=telegrams.dsmr5, baud=115_200, every_s=1.0, has_parity=False),
    "p1-old": Language(telegram=telegrams.dsmr2, baud=9_600, every_s=2.0, has_parity=True),
    "tic-historic": Language(telegram=telegrams.tic_historic, baud=1_200, every_s=0.0, has_parity=True),
    "tic-standard": Language(telegram=telegrams.tic_standard, baud=9_600, every_s=0.0, has_parity=True),
}


class Talker:
    """A meter's customer port."""

    def __init__(self, life: Life, language: Language, *, title: bytes, keys: Keys | None = None) -> None:
        self._life = life
        self._title = title
        self._keys = keys
        self._counter = 0
        self.language = language

    def says(self, now: Moment) -> bytes:
        """The next telegram, as the line carries it."""
        text = self.language.telegram(self._life, now.at)
        if self._keys is not None:
            return self._sealed(self._keys, text, now)
        return with_even_parity(text) if self.language.has_parity else text

    def _sealed(self, keys: Keys, text: bytes, now: Moment) -> bytes:
        self._counter = max(self._counter + 1, int(now.at.timestamp()) & 0xFFFFFFFF)
        body = seal(keys, self._title, self._counter, text)
        head = bytes((_GENERAL_GLO_CIPHERING, len(self._title))) + self._title
        return head + b"\x82" + len(body).to_bytes(2, "big") + body
