"""Signing on at an optical head: IEC 62056-21, mode E, from 300 baud to HDLC.

We ask `/?!` at 300 baud, 7E1; the meter says who it is, at which speed it can go on, and with `\\2` that it speaks
HDLC; we confirm with ACK 2 Z 2; the meter repeats the confirmation, and both ends change speed. A meter that saves its
battery is woken first, with two seconds of NUL and a pause; between its words and ours lies the reaction time that the
third letter of its maker asks for. Seven bits and even parity are made here in software: the port need not be opened
anew between 7E1 and 8N1, and a pty has no parity at all.

Refused by name: a meter that speaks only mode A, B or C. Skipped: noise, characters with wrong parity, and our own
words coming back from a head that reflects (then the second confirmation is the meter's). A meter that changes speed
without confirming is followed after a silence.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from gateway.core.dlms.link import LinkFailed, Transmit
from runtime.settings import setting
from wire.terms import LinkFault

FIRST_BAUD = 300
BAUD_BY_ID = {b"0": 300, b"1": 600, b"2": 1200, b"3": 2400, b"4": 4800, b"5": 9600, b"6": 19200}
USUAL_SPEEDS = (9_600, 4_800, 19_200, 2_400)
MAX_LINE_BYTES = 128
MAX_NOISE_BYTES = 512
MAX_SPOILT_ANSWERS = 3  # a meter that is heard is asked again more often than one that may not be there
_IDENT = re.compile(rb"/(?P<maker>[A-Za-z]{3})(?P<baud>[!-~])(?P<escapes>(?:\\[!-~])*)(?P<model>[ -~]{0,64})")
_HDLC = rb"\2"
_DO_OTHER_MODE = 'choose a profile that reads text, as iec62056-21-mode-c, or one of your own with `sign_on = "mode-c"`'
_DO_REFLECTION = "turn the head by 180 degrees, seat it on the meter's own window, and check that the meter has supply"
_NO_CHANGE = b"0"  # stay at 300 baud
_ACK = b"\x06"
REACTION_S, FAST_REACTION_S = 0.2, 0.02  # what a meter needs between its words and ours; a small third letter: little
PAUSE_AFTER_WAKING_S = 1.6  # 1.5 to 1.7 (IEC 62056-21, annex B)
_BITS_PER_CHARACTER = 10
_WRONG_PARITY = 0x00  # stands for a character that cannot be trusted: part of no identification


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnSettings:
    """How to wake a meter behind an optical head."""

    device_address: str = setting("", help="the meter's address on a shared head; empty asks whoever listens")
    max_baud: int = setting(
        19_200, help="the fastest the head can do; a meter that offers more stays at 300", minimum=300, maximum=19_200
    )
    reaction_timeout_s: float = setting(2.0, help="silence after which we ask again", minimum=0.2, maximum=10)
    retries: int = setting(1, help="how often we ask again", minimum=0, maximum=10)
    wake_up_s: float = setting(
        0, help="how long NULs wake a meter that saves its battery; the standard's is 2.2", minimum=0, maximum=5
    )
    change_delay_s: float = setting(
        0,
        help="mode C: pause between our choice and the change of speed, for heads that hold back what they are given "
        "(0.2 to 0.4)",
        minimum=0,
        maximum=2,
    )
    switch_delay_s: float = setting(0.3, help="pause after the change of speed", minimum=0, maximum=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identification:
    """Who a meter says it is: three letters of its maker and its model."""

    maker: str
    model: str

    def __str__(self) -> str:
        return f"{self.maker} {self.model}"


@dataclass(frozen=True, slots=True)
class SwitchBaud:
    """Change the line's speed."""

    baud: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedOn:
    """The line is ready for HDLC."""

    meter: Identification
    baud: int
    is_confirmed: bool  # whether the meter repeated our confirmation


Effect: TypeAlias = Transmit | SwitchBaud | SignedOn | LinkFailed
Effects: TypeAlias = tuple[Effect, ...]


class State(Enum):
    """Where the sign-on stands."""

    WAKING = auto()
    ASKING = auto()
    REACTING = auto()
    CONFIRMING = auto()
    SETTLING = auto()
    SIGNED_ON = auto()
    FAILED = auto()


