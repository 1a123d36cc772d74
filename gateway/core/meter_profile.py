"""A meter profile: what to ask one model of meter for, and what its answers mean. A new meter is a file, not code.

`interpret` turns a `Snapshot` into a `Reading`. It scales by what the meter says of each register, or by what the
profile fixes; it takes no register told in another unit than its quantity's; it never guesses. A quantity it cannot
give is absent from the reading, with the reason beside it.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS, ClockStatus
from gateway.core.dlms.cosem_unit import scaled, scaler_unit, symbol
from gateway.core.dlms.data import Data
from gateway.core.dlms.hdlc import ADDRESS_SIZES, FIRST_PHYSICAL, LAST_PHYSICAL
from gateway.core.dlms.hdlc_negotiation import LinkSettings
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.opto import SignOnSettings
from gateway.core.dlms.push.framings import TELEGRAMS
from gateway.core.errors import Undecodable
from gateway.core.line_address import LineAddress, SpeedAddress, TcpAddress
from gateway.core.meter_access import ProfileAccess
from gateway.core.meter_logs.alarm_registers import AlarmRegisters
from gateway.core.meter_logs.event_codes import MAX_NAME_CHARS
from gateway.core.meter_logs.event_log import EventLog
from gateway.core.profile_settings import (
    AlarmSettings,
    LineSettings,
    LoadProfileSettings,
    LogSettings,
    ObjectSettings,
    ProfileSettings,
    PushSettings,
    SupplySettings,
)
from gateway.core.reading import IntervalStatus, Reading, Snapshot
from gateway.core.registered_meter import MAX_SERIAL_CHARS
from runtime.errors import InputRefused
from wire.terms import Disconnector
from wire.units import Quantity

MAX_LOGS, MAX_ALARM_REGISTERS = 32, 16
SCALER_UNIT = 3  # the attribute of a register that holds its scaler and unit
REGISTER_CLASSES = (3, 4)  # register, extended register
# Which attribute of an interface class holds scaler and unit: a demand register (5) has another.
SCALER_ATTRIBUTES = dict.fromkeys(REGISTER_CLASSES, SCALER_UNIT) | {5: 4}
_MOST_TOLD = 2**62  # what a record can carry; one value beyond it must not cost the reading all others
_CONTROL_STATES = {0: Disconnector.OPEN, 1: Disconnector.CLOSED, 2: Disconnector.READY}
_METER_UNITS = {"Wh": ("Wh", 0), "W": ("W", 0), "mV": ("V", -3)}  # our unit -> the meter's, and ours as a power of ten


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Where a quantity stands in the meter. `exponent` None means that the meter's own scaler and unit are read."""

    attribute: Attribute
    exponent: int | None = None
    plus: tuple[Attribute, ...] = ()  # what is added to it: then the quantity is there only where every part is

    @property
    def parts(self) -> tuple[Attribute, ...]:
        """Every attribute whose value is a part of the quantity."""
        return (self.attribute, *self.plus)

    def scaler_of(self, part: Attribute) -> Attribute | None:
        """What to read to know a part's scaler; None where the profile fixes it or the class has none."""
        index = SCALER_ATTRIBUTES.get(part.class_id)
        return part.sibling(index) if index is not None and self.exponent is None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A load-profile column: whose energy, and whether it runs on or counts each period alone."""

    quantity: Quantity
    obis: Obis
    is_total: bool
    exponent: int | None  # None means that the register's own scaler and unit are read


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProfile:
    """Where the load profile stands and what its columns and status bits mean."""

    buffer: Attribute
    columns: tuple[Column, ...]
    status_obis: Obis | None
    status_bits: Mapping[int, IntervalStatus]
    is_by_entry: bool = False

    def status(self, value: int) -> IntervalStatus:
        """The meter's status in our words; bits the profile does not name are passed over."""
        found = IntervalStatus(0)
        for bit, meaning in self.status_bits.items():
            found |= meaning if value >> bit & 1 else IntervalStatus(0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterProfile:
    """One model of meter; see the module."""

    name: str
    title: str
    made_by: tuple[str, ...]
    line: LineSettings
    push: PushSettings
    sign_on: SignOnSettings
    link: LinkSettings
    access: ProfileAccess
    supply: SupplySettings
    serial: Attribute
    clock: Attribute
    unspecified_deviation_min: int | None
    quantities: Mapping[Quantity, Measured]
    load_profile: LoadProfile | None
    logs: tuple[EventLog, ...] = ()
    alarms: AlarmRegisters | None = None

    @classmethod
    def of(cls, name: str, settings: ProfileSettings) -> "MeterProfile":
        """From the file's settings; raises Undecodable for a code or an address that is none."""
        if settings.link.address_bytes not in ADDRESS_SIZES:
            raise Undecodable("link.address_bytes is 1, 2 or 4: HDLC knows no other addresses")
        _check_lists(settings)
        clock = ObjectSettings(class_id=settings.clock.class_id, obis=settings.clock.obis)
        return cls(
            name=name,
            title=settings.title,
            made_by=settings.made_by,
            line=settings.line,
            push=settings.push,
            sign_on=settings.sign_on,
            link=settings.link,
            access=ProfileAccess.of(settings.association),
            supply=settings.supply,
            serial=_attribute(settings.serial),
            clock=_attribute(clock),
            unspecified_deviation_min=settings.clock.unspecified_deviation_min,
            quantities={
                quantity: _measured(place)
                for quantity in Quantity
                if quantity.name.lower() not in settings.absent
                and (place := getattr(settings.quantities, quantity.name.lower())) is not None
            },
            load_profile=_load_profile(settings.load_profile) if settings.load_profile else None,
            alarms=_alarms(settings.alarms) if settings.alarms else None,
            logs=tuple(_event_log(name, log) for name, log in (settings.logs or {}).items()),
        )

    def addressed(self, address: int | None, line: LineAddress) -> "MeterProfile":
        """The profile for the meter with this lower HDLC address on `line`; the same profile where it has none.

        The address takes as many octets as the profile says, or more where it does not fit. Raises InputRefused for an
        address that no meter can have, or where an address makes no sense: an optical head sees one meter.
        """
        if address is None:
            return self
        if self.signs_on(line):
            do = f"leave the address out, or choose a profile without optical sign-on; {self.name} is for a head"
            raise InputRefused("an optical head sees one meter, which needs no address", where=f"{line}", do=do)
        if self.tells_itself:
            do = "leave the address out; on a shared head it is sign_on.device_address in the profile"
            raise InputRefused("an HDLC address is for a meter that speaks HDLC", where=f"{line}", do=do)
        if isinstance(line, TcpAddress) and not line.carries_hdlc:
            do = "leave the address out, or give hdlc+tcp://HOST:PORT"
            raise InputRefused("an address is for a line that carries HDLC", where=f"{line}", do=do)
        sizes = [size for size, last in LAST_PHYSICAL.items() if size >= self.link.address_bytes and address <= last]
        if address < FIRST_PHYSICAL or not sizes:
            do = f"give {FIRST_PHYSICAL} to {LAST_PHYSICAL[4]}: HDLC reserves the others"
            raise InputRefused(f"no meter has the address {address}", where=f"{line}", do=do)
        return replace(self, link=replace(self.link, server_physical=address, address_bytes=sizes[0]))

    def signs_on(self, line: LineAddress) -> bool:
        """Whether `line` begins at an optical head, in IEC 62056-21 mode E."""
        return isinstance(line, SpeedAddress) and self.line.sign_on == "mode-e"

    @property
    def speaks_text(self) -> bool:
        """Whether the meter is read as text: by a data readout, or by listening for its telegrams."""
        return self.tells_itself and not self.sends_lists

    @property
    def tells_itself(self) -> bool:
        """Whether what the meter says is its own choice: text in whole, or lists; nothing is asked for by its code."""
        return self.line.sign_on in ("mode-c", "listen")

    @property
    def sends_lists(self) -> bool:
        """Whether the meter is read by listening for the COSEM lists it pushes."""
        return self.line.sign_on == "listen" and self.push.framing not in TELEGRAMS

    @property
    def values(self) -> tuple[Attribute, ...]:
        """What to read each time: serial number, clock, every quantity and the alarms."""
        parts = (part for measured in self.quantities.values() for part in measured.parts)
        return (self.serial, self.clock, *parts, *(self.alarms.registers if self.alarms else ()))

    @property
    def scalers(self) -> tuple[Attribute, ...]:
        """What to read once of each meter, to scale its registers."""
        return self.scalers_of(self.values)

    def scalers_of(self, values: Collection[Attribute]) -> tuple[Attribute, ...]:
        """The scalers that these values need."""
        found = (
            measured.scaler_of(part)
            for measured in self.quantities.values()
            for part in measured.parts
            if part in values
        )
        return tuple(dict.fromkeys(attribute for attribute in found if attribute is not None))

    def serial_of(self, snapshot: Snapshot) -> str:
        """The meter's serial number; raises Undecodable where it does not give one."""
        data = snapshot.answers.get(self.serial)
        serial = data.text() if data is not None else ""
        if not serial:
            why = snapshot.denied.get(self.serial, "it is empty")
            raise Undecodable(f"the meter does not tell its serial number ({self.serial}): {why}")
        if not serial.isprintable() or len(serial) > MAX_SERIAL_CHARS:
            raise Undecodable(f"the meter's serial number ({self.serial}) is too long or holds what cannot be printed")
        return serial

    def deviation_min(self, snapshot: Snapshot) -> int:
        """How far the meter's local time lies from UTC: a range is asked for in it, which every meter understands.

        Raises Undecodable for a clock that is none.
        """
        clock = snapshot.answers.get(self.clock)
        unspecified_min = self.unspecified_deviation_min or 0
        return unspecified_min if clock is None else clock.date_time().deviation_in_force(unspecified_min)

    def interpret(self, snapshot: Snapshot) -> Reading:
        """The snapshot in the product's words; raises Undecodable only where the serial number is missing."""
        meter_clock_at, clock_status = self._clock_of(snapshot)
        values, unread = [], []
        for quantity, measured in self.quantities.items():
            try:
                values.append((quantity, _value(quantity, measured, snapshot)))
            except Undecodable as error:
                unread.append((quantity, str(error)))
        return Reading(
            taken_at=snapshot.read_at,
            meter_serial=self.serial_of(snapshot),
            meter_clock_at=meter_clock_at,
            clock_status=clock_status,
            values=tuple(values),
            unread=tuple(unread),
            is_authenticated=snapshot.is_authenticated,
            tells_time=snapshot.tells_time,
        )

    def _clock_of(self, snapshot: Snapshot) -> tuple[datetime | None, ClockStatus]:
        data = snapshot.answers.get(self.clock)
        status = UNSPECIFIED_STATUS
        if data is None:
            return None, status
        try:
            moment = data.date_time()
            status = moment.status
            return moment.to_utc(unspecified_deviation_min=self.unspecified_deviation_min), status
        except Undecodable:
            return None, status


def scaled_integer(data: Data, quantity: Quantity, *, exponent: int | None, scaler: Data | None) -> int:
    """A register's value in the quantity's own unit, rounded half to even; raises Undecodable.

    Args:
        exponent: the fixed power of ten, in the unit without prefix (Wh, W, V); None to go by `scaler`.
        scaler: the meter's scaler and unit; None for a plain count.
    """
    return _whole(_scaled_exactly(data, quantity, exponent, scaler))


def _scaled_exactly(data: Data, quantity: Quantity, exponent: int | None, scaler: Data | None) -> Decimal:
    number = data.number()
    if not math.isfinite(number):
        raise Undecodable(f"{number} is no measurement")
    wanted, our_exponent = _METER_UNITS.get(quantity.unit, ("", 0))
    if exponent is None:
        exponent, unit = scaler_unit(scaler) if scaler is not None else (0, None)
        if wanted and (unit is None or symbol(unit) != wanted):
            told = "no unit" if unit is None else symbol(unit) or "a count"
            raise Undecodable(f"the meter tells {quantity.name.lower()} in {told}, not in {wanted}")
    return scaled(number, exponent - our_exponent)


def _whole(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_HALF_EVEN))


