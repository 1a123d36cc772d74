"""What a bad day does to what passes between a reader and the meter, on command.

    drop [N]      the next N answers never arrive            flip [N]     one bit of each of the next N is wrong
    garbage [N]   the next N arrive as noise                 burst [N]    up to 16 bits in a row of each are wrong
    cut [N]       the next N break off half way              parity [N]   one character of each has its bit 7 wrong
    baud [N]      the next N come at another speed           mishear [N]  one bit of what the meter hears is wrong
    dip [N]       the supply dips within each of the next N: it breaks off, and every link of the meter is gone
    flag [N]      the next N are cut into segments such that a checksum ends in 7E, where their content allows it
    echo on|off   the head shows the reader its own octets   slow S       every answer takes S seconds longer
    silence S     nothing is heard or said for S seconds     clear        all is well again
    bits P        each bit of an answer is wrong with probability P
    rate WHAT P   any of those with [N], echo or silence, strikes each answer with probability P; 0 ends it

An answer is one transmission: a sign-on message or a frame. A dip is shorter than the meter counts as a failure. What
is struck, which bit and which noise come from a seed, so that a story replays. In come the transmissions of the port,
out go those that reach the line. Seconds are the machine's.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from runtime.errors import InputRefused
from simulators.meter.transmission import Transmission

MAX_COUNT = 1_000_000
MAX_SECONDS = 3_600.0
LONGEST_BURST_BITS = 16
STRUCK_SILENCE_S = 5.0
_AT_THE_METER = ("mishear", "dip", "flag")  # strike elsewhere than on the way of an answer
_ECHO, _SILENCE = "echo", "silence"
_DO = (
    "say drop|flip|burst|garbage|cut|parity|baud|mishear|dip|flag [N], rate WHAT P, bits P, echo on|off, slow S, "
    "silence S or clear"
)


class Faults:
    """The faults in force."""

    def __init__(self, *, seed: int = 1) -> None:
        self._random = random.Random(f"faults {seed}")
        self._spoilers: dict[str, Callable[[Transmission], Transmission]] = {
            "drop": lambda answer: replace(answer, octets=b""),
            "flip": lambda answer: replace(answer, octets=self._with_flipped_bit(answer.octets)),
            "burst": lambda answer: replace(answer, octets=self._with_burst(answer.octets)),
            "garbage": lambda answer: replace(answer, octets=self._random.randbytes(len(answer.octets))),
            "cut": lambda answer: replace(answer, octets=answer.octets[: len(answer.octets) // 2]),
            "parity": lambda answer: replace(answer, octets=self._with_wrong_parity(answer.octets)),
            "baud": lambda answer: replace(answer, baud=answer.baud // 2),
        }
        self._countable = (*self._spoilers, *_AT_THE_METER)
        self._clear()

    def _clear(self) -> None:
        self._left = dict.fromkeys(self._countable, 0)
        self._rates: dict[str, float] = {}
        self._bit_error_rate = 0.0
        self._has_echo, self._slow_s, self._silent_until_s = False, 0.0, 0.0

    def command(self, words: Sequence[str], mono_s: float) -> None:
        """Obey `fault <words>`; raises InputRefused for what is not one of the faults above."""
        match tuple(words):
            case (name,) if name in self._countable:
                self._left[name] = 1
            case (name, count) if name in self._countable:
                self._left[name] = int(_bounded(count, MAX_COUNT))
            case ("rate", name, share) if name in (*self._countable, _ECHO, _SILENCE):
                self._rates[name] = _bounded(share, 1.0)
            case ("bits", share):
                self._bit_error_rate = _bounded(share, 1.0)
            case ("echo", ("on" | "off") as state):
                self._has_echo = state == "on"
            case ("slow", seconds):
                self._slow_s = _bounded(seconds, MAX_SECONDS)
            case ("silence", seconds):
                self._silent_until_s = mono_s + _bounded(seconds, MAX_SECONDS)
            case ("clear",):
                self._clear()
            case _:
                raise InputRefused(f"no such fault: {' '.join(words)!r}", do=_DO)

    def status(self) -> dict[str, object]:
        """What is in force now."""
        waiting = {name: count for name, count in self._left.items() if count}
        rates = {f"{name}_rate": share for name, share in self._rates.items() if share}
        bits = {"bit_error_rate": self._bit_error_rate} if self._bit_error_rate else {}
        return {**waiting, **rates, **bits, "echo": self._has_echo, "slow_s": self._slow_s}

    def is_silent(self, mono_s: float) -> bool:
        return mono_s < self._silent_until_s

    def strikes(self, name: str) -> bool:
        """Whether this fault is due now; what was ordered by number is used up by that."""
        if self._left.get(name, 0):
            self._left[name] -= 1
            return True
        share = self._rates.get(name, 0.0)
        return share > 0 and self._random.random() < share

    def heard(self, octets: bytes) -> bytes:
        """What reaches the meter of what the reader says."""
        return self._with_flipped_bit(octets) if octets and self.strikes("mishear") else octets

    def spoil(self, answers: Sequence[Transmission], mono_s: float = 0.0) -> list[Transmission]:
        """What becomes of the meter's answers on their way."""
        if answers and self.strikes(_SILENCE):
            self._silent_until_s = mono_s + STRUCK_SILENCE_S
            return []
        return [spoilt for answer in answers if (spoilt := self._spoilt(answer)).octets]

    def dips_within(self, answers: Sequence[Transmission]) -> list[Transmission] | None:
        """What is said of these until the supply dips; None where it does not."""
        if not answers or not self.strikes("dip"):
            return None
        within = self._random.randrange(len(answers))
        octets = answers[within].octets
        return [*answers[:within], replace(answers[within], octets=octets[: self._random.randrange(1, len(octets))])]

    def echo(self, heard: bytes, baud: int) -> list[Transmission]:
        """What the head shows the reader of its own octets."""
        is_shown = heard and (self._has_echo or self.strikes(_ECHO))
        return [Transmission(octets=heard, baud=baud)] if is_shown else []

    def _spoilt(self, answer: Transmission) -> Transmission:
        for name, spoiler in self._spoilers.items():
            if answer.octets and self.strikes(name):
                answer = spoiler(answer)
        octets = self._with_bit_errors(answer.octets) if self._bit_error_rate else answer.octets
        return replace(answer, octets=octets, after_s=answer.after_s + self._slow_s)

    def _with_flipped_bit(self, octets: bytes) -> bytes:
        return _flipped(octets, 1 << self._random.randrange(len(octets) * 8))

    def _with_burst(self, octets: bytes) -> bytes:
        bits = self._random.randint(1, LONGEST_BURST_BITS)
        pattern = 1 | self._random.getrandbits(bits) | 1 << bits - 1
        return _flipped(octets, pattern << self._random.randrange(max(len(octets) * 8 - bits, 0) + 1))

    def _with_wrong_parity(self, octets: bytes) -> bytes:
        return _flipped(octets, 0x80 << 8 * self._random.randrange(len(octets)))

    def _with_bit_errors(self, octets: bytes) -> bytes:
        wrong = (bit for bit in range(8 * len(octets)) if self._random.random() < self._bit_error_rate)
        return _flipped(octets, sum(1 << bit for bit in wrong))


def _flipped(octets: bytes, bits: int) -> bytes:
    """The octets with these bits turned over, bit 0 being the first that is sent; what lies behind them is lost."""
    flipped = int.from_bytes(octets, "little") ^ bits & (1 << 8 * len(octets)) - 1
    return flipped.to_bytes(len(octets), "little")


def _bounded(text: str, maximum: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= maximum:
        raise InputRefused(f"{text!r} is not a number from 0 to {maximum:g}", do=_DO)
    return value
