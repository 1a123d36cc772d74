"""What the meter would show at any instant: a pure function of the household's load and of what befell the supply.

Nothing is counted up. A register at an instant is its value at installation plus the household's energy over the
stretches in which current could flow, so that a meter killed and started again shows exactly what it would have shown.
No energy comes from nowhere: none flows while the supply is off, the disconnector open or the customer's breaker.

Its clock runs on through a cut, on a battery; the periods of a cut stand in the load profile with their power-down bit.
What it counts happens in true time; what it says of when, it says by its own clock.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo

from simulators.household import Household
from simulators.meter import cosem_time
from simulators.meter.history import LIVED_BEFORE, History
from simulators.meter.makes import LAMPLIGHT, Make
from simulators.meter.meter_clock import Capture, MeterClock

POWER_FAILURE_LOG_ENTRIES = 100
_VOLTAGE_NOISE_V = 1.2
_NOISE_STEP_S = 10
_REGISTER_LIMIT_WH = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure of the supply as the log tells it: `stamp` is what the clock showed when it was over."""

    stamp: datetime
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Captured:
    """Rows that hold from one instant to another, while the clock is left alone."""

    clock: MeterClock
    since: datetime
    from_at: datetime
    to_at: datetime
    rows: tuple[Capture, ...]

    def may_go_on(self, clock: MeterClock, since: datetime, at: datetime) -> bool:
        """Whether the rows of this instant are these, or these and some more."""
        return (self.clock, self.since) == (clock, since) and self.from_at <= at


class Life:
    """One meter in one household. `history` is replaced as things happen; all else follows from it and the time."""

    def __init__(
        self,
        *,
        household: Household,
        history: History,
        zone: tzinfo = UTC,
        phases: int = 1,
        make: Make = LAMPLIGHT,
    ) -> None:
        self.history = history
        self.make = make
        self.zone = zone
        self.phases = phases
        self._household = household
        self._captured: _Captured | None = None
        self._seed = zlib.crc32(history.serial.encode())
        # What an installed meter had counted before this life began: between 4 and 9 MWh.
        self._import_at_installation_wh = 4_000_000 + self._seed % 5_000_000

    def energy_import_wh(self, at: datetime) -> int:
        """The A+ register: energy taken from the grid, in whole watt-hours."""
        taken_wh = sum(
            self._household.energy_wh_between(began_at, ended_at)
            for began_at, ended_at in self.history.fed_spans(self.history.installed_at, at)
        )
        return (self._import_at_installation_wh + int(taken_wh)) % _REGISTER_LIMIT_WH

    def energy_export_wh(self, at: datetime) -> int:
        """The A- register: energy given back to the grid."""
        given_wh = sum(
            self._household.exported_wh_between(began_at, ended_at)
            for began_at, ended_at in self.history.fed_spans(self.history.installed_at, at)
        )
        return int(given_wh) % _REGISTER_LIMIT_WH

    def demand_w(self, at: datetime) -> int:
        """The average power drawn over the capture period that ends at an instant."""
        period = self.make.capture_period
        used_wh = (self.energy_import_wh(at) - self.energy_import_wh(at - period)) % _REGISTER_LIMIT_WH
        return round(used_wh * (timedelta(hours=1) / period))

    def power_import_w(self, at: datetime) -> int:
        """The power drawn now."""
        return max(0, round(self._power_w(at)))

    def power_export_w(self, at: datetime) -> int:
        """The power given back now."""
        return max(0, round(-self._power_w(at)))

    def voltage_v(self, phase: int, at: datetime) -> float:
        """The voltage at the terminals, above the disconnector: it stands there whether or not the switch is closed."""
        if not self.history.is_supplied:
            return 0.0
        step = int(at.timestamp()) // _NOISE_STEP_S
        noise = zlib.crc32(f"{self._seed}:{phase}:{step}".encode()) / 2**32 * 2 - 1
        return self.history.voltage_v + noise * _VOLTAGE_NOISE_V

    def shown(self, at: datetime) -> datetime:
        """What its clock shows at an instant."""
        return self.history.clock.shown(at)

    def power_failures(self) -> int:
        """How often the supply has failed, however shortly."""
        return len(self.history.cuts)

    def long_power_failures(self) -> int:
        """How often it failed for long enough to be logged."""
        return len(self._long_failures())

    def power_failure_log(self) -> list[Failure]:
        """The long failures that are over, oldest first."""
        return self._long_failures()[-POWER_FAILURE_LOG_ENTRIES:]

    def last_failure_s(self) -> int:
        """How long the last logged failure lasted; 0 before the first."""
        return max((failure.duration_s for failure in self.power_failure_log()[-1:]), default=0)

    @property
    def capacity(self) -> int:
        """How many rows the load profile holds: sixty days of them."""
        return LIVED_BEFORE // self.make.capture_period

    def captures(self, at: datetime) -> Sequence[Capture]:
        """The rows the load profile holds, in the order they were captured."""
        history = self.history
        since = max(history.installed_at, history.columns_since or history.installed_at)
        known = self._captured
        if known is None or not known.may_go_on(history.clock, since, at):
            known = _Captured(clock=history.clock, since=since, from_at=since, to_at=since, rows=())
        if at >= known.to_at:
            period, limit = self.make.capture_period, self.capacity
            rows = history.clock.captures(known.from_at, at, period=period, zone=self.zone, limit=limit)
            to_at = history.clock.next_quarter(at)
            known = replace(known, from_at=at, to_at=to_at, rows=(*known.rows, *rows)[-limit:])
            self._captured = known
        return known.rows

    def status(self, capture: Capture) -> int:
        """The status of a row of the load profile, in the make's bits."""
        history, bits = self.history, self.make.status
        began_at = capture.at - self.make.capture_period
        status = bits.daylight_saving if cosem_time.is_daylight_saving(capture.stamp, self.zone) else 0
        if any(cut.overlaps(began_at, capture.at) for cut in history.cuts):
            status |= bits.power_down
        if history.clock.was_set_between(began_at, capture.at):
            status |= bits.clock_adjusted
        return status

    def _long_failures(self) -> list[Failure]:
        failures = (
            Failure(stamp=self.shown(cut.ended_at), duration_s=round((cut.ended_at - cut.began_at).total_seconds()))
            for cut in self.history.cuts
            if cut.ended_at is not None
        )
        return [failure for failure in failures if failure.duration_s >= self.make.long_failure_s]

    def _power_w(self, at: datetime) -> float:
        return self._household.power_w(at) if self.history.is_fed else 0.0