def _value(quantity: Quantity, measured: Measured, snapshot: Snapshot) -> int:
    if quantity is Quantity.DISCONNECTOR:
        return _disconnector(_answer(measured.attribute, snapshot))
    total = Decimal(0)
    for part in measured.parts:
        data, scaler_at = _answer(part, snapshot), measured.scaler_of(part)
        scaler = snapshot.answers.get(scaler_at) if scaler_at else None
        total += _scaled_exactly(data, quantity, measured.exponent, scaler)
    if abs(total) > _MOST_TOLD:
        raise Undecodable(f"{total:.3e} is no measurement")
    return _whole(total)


def _answer(attribute: Attribute, snapshot: Snapshot) -> Data:
    data = snapshot.answers.get(attribute)
    if data is None:
        raise Undecodable(snapshot.denied.get(attribute, "not told"))
    return data


def _disconnector(data: Data) -> Disconnector:
    """Class 70: attribute 2 is the output (true while supply flows), attribute 3 the control state."""
    if isinstance(data.value, bool):
        return Disconnector.CLOSED if data.value else Disconnector.OPEN
    return _CONTROL_STATES.get(data.integer(), Disconnector.UNKNOWN)


def _attribute(place: ObjectSettings) -> Attribute:
    return Attribute(class_id=place.class_id, obis=Obis.parse(place.obis), index=place.attribute)


