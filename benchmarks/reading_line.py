"""A line at its true pace to a simulated meter in memory, and what an association cost on it.

Time passes only when somebody waits or something is said: each character takes ten bits at 9600 Bd, and the meter
thinks before it answers. What was said is written down, so that the reading itself can be told from what comes before
and after it: the first exchanges open link and association, the last ones give both back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from benchmarks.faulty_line import BEGAN_AT, VirtualClock
from gateway.core.ports import SerialLine
from runtime.clock import Clock
from simulators.household import Household
from simulators.meter.buffer_encoding import Encoding
from simulators.meter.device import Door, Meter
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.makes import LAMPLIGHT
from simulators.meter.server import Forms
from simulators.moment import Moment

BAUD = 9_600
TURNAROUND_S = 0.05
PERIOD = timedelta(minutes=15)
SERIAL = "LMP10000001"
MAX_PDU_BYTES = 4_096  # a meter that takes frames of 2,030 octets commonly gives a day in one answer
_FLAG = b"\x7e"
_OPENING, _CLOSING = 2, 2  # SNRM and AARQ; RLRQ and DISC


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingHome:
    """Draws and gives back all the time, so that both registers move in every row: the dearest for the line."""

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return 1_000.0 * ((ended_at - began_at) / timedelta(hours=1))

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return 400.0 * ((ended_at - began_at) / timedelta(hours=1))

    def power_w(self, at: datetime) -> float:  # noqa: ARG002 - always the same
        return 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One turn of the reader's and the meter's answer to it; `done_s` is when its last octet had come."""

    asked: bytes
    answered: bytes
    began_s: float
    done_s: float


GIVING = GivingHome()


def a_meter(encoding: Encoding, home: Household = GIVING) -> Meter:
    """A three-phase meter with a load profile of quarter-hours, which takes 50 ms to begin an answer."""
    make = replace(LAMPLIGHT, encoding=encoding, capture_period=PERIOD)
    history = History.of_new_meter(SERIAL, BEGAN_AT - timedelta(days=3))
    life = Life(household=home, history=history, phases=3, make=make)
    return Meter(life, keep=lambda _history: None, turnaround_s=TURNAROUND_S, forms=Forms(max_pdu_bytes=MAX_PDU_BYTES))


class PacedLine:
    """A `SerialLine` to one door of a meter, HDLC from the first octet."""

    def __init__(self, door: Door, clock: VirtualClock) -> None:
        self._door, self._clock = door, clock
        self._arrived = bytearray()
        self.exchanges: list[Exchange] = []

    def read(self, timeout_s: float) -> bytes:
        if not self._arrived:
            self._clock.seconds += max(timeout_s, 0.001)
        octets = bytes(self._arrived)
        self._arrived.clear()
        return octets

    def write(self, data: bytes) -> None:
        began_s = self._clock.seconds
        self._clock.seconds += 10 * len(data) / BAUD
        answer = bytearray()
        for said in self._door.feed(data, Moment.read(self._clock)):
            self._clock.seconds += said.after_s + 10 * len(said.octets) / said.baud
            answer += said.octets
        self._arrived += answer
        done_s = self._clock.seconds
        self.exchanges.append(Exchange(asked=data, answered=bytes(answer), began_s=began_s, done_s=done_s))

    def set_baud(self, baud: int) -> None:
        """It has one."""

    def close(self) -> None:
        """It stays."""


class TimedLine:
    """A real line, and when what passed on it."""

    def __init__(self, line: SerialLine, clock: Clock) -> None:
        self._line, self._clock = line, clock
        self.exchanges: list[Exchange] = []

    def read(self, timeout_s: float) -> bytes:
        octets = self._line.read(timeout_s)
        if octets and self.exchanges:
            last = self.exchanges[-1]
            self.exchanges[-1] = replace(last, answered=last.answered + octets, done_s=self._clock.monotonic())
        return octets

    def write(self, data: bytes) -> None:
        began_s = self._clock.monotonic()
        self.exchanges.append(Exchange(asked=data, answered=b"", began_s=began_s, done_s=began_s))
        self._line.write(data)

    def set_baud(self, baud: int) -> None:
        self._line.set_baud(baud)

    def close(self) -> None:
        self._line.close()


def reading_of(exchanges: Sequence[Exchange]) -> Sequence[Exchange]:
    """Of one session what was read: without sign-on, link and association."""
    framed = [exchange for exchange in exchanges if exchange.asked.startswith(_FLAG)]
    return framed[_OPENING:-_CLOSING]


def took_s(reading: Sequence[Exchange]) -> float:
    """From the first octet that was asked to the last that was answered."""
    return reading[-1].done_s - reading[0].began_s
