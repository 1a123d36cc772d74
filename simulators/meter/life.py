"""What the meter would show at any instant: a pure function of the household's load and of what befell the supply.

Nothing is counted up. A register at an instant is its value at installation plus the household's energy over the
stretches in which current could flow, so that a meter killed and started again shows exactly what it would have shown.
No energy comes from nowhere: none flows while the supply is off, the disconnector open or the customer's breaker.

Its clock runs on through a cut, on a battery; the hours of a cut stand in the load profile with their power-down bit.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from simulators.household import Household
from simulators.meter import cosem_time
from simulators.meter.history import History

CAPTURE_PERIOD = timedelta(hours=1)
LOAD_PROFILE_ENTRIES = 60 * 24
POWER_FAILURE_LOG_ENTRIES = 100
STATUS_DAYLIGHT_SAVING = 0x08
STATUS_POWER_DOWN = 0x80
_VOLTAGE_NOISE_V = 1.2
_NOISE_STEP_S = 10
_REGISTER_LIMIT_WH = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure of the supply as the log tells it."""

    ended_at: datetime
    duration_s: int


class Life:
    """One meter in one household. `history` is replaced as things happen; all else follows from it and the time."""

    def __init__(self, *, household: Household, history: History, zone: tzinfo = UTC, phases: int = 1) -> None:
        self.history = history
        self.zone = zone
        self.phases = phases
        self._household = household
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

    def power_failures(self) -> int:
        """How often the supply has failed."""
        return len(self.history.cuts)

    def power_failure_log(self) -> list[Failure]:
        """The failures that are over, oldest first."""
        return [
            Failure(ended_at=cut.ended_at, duration_s=round((cut.ended_at - cut.began_at).total_seconds()))
            for cut in self.history.cuts[-POWER_FAILURE_LOG_ENTRIES:]
            if cut.ended_at is not None
        ]

    def last_failure_s(self) -> int:
        """How long the last failure that is over lasted; 0 before the first."""
        return max((failure.duration_s for failure in self.power_failure_log()[-1:]), default=0)

    def captured_hours(self, at: datetime) -> list[datetime]:
        """The ends of the hours the load profile holds, oldest first."""
        last = _full_hour(at, self.zone)
        lived = (last - self.history.installed_at) // CAPTURE_PERIOD
        count = min(LOAD_PROFILE_ENTRIES, max(0, lived))
        return [last - CAPTURE_PERIOD * back for back in range(count - 1, -1, -1)]

    def hour_status(self, hour_end: datetime) -> int:
        """The status of the load profile's row that ends at `hour_end`."""
        began_at = hour_end - CAPTURE_PERIOD
        status = STATUS_DAYLIGHT_SAVING if cosem_time.is_daylight_saving(hour_end, self.zone) else 0
        if any(cut.overlaps(began_at, hour_end) for cut in self.history.cuts):
            status |= STATUS_POWER_DOWN
        return status

    def _power_w(self, at: datetime) -> float:
        return self._household.power_w(at) if self.history.is_fed else 0.0


def _full_hour(at: datetime, zone: tzinfo) -> datetime:
    """The last full hour of local time, which in some zones is not one of UTC."""
    return at.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
