"""What a meter pushes, as the gateway finds it; a push port that gives what it is fed; and a stream of such pushes."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import EventKind, Proof, Protection, Push, PushedEvent, PushedReading
from gateway.core.errors import CaptureRefused, PortGone
from gateway.core.ports import Heard
from gateway.core.push.pushes import HeardPush
from tests.fakes_gateway import METER_SERIAL, FakeClock, at

TITLE = "4c4d503030303031"
SERIAL = PushedReading(obis=Obis.parse("0.0.96.1.0.255"), value=METER_SERIAL, unit="")
GASP = PushedEvent(kind=EventKind.LAST_GASP, obis=Obis.parse("0.0.97.98.20.255"), value=Decimal(1))


def value(code: str, number: float, unit: str) -> PushedReading:
    return PushedReading(obis=Obis.parse(code), value=Decimal(str(number)), unit=unit)


def pushed(
    *,
    energy_wh: float = 1_234_500,
    volts: float | None = 230,
    serial: str = METER_SERIAL,
    protection: Protection = Protection.NONE,
    proof: Proof = Proof.CRC16,
    counter: int | None = None,
    sender: str = "",
    event: PushedEvent | None = None,
) -> Push:
    """A list of a meter with its energy, its power and the voltage of one phase."""
    readings = [value("1.0.1.8.0.255", energy_wh, "Wh"), value("1.0.1.7.0.255", 640, "W")]
    if serial:
        readings.append(PushedReading(obis=SERIAL.obis, value=serial, unit=""))
    if volts is not None:
        readings.append(value("1.0.32.7.0.255", volts, "V"))
    return Push(
        kind="hdlc-push",
        sent_at=None,
        readings=() if event else tuple(readings),
        protection=protection,
        proof=proof,
        sender=sender,
        counter=counter,
        event=event,
    )


def heard(s: float, push: Push, *, is_own_line: bool = True) -> HeardPush:
    """The push, heard at `s`."""
    return HeardPush(push=push, heard_at=at(s), sender=f"{push.sender}/k", is_own_line=is_own_line)


@dataclass
class FakePushPort:
    """Gives what it is fed, turn by turn, on the story's clock; a turn that is None is a port that breaks away."""

    clock: FakeClock
    turns: deque[list[Heard] | None]
    cut_each_turn: int = 0
    is_closed: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def refused(self) -> Mapping[str, int]:
        return self.counts

    def wait(self, timeout_s: float) -> list[Heard]:
        self.clock.advance(timeout_s * self.clock.rate)
        if self.cut_each_turn:
            self.counts["crowded-out"] += self.cut_each_turn
        turn = self.turns.popleft() if self.turns else []
        if turn is None:
            raise PortGone("the port broke away")
        return turn

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakeStream:
    """Each octet stands for a message; what is not in the book is garbage. A `P` is told when the line pauses."""

    book: Mapping[bytes, Push | CaptureRefused]
    waiting: list[bytes] = field(default_factory=list)

    def feed(self, octets: bytes) -> list[Push | CaptureRefused]:
        each = [octets[at : at + 1] for at in range(len(octets))]
        self.waiting += [octet for octet in each if octet == b"P"]
        return [self._told(octet) for octet in each if octet != b"P"]

    def flush(self) -> list[Push | CaptureRefused]:
        waiting, self.waiting = self.waiting, []
        return [self._told(octet) for octet in waiting]

    def _told(self, octet: bytes) -> Push | CaptureRefused:
        return self.book.get(octet, CaptureRefused("hdlc-damaged", "these octets are nothing"))
