"""What the meter can be asked for: its COSEM objects (IEC 62056-62), as one table.

An object is a class, a logical name (OBIS) and a reader per attribute; a reader takes the time and gives A-XDR.
In comes the target of a GET, out goes its data, or `AccessDenied` with the result that says why there is none:
no such object, the object is of another class, no such attribute, or a selection where there is nothing to select.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from simulators.meter import axdr, cosem_time, profile
from simulators.meter.apdu import AccessDenied, DataAccessResult, Selection, Target
from simulators.meter.history import SwitchState
from simulators.meter.life import CAPTURE_PERIOD, LOAD_PROFILE_ENTRIES, POWER_FAILURE_LOG_ENTRIES, Failure, Life
from simulators.meter.profile import CLOCK_CLASS, CLOCK_COLUMN, CLOCK_OBIS, Column, Profile, Row

DATA, REGISTER, PROFILE_GENERIC, ASSOCIATION_LN, DISCONNECT_CONTROL = 1, 3, 7, 15, 70
Reader = Callable[[datetime], bytes]
SelectiveReader = Callable[[Selection | None, datetime], bytes]

_SECONDS, _WATTS, _WATT_HOURS, _VOLTS = 7, 27, 30, 35
_READ_ONLY = 1
_FIFO = 1
_INTERNAL_CRYSTAL = 1
_ASSOCIATED = 2
_REMOTE_RECONNECTION = 4
_PUBLIC_CLIENT, _MANAGEMENT_LOGICAL_DEVICE = 16, 1
_UNSPECIFIED_DATE_TIME = bytes.fromhex("ffffffffffffffffff8000ff")


def obis(text: str) -> bytes:
    """A logical name.

    >>> obis("1.0.99.1.0.255").hex(".")
    '01.00.63.01.00.ff'
    """
    return bytes(int(part) for part in text.split("."))


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemObject:
    """One object: what it is called, and how each of its attributes is read; the logical name is always attribute 1."""

    class_id: int
    obis: bytes
    attributes: dict[int, Reader]
    selective: dict[int, SelectiveReader] = field(default_factory=dict)
    version: int = 0

    def read(self, attribute: int, selection: Selection | None, at: datetime) -> bytes:
        """One attribute in A-XDR; raises AccessDenied."""
        if attribute in self.selective:
            return self.selective[attribute](selection, at)
        if selection is not None:
            raise AccessDenied(DataAccessResult.SCOPE_OF_ACCESS_VIOLATED)
        if attribute == 1:
            return axdr.octet_string(self.obis)
        if attribute not in self.attributes:
            raise AccessDenied(DataAccessResult.READ_WRITE_DENIED)
        return self.attributes[attribute](at)

    def list_element(self) -> bytes:
        """The object as it stands in the association's object list, every attribute to be read only."""
        return axdr.structure(
            axdr.long_unsigned(self.class_id),
            axdr.unsigned(self.version),
            axdr.octet_string(self.obis),
            axdr.structure(axdr.array(self._access_rights()), axdr.array(())),
        )

    def _access_rights(self) -> Iterable[bytes]:
        for attribute in sorted({1, *self.attributes, *self.selective}):
            selectors = axdr.NULL
            if attribute in self.selective:
                selectors = axdr.array((axdr.integer(profile.BY_RANGE), axdr.integer(profile.BY_ENTRY)))
            yield axdr.structure(axdr.integer(attribute), axdr.enumerated(_READ_ONLY), selectors)


class ObjectModel:
    """Every object of the meter, found by its logical name."""

    def __init__(self, objects: Iterable[CosemObject]) -> None:
        self._objects = {item.obis: item for item in objects}
        association = _association(self._objects.values())
        self._objects[association.obis] = association

    def has(self, class_id: int, name: bytes) -> bool:
        return name in self._objects and self._objects[name].class_id == class_id

    def read(self, target: Target, at: datetime, *, sees_all: bool = True) -> bytes:
        """One attribute of one object in A-XDR; raises AccessDenied."""
        if not sees_all and target.obis not in PUBLIC_OBJECTS:
            raise AccessDenied(DataAccessResult.READ_WRITE_DENIED)
        found = self._objects.get(target.obis)
        if found is None:
            raise AccessDenied(DataAccessResult.OBJECT_UNDEFINED)
        if found.class_id != target.class_id:
            raise AccessDenied(DataAccessResult.OBJECT_CLASS_INCONSISTENT)
        return found.read(target.member, target.selection, at)


