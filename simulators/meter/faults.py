"""What a bad day does to the meter's answers, on command.

    drop [N]      the next N answers never arrive            flip [N]     one bit of each of the next N is wrong
    garbage [N]   the next N arrive as noise                 cut [N]      the next N break off half way
    echo on|off   the head shows the reader its own octets   slow S       every answer takes S seconds longer
    silence S     nothing is heard or said for S seconds     clear        all is well again

An answer is one transmission: a sign-on message or a frame. Which bit and which noise comes from a seed, so that a
story replays. In come the transmissions of the port, out go those that reach the line. Seconds are the machine's.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.errors import InputRefused
from simulators.meter.transmission import Transmission

MAX_COUNT = 1_000_000
MAX_SECONDS = 3_600.0
_DO = "say drop|flip|garbage|cut [N], echo on|off, slow S, silence S or clear"


class Faults:
    """The faults in force."""

    def __init__(self, *, seed: int = 1) -> None:
        self._random = random.Random(f"faults {seed}")
        self._spoilers: dict[str, Callable[[bytes], bytes]] = {
            "drop": lambda _: b"",
            "flip": self._with_flipped_bit,
            "garbage": lambda octets: self._random.randbytes(len(octets)),
            "cut": lambda octets: octets[: len(octets) // 2],
        }
        self._left = dict.fromkeys(self._spoilers, 0)
        self._has_echo = False
        self._slow_s = 0.0
        self._silent_until_s = 0.0

    def command(self, words: Sequence[str], mono_s: float) -> None:
        """Obey `fault <words>`; raises InputRefused for what is not one of the faults above."""
        match tuple(words):
            case (name,) if name in self._spoilers:
                self._left[name] = 1
            case (name, count) if name in self._spoilers:
                self._left[name] = int(_bounded(count, MAX_COUNT))
            case ("echo", ("on" | "off") as state):
                self._has_echo = state == "on"
            case ("slow", seconds):
                self._slow_s = _bounded(seconds, MAX_SECONDS)
            case ("silence", seconds):
                self._silent_until_s = mono_s + _bounded(seconds, MAX_SECONDS)
            case ("clear",):
                self._left = dict.fromkeys(self._spoilers, 0)
                self._has_echo, self._slow_s, self._silent_until_s = False, 0.0, 0.0
            case _:
                raise InputRefused(f"no such fault: {' '.join(words)!r}", do=_DO)

    def status(self) -> dict[str, object]:
        """What is in force now."""
        waiting = {name: count for name, count in self._left.items() if count}
        return {**waiting, "echo": self._has_echo, "slow_s": self._slow_s}

    def is_silent(self, mono_s: float) -> bool:
        return mono_s < self._silent_until_s

    def spoil(self, answers: Sequence[Transmission]) -> list[Transmission]:
        """What becomes of the meter's answers on their way."""
        return [spoilt for answer in answers if (spoilt := self._spoilt(answer)).octets]

    def echo(self, heard: bytes, baud: int) -> list[Transmission]:
        """What the head shows the reader of its own octets."""
        return [Transmission(octets=heard, baud=baud)] if self._has_echo and heard else []

    def _spoilt(self, answer: Transmission) -> Transmission:
        octets = answer.octets
        for name, spoiler in self._spoilers.items():
            if self._left[name]:
                self._left[name] -= 1
                octets = spoiler(octets)
        return replace(answer, octets=octets, after_s=answer.after_s + self._slow_s)

    def _with_flipped_bit(self, octets: bytes) -> bytes:
        if not octets:
            return octets
        place = self._random.randrange(len(octets) * 8)
        flipped = bytearray(octets)
        flipped[place // 8] ^= 1 << place % 8
        return bytes(flipped)


def _bounded(text: str, maximum: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= maximum:
        raise InputRefused(f"{text!r} is not a number from 0 to {maximum:g}", do=_DO)
    return value
