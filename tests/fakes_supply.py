"""One meter's supply as its gateway is told of it: a story in seconds, and what was said and judged along the way."""

from dataclasses import dataclass, field

from gateway.core.interruption import InterruptionState, Limits, Phase, SupplyEvent, step
from gateway.core.observations import MeterAnswered, MeterFailed, MeterGasped, Observation, ProbeBeat, ProbeLink, Tick
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at, edge
from wire.events import InterruptionAssessed
from wire.terms import Disconnector, LinkFault


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

    def meter_gasps(self, s: float) -> tuple[SupplyEvent, ...]:
        return self.see(s, MeterGasped(heard_at=at(s)))

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
