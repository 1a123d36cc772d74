"""Makes of meters: what differs from one maker and market to the next, as a table.

A reader must not be tuned to one meter. So the same life is told here in other words: other objects for the same
quantity, other scalers and sizes, another period, other columns, status bits and event codes, another idea of how long
a failure of the supply must be to stand in the log. None is a copy of a product; each has the habits of its kind, as
public profiles and readers' sources tell them (IDIS packages, GXF's DSMR and SMR profiles, IS 15959, Norwegian HAN).

    lamplight   our own: hourly rows with a status, watt-hours, every failure in the log
    idis        a quarter of an hour, power quality in log 4, codes of IDIS
    dsmr5       two tariffs, status and equipment number under other names, codes of DSMR, failures of 180 s and more
    norwegian   ten watt-hours a step, no status, a list version, whole volts
    indian      kilowatt-hours a step, half an hour, each kind of event in a log of its own, codes of IS 15959
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from simulators.meter.buffer_encoding import Encoding


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusBits:
    """Which bits of a row's status mean what."""

    clock_invalid: int = 0x02
    daylight_saving: int = 0x08
    clock_adjusted: int = 0x20
    power_down: int = 0x80


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNames:
    """What an event log is called, and the object that holds its last code."""

    profile: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """One make of meter.

    Args:
        energy_scaler: the power of ten of a register's step, in watt-hours.
        columns: of the load profile: clock, status, import, export, demand.
        codes: what befalls a meter, to the log it stands in and its code there; what is missing is not logged.
        long_failure_s: a failure of the supply shorter than this is counted, and not in the failure log.
    """

    name: str
    serial_at: tuple[str, ...] = ("0.0.96.1.0.255",)
    texts: Mapping[str, str] = field(default_factory=dict)
    energy_scaler: int = 0
    voltage_scaler: int = -1
    tariffs: int = 0
    capture_period: timedelta = timedelta(hours=1)
    encoding: Encoding = Encoding.PLAIN
    columns: tuple[str, ...] = ("clock", "status", "import", "export")
    status_at: str = "0.0.96.10.1.255"
    status: StatusBits = StatusBits()
    logs: Mapping[str, LogNames]
    codes: Mapping[str, tuple[str, int]]
    long_failure_s: int = 0


def _logs(**places: int) -> dict[str, LogNames]:
    return {
        name: LogNames(profile=f"0.0.99.98.{place}.255", code=f"0.0.96.11.{place}.255")
        for name, place in places.items()
    }


def _in(log: str, **codes: int) -> dict[str, tuple[str, int]]:
    return {name: (log, code) for name, code in codes.items()}


_STANDARD = _in("standard", power_down=1, power_up=2, clock_before=4, clock_after=5, clock_invalid=6, watchdog=15)
_FRAUD = _in(
    "fraud",
    terminal_opened=40,
    terminal_closed=41,
    magnet_on=42,
    magnet_off=43,
    cover_opened=44,
    cover_closed=45,
    failed_login=46,
)
_DISCONNECT = _in("disconnect", switch_opened=62, switch_closed=63)
_IDIS_CODES = (
    _STANDARD | _FRAUD | _in("fraud", keys_changed=48) | _DISCONNECT | _in("disconnect", switch_ready=59)
    | {f"undervoltage_{phase}": ("quality", 75 + phase) for phase in (1, 2, 3)}
    | {f"overvoltage_{phase}": ("quality", 78 + phase) for phase in (1, 2, 3)}
    | {f"voltage_normal_{phase}": ("quality", 84 + phase) for phase in (1, 2, 3)}
)  # fmt: skip
_DSMR_CODES = (
    _STANDARD | _FRAUD | _DISCONNECT
    | {f"undervoltage_{phase}": ("quality", 76 + phase) for phase in (1, 2, 3)}
    | {f"overvoltage_{phase}": ("quality", 79 + phase) for phase in (1, 2, 3)}
    | {f"voltage_normal_{phase}": ("quality", 82 + phase) for phase in (1, 2, 3)}
)  # fmt: skip
_INDIAN_CODES = (
    _in("voltage", overvoltage_1=7, undervoltage_1=9)
    | _in("power", power_down=101, power_up=102)
    | _in("transaction", clock_after=151)
    | _in("other", magnet_on=201, magnet_off=202)
    | _in("non_rollover", cover_opened=251)
    | _in("control", switch_opened=301, switch_closed=302)
)

LAMPLIGHT = Make(name="lamplight", logs=_logs(standard=0, fraud=1, disconnect=2, quality=5), codes=_IDIS_CODES)
MAKES = {
    make.name: make
    for make in (
        LAMPLIGHT,
        Make(
            name="idis",
            capture_period=timedelta(minutes=15),
            logs=_logs(standard=0, fraud=1, disconnect=2, quality=4),
            codes=_IDIS_CODES,
            long_failure_s=180,
        ),
        Make(
            name="dsmr5",
            serial_at=("0.0.96.1.1.255", "0.0.96.1.0.255"),
            texts={"1.0.0.2.0.255": "LMP-5.0", "1.3.0.2.8.255": "50"},
            tariffs=2,
            capture_period=timedelta(minutes=15),
            status_at="0.0.96.10.2.255",
            logs=_logs(standard=0, fraud=1, disconnect=2, quality=5),
            codes=_DSMR_CODES,
            long_failure_s=180,
        ),
        Make(
            name="norwegian",
            texts={"1.1.0.2.129.255": "LMP_V0001", "0.0.96.1.7.255": "LMP131"},
            energy_scaler=1,
            voltage_scaler=0,
            columns=("clock", "import", "export"),
            logs=_logs(standard=0, fraud=1, quality=5),
            codes=_STANDARD | _FRAUD | {"undervoltage_1": ("quality", 77), "voltage_normal_1": ("quality", 83)},
            long_failure_s=180,
        ),
        Make(
            name="indian",
            texts={"0.0.96.1.1.255": "LAMPLIGHT", "1.0.0.2.0.255": "V1.00"},
            energy_scaler=3,
            voltage_scaler=-2,
            capture_period=timedelta(minutes=30),
            columns=("clock", "import", "export", "demand"),
            logs=_logs(voltage=0, power=2, transaction=3, other=4, non_rollover=5, control=6),
            codes=_INDIAN_CODES,
        ),
    )
}
