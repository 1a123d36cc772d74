"""How a meter is asked for its data readout: IEC 62056-21 modes A, B and C, as a machine without I/O.

We ask `/?!` at 300 baud, 7E1; the meter says who it is, and by one character in which mode: a digit is mode C, a letter
to I is mode B, anything else is mode A. In mode C we choose the readout with ACK 0 Z 0 and both change speed; in mode B
the meter changes by itself; in mode A nobody does. Then the block comes. One whose check does not hold is asked for
again with NAK; after a sound one we say good-bye (SOH B0 ETX), so that the meter need not wait for more.

A head that reflects is no trouble: our own words are no identification and no block. A meter that identifies itself and
sends nothing is asked anew from the beginning, since it may not have heard our choice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from gateway.core.dlms.link import LinkFailed, Transmit
from gateway.core.dlms.opto import (
    BAUD_BY_ID,
    FAST_REACTION_S,
    FIRST_BAUD,
    MAX_LINE_BYTES,
    PAUSE_AFTER_WAKING_S,
    REACTION_S,
    SignOnSettings,
    SwitchBaud,
    from_7e1,
    to_7e1,
)
from gateway.core.telegrams import readout
from wire.terms import LinkFault

MAX_SPOILT_BLOCKS = 3
_BITS_PER_CHARACTER = 10
_IDENT = re.compile(rb"/(?P<maker>[A-Za-z]{3})(?P<baud>[!-~])(?P<model>[ -~]{0,80})")
_BAUD_OF_MODE_B = {bytes([ord("A") + place]): baud for place, baud in enumerate((600, 1200, 2400, 4800, 9600, 19200))}
_ACK, _NAK, _STX, _ETX = b"\x06", b"\x15", 0x02, 0x03
_READ_OUT = b"0"
_NO_CHANGE = b"0"
_BREAK = b"\x01B0\x03q"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOut:
    """The block, from behind STX to its check, which holds; and who sent it."""

    block: bytes
    identification: str


Effect: TypeAlias = Transmit | SwitchBaud | ReadOut | LinkFailed
Effects: TypeAlias = tuple[Effect, ...]


class State(Enum):
    """Where the dialogue stands."""

    WAKING = auto()
    ASKING = auto()
    REACTING = auto()
    CHANGING = auto()
    READING = auto()
    DONE = auto()
    FAILED = auto()


class Seen(Enum):
    """What was observed."""

    MODE_C = auto()
    MODE_A_OR_B = auto()
    SOUND_BLOCK = auto()
    SPOILT_BLOCK = auto()
    SILENCE = auto()
    NOTHING_AFTER_ALL = auto()
    TOO_MUCH = auto()


# Every step there is. What is not here changes nothing.
STEPS: Mapping[tuple[State, Seen], State] = {
    (State.WAKING, Seen.SILENCE): State.ASKING,
    (State.ASKING, Seen.MODE_C): State.REACTING,
    (State.ASKING, Seen.MODE_A_OR_B): State.READING,
    (State.ASKING, Seen.SILENCE): State.WAKING,
    (State.ASKING, Seen.NOTHING_AFTER_ALL): State.FAILED,
    (State.ASKING, Seen.TOO_MUCH): State.FAILED,
    (State.REACTING, Seen.SILENCE): State.CHANGING,
    (State.CHANGING, Seen.SILENCE): State.READING,
    (State.READING, Seen.SOUND_BLOCK): State.DONE,
    (State.READING, Seen.SPOILT_BLOCK): State.READING,
    (State.READING, Seen.SILENCE): State.WAKING,
    (State.READING, Seen.NOTHING_AFTER_ALL): State.FAILED,
    (State.READING, Seen.TOO_MUCH): State.FAILED,
}


class ReadoutDialogue:
    """One readout; used as a `Link` is: `begin`, `sent`, `receive`, `tick` at `wake_at`."""

    def __init__(self, settings: SignOnSettings) -> None:
        self._settings = settings
        self._request = b"/?" + settings.device_address.encode("ascii", "replace") + b"!\r\n"
        self._state = State.WAKING
        self._retries_left, self._spoilt_left = settings.retries, MAX_SPOILT_BLOCKS
        self._heard = bytearray()
        self._identification = ""
        self._baud_id = _NO_CHANGE
        self._baud = FIRST_BAUD
        self._said_until_s = 0.0
        self.wake_at: float | None = None

    def begin(self, now: float) -> Effects:
        """Ask for the first time, waking the meter where it wants that."""
        return self._wake(now)

    def sent(self, now: float) -> None:
        """Our words have left: the meter's time to react begins."""
        if self._state is State.WAKING:
            self.wake_at = now + PAUSE_AFTER_WAKING_S
        elif self._state is State.CHANGING:
            # Some ports say that all has left while it still waits in them: the line cannot be faster than its speed.
            self.wake_at = max(now, self._said_until_s) + self._settings.change_delay_s
        elif self._state in (State.ASKING, State.READING):
            self.wake_at = now + self._settings.reaction_timeout_s

    def receive(self, octets: bytes, now: float) -> Effects:
        """Octets have arrived as the line carried them, parity bit included."""
        if self._state not in (State.ASKING, State.READING):
            return ()  # our own words come back, or noise of the change of speed
        self.wake_at = now + self._settings.reaction_timeout_s
        self._heard += from_7e1(octets)
        if self._state is State.ASKING:
            return self._look_for_identification(now)
        return self._look_for_block(now)

    def tick(self, now: float) -> Effects:
        """The time is `now`; does nothing before `wake_at`."""
        if self.wake_at is None or now < self.wake_at:
            return ()
        if self._state is State.READING and _STX in self._heard:
            return self._step(Seen.SPOILT_BLOCK, now)
        attempts_left = self._spoilt_left if self._was_heard else self._retries_left
        is_last = self._state in (State.ASKING, State.READING) and attempts_left <= 0
        return self._step(Seen.NOTHING_AFTER_ALL if is_last else Seen.SILENCE, now)

    @property
    def _was_heard(self) -> bool:
        """Whether anything but our own words came back."""
        return bool(self._heard) and not self._request.strip().endswith(bytes(self._heard).strip())

    def _look_for_identification(self, now: float) -> Effects:
        heard, at = bytes(self._heard), 0
        while (end := heard.find(b"\r\n", at)) >= 0:
            line, at = heard[at:end], end + 2
            match = _IDENT.fullmatch(line[max(line.rfind(b"/"), 0) :])
            if match is None:
                continue
            self._identification = match[0][1:].decode("ascii")
            self._baud_id = match["baud"]
            # What follows already belongs to the block: in modes A and B nobody waits for us.
            self._heard[:] = heard[at:]
            if self._baud_id in BAUD_BY_ID:
                return self._step(Seen.MODE_C, now)
            return self._step(Seen.MODE_A_OR_B, now) + self._look_for_block(now)
        is_too_much = len(self._heard) > 4 * MAX_LINE_BYTES
        return self._step(Seen.TOO_MUCH, now) if is_too_much else ()

    def _look_for_block(self, now: float) -> Effects:
        begin = self._heard.find(_STX)
        end = self._heard.find(_ETX, max(begin, 0))
        if len(self._heard) > readout.MAX_BLOCK_BYTES:
            return self._step(Seen.TOO_MUCH, now)
        if end < 0 or len(self._heard) < end + 2:
            return ()
        block = bytes(self._heard[begin + 1 : end + 2])
        if begin < 0 or not readout.is_whole(block):
            return self._step(Seen.SPOILT_BLOCK, now)
        self._state, self.wake_at = STEPS[(self._state, Seen.SOUND_BLOCK)], None
        return Transmit(to_7e1(_BREAK)), ReadOut(block=block, identification=self._identification)

    def _step(self, seen: Seen, now: float) -> Effects:
        before, after = self._state, STEPS.get((self._state, seen))
        if after is None:
            return ()
        if seen is Seen.SPOILT_BLOCK:
            self._spoilt_left -= 1
            after = after if self._spoilt_left > 0 else State.FAILED
        self._state = after
        match after:
            case State.WAKING:
                # A meter that is heard is asked again more often than one that may not be there.
                self._spoilt_left -= self._was_heard
                self._retries_left -= not self._was_heard
                return self._anew(now)
            case State.ASKING:
                return self._say(self._request, now)
            case State.REACTING:
                is_fast = self._identification[2].islower()
                self.wake_at = now + (FAST_REACTION_S if is_fast else REACTION_S)
                return ()
            case State.CHANGING:
                self._baud_id = self._agreed_speed()
                return self._say(_ACK + b"0" + self._baud_id + _READ_OUT + b"\r\n", now)
            case State.READING:
                return self._read(seen, now)
        self.wake_at = None
        return (self._failure(seen, before),)

    def _agreed_speed(self) -> bytes:
        """The speed offered, or no change at all: the standard knows nothing between."""
        return self._baud_id if BAUD_BY_ID[self._baud_id] <= self._settings.max_baud else _NO_CHANGE

    def _read(self, seen: Seen, now: float) -> Effects:
        if seen is Seen.SPOILT_BLOCK:
            return self._say(_NAK, now)
        self.wake_at = now + self._settings.reaction_timeout_s
        self._baud = BAUD_BY_ID.get(self._baud_id) or _BAUD_OF_MODE_B.get(self._baud_id, FIRST_BAUD)
        return (SwitchBaud(self._baud),) if self._baud != FIRST_BAUD else ()

    def _anew(self, now: float) -> Effects:
        """From the beginning, at the first speed."""
        effects: Effects = (SwitchBaud(FIRST_BAUD),) if self._baud != FIRST_BAUD else ()
        self._baud = FIRST_BAUD
        return effects + self._wake(now)

    def _wake(self, now: float) -> Effects:
        characters = int(self._settings.wake_up_s * FIRST_BAUD / _BITS_PER_CHARACTER)
        if not characters:
            return self._step(Seen.SILENCE, now)
        self._heard.clear()
        self.wake_at = now + PAUSE_AFTER_WAKING_S
        return (Transmit(bytes(characters)),)

    def _say(self, words: bytes, now: float) -> Effects:
        self._heard.clear()
        self._said_until_s = now + len(words) * _BITS_PER_CHARACTER / self._baud
        self.wake_at = now + self._settings.reaction_timeout_s
        return (Transmit(to_7e1(words)),)

    def _failure(self, seen: Seen, before: State) -> LinkFailed:
        if before is State.READING:
            what = "no sound readout" if self._heard or seen is Seen.SPOILT_BLOCK else "nothing after that"
            return LinkFailed(LinkFault.GARBLED, f"{self._identification} identified itself and sent {what}")
        if self._was_heard:
            return LinkFailed(LinkFault.GARBLED, f"{len(self._heard)} octets came and no identification among them")
        reflection = "; our own words came back, so the head is there" if self._heard else ""
        return LinkFailed(LinkFault.SILENT, f"nobody answered {self._settings.retries + 1} sign-ons{reflection}")
