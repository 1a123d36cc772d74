"""Fakes and small builders for the gateway in seconds of its story: its clock, its meter, its probe's line."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gateway.adapters.event_code_files import load_event_codes
from gateway.adapters.profile_files import load_profile
from gateway.core import validation
from gateway.core.batches import IntervalProgress
from gateway.core.conclusions import MeterRules, Standing
from gateway.core.disclosure import Disclosure, FineConsent
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.errors import MeterUnread, PortGone
from gateway.core.interruption import InterruptionState, Limits
from gateway.core.meter_logs.event_log import LogEntry, LogPage, LogSpan
from gateway.core.observations import EdgeId, SupplyEdge
from gateway.core.ports import Span, Take
from gateway.core.reachability import Reachability
from gateway.core.reading import IntervalRow, IntervalStatus, Snapshot
from tests import fakes_meter
from wire.units import Quantity

T0 = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
PROBE_BOOT = 7


def at(seconds: float) -> datetime:
    """The instant so many seconds into the story."""
    return T0 + timedelta(seconds=seconds)


def edge(number: int, *, present: bool, s: float, boot_id: int = PROBE_BOOT) -> SupplyEdge:
    """The probe's `number`-th edge, which happened at `s`."""
    return SupplyEdge(edge=EdgeId(boot_id=boot_id, event_id=number), present=present, occurred_at=at(s))


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


# --- a meter's answers ------------------------------------------------------------------------------------------------

PROFILE = load_profile("lamplight-sim")
RULES = MeterRules(
    profile=PROFILE,
    supply=Limits(band_low_mv=PROFILE.supply.lowest_mv, band_high_mv=PROFILE.supply.highest_mv),
    doubt=validation.Limits(supply=PROFILE.supply),
    codes=load_event_codes(),
    disclosure=Disclosure(consent=FineConsent(finest_period_s=1, since=datetime(2020, 1, 1, tzinfo=UTC))),
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
    sessions: int = 0
    logs: dict[str, tuple[LogEntry, ...]] = field(default_factory=dict)
    log_spans: list[tuple[LogSpan, ...]] = field(default_factory=list)

    def read_now(self) -> Snapshot:
        return self._read(None)

    def read_all(self, since: datetime, until: datetime) -> tuple[Snapshot, tuple[IntervalRow, ...]]:
        hours = range(1, 24 * 40)
        rows = tuple(row for row in map(hour_row, hours, hours) if since < row.ends_at <= until)
        return self._read((since, until)), rows

    def read_on(self, span: Span | None, take: Take, logs: Sequence[LogSpan] = ()) -> None:
        self.sessions += 1
        self.log_spans.append(tuple(logs))
        read, rows = self.read_all(*span) if span else (self.read_now(), ())
        pages = tuple(LogPage(span=each, entries=self.logs.get(each.log.name, ())) for each in logs)
        following = take(replace(read, logs=pages), rows)
        while following is not None:
            following = take(*self.read_all(*following))

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
