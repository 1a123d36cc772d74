"""A household of known load, and the reader's end of the meter's protocols, for tests that join both ends in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from simulators.meter.device import Meter
from simulators.meter.gatekeeper import Access
from simulators.meter.hdlc import Address, Control, Deframer, Frame, Kind, information, receive_ready, unnumbered
from simulators.meter.history import History
from simulators.meter.life import Life
from simulators.meter.objects import model_of
from simulators.meter.server import Server
from simulators.meter.station import LLC_REQUEST, LLC_RESPONSE, Station
from simulators.moment import Moment

NOW = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
METER, READER = Address(logical=1), Address(logical=16)


def moment(mono_s: float = 1_000.0, at: datetime = NOW) -> Moment:
    return Moment(at=at, mono_s=mono_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyHousehold:
    """A home that draws the same power for ever, or gives it back where the power is negative."""

    steady_w: float = 1_000.0

    def energy_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return max(0.0, self.steady_w) * ((ended_at - began_at) / timedelta(hours=1))

    def exported_wh_between(self, began_at: datetime, ended_at: datetime) -> float:
        return max(0.0, -self.steady_w) * ((ended_at - began_at) / timedelta(hours=1))

    def power_w(self, at: datetime) -> float:
        return self.steady_w


def a_life(*, history: History | None = None, steady_w: float = 1_000.0, phases: int = 1) -> Life:
    return Life(
        household=SteadyHousehold(steady_w=steady_w),
        history=history or History.of_new_meter("LMP10000001", NOW),
        phases=phases,
    )


def a_played_meter(
    serial: str = "LMP10000001",
    *,
    access: Access | None = None,
    bus_address: int | None = None,
    saves_battery: bool = False,
) -> Meter:
    """A whole meter in memory: behind an optical port, or on a bus where it has an address."""
    life = a_life(history=History.of_new_meter(serial, NOW))
    return Meter(life, keep=lambda _history: None, access=access, bus_address=bus_address, saves_battery=saves_battery)


class FakeApplication:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, answer: bytes = b"") -> None:
        self.next_answer = answer
        self.asked: list[tuple[int, bytes]] = []
        self.links_lost = 0

    def answer(self, client_sap: int, request: bytes, now: Moment) -> bytes:
        self.asked.append((client_sap, request))
        return self.next_answer

    def link_lost(self) -> None:
        self.links_lost += 1


def snrm(information: bytes = b"", *, reader: Address = READER, meter: Address = METER) -> bytes:
    return command(unnumbered(Kind.SET_NORMAL_RESPONSE_MODE), information, reader=reader, meter=meter)


def command(
    control: Control,
    information: bytes = b"",
    *,
    is_segment: bool = False,
    reader: Address = READER,
    meter: Address = METER,
) -> bytes:
    return Frame(
        destination=meter, source=reader, control=control, information=information, is_segment=is_segment
    ).to_bytes()


def frames_of(answers: list[bytes]) -> list[Frame]:
    deframer = Deframer()
    return [frame for answer in answers for frame in deframer.feed(answer)]


class Reader:
    """The primary station: connects, asks, follows segments and windows, and acknowledges everything."""

    def __init__(self, station: Station, *, parameters: bytes = b"") -> None:
        self._station = station
        self._sent = self._received = 0
        [self.acknowledgement] = frames_of(station.feed(snrm(parameters), moment()))

    def ask(self, apdu: bytes) -> bytes:
        """The answer to one APDU, put together from its segments."""
        control = information(self._sent, self._received, final=True)
        self._sent = (self._sent + 1) % 8
        answer = b"".join(self._segments(self._station.feed(command(control, LLC_REQUEST + apdu), moment())))
        assert answer.startswith(LLC_RESPONSE)
        return answer[len(LLC_RESPONSE) :]

    def _segments(self, answers: list[bytes]) -> Iterator[bytes]:
        is_more = True
        while is_more:
            for frame in frames_of(answers):
                assert frame.control.kind is Kind.INFORMATION
                assert frame.control.send_number == self._received
                self._received = (self._received + 1) % 8
                is_more = frame.is_segment
                yield frame.information
            answers = self._station.feed(command(receive_ready(self._received)), moment()) if is_more else []


ASSOCIATE = bytes.fromhex("601da109060760857405080101be10040e01000000065f1f0400007e1fffff")
ASSOCIATED = bytes.fromhex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f040000521d04000007")


def associated(life: Life, *, request: bytes = ASSOCIATE) -> Server:
    """A server with one public association."""
    server = Server(model_of(life))
    server.answer(16, request, moment())
    return server
