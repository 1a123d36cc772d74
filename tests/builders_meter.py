"""Builders for meters: a profile from plain tables, with whatever a test wants different."""

from pathlib import Path
from typing import Any

from gateway.core.meter_profile import MeterProfile
from gateway.core.profile_settings import ProfileSettings, inherited
from runtime.settings import from_table

_A_PROFILE: dict[str, Any] = {
    "title": "a meter for tests",
    "serial": {"class_id": 1, "obis": "0.0.96.1.0.255"},
    "quantities": {
        "energy_import_wh": {"class_id": 3, "obis": "1.0.1.8.0.255"},
        "voltage_l1_mv": {"class_id": 3, "obis": "1.0.32.7.0.255"},
        "disconnector": {"class_id": 70, "obis": "0.0.96.3.10.255", "attribute": 3},
    },
    "load_profile": {
        "obis": "1.0.99.1.0.255",
        "energy_import_wh": {"obis": "1.0.1.8.0.255"},
        "status": {"obis": "0.0.96.10.1.255", "clock_invalid": 1, "power_down": 7},
    },
}


def a_profile(*, without: tuple[str, ...] = (), **changes: Any) -> MeterProfile:
    """A single-phase meter with one energy, one voltage, a switch and a load profile of running totals."""
    table = {key: value for key, value in inherited(_A_PROFILE, changes).items() if key not in without}
    return MeterProfile.of("test", from_table(ProfileSettings, table, Path("test.toml")))
