"""The capacitor that carries a gateway through the first minutes of a cut, as its probe measures it.

Two 50 F cells in series, 25 F, charged to 5 V. While the 5 V are away the gateway and its modem draw 1.5 W from the
cells; at 3 V the load switch opens, and the probe alone goes on to its last 1.8 V. Charging is limited to half an
ampere.

>>> from datetime import UTC, datetime
>>> lost_at = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
>>> full = HoldUp(since=lost_at, from_mv=FULL_MV, is_charging=False)
>>> [full.voltage_mv(lost_at + timedelta(seconds=seconds)) for seconds in (0, 60, 120, 135, 3_600)]
[5000, 4219, 3255, 2997, 1800]
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

FULL_MV = 5_000
SWITCH_OFF_MV = 3_000
LAST_MV = 1_800
_CAPACITY_F = 25.0
_GATEWAY_DRAIN_W = 1.5
_PROBE_DRAIN_W = 0.12
_CHARGE_A = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldUp:
    """Where the voltage stood when charging or draining began."""

    since: datetime
    from_mv: int
    is_charging: bool

    def voltage_mv(self, at: datetime) -> int:
        """The voltage at an instant since then."""
        passed_s = max(0.0, (at - self.since) / timedelta(seconds=1))
        if self.is_charging:
            return min(FULL_MV, self.from_mv + int(_CHARGE_A / _CAPACITY_F * passed_s * 1_000))
        gateway_s = max(0.0, _drain_s(self.from_mv, SWITCH_OFF_MV, _GATEWAY_DRAIN_W))
        drained_mv = _drained_mv(self.from_mv, min(passed_s, gateway_s), _GATEWAY_DRAIN_W)
        return max(LAST_MV, _drained_mv(drained_mv, max(0.0, passed_s - gateway_s), _PROBE_DRAIN_W))

    def turned(self, *, is_charging: bool, at: datetime) -> "HoldUp":
        """Charging begins or ends."""
        return (
            self
            if is_charging == self.is_charging
            else HoldUp(since=at, from_mv=self.voltage_mv(at), is_charging=is_charging)
        )


def _drain_s(from_mv: int, to_mv: int, drain_w: float) -> float:
    """How long the energy between two voltages lasts: C/2 (U1^2 - U2^2) / P."""
    return _CAPACITY_F / 2 * (from_mv**2 - to_mv**2) / 1e6 / drain_w


def _drained_mv(from_mv: int, passed_s: float, drain_w: float) -> int:
    left = from_mv**2 - 2 * drain_w * passed_s / _CAPACITY_F * 1e6
    return int(math.sqrt(max(0.0, left)))