CURRENT_ASSOCIATION = obis("0.0.40.0.0.255")
INVOCATION_COUNTER = obis("0.0.43.1.0.255")
# What a meter with locks still shows to everybody: what it takes to come in.
PUBLIC_OBJECTS = frozenset({CLOCK_OBIS, obis("0.0.42.0.0.255"), CURRENT_ASSOCIATION, INVOCATION_COUNTER})


def model_of(life: Life, heard_counter: Callable[[], int] | None = None) -> ObjectModel:
    """The objects of a household meter with one or three phases; `heard_counter` where there are keys to count for."""
    serial = life.history.serial.encode("ascii")
    return ObjectModel(
        [
            _clock(life),
            _data("0.0.42.0.0.255", lambda _: axdr.octet_string(b"LMP" + serial[-13:])),
            _data("0.0.96.1.0.255", lambda _: axdr.octet_string(serial)),
            _register("1.0.1.8.0.255", _WATT_HOURS, lambda at: axdr.double_long_unsigned(life.energy_import_wh(at))),
            _register("1.0.2.8.0.255", _WATT_HOURS, lambda at: axdr.double_long_unsigned(life.energy_export_wh(at))),
            _register("1.0.1.7.0.255", _WATTS, lambda at: axdr.double_long_unsigned(life.power_import_w(at))),
            _register("1.0.2.7.0.255", _WATTS, lambda at: axdr.double_long_unsigned(life.power_export_w(at))),
            *(_voltage(life, phase) for phase in range(1, life.phases + 1)),
            _data("0.0.96.7.21.255", lambda _: axdr.long_unsigned(life.power_failures())),
            _register("0.0.96.7.19.255", _SECONDS, lambda _: axdr.double_long_unsigned(life.last_failure_s())),
            _data("0.0.96.10.1.255", lambda at: axdr.unsigned(life.hour_status(at))),
            _disconnect_control(life),
            *_invocation_counter(heard_counter),
            _profile("1.0.99.1.0.255", _load_profile(life), life, CAPTURE_PERIOD, LOAD_PROFILE_ENTRIES),
            _profile("1.0.99.97.0.255", _power_failure_log(life), life, timedelta(), POWER_FAILURE_LOG_ENTRIES),
        ]
    )


def _load_profile(life: Life) -> Profile:
    """Each full hour's registers and status."""

    def cells(hour_end: datetime) -> tuple[bytes, ...]:
        return (
            axdr.octet_string(cosem_time.encode(hour_end, life.zone)),
            axdr.unsigned(life.hour_status(hour_end)),
            axdr.double_long_unsigned(life.energy_import_wh(hour_end)),
            axdr.double_long_unsigned(life.energy_export_wh(hour_end)),
        )

    return Profile(
        columns=(
            CLOCK_COLUMN,
            Column(class_id=DATA, obis=obis("0.0.96.10.1.255")),
            Column(class_id=REGISTER, obis=obis("1.0.1.8.0.255")),
            Column(class_id=REGISTER, obis=obis("1.0.2.8.0.255")),
        ),
        rows=lambda at: [Row(captured_at=hour, cells=partial(cells, hour)) for hour in life.captured_hours(at)],
    )


def _power_failure_log(life: Life) -> Profile:
    """Each failure of the supply that is over: when it *ended*, and how long it lasted."""

    def cells(failure: Failure) -> tuple[bytes, ...]:
        return (
            axdr.octet_string(cosem_time.encode(failure.ended_at, life.zone)),
            axdr.double_long_unsigned(failure.duration_s),
        )

    return Profile(
        columns=(CLOCK_COLUMN, Column(class_id=REGISTER, obis=obis("0.0.96.7.19.255"))),
        rows=lambda _: [
            Row(captured_at=failure.ended_at, cells=partial(cells, failure)) for failure in life.power_failure_log()
        ],
    )


