"""The file of a meter profile: every key it may hold, with its meaning, bounds and default.

The files stand in gateway/profiles/*.toml. A file may extend one other; what it says replaces what that one says, key
by key, and `absent` names quantities of the parent that this meter does not have.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.opto import SignOnSettings
from gateway.core.meter_access import AssociationSettings
from runtime.settings import setting

MAX_CLASS_ID = 0xFFFF
MIN_SCALER, MAX_SCALER = -128, 127  # what a meter itself can say
MAX_BAUD = 921_600


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSettings:
    """Where the meter keeps a value."""

    class_id: int = setting(
        help="COSEM interface class: 1 data, 3 register, 8 clock, 70 disconnector", minimum=1, maximum=MAX_CLASS_ID
    )
    obis: str = setting(help="logical name, as 1.0.1.8.0.255")
    attribute: int = setting(2, help="attribute number", minimum=1, maximum=127)
    scaler: int | None = setting(
        None,
        help="fixed exponent of ten; left out, the meter's own scaler and unit are read",
        minimum=MIN_SCALER,
        maximum=MAX_SCALER,
    )
    plus: tuple[str, ...] = setting(
        (), help="logical names of what has to be added, where the whole stands in no one register (tariffs)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantitiesSettings:
    """What the meter measures; a quantity left out is not asked for."""

    energy_import_wh: ObjectSettings | None = setting(None, help="energy taken, all tariffs")
    energy_export_wh: ObjectSettings | None = setting(None, help="energy given back, all tariffs")
    power_import_w: ObjectSettings | None = setting(None, help="power taken now")
    power_export_w: ObjectSettings | None = setting(None, help="power given back now")
    voltage_l1_mv: ObjectSettings | None = setting(None, help="voltage of phase 1 now")
    voltage_l2_mv: ObjectSettings | None = setting(None, help="voltage of phase 2 now")
    voltage_l3_mv: ObjectSettings | None = setting(None, help="voltage of phase 3 now")
    power_failures: ObjectSettings | None = setting(None, help="how many power failures the meter has counted")
    disconnector: ObjectSettings | None = setting(None, help="state of the supply switch: class 70, attribute 3")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSettings:
    """A column of the load profile."""

    obis: str = setting(help="logical name of the captured register")
    counts: str = setting("total", help="running total, or each period's own energy", choices=("total", "period"))
    scaler: int | None = setting(
        None,
        help="fixed exponent of ten; left out, the register's own is read",
        minimum=MIN_SCALER,
        maximum=MAX_SCALER,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSettings:
    """The status column of the load profile: which bit says what (0 is the lowest; -1, the meter does not say)."""

    obis: str = setting(help="logical name of the captured status")
    critical_error: int = setting(-1, help="bit: critical error", minimum=-1, maximum=31)
    clock_invalid: int = setting(-1, help="bit: the clock was not set", minimum=-1, maximum=31)
    data_invalid: int = setting(-1, help="bit: the values may not be used", minimum=-1, maximum=31)
    daylight_saving: int = setting(-1, help="bit: summer time", minimum=-1, maximum=31)
    clock_adjusted: int = setting(-1, help="bit: the clock was set within the period", minimum=-1, maximum=31)
    power_down: int = setting(-1, help="bit: no supply in part of the period", minimum=-1, maximum=31)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProfileSettings:
    """The meter's load profile."""

    obis: str = setting(help="logical name of the profile")
    access: str = setting(
        "range",
        help="how rows are asked for: by time or by number; where the first is refused, the second is tried",
        choices=("range", "entry"),
    )
    status: StatusSettings | None = setting(None, help="the status column")
    energy_import_wh: ColumnSettings | None = setting(None, help="energy taken")
    energy_export_wh: ColumnSettings | None = setting(None, help="energy given back")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """One of the meter's event logs; its name is the log's name in the tables of event codes."""

    obis: str = setting(help="logical name of the log")
    family: str = setting("generic", help="whose event codes it holds: a file of gateway/profiles/event_codes")
    code: str = setting("", help="logical name of the captured code; empty: the first of 0.x.96.11.x")
    duration: str = setting(
        "", help="the same of a failure's duration in seconds; empty: the first of 0.x.96.7.15 to 19"
    )
    reads: str = setting(
        "range",
        help="how it is asked for: a stretch of time, its newest entries by number, or whole",
        choices=("range", "entries", "whole"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """The meter's alarm registers, read each time and taken from pushes."""

    family: str = setting(help="whose bits they are: a file of gateway/profiles/event_codes")
    registers: tuple[str, ...] = setting(("0.0.97.98.0.255",), help="logical names, alarm register 1 first")
    class_id: int = setting(1, help="COSEM interface class: 1 data, 3 register", minimum=1, maximum=MAX_CLASS_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """The line the meter is on."""

    sign_on: str = setting(
        "none",
        help="how a line begins: mode-e at an optical head, mode-c where its meter is read as text; listen where the "
        "meter speaks text unasked, as [push] says",
        choices=("none", "mode-e", "mode-c", "listen"),
    )
    baud: int = setting(
        9600, help="speed of HDLC without sign-on, and of a meter left in HDLC", minimum=300, maximum=MAX_BAUD
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSettings:
    """What the meter says unasked at its customer port, or to who listens on the network."""

    framing: str = setting(
        "auto",
        help="how its messages begin and end; auto finds out",
        choices=("auto", "hdlc", "m-bus", "wrapper", "raw", "p1", "tic-historic", "tic-standard"),
    )
    baud: int = setting(2400, help="speed of a serial customer port", minimum=300, maximum=MAX_BAUD)
    character: str = setting("8N1", help="its characters: data bits, parity, stop bits", choices=("8N1", "8E1", "7E1"))
    interval_s: float = setting(10.0, help="from one message to the next, at most", minimum=1, maximum=86_400)
    longest_interval_s: float = setting(
        0.0,
        help="from one of its longest lists to the next, where shorter ones come in between; 0: they are all alike",
        minimum=0,
        maximum=86_400,
    )
    list: str = setting("", help="the layout of lists that come without codes, by its name in profiles/lists")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSettings:
    """The meter's clock."""

    class_id: int = setting(8, help="COSEM interface class", minimum=1, maximum=MAX_CLASS_ID)
    obis: str = setting("0.0.1.0.0.255", help="logical name")
    unspecified_deviation_min: int | None = setting(
        None,
        help="minutes to add to local time (in winter) for UTC, where the meter does not say; a clock that tells "
        "summer time is taken to be one hour ahead of that",
        minimum=-840,
        maximum=840,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplySettings:
    """What supply the meter hangs on."""

    nominal_mv: int = setting(230_000, help="nominal phase voltage", minimum=50_000, maximum=500_000)
    band_percent: int = setting(15, help="how far a live phase may lie from it", minimum=1, maximum=50)
    quality_percent: int = setting(
        10, help="how far its voltage may lie from it for long, as EN 50160 has it", minimum=1, maximum=50
    )
    fuse_rating_a: int = setting(63, help="rating of the main fuse in each phase", minimum=1, maximum=2_000)
    phases: int = setting(3, help="phases the fuse covers", minimum=1, maximum=3)

    @property
    def lowest_mv(self) -> int:
        """The lowest voltage a live phase may have."""
        return self.nominal_mv * (100 - self.band_percent) // 100

    @property
    def highest_mv(self) -> int:
        """The highest voltage a live phase may have."""
        return self.nominal_mv * (100 + self.band_percent) // 100

    @property
    def most_power_w(self) -> int:
        """The most the main fuse lets through for long."""
        return self.highest_mv * self.fuse_rating_a * self.phases // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSettings:
    """A meter profile as its file tells it, inheritance resolved."""

    title: str = setting(help="the meter's name for people")
    extends: str = setting("", help="the profile this one changes")
    absent: tuple[str, ...] = setting((), help="quantities of the extended profile that this meter lacks")
    made_by: tuple[str, ...] = setting((), help="the makers' three letters, where it is for their meters alone")
    serial: ObjectSettings = setting(help="where the serial number stands")
    line: LineSettings
    push: PushSettings
    sign_on: SignOnSettings
    link: LinkSettings
    association: AssociationSettings
    clock: ClockSettings
    supply: SupplySettings
    quantities: QuantitiesSettings
    load_profile: LoadProfileSettings | None = setting(None, help="the load profile, where there is one")
    alarms: AlarmSettings | None = setting(None, help="alarm registers, where there are any")
    logs: dict[str, LogSettings] | None = setting(None, help="event logs, as [logs.standard]")


def inherited(parent: Mapping[str, Any], child: Mapping[str, Any]) -> dict[str, Any]:
    """The child's tables over the parent's, key by key; what stands at one key is never mixed with another's value.

    >>> inherited({"supply": {"phases": 3, "fuse_rating_a": 63}}, {"supply": {"phases": 1}})
    {'supply': {'phases': 1, 'fuse_rating_a': 63}}
    """
    merged = dict(parent)
    for key, value in child.items():
        before = merged.get(key)
        merged[key] = inherited(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged
