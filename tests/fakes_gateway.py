"""Fakes and small builders for the gateway: a supply that is told what happens, in seconds of its story."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
from wire.events import Disconnector, InterruptionAssessed, LinkFault

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
) -> MeterAnswered:
    """The meter, asked at `asked_s`, reads these phase voltages."""
    return MeterAnswered(
        asked_at=at(asked_s),
        voltages_mv=tuple(round(volt * 1000) for volt in volts),
        power_failures=power_failures,
        disconnector=disconnector,
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
    ) -> tuple[SupplyEvent, ...]:
        """Asked and answered at `s`."""
        return self.see(s, answered(s, *volts, power_failures=power_failures, disconnector=disconnector))

    def meter_reads_in_band(self, *seconds: float, power_failures: int | None = 12) -> None:
        for s in seconds:
            self.meter_reads(s, 230, power_failures=power_failures)

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