def _data(name: str, value: Reader) -> CosemObject:
    return CosemObject(class_id=DATA, obis=obis(name), attributes={2: value})


def _invocation_counter(heard: Callable[[], int] | None) -> Iterable[CosemObject]:
    if heard is not None:
        yield CosemObject(
            class_id=DATA, obis=INVOCATION_COUNTER, attributes={2: lambda _: axdr.double_long_unsigned(heard())}
        )


def _register(name: str, unit: int, value: Reader, scaler: int = 0) -> CosemObject:
    scaler_unit = axdr.structure(axdr.integer(scaler), axdr.enumerated(unit))
    return CosemObject(class_id=REGISTER, obis=obis(name), attributes={2: value, 3: lambda _: scaler_unit})


def _voltage(life: Life, phase: int) -> CosemObject:
    """Tenths of a volt."""

    def value(at: datetime) -> bytes:
        return axdr.long_unsigned(round(life.voltage_v(phase, at) * 10))

    return _register(f"1.0.{12 + 20 * phase}.7.0.255", _VOLTS, value, scaler=-1)


def _clock(life: Life) -> CosemObject:
    def zone_has_summer_time(at: datetime) -> bool:
        return any(cosem_time.is_daylight_saving(at + timedelta(days=91 * quarter), life.zone) for quarter in range(4))

    def status(at: datetime) -> int:
        return cosem_time.STATUS_DAYLIGHT_SAVING if cosem_time.is_daylight_saving(at, life.zone) else 0

    unspecified = axdr.octet_string(_UNSPECIFIED_DATE_TIME)
    return CosemObject(
        class_id=CLOCK_CLASS,
        obis=CLOCK_OBIS,
        attributes={
            2: lambda at: axdr.octet_string(cosem_time.encode(at, life.zone)),
            3: lambda at: axdr.long(cosem_time.standard_deviation_minutes(at, life.zone)),
            4: lambda at: axdr.unsigned(status(at)),
            5: lambda _: unspecified,
            6: lambda _: unspecified,
            7: lambda _: axdr.integer(60),
            8: lambda at: axdr.boolean(zone_has_summer_time(at)),
            9: lambda _: axdr.enumerated(_INTERNAL_CRYSTAL),
        },
    )


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


def _profile(name: str, content: Profile, life: Life, period: timedelta, entries: int) -> CosemObject:
    capture_objects = axdr.array(column.to_bytes() for column in content.columns)
    return CosemObject(
        class_id=PROFILE_GENERIC,
        version=1,
        obis=obis(name),
        selective={2: lambda selection, at: profile.read_buffer(content, selection, at, life.zone)},
        attributes={
            3: lambda _: capture_objects,
            4: lambda _: axdr.double_long_unsigned(period // timedelta(seconds=1)),
            5: lambda _: axdr.enumerated(_FIFO),
            6: lambda _: CLOCK_COLUMN.to_bytes(),
            7: lambda at: axdr.double_long_unsigned(len(content.rows(at))),
            8: lambda _: axdr.double_long_unsigned(entries),
        },
    )


def _association(objects: Iterable[CosemObject]) -> CosemObject:
    """The association itself; `objects` is a live view, in which this object will stand too."""
    partners = axdr.structure(axdr.integer(_PUBLIC_CLIENT), axdr.long_unsigned(_MANAGEMENT_LOGICAL_DEVICE))
    return CosemObject(
        class_id=ASSOCIATION_LN,
        version=1,
        obis=CURRENT_ASSOCIATION,
        attributes={
            2: lambda _: axdr.array(item.list_element() for item in objects),
            3: lambda _: partners,
            8: lambda _: axdr.enumerated(_ASSOCIATED),
        },
    )
