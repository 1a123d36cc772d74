"""The probe as a whole: it senses the supply, notes each loss and return, and says so until it is heard.

In come octets from the host, commands from the story and the time; out go frames. What it tells is raw: a loss once it
has lasted 40 ms, a return at once. Each event is repeated every half second until the host acknowledges it; at most 32
wait, and the oldest gives way. `uptime_ms` counts the story's milliseconds since this boot; how often something is said
is the machine's time, as the line is. A reset loses the events nobody had acknowledged: the beat after it tells the
supply as it is, under a new boot id. A host of another version is not believed when it acknowledges.

    supply on|off   the street                    supply dip MS   away, and back by itself
    input on|off    the 5 V: off = unplugged      status
    fault drop-acks [N] | garbage [N] | silence S | clear
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from runtime.errors import InputRefused
from simulators.moment import Moment
from simulators.probe.frames import END, PROTOCOL, Beat, Deframer, Event, Hello, HostAck, HostHello, What
from simulators.probe.inputs import Inputs
from simulators.probe.sense import MILLISECOND, Edge, SupplySense

FIRMWARE = "lamplight-probe-sim 1.0"
BEAT_EVERY_S = 1.0
REPEAT_EVERY_S = 0.5
LOOK_EVERY_S = 0.05  # while something of the street is about to happen by itself
MAX_WAITING = 32
MAX_DIP_MS = 3_600_000
MAX_FAULTS = 1_000_000
MAX_SILENCE_S = 3_600
_WORDS = {"on": True, "off": False}
_COUNTED_FAULTS = ("drop-acks", "garbage")


@dataclass(slots=True, kw_only=True)
class _Waiting:
    """An event that no host has acknowledged yet, and when to say it (again)."""

    event_id: int
    what: What
    occurred_ms: int
    due_s: float


class Probe:
    """One probe, from one reset to the next; `keep` is given its inputs before a command that changed them returns."""

    def __init__(
        self, inputs: Inputs, *, boot_id: int, now: Moment, keep: Callable[[Inputs], None], seed: int = 1
    ) -> None:
        self._inputs = inputs
        self._sense = SupplySense(has_supply=inputs.has_supply)
        self._dip_ends_at: datetime | None = None
        self._boot_id = boot_id
        self._booted_at = now.at
        self._keep = keep
        self._deframer = Deframer()
        self._seq = 0
        self._owes_hello = True
        self._beat_due_s = now.mono_s
        self._refused_protocol: int | None = None
        self._waiting: deque[_Waiting] = deque(maxlen=MAX_WAITING)
        self._events = 0
        self._noise = random.Random(f"probe {seed}")
        self._faults_left = dict.fromkeys(_COUNTED_FAULTS, 0)
        self._silent_until_s = 0.0

    def feed(self, octets: bytes, now: Moment) -> list[bytes]:
        """Take what the host said; give the frames to send at once."""
        for message in self._deframer.feed(octets):
            if isinstance(message, HostHello):
                self._refused_protocol = None if message.protocol == PROTOCOL else message.protocol
                self._owes_hello = True
            elif self._refused_protocol is None and not self._uses_up("drop-acks"):
                self._acknowledged(message)
        return self.due(now)

    def due(self, now: Moment) -> list[bytes]:
        """The frames whose time has come."""
        self._look(now)
        frames = list(self._frames_due(now))
        if now.mono_s < self._silent_until_s:
            return []
        return [self._noise_for(frame) if self._uses_up("garbage") else frame for frame in frames]

    def next_due_s(self, now: Moment) -> float:
        """By which machine second it is to be asked again what is due, if nothing befalls it before.

        A moment later while the supply is away and may come back by itself, or may not yet count as lost: those are
        moments of the street, which may live faster than the machine.
        """
        if self._dip_ends_at is not None or self._sense.is_in_doubt:
            return now.mono_s + LOOK_EVERY_S
        return min((self._beat_due_s, *(event.due_s for event in self._waiting)))

    def command(self, words: Sequence[str], now: Moment) -> dict[str, object]:
        """Obey a command and tell how things stand then; raises InputRefused for what is not one."""
        self._look(now)
        match tuple(words):
            case ("supply", "dip", milliseconds):
                self._dip_ends_at = now.at + _bounded(milliseconds, MAX_DIP_MS) * MILLISECOND
                self._supply_becomes(False, now.at, now.mono_s)
            case ("supply", word) if word in _WORDS:
                self._dip_ends_at = None
                self._supply_becomes(_WORDS[word], now.at, now.mono_s)
            case ("input", word) if word in _WORDS:
                self._become(self._inputs.with_input(_WORDS[word], now.at))
            case ("fault", *fault):
                self._fault(tuple(fault), now.mono_s)
            case ("status",):
                pass
            case _:
                raise InputRefused(
                    f"a probe does not know {' '.join(words)!r}",
                    do="say supply on|off|dip MS, input on|off, fault ... or status",
                )
        return self.status(now)

    def status(self, now: Moment) -> dict[str, object]:
        """How things stand, for people and tests."""
        beat = self._beat(now)
        return {
            "boot_id": beat.boot_id,
            "uptime_ms": beat.uptime_ms,
            "supply": "on" if self._inputs.has_supply else "off",
            "input": "on" if self._inputs.has_input else "off",
            "input_mv": beat.input_mv,
            "hold_mv": beat.hold_mv,
            "events_waiting": len(self._waiting),
            "bad_frames": beat.bad_frames,
            "refused_protocol": self._refused_protocol,
        }

    def _look(self, now: Moment) -> None:
        """Notice what has happened since the last look."""
        if self._dip_ends_at is not None and now.at >= self._dip_ends_at:
            ends_at, self._dip_ends_at = self._dip_ends_at, None
            self._supply_becomes(True, ends_at, now.mono_s)
        self._note(self._sense.looked(now.at), now.mono_s)

    def _supply_becomes(self, has_supply: bool, at: datetime, mono_s: float) -> None:
        self._become(self._inputs.with_supply(has_supply, at))
        self._note(self._sense.became(has_supply, at), mono_s)

    def _become(self, inputs: Inputs) -> None:
        if inputs != self._inputs:
            self._keep(inputs)
            self._inputs = inputs

    def _note(self, edges: list[Edge], mono_s: float) -> None:
        for edge in edges:
            self._events += 1
            occurred_ms = self._uptime_ms(edge.occurred_at)
            self._waiting.append(_Waiting(event_id=self._events, what=edge.what, occurred_ms=occurred_ms, due_s=mono_s))

    def _acknowledged(self, ack: HostAck) -> None:
        if ack.boot_id == self._boot_id:
            still = [event for event in self._waiting if event.event_id != ack.event_id]
            self._waiting = deque(still, maxlen=MAX_WAITING)

    def _frames_due(self, now: Moment) -> Iterator[bytes]:
        if self._owes_hello:
            self._owes_hello = False
            yield Hello(boot_id=self._boot_id, firmware=FIRMWARE).frame(self._next_seq())
        for event in self._waiting:
            if now.mono_s >= event.due_s:
                event.due_s = now.mono_s + REPEAT_EVERY_S
                yield self._event(event, now).frame(self._next_seq())
        if now.mono_s >= self._beat_due_s:
            self._beat_due_s = now.mono_s + BEAT_EVERY_S
            yield self._beat(now).frame(self._next_seq())

    def _event(self, event: _Waiting, now: Moment) -> Event:
        return Event(
            boot_id=self._boot_id,
            event_id=event.event_id,
            what=event.what,
            occurred_ms=event.occurred_ms,
            now_ms=self._uptime_ms(now.at),
        )

    def _beat(self, now: Moment) -> Beat:
        return Beat(
            boot_id=self._boot_id,
            uptime_ms=self._uptime_ms(now.at),
            has_supply=self._sense.has_supply,
            input_mv=self._inputs.input_mv,
            hold_mv=self._inputs.hold_up.voltage_mv(now.at),
            bad_frames=min(self._deframer.bad_frames, 0xFFFF),
        )

    def _uptime_ms(self, at: datetime) -> int:
        return (at - self._booted_at) // MILLISECOND % 2**32

    def _next_seq(self) -> int:
        seq, self._seq = self._seq, (self._seq + 1) & 0xFF
        return seq

    def _fault(self, words: tuple[str, ...], mono_s: float) -> None:
        match words:
            case (name,) if name in _COUNTED_FAULTS:
                self._faults_left[name] = 1
            case (name, count) if name in _COUNTED_FAULTS:
                self._faults_left[name] = _bounded(count, MAX_FAULTS)
            case ("silence", seconds):
                self._silent_until_s = mono_s + _bounded(seconds, MAX_SILENCE_S)
            case ("clear",):
                self._faults_left = dict.fromkeys(_COUNTED_FAULTS, 0)
                self._silent_until_s = 0.0
            case _:
                raise InputRefused(
                    f"no such fault: {' '.join(words)!r}", do="say drop-acks|garbage [N], silence S or clear"
                )

    def _noise_for(self, frame: bytes) -> bytes:
        """Noise that spoils one frame and not the next."""
        return self._noise.randbytes(len(frame) - 1) + bytes((END,))

    def _uses_up(self, fault: str) -> bool:
        """Whether the fault strikes now."""
        strikes = self._faults_left[fault] > 0
        self._faults_left[fault] -= strikes
        return strikes


def _bounded(text: str, maximum: int) -> int:
    if not text.isdecimal() or int(text) > maximum:
        raise InputRefused(f"{text!r} is not a whole number up to {maximum}")
    return int(text)