class Seen(Enum):
    """What was observed."""

    MODE_E = auto()
    OTHER_MODE = auto()
    CONFIRMATION = auto()
    SILENCE = auto()
    SILENCE_AT_LAST = auto()
    ONLY_NOISE = auto()


# Every step there is. What is not here changes nothing: echoes, wrong characters, a second identification.
STEPS: Mapping[tuple[State, Seen], State] = {
    (State.WAKING, Seen.SILENCE): State.ASKING,
    (State.ASKING, Seen.MODE_E): State.REACTING,
    (State.ASKING, Seen.OTHER_MODE): State.FAILED,
    (State.ASKING, Seen.SILENCE): State.WAKING,
    (State.ASKING, Seen.SILENCE_AT_LAST): State.FAILED,
    (State.ASKING, Seen.ONLY_NOISE): State.FAILED,
    (State.REACTING, Seen.SILENCE): State.CONFIRMING,
    (State.CONFIRMING, Seen.CONFIRMATION): State.SETTLING,
    (State.CONFIRMING, Seen.SILENCE): State.SETTLING,
    (State.CONFIRMING, Seen.ONLY_NOISE): State.FAILED,
    (State.SETTLING, Seen.SILENCE): State.SIGNED_ON,
}


class OptoSignOn:
    """The sign-on as a machine without I/O, used as a `Link` is: `begin`, `sent`, `receive`, `tick` at `wake_at`."""

    def __init__(self, settings: SignOnSettings) -> None:
        self._settings = settings
        self._request = b"/?" + settings.device_address.encode("ascii", "replace") + b"!"
        self._state = State.WAKING
        self._retries_left, self._spoilt_left = settings.retries, MAX_SPOILT_ANSWERS
        self._line = bytearray()
        self._heard_bytes = 0
        self._reflections = 0  # 1 once our own words came back
        self._confirmations = 0
        self._meter = Identification(maker="", model="")
        self._baud_id = b""
        self.wake_at: float | None = None

    @property
    def reflects(self) -> bool:
        """Whether the head sends our own words back."""
        return bool(self._reflections)

    def begin(self, now: float) -> Effects:
        """Ask for the first time, waking the meter where it wants that."""
        return self._wake(now)

    def sent(self, now: float) -> None:
        """Our words have left: the meter's time to react begins."""
        is_waking = self._state is State.WAKING
        self.wake_at = now + (PAUSE_AFTER_WAKING_S if is_waking else self._settings.reaction_timeout_s)

    def receive(self, octets: bytes, now: float) -> Effects:
        """Octets have arrived as the line carried them, parity bit included."""
        if self._state not in (State.ASKING, State.CONFIRMING):
            return ()  # the rest of a confirmation, or noise of the change of speed
        self.wake_at = now + self._settings.reaction_timeout_s
        self._heard_bytes += len(octets)
        effects: Effects = ()
        for character in from_7e1(octets):
            self._line.append(character)
            if self._line.endswith(b"\r\n"):
                effects += self._take_line(bytes(self._line[:-2]), now)
                self._line.clear()
        del self._line[:-MAX_LINE_BYTES]
        return effects + (self._step(Seen.ONLY_NOISE, now) if self._heard_bytes > MAX_NOISE_BYTES else ())

    def tick(self, now: float) -> Effects:
        """The time is `now`; does nothing before `wake_at`."""
        if self.wake_at is None or now < self.wake_at:
            return ()
        attempts_left = self._spoilt_left if self._heard_bytes else self._retries_left
        is_last = self._state is State.ASKING and attempts_left == 0
        return self._step(Seen.SILENCE_AT_LAST if is_last else Seen.SILENCE, now)

    def _take_line(self, line: bytes, now: float) -> Effects:
        if line.endswith(self._request):
            self._reflections, self._heard_bytes = 1, 0
            return ()
        if self._baud_id and line.endswith(self._confirmation()):
            self._confirmations += 1
            return self._step(Seen.CONFIRMATION, now) if self._confirmations > self._reflections else ()
        match = _IDENT.fullmatch(line[max(line.rfind(b"/"), 0) :])
        if match is None or self._state is not State.ASKING:
            return ()
        self._meter = Identification(maker=match["maker"].decode(), model=match["model"].decode().strip())
        speaks_hdlc = _HDLC in match["escapes"] and match["baud"] in BAUD_BY_ID
        self._baud_id = self._agreed_speed(match["baud"]) if speaks_hdlc else match["baud"]
        return self._step(Seen.MODE_E if speaks_hdlc else Seen.OTHER_MODE, now)

    def _agreed_speed(self, offered: bytes) -> bytes:
        """The speed offered, or no change at all: the standard knows nothing between."""
        return offered if BAUD_BY_ID[offered] <= self._settings.max_baud else _NO_CHANGE

    def _confirmation(self) -> bytes:
        return _ACK + b"2" + self._baud_id + b"2"

    def _step(self, seen: Seen, now: float) -> Effects:
        before, after = self._state, STEPS.get((self._state, seen))
        if after is None:
            return ()
        self._state = after
        match after:
            case State.WAKING:
                self._spoilt_left -= bool(self._heard_bytes)
                self._retries_left -= not self._heard_bytes
                return self._wake(now)
            case State.ASKING:
                return self._say(self._request, now)
            case State.REACTING:
                self.wake_at = now + (FAST_REACTION_S if self._meter.maker[2].islower() else REACTION_S)
                return ()
            case State.CONFIRMING:
                return self._say(self._confirmation(), now)
            case State.SETTLING:
                self.wake_at = now + self._settings.switch_delay_s
                return (SwitchBaud(BAUD_BY_ID[self._baud_id]),)
            case State.SIGNED_ON:
                self.wake_at = None
                is_confirmed = self._confirmations > self._reflections
                return (SignedOn(meter=self._meter, baud=BAUD_BY_ID[self._baud_id], is_confirmed=is_confirmed),)
            case State.FAILED:
                self.wake_at = None
                return (self._failure(seen, before),)

    def _wake(self, now: float) -> Effects:
        """NULs for as long as they are wanted; a meter that was just heard is awake."""
        characters = int(self._settings.wake_up_s * FIRST_BAUD / _BITS_PER_CHARACTER)
        if not characters or self._heard_bytes:
            return self._step(Seen.SILENCE, now)
        self._line.clear()
        self.wake_at = now + PAUSE_AFTER_WAKING_S
        return (Transmit(bytes(characters)),)

    def _say(self, words: bytes, now: float) -> Effects:
        self._line.clear()
        self._heard_bytes = 0
        self.wake_at = now + self._settings.reaction_timeout_s
        return (Transmit(to_7e1(words + b"\r\n")),)

    def _failure(self, seen: Seen, before: State) -> LinkFailed:
        if seen is Seen.OTHER_MODE:
            detail = f"{self._meter} speaks IEC 62056-21 {_mode(self._baud_id)}, not mode E"
            return LinkFailed(LinkFault.REFUSED, detail, _DO_OTHER_MODE)
        if before is State.CONFIRMING:
            return LinkFailed(LinkFault.GARBLED, f"{self._meter} sent {self._heard_bytes} octets and no confirmation")
        if self._heard_bytes:
            return LinkFailed(LinkFault.GARBLED, f"{self._heard_bytes} octets came and no identification among them")
        detail = f"nobody answered {self._settings.retries + 1} sign-ons"
        if self.reflects:
            detail += "; our own words came back, so the head is there"
            return LinkFailed(LinkFault.SILENT, detail, _DO_REFLECTION)
        return LinkFailed(LinkFault.SILENT, detail)


def to_7e1(text: bytes) -> bytes:
    """Seven-bit text with even parity in bit 7, as a line of 8N1 carries it.

    >>> to_7e1(b"/?!").hex()
    'af3f21'
    """
    return bytes(character | 0x80 if character.bit_count() % 2 else character for character in text)


def from_7e1(octets: bytes) -> bytes:
    """The seven-bit text again; a character of wrong parity becomes NUL, which no identification holds."""
    return bytes(_WRONG_PARITY if octet.bit_count() % 2 else octet & 0x7F for octet in octets)


def _mode(baud_id: bytes) -> str:
    """Which of the older modes an identification without HDLC announces (IEC 62056-21, 6.3.14).

    >>> _mode(b"5"), _mode(b"C"), _mode(b"x")
    ('mode C', 'mode B', 'mode A')
    """
    if baud_id in BAUD_BY_ID:
        return "mode C"
    return "mode B" if b"A" <= baud_id <= b"I" else "mode A"
