"""The objects of a household meter, as one table: what is there, of which class, and how it is told.

The life says what is measured, the make in which words. Counters, keys and clocks that a reader may change go through
`Hands`, so that whoever keeps the history sees every change.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from simulators.meter import axdr
from simulators.meter.axdr import Value
from simulators.meter.clock_object import Change, ClockObject
from simulators.meter.cosem_object import (
    DATA,
    DISCONNECT_CONTROL,
    INVOCATION_COUNTER,
    REGISTER,
    SECURITY_SETUP,
    CosemObject,
    ObjectModel,
    Reader,
    obis,
)
from simulators.meter.history import History, SwitchState
from simulators.meter.life import Life
from simulators.meter.profile_objects import FAILURE_DURATION, LoadProfile, event_logs, failure_log

_SECONDS, _WATTS, _WATT_HOURS, _VOLTS = 7, 27, 30, 35
_REMOTE_RECONNECTION = 4
_AUTHENTICATED_AND_ENCRYPTED = 3
_SUITE_0 = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """What a meter with keys tells of them, and how it is given new ones."""

    title: bytes
    heard_counter: Callable[[], int]
    take_keys: Callable[[Value, datetime], None]


def model_of(
    life: Life, locks: Locks | None = None, *, change: Change | None = None, clock: ClockObject | None = None
) -> ObjectModel:
    """The objects of a household meter with one or three phases; with `locks` where there are keys.

    `change` is told every change a reader makes, `clock` is the one to use where somebody else needs it, too.
    """

    def become(history: History, _at: datetime) -> None:
        life.history = history

    serial = life.history.serial.encode("ascii")
    clock = clock or ClockObject(life, change or become)
    return ObjectModel(
        [
            clock.as_object(),
            _data("0.0.42.0.0.255", lambda _: axdr.octet_string(b"LMP" + serial[-13:])),
            *(_data(name, lambda _: axdr.octet_string(serial)) for name in life.make.serial_at),
            *(_text(name, text) for name, text in life.make.texts.items()),
            *_energies(life),
            _register("1.0.1.7.0.255", _WATTS, lambda at: axdr.double_long_unsigned(life.power_import_w(at))),
            _register("1.0.2.7.0.255", _WATTS, lambda at: axdr.double_long_unsigned(life.power_export_w(at))),
            *(_voltage(life, phase) for phase in range(1, life.phases + 1)),
            *_demand(life),
            *_supply_counters(life),
            *_status(life),
            _disconnect_control(life),
            *_locks(locks),
            LoadProfile(life, clock, lambda wh: _energy(wh, life.make.energy_scaler)).as_object(),
            failure_log(life, clock),
            *event_logs(life, clock),
        ]
    )


def _energies(life: Life) -> Iterable[CosemObject]:
    scaler = life.make.energy_scaler

    def register(name: str, watt_hours: Callable[[datetime], int]) -> CosemObject:
        return _register(name, _WATT_HOURS, lambda at: _energy(watt_hours(at), scaler), scaler)

    for channel, total in (("1.0.1.8", life.energy_import_wh), ("1.0.2.8", life.energy_export_wh)):
        yield register(f"{channel}.0.255", total)
        if life.make.tariffs == 2:
            # The cheap third of each day's use, near enough: what matters is that both add up to the total.
            yield register(f"{channel}.1.255", lambda at, total=total: total(at) // 3)  # type: ignore[misc]
            yield register(f"{channel}.2.255", lambda at, total=total: total(at) - total(at) // 3)  # type: ignore[misc]


def _energy(watt_hours: int, scaler: int) -> bytes:
    """In steps of the scaler; steps finer than a watt-hour need eight octets."""
    if scaler < 0:
        return axdr.long64_unsigned(watt_hours * 10**-scaler)
    return axdr.double_long_unsigned(watt_hours // 10**scaler)


def _demand(life: Life) -> Iterable[CosemObject]:
    if "demand" in life.make.columns:

        def last_demand(at: datetime) -> bytes:
            return axdr.double_long_unsigned(max((life.demand_w(row.at) for row in life.captures(at)[-1:]), default=0))

        yield _register("1.0.1.5.0.255", _WATTS, last_demand)


def _supply_counters(life: Life) -> Iterable[CosemObject]:
    """Failures, short and long; how long the last was; and how often each phase sagged or swelled."""
    yield _data("0.0.96.7.21.255", lambda _: axdr.long_unsigned(life.power_failures()))
    yield _data("0.0.96.7.9.255", lambda _: axdr.long_unsigned(life.long_power_failures()))
    yield _register(FAILURE_DURATION, _SECONDS, lambda _: axdr.double_long_unsigned(life.last_failure_s()))
    for phase in range(1, life.phases + 1):
        yield _data(f"1.0.{12 + 20 * phase}.32.0.255", lambda _: axdr.long_unsigned(life.history.sags))
        yield _data(f"1.0.{12 + 20 * phase}.36.0.255", lambda _: axdr.long_unsigned(life.history.swells))


def _status(life: Life) -> Iterable[CosemObject]:
    if "status" in life.make.columns:

        def last_status(at: datetime) -> bytes:
            return axdr.unsigned(max((life.status(row) for row in life.captures(at)[-1:]), default=0))

        yield _data(life.make.status_at, last_status)


def _data(name: str, value: Reader) -> CosemObject:
    return CosemObject(class_id=DATA, obis=obis(name), attributes={2: value})


def _text(name: str, text: str) -> CosemObject:
    return _data(name, lambda _: axdr.octet_string(text.encode("ascii")))


def _register(name: str, unit: int, value: Reader, scaler: int = 0) -> CosemObject:
    scaler_unit = axdr.structure(axdr.integer(scaler), axdr.enumerated(unit))
    return CosemObject(class_id=REGISTER, obis=obis(name), attributes={2: value, 3: lambda _: scaler_unit})


def _voltage(life: Life, phase: int) -> CosemObject:
    """In the make's steps, tenths of a volt as a rule."""
    scaler = life.make.voltage_scaler

    def value(at: datetime) -> bytes:
        return axdr.long_unsigned(round(life.voltage_v(phase, at) * 10**-scaler))

    return _register(f"1.0.{12 + 20 * phase}.7.0.255", _VOLTS, value, scaler)


def _disconnect_control(life: Life) -> CosemObject:
    return CosemObject(
        class_id=DISCONNECT_CONTROL,
        obis=obis("0.0.96.3.10.255"),
        attributes={
            2: lambda _: axdr.boolean(life.history.switch_state is SwitchState.CLOSED),
            3: lambda _: axdr.enumerated(life.history.switch_state),
            4: lambda _: axdr.enumerated(_REMOTE_RECONNECTION),
        },
    )


def _locks(locks: Locks | None) -> Iterable[CosemObject]:
    if locks is None:
        return
    heard, title, take = locks.heard_counter, axdr.octet_string(locks.title), locks.take_keys
    yield CosemObject(
        class_id=DATA, obis=INVOCATION_COUNTER, attributes={2: lambda _: axdr.double_long_unsigned(heard())}
    )
    yield CosemObject(
        class_id=SECURITY_SETUP,
        obis=obis("0.0.43.0.0.255"),
        attributes={
            2: lambda _: axdr.enumerated(_AUTHENTICATED_AND_ENCRYPTED),
            3: lambda _: axdr.enumerated(_SUITE_0),
            4: lambda _: axdr.octet_string(b""),
            5: lambda _: title,
        },
        methods={2: take},
    )
