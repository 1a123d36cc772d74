"""The types a reading passes through; each step takes one and returns the next, so that none can be skipped.

Snapshot        what one meter answered in one association, before anybody has said what it means
Reading         the same in the product's words: integers with their unit in the name, instants in UTC
CheckedReading  the reading with every doubt that validation found; only this may leave the gateway
IntervalRow     one period of the load profile, with the meter's own remarks on it
CheckedIntervals  the rows that may be used, those set aside with their reasons, and the gaps between them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag, StrEnum

from gateway.core.dlms.cosem_time import ClockStatus
from gateway.core.dlms.data import Data
from gateway.core.dlms.obis import Attribute
from gateway.core.meter_logs.event_log import LogPage
from wire.terms import Disconnector
from wire.units import VOLTAGES, Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What one meter answered in one association: values as it encoded them, and what it would not tell.

    `read_at` is the gateway's clock, aware UTC, when the meter was asked for its values: what it says of its supply is
    no older. `answers` holds scalers and units too. `denied` holds the meter's own word for what it does not give.
    `logs` are the stretches of its event logs that were asked for along with it. Anybody may have said what is not
    `is_authenticated`; where it holds no time at all, `tells_time` is false.
    """

    read_at: datetime
    answers: Mapping[Attribute, Data]
    denied: Mapping[Attribute, str]
    logs: tuple[LogPage, ...] = ()
    is_authenticated: bool = True
    tells_time: bool = True


class Origin(StrEnum):
    """How a reading came to us."""

    ASKED = "asked"
    PUSHED = "pushed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One meter at one instant. A quantity the meter does not have, or did not tell, is absent, never zero.

    `unread` says for each quantity of the profile that is absent why it is. Anybody may have said what is not
    `is_authenticated`; `tells_time` is false where it tells no time at all.
    """

    taken_at: datetime  # the gateway's clock when the meter was asked, aware UTC
    meter_serial: str
    meter_clock_at: datetime | None  # the meter's clock at `taken_at`, aware UTC; None where it is not set
    clock_status: ClockStatus
    values: tuple[tuple[Quantity, int], ...]
    unread: tuple[tuple[Quantity, str], ...] = ()
    is_authenticated: bool = True
    tells_time: bool = True

    def value(self, quantity: Quantity) -> int | None:
        """The value in the quantity's own unit, None where the meter did not give it."""
        return dict(self.values).get(quantity)

    @property
    def voltages_mv(self) -> tuple[int, ...]:
        """The phase voltages the meter reads now, L1 first; a single-phase meter gives one."""
        present = dict(self.values)
        return tuple(present[quantity] for quantity in VOLTAGES if quantity in present)

    @property
    def disconnector(self) -> Disconnector:
        """The state of the meter's supply switch."""
        return Disconnector(self.value(Quantity.DISCONNECTOR) or 0)

    @property
    def power_failures(self) -> int | None:
        """The meter's own count of power failures since it was made."""
        return self.value(Quantity.POWER_FAILURES)


_SAYS_SUPPLY = {*VOLTAGES, Quantity.POWER_FAILURES, Quantity.DISCONNECTOR}


class IntervalStatus(IntFlag):
    """What the meter itself remarks about an interval; a profile says which bit of its status means which of these."""

    CRITICAL_ERROR = 1
    CLOCK_INVALID = 2
    DATA_INVALID = 4
    DAYLIGHT_SAVING = 8
    CLOCK_ADJUSTED = 32
    POWER_DOWN = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalRow:
    """One period of the load profile. A row is stamped with its period's end, as COSEM captures it.

    `values` are of this period alone (Wh per quantity), whether the meter stores periods or running totals.
    A quantity is absent where it cannot be known, as after a gap in running totals.
    """

    ends_at: datetime  # aware UTC, by the meter's clock
    period_s: int
    status: IntervalStatus
    values: tuple[tuple[Quantity, int], ...]

    @property
    def starts_at(self) -> datetime:
        """The period's beginning, aware UTC, by the meter's clock."""
        return self.ends_at - timedelta(seconds=self.period_s)

    def value(self, quantity: Quantity) -> int | None:
        """The period's energy in Wh, None where it cannot be known."""
        return dict(self.values).get(quantity)


class Doubt(StrEnum):
    """Why a value may not be what it seems."""

    COUNTER_BACKWARDS = "counter-backwards"
    COUNTER_ROLLED_OVER = "counter-rolled-over"
    COUNTER_JUMP = "counter-jump"
    METER_SERIAL_CHANGED = "meter-serial-changed"
    METER_CLOCK_OFF = "meter-clock-off"
    METER_CLOCK_DOUBTFUL = "meter-clock-doubtful"
    VOLTAGE_IMPLAUSIBLE = "voltage-implausible"
    POWER_IMPLAUSIBLE = "power-implausible"
    POWER_DOWN = "power-down"
    CLOCK_INVALID = "clock-invalid"
    CLOCK_ADJUSTED = "clock-adjusted"
    DATA_INVALID = "data-invalid"
    DUPLICATE_INTERVAL = "duplicate-interval"
    OVERLAPPING_INTERVAL = "overlapping-interval"
    UNAUTHENTICATED = "unauthenticated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One doubt, about one quantity or about the whole (None), with what was seen and where the line runs."""

    doubt: Doubt
    quantity: Quantity | None = None
    observed: int | None = None
    allowed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedReading:
    """A reading and every doubt about it. No findings means it may be used whole."""

    reading: Reading
    findings: tuple[Finding, ...]

    @property
    def usable(self) -> tuple[tuple[Quantity, int], ...]:
        """The values nobody doubts; a changed serial number puts all of them in doubt.

        Of what anybody may have said, nothing is used that would be evidence of supply.
        """
        doubts = {finding.doubt for finding in self.findings}
        if Doubt.METER_SERIAL_CHANGED in doubts:
            return ()
        doubted = {finding.quantity for finding in self.findings}
        doubted |= _SAYS_SUPPLY if Doubt.UNAUTHENTICATED in doubts else set()
        return tuple((quantity, value) for quantity, value in self.reading.values if quantity not in doubted)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalGap:
    """A stretch the load profile has no rows for."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedIntervals:
    """A load profile after validation: rows to use in time's order, rows set aside with reasons, and the gaps.

    `rolled_over` are those among `usable` in which a register passed its last digit; their values are made right.
    """

    usable: tuple[IntervalRow, ...]
    set_aside: tuple[tuple[IntervalRow, tuple[Finding, ...]], ...]
    gaps: tuple[IntervalGap, ...]
    rolled_over: tuple[tuple[IntervalRow, tuple[Finding, ...]], ...] = ()
