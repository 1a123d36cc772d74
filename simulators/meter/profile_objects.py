"""The meter's profiles (class 7): the load profile, the log of power failures, and the event logs with their codes.

The load profile holds what each period's end showed, in the make's columns and encoding. The failure log holds each
failure of the supply that was long enough and is over: stamped when it *ended*, with its length. An event log holds
what befell the meter: when, and the make's code for it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from simulators.meter import axdr, profile
from simulators.meter.clock_object import ClockObject
from simulators.meter.cosem_object import DATA, PROFILE_GENERIC, REGISTER, CosemObject, obis
from simulators.meter.life import POWER_FAILURE_LOG_ENTRIES, Failure, Life
from simulators.meter.makes import LogNames
from simulators.meter.meter_clock import Capture
from simulators.meter.meter_log import ENTRIES_A_LOG, Entry
from simulators.meter.profile import CLOCK_COLUMN, Column, Profile, Rows

COLUMN_NAMES = ("clock", "status", "import", "export", "demand")
FAILURE_DURATION = "0.0.96.7.19.255"
_FIFO = 1

Energy = Callable[[int], bytes]
"""A register's octets, from watt-hours."""


class LoadProfile:
    """The load profile of one life; its columns may change while it runs."""

    def __init__(self, life: Life, clock: ClockObject, energy: Energy) -> None:
        self._life = life
        self._cells: dict[str, tuple[Column, Callable[[Capture], bytes]]] = {
            "clock": (CLOCK_COLUMN, lambda row: clock.date_time(row.stamp)),
            "status": (_data(life.make.status_at), lambda row: axdr.unsigned(life.status(row))),
            "import": (_register("1.0.1.8.0.255"), lambda row: energy(life.energy_import_wh(row.at))),
            "export": (_register("1.0.2.8.0.255"), lambda row: energy(life.energy_export_wh(row.at))),
            "demand": (_register("1.0.1.5.0.255"), lambda row: axdr.double_long_unsigned(life.demand_w(row.at))),
        }

    def as_object(self) -> CosemObject:
        return _profile("1.0.99.1.0.255", self._now, self._life, self._life.capacity)

    def _now(self) -> Profile[Capture]:
        life = self._life
        columns = [self._cells[name] for name in life.history.columns or life.make.columns]
        return Profile(
            columns=tuple(column for column, _ in columns),
            rows=life.captures,
            cells=lambda row: [cell(row) for _, cell in columns],
            period=life.make.capture_period,
            encoding=life.make.encoding,
        )


def failure_log(life: Life, clock: ClockObject) -> CosemObject:
    """Each long failure of the supply that is over: when it *ended*, and how long it lasted."""

    def cells(failure: Failure) -> Sequence[bytes]:
        return clock.date_time(failure.stamp), axdr.double_long_unsigned(failure.duration_s)

    content = Profile(
        columns=(CLOCK_COLUMN, _register(FAILURE_DURATION)), rows=lambda _: life.power_failure_log(), cells=cells
    )
    return _profile("1.0.99.97.0.255", lambda: content, life, POWER_FAILURE_LOG_ENTRIES)


def event_logs(life: Life, clock: ClockObject) -> Iterable[CosemObject]:
    """Each event log of the make, and the object that tells its last code."""
    for name, names in life.make.logs.items():
        yield _event_log(life, clock, name, names)
        last_code = partial(_last_code, life, name)
        yield CosemObject(class_id=DATA, obis=obis(names.code), attributes={2: last_code})


def _event_log(life: Life, clock: ClockObject, name: str, names: LogNames) -> CosemObject:
    def cells(entry: Entry) -> Sequence[bytes]:
        return clock.date_time(entry.stamp), _code(entry.code)

    content = Profile(columns=(CLOCK_COLUMN, _data(names.code)), rows=lambda _: _entries(life, name), cells=cells)
    return _profile(names.profile, lambda: content, life, ENTRIES_A_LOG)


def _entries(life: Life, name: str) -> list[Entry]:
    return [entry for entry in life.history.entries if entry.log == name]


def _last_code(life: Life, name: str, _at: datetime) -> bytes:
    return _code(max((entry.code for entry in _entries(life, name)[-1:]), default=0))


def _code(code: int) -> bytes:
    """One octet where it fits, as most meters have it."""
    return axdr.unsigned(code) if code <= 0xFF else axdr.long_unsigned(code)


def _data(name: str) -> Column:
    return Column(class_id=DATA, obis=obis(name))


def _register(name: str) -> Column:
    return Column(class_id=REGISTER, obis=obis(name))


def _profile(name: str, content: Callable[[], Profile[Rows]], life: Life, entries: int) -> CosemObject:
    def period_s() -> int:
        return content().period // timedelta(seconds=1)

    return CosemObject(
        class_id=PROFILE_GENERIC,
        version=1,
        obis=obis(name),
        selective={2: lambda selection, at: profile.read_buffer(content(), selection, at, life.zone)},
        attributes={
            3: lambda _: axdr.array(column.to_bytes() for column in content().columns),
            4: lambda _: axdr.double_long_unsigned(period_s()),
            5: lambda _: axdr.enumerated(_FIFO),
            6: lambda _: CLOCK_COLUMN.to_bytes(),
            7: lambda at: axdr.double_long_unsigned(len(content().rows(at))),
            8: lambda _: axdr.double_long_unsigned(entries),
        },
    )
