"""Fakes and small builders for the gateway: a supply that is told what happens, in seconds of its story."""

import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.adapters.profile_files import load_profile
from gateway.core import validation
from gateway.core.batches import IntervalProgress
from gateway.core.conclusions import MeterRules, Standing
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import MeterUnread, PortGone, UplinkLost
from gateway.core.interruption import InterruptionState, Limits, Phase, SupplyEvent, step
from gateway.core.observations import (
    EdgeId,
    MeterAnswered,
    MeterFailed,
    Observation,
    ProbeBeat,
    ProbeLink,
    SupplyEdge,
    Tick,
)
from gateway.core.reachability import Reachability
from gateway.core.reading import IntervalRow, IntervalStatus, Snapshot
from gateway.core.remembered import recall, remember
from tests import fakes_meter
from wire.chain import Head, Step, follow, genesis
from wire.envelope import Purpose, link_hash, parse, verify
from wire.events import Disconnector, InterruptionAssessed, Lane, LinkFault
from wire.instants import unix_ms
from wire.keys import PublicKey, SoftwareSigner
from wire.receipts import Receipt, seal_receipt
from wire.record import Record, decode_record
from wire.units import Quantity

T0 = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
PROBE_BOOT = 7


def at(seconds: float) -> datetime:
    """The instant so many seconds into the story."""
    return T0 + timedelta(seconds=seconds)


def edge(number: int, *, present: bool, s: float, boot_id: int = PROBE_BOOT) -> SupplyEdge:
    """The probe's `number`-th edge, which happened at `s`."""
    return SupplyEdge(edge=EdgeId(boot_id=boot_id, event_id=number), present=present, occurred_at=at(s))


def answered(
    asked_s: float,
    *volts: float,
    power_failures: int | None = 12,
    disconnector: Disconnector = Disconnector.CLOSED,
    loaded: bool | None = None,
) -> MeterAnswered:
    """The meter, asked at `asked_s`, reads these phase voltages."""
    return MeterAnswered(
        asked_at=at(asked_s),
        voltages_mv=tuple(round(volt * 1000) for volt in volts),
        power_failures=power_failures,
        disconnector=disconnector,
        is_loaded=loaded,
    )


def failed(asked_s: float, fault: LinkFault = LinkFault.SILENT) -> MeterFailed:
    """The meter, asked at `asked_s`, could not be read."""
    return MeterFailed(asked_at=at(asked_s), fault=fault)


@dataclass
class FakeClock:
    """Both clocks, moved by hand."""

    story_s: float = 0.0
    rate: float = 1.0

    def now(self) -> datetime:
        return at(self.story_s)

    def monotonic(self) -> float:
        return 1_000.0 + self.story_s / self.rate

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds / self.rate

    def advance(self, seconds: float) -> None:
        self.story_s += seconds


@dataclass
class SupplyStory:
    """One meter's supply, told what happens; it keeps what the gateway said."""

    state: InterruptionState = field(default_factory=InterruptionState)
    limits: Limits = field(default_factory=Limits)
    said: list[SupplyEvent] = field(default_factory=list)
    edges: int = 0

    def see(self, s: float, observation: Observation) -> tuple[SupplyEvent, ...]:
        """Handle `observation` at `s`; what was said at once."""
        self.state, events = step(self.state, observation, at(s), self.limits)
        self.said += events
        return events

    def listen(self, s: float = 0) -> None:
        self.see(s, ProbeLink(up=True))

    def supply_falls(self, s: float) -> tuple[SupplyEvent, ...]:
        self.edges += 1
        return self.see(s, edge(self.edges, present=False, s=s))

    def supply_rises(self, s: float) -> tuple[SupplyEvent, ...]:
        self.edges += 1
        return self.see(s, edge(self.edges, present=True, s=s))

    def supply_is_lost(self, s: float = 0) -> tuple[SupplyEvent, ...]:
        """Falls at `s` and stays away past the hold-off."""
        self.supply_falls(s)
        return self.see(s + self.limits.hold_off.total_seconds(), Tick())

    def beat(self, s: float, *, present: bool, input_mv: int = 5_100) -> tuple[SupplyEvent, ...]:
        return self.see(s, ProbeBeat(present=present, input_mv=input_mv))

    def meter_reads(
        self,
        s: float,
        *volts: float,
        power_failures: int | None = 12,
        disconnector: Disconnector = Disconnector.CLOSED,
        loaded: bool | None = None,
    ) -> tuple[SupplyEvent, ...]:
        """Asked and answered at `s`."""
        answer = answered(s, *volts, power_failures=power_failures, disconnector=disconnector, loaded=loaded)
        return self.see(s, answer)

    def meter_reads_in_band(self, *seconds: float, power_failures: int | None = 12, loaded: bool | None = None) -> None:
        for s in seconds:
            self.meter_reads(s, 230, power_failures=power_failures, loaded=loaded)

    def is_lived_in(self, s: float) -> None:
        """Quiet, and the home drew something all the while."""
        self.meter_reads_in_band(s - 120, s - 60, loaded=True)
        self.is_quiet(s)

    def tick(self, s: float) -> tuple[SupplyEvent, ...]:
        return self.see(s, Tick())

    def is_quiet(self, s: float) -> None:
        """The probe is heard and senses supply, and the meter reads in band with something drawn."""
        self.listen(s)
        self.beat(s, present=True)
        self.meter_reads(s, 230, loaded=True)

    def restart(self, s: float) -> None:
        """The gateway is killed and starts again; the probe says nothing until it is heard anew."""
        self.state = recall(InterruptionState, remember(self.state))
        self.see(s, Tick())

    def meter_fails(self, s: float, fault: LinkFault = LinkFault.SILENT) -> tuple[SupplyEvent, ...]:
        return self.see(s, failed(s, fault))

    @property
    def names(self) -> list[str]:
        """What was said, by name."""
        return [type(event).__name__ for event in self.said]

    @property
    def verdicts(self) -> list[str]:
        """What was judged: cause, stage and grade."""
        return [
            f"{event.cause.name} {event.stage.name} {event.grade.name}"
            for event in self.said
            if isinstance(event, InterruptionAssessed)
        ]

    @property
    def phase(self) -> Phase:
        return self.state.phase


