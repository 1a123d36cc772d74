"""What the gateway notices, one type for each kind: what comes out of the probe's link and of the meter's, and time.

An observation says what was seen and when it happened; when it was handled is told beside it.
Whatever is judged from these (`interruption`, `reachability`) is judged the same live, replayed or in a test.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from wire.terms import Disconnector, LinkFault


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeId:
    """Which edge of which run of the probe: the same edge told twice is one edge."""

    boot_id: int
    event_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyEdge:
    """The probe's supply sense fell (`present` False) or rose, at `occurred_at`."""

    edge: EdgeId
    present: bool
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeBeat:
    """What the probe senses now; `input_mv` stands at the gateway's 5 V input."""

    present: bool
    input_mv: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeLink:
    """The probe is heard (`up`), or no longer."""

    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAnswered:
    """The meter was asked at `asked_at` and read what it measures then.

    An empty `voltages_mv` is a meter that answers and tells no voltage; a disconnector it does not tell is UNKNOWN.
    `is_loaded` says whether anything flows through it now, None where it does not tell.
    """

    asked_at: datetime
    voltages_mv: tuple[int, ...]
    power_failures: int | None
    disconnector: Disconnector
    is_loaded: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterFailed:
    """The meter was asked at `asked_at` and could not be read."""

    asked_at: datetime
    fault: LinkFault


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterPushed:
    """A meter that is also asked pushed what it measured at `measured_at`: it says what is drawn, and proves no more.

    Whether the meter can be asked, and what it reads when it is, only asking tells.
    """

    measured_at: datetime
    power_failures: int | None
    is_loaded: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterGasped:
    """The meter has said, in a push that proves its sender, that it is losing its supply; heard at `heard_at`."""

    heard_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Nothing happened; time went by."""


Observation: TypeAlias = (
    SupplyEdge | ProbeBeat | ProbeLink | MeterAnswered | MeterFailed | MeterPushed | MeterGasped | Tick
)
ProbeObservation: TypeAlias = SupplyEdge | ProbeBeat | ProbeLink