def _measured(place: ObjectSettings) -> Measured:
    attribute = _attribute(place)
    plus = tuple(replace(attribute, obis=Obis.parse(code)) for code in place.plus)
    return Measured(attribute=attribute, exponent=place.scaler, plus=plus)


def _alarms(settings: AlarmSettings) -> AlarmRegisters:
    places = (Obis.parse(register) for register in settings.registers)
    return AlarmRegisters(
        family=settings.family,
        registers=tuple(Attribute(class_id=settings.class_id, obis=obis, index=2) for obis in places),
    )


def _check_lists(settings: ProfileSettings) -> None:
    quantities = [quantity.name.lower() for quantity in Quantity]
    unknown = [name for name in settings.absent if name not in quantities]
    if unknown:
        raise Undecodable(f"{unknown[0]!r:.40} is no quantity", do=f"absent: one of {', '.join(quantities)}")
    if len(settings.logs or {}) > MAX_LOGS:
        raise Undecodable(f"no meter has more than {MAX_LOGS} logs")
    if settings.alarms and len(settings.alarms.registers) > MAX_ALARM_REGISTERS:
        raise Undecodable(f"no meter has more than {MAX_ALARM_REGISTERS} alarm registers")


def _event_log(name: str, settings: LogSettings) -> EventLog:
    is_name = 0 < len(name) <= MAX_NAME_CHARS and name.isprintable()
    if not is_name or len(settings.family) > MAX_NAME_CHARS:
        raise Undecodable(f"{name!r:.40} is no name of a log", do=f"give at most {MAX_NAME_CHARS} characters")
    return EventLog(
        name=name,
        buffer=Attribute(class_id=7, obis=Obis.parse(settings.obis), index=2),
        family=settings.family,
        code=Obis.parse(settings.code) if settings.code else None,
        duration=Obis.parse(settings.duration) if settings.duration else None,
        reads=settings.reads,
    )


def _load_profile(settings: LoadProfileSettings) -> LoadProfile:
    columns = {
        Quantity.ENERGY_IMPORT_WH: settings.energy_import_wh,
        Quantity.ENERGY_EXPORT_WH: settings.energy_export_wh,
    }
    bits = {
        getattr(settings.status, field.name): IntervalStatus[field.name.upper()]
        for field in (fields(settings.status) if settings.status else ())
        if field.name.upper() in IntervalStatus.__members__
    }
    return LoadProfile(
        buffer=Attribute(class_id=7, obis=Obis.parse(settings.obis), index=2),
        columns=tuple(
            Column(
                quantity=quantity,
                obis=Obis.parse(column.obis),
                is_total=column.counts == "total",
                exponent=column.scaler,
            )
            for quantity, column in columns.items()
            if column is not None
        ),
        status_obis=Obis.parse(settings.status.obis) if settings.status else None,
        status_bits={bit: meaning for bit, meaning in bits.items() if bit >= 0},
        is_by_entry=settings.access == "entry",
    )