# --- a meter's answers ------------------------------------------------------------------------------------------------

PROFILE = load_profile("lamplight-sim")
RULES = MeterRules(
    profile=PROFILE,
    supply=Limits(band_low_mv=PROFILE.supply.lowest_mv, band_high_mv=PROFILE.supply.highest_mv),
    doubt=validation.Limits(supply=PROFILE.supply),
)
METER_SERIAL = "LMP10000001"
NO_REMARK = IntervalStatus(0)
POWERS = tuple(Attribute(class_id=3, obis=Obis.parse(f"1.0.{way}.7.0.255"), index=2) for way in (1, 2))
POWER_FAILURES = Attribute(class_id=1, obis=Obis.parse("0.0.96.7.21.255"), index=2)


def snapshot(
    s: float,
    volts: float | None = 230.0,
    *,
    energy_wh: int = 1_234_500,
    power_failures: int = 12,
    serial: str = METER_SERIAL,
    power_w: tuple[int | None, int | None] = (None, None),
) -> Snapshot:
    """What the simulated meter's model answers at `s`."""
    answers = {
        fakes_meter.SERIAL: fakes_meter.octets(serial.encode()),
        fakes_meter.CLOCK: fakes_meter.stamp(at(s)),
        fakes_meter.IMPORT: fakes_meter.u32(energy_wh),
        fakes_meter.IMPORT.sibling(3): fakes_meter.scaler_unit(0, 30),
        POWER_FAILURES: fakes_meter.u32(power_failures),
        fakes_meter.DISCONNECTOR: Data(DataType.ENUM, 1),
    }
    if volts is not None:
        answers[fakes_meter.VOLTAGE] = fakes_meter.u16(round(volts * 10))
        answers[fakes_meter.VOLTAGE.sibling(3)] = fakes_meter.scaler_unit(-1, 35)
    for register, watts in zip(POWERS, power_w, strict=True):
        if watts is not None:
            answers[register] = fakes_meter.u32(watts)
            answers[register.sibling(3)] = fakes_meter.scaler_unit(0, 27)
    return Snapshot(read_at=at(s), answers=answers, denied={})


def hour_row(hour: int, energy_wh: int, status: IntervalStatus = NO_REMARK) -> IntervalRow:
    """The row of the load profile that ends `hour` hours into the story."""
    values = ((Quantity.ENERGY_IMPORT_WH, energy_wh),)
    return IntervalRow(ends_at=at(hour * 3600), period_s=3600, status=status, values=values)


def standing(serial: str = "", through_h: float = 0) -> Standing:
    """A meter nobody knows anything of yet."""
    return Standing(
        serial=serial,
        supply=InterruptionState(),
        reach=Reachability(),
        progress=IntervalProgress(through=at(through_h * 3600)),
    )


# --- the service ------------------------------------------------------------------------------------------------------


class StoryStop(threading.Event):
    """A stop that waits on the story's clock, and tells itself to stop after so many waits."""

    def __init__(self, clock: FakeClock, *, after_waits: int = 1_000_000) -> None:
        super().__init__()
        self._clock = clock
        self.waits_left = after_waits

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance((timeout or 0.0) * self._clock.rate)
        self.waits_left -= 1
        return self.is_set() or self.waits_left <= 0

    def is_set(self) -> bool:
        return super().is_set() or self.waits_left <= 0


@dataclass
class FakeSession:
    """A meter that answers what it is told to: a snapshot's voltage, or the error to raise."""

    clock: FakeClock
    answers: Callable[[int], float | MeterUnread] = lambda _number: 230.0
    takes_s: float = 1.0
    asked_s: list[float] = field(default_factory=list)
    windows: list[tuple[datetime, datetime] | None] = field(default_factory=list)

    def read_now(self) -> Snapshot:
        return self._read(None)

    def read_all(self, since: datetime, until: datetime) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        hours = range(1, 24 * 40)
        rows = tuple(row for row in map(hour_row, hours, hours) if since < row.ends_at <= until)
        return self._read((since, until)), rows

    def _read(self, window: tuple[datetime, datetime] | None) -> Snapshot:
        asked_s = self.clock.story_s
        self.asked_s.append(asked_s)
        self.windows.append(window)
        self.clock.advance(self.takes_s)
        answer = self.answers(len(self.asked_s) - 1)
        if isinstance(answer, MeterUnread):
            raise answer
        return snapshot(asked_s, answer)


class FakeLine:
    """A serial line to a probe: gives what it is fed, keeps what is written, breaks away when told to."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.feed: deque[bytes] = deque()
        self.written = bytearray()
        self.is_broken = False
        self.is_closed = False

    def read(self, timeout_s: float) -> bytes:
        self._clock.advance(timeout_s * self._clock.rate)
        if self.is_broken:
            raise PortGone("the port broke away", where="probe")
        return self.feed.popleft() if self.feed else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def set_baud(self, baud: int) -> None:
        """It has none."""

    def close(self) -> None:
        self.is_closed = True


class FakeCloud:
    """The other end: verifies, follows each chain, keeps each event once, and signs receipts for what it holds."""

    def __init__(self, gateway_key: PublicKey, clock: FakeClock) -> None:
        self._key = gateway_key
        self._clock = clock
        self._signer = SoftwareSigner.generate()
        self._heads: dict[Lane, Head] = {lane: genesis(gateway_key.spki) for lane in Lane}
        self._held: dict[tuple[Lane, int], bytes] = {}
        self.receipt_key = self._signer.public
        self.records: list[Record] = []
        self.duplicates = 0

    def take(self, envelope: bytes) -> bytes:
        """One envelope, in any order and any number of times; the receipt for the lane as it then stands."""
        parsed = parse(envelope)
        verify(parsed, self._key, Purpose.EVENT)
        link = decode_record(parsed.payload).link
        if link.seq <= self._heads[link.lane].seq or (link.lane, link.seq) in self._held:
            self.duplicates += 1
        else:
            self._held[link.lane, link.seq] = envelope
        while (following := self._held.pop((link.lane, self._heads[link.lane].seq + 1), None)) is not None:
            self._append(link.lane, following)
        head = self._heads[link.lane]
        receipt = Receipt(
            gateway=link.gateway, gen=link.gen, lane=link.lane, seq=head.seq, head=head.hash, at_ms=unix_ms(at(0))
        )
        return seal_receipt(receipt, self._signer)

    def _append(self, lane: Lane, envelope: bytes) -> None:
        parsed = parse(envelope)
        record, own_hash = decode_record(parsed.payload), link_hash(parsed)
        assert follow(self._heads[lane], record.link, own_hash) is Step.NEXT
        self._heads[lane] = Head(seq=record.link.seq, hash=own_hash)
        self.records.append(record)


@dataclass
class FakeBroker:
    """An `Uplink` to the cloud that loses, doubles and shuffles what it carries, and breaks, as its chance has it."""

    cloud: FakeCloud
    clock: FakeClock
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    loss: float = 0.0
    doubling: float = 0.0
    shuffles: bool = False
    breaking: float = 0.0
    refuses: int = 0  # so many attempts to connect
    is_open: bool = False
    opened: int = 0
    published: list[tuple[str, bytes]] = field(default_factory=list)
    most_under_way: int = 0
    _up: list[bytes] = field(default_factory=list)
    _down: list[bytes] = field(default_factory=list)

    def open(self) -> None:
        self.opened += 1
        if self.refuses:
            self.refuses -= 1
            raise UplinkLost("the broker is away", where="broker")
        self.is_open = True
        self._up, self._down = [], []

    def publish(self, topic: str, payload: bytes) -> None:
        assert self.is_open
        self.published.append((topic, payload))
        self._up += [payload] * self._times()
        self.most_under_way = max(self.most_under_way, len(self._up))

    def wait(self, timeout_s: float) -> list[bytes]:
        self.clock.advance(timeout_s * self.clock.rate)
        if self.chance.random() < self.breaking:
            raise UplinkLost("the connection broke", where="broker")
        if self.shuffles:
            self.chance.shuffle(self._up)
        carried, self._up = self._up, []
        came, self._down = self._down, []
        self._down = [receipt for envelope in carried for receipt in [self.cloud.take(envelope)] * self._times()]
        return came

    def close(self) -> None:
        self.is_open = False

    def _times(self) -> int:
        if self.chance.random() < self.loss:
            return 0
        return 2 if self.chance.random() < self.doubling else 1
