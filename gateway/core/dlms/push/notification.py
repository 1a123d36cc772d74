"""What a meter sends unasked, as an APDU in clear: DataNotification and EventNotification, turned into a `Push`.

A DataNotification has a number, perhaps a time (plain, tagged, or with wildcards), and values, laid out in many ways;
an EventNotification has perhaps a time, one attribute and its value. Both may tell of an event. That of the MX382 class
comes under the code 128.128.128.128.128.0, with nothing but the meter's own number, while its capacitor lasts. A Dutch
SMR5 meter sends its number, the push setup that was triggered, and an alarm register: bit 0 of the third says that the
supply is gone; the number and the setup alone say that it is awake.
Refused, as Undecodable: any other APDU, and what cannot be read to its end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gateway.core.dlms import axdr, cosem_unit
from gateway.core.dlms.cosem_time import DATE_TIME_BYTES, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import OBIS_BYTES, Obis
from gateway.core.dlms.push import loose_axdr
from gateway.core.dlms.push.list_layout import ListLayout, laid_out
from gateway.core.dlms.push.pushed import EventKind, PushedEvent, PushedReading
from gateway.core.dlms.push.pushed_values import CLOCK_CODE, Named, exponent_and_unit, is_push_setup, named_values
from gateway.core.errors import Undecodable

DATA_NOTIFICATION, EVENT_NOTIFICATION = 0x0F, 0xC2
_INVOKE_ID_BYTES = 4
_PRESENT = 0x01
_LAST_GASP = Obis.parse("128.128.128.128.128.0")
_LAST_GASP_SETUP = Obis.parse("0.3.25.9.0.255")
_EQUIPMENT = Obis.parse("0.0.96.1.1.255")
_ALARM_REGISTERS = tuple(Obis.parse(f"0.0.97.98.{number}.255") for number in range(3))
_LAST_GASP_BIT = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What one APDU says: its time, its values, how many came without a code, and what happened."""

    sent_at: CosemDateTime | None
    readings: tuple[PushedReading, ...]
    unnamed: int
    sender: str = ""
    event: PushedEvent | None = None


def is_notification(apdu: bytes) -> bool:
    """Whether a meter sends such an APDU unasked."""
    return apdu[:1] in (bytes([DATA_NOTIFICATION]), bytes([EVENT_NOTIFICATION]))


def parse(apdu: bytes, layouts: Sequence[ListLayout]) -> Notification:
    """The APDU's meaning; raises Undecodable."""
    if apdu[:1] == bytes([DATA_NOTIFICATION]):
        return _data_notification(apdu, layouts)
    if apdu[:1] == bytes([EVENT_NOTIFICATION]):
        return _event_notification(apdu)
    raise Undecodable("this is no notification")


def behind(apdu: bytes) -> bytes:
    """The octets behind a notification, where its values keep to A-XDR; raises Undecodable."""
    if apdu[:1] == bytes([DATA_NOTIFICATION]):
        _, octets = _time(apdu[1 + _INVOKE_ID_BYTES :])
    else:
        _, octets = _time(apdu[1:])
        octets = octets[2 + OBIS_BYTES + 1 :]
    return axdr.decode_first(octets, loose_axdr.MAX_VALUES)[1]


def looks_right(apdu: bytes) -> bool:
    """Whether octets can be a notification, though perhaps of a layout that is not known: head, time, first type."""
    try:
        if apdu[:1] == bytes([EVENT_NOTIFICATION]):
            _event_notification(apdu)
            return True
        _, body = _time(apdu[1 + _INVOKE_ID_BYTES :])
    except Undecodable:
        return False
    return apdu[:1] == bytes([DATA_NOTIFICATION]) and body[:1] in (b"\x01", b"\x02", b"\x13")


def _data_notification(apdu: bytes, layouts: Sequence[ListLayout]) -> Notification:
    sent_at, octets = _time(apdu[1 + _INVOKE_ID_BYTES :])
    body = loose_axdr.decode(octets)
    alarm = _alarm(body, sent_at)
    if alarm is not None:
        return alarm
    values = laid_out(body, named_values(body), layouts)
    readings = tuple(_reading(value, value.code) for value in values if value.code is not None)
    unnamed = sum(value.code is None and value.value.type is not DataType.NULL_DATA for value in values)
    return Notification(sent_at=sent_at, readings=readings, unnamed=unnamed)


def _event_notification(apdu: bytes) -> Notification:
    sent_at, octets = _time(apdu[1:])
    if len(octets) < 2 + OBIS_BYTES + 1:
        raise Undecodable("an event notification is shorter than the attribute it names")
    code, value = Obis.of(octets[2 : 2 + OBIS_BYTES]), axdr.decode(octets[2 + OBIS_BYTES + 1 :], loose_axdr.MAX_VALUES)
    reading = _reading(Named(code=code, value=value), code)
    kind = EventKind.LAST_GASP if code == _LAST_GASP else EventKind.OTHER
    sender = reading.value if code == _LAST_GASP and isinstance(reading.value, str) else ""
    event = PushedEvent(kind=kind, obis=code, value=reading.value)
    return Notification(sent_at=sent_at, readings=(reading,), unnamed=0, sender=sender, event=event)


def _alarm(body: Data, sent_at: CosemDateTime | None) -> Notification | None:
    """The alarm of an SMR5 meter: its number, a push setup, and up to two alarm registers; None for anything else."""
    items = body.items()
    if body.type is not DataType.STRUCTURE or not 2 <= len(items) <= 4:
        return None
    equipment, setup, registers = items[0], items[1], items[2:]
    is_alarm = equipment.type is DataType.OCTET_STRING and is_push_setup(setup)
    if not is_alarm or any(register.type is not DataType.DOUBLE_LONG_UNSIGNED for register in registers):
        return None
    code = Obis.of(setup.octets())
    places = _ALARM_REGISTERS[2:] if code == _LAST_GASP_SETUP else _ALARM_REGISTERS
    if len(registers) > len(places):
        return None
    named = (Named(code=_EQUIPMENT, value=equipment), *map(_named, places, registers))
    readings = tuple(_reading(value, value.code) for value in named if value.code is not None)
    kind = EventKind.OTHER if registers else EventKind.WAKE_UP
    if code == _LAST_GASP_SETUP and registers and registers[0].integer() & _LAST_GASP_BIT:
        kind = EventKind.LAST_GASP
    event = PushedEvent(kind=kind, obis=code, value=readings[-1].value)
    return Notification(sent_at=sent_at, readings=readings, unnamed=0, sender=equipment.text(), event=event)


def _named(code: Obis, value: Data) -> Named:
    return Named(code=code, value=value)


def _time(octets: bytes) -> tuple[CosemDateTime | None, bytes]:
    """The notification's time: none, or 12 octets behind their length; some meters put a tag before it.

    The tag may be that of an octet-string or a date-time (Kaifa writes 09 0C), or say that an optional part is there.
    What stands there and is no time, of a clock that was never set, counts as none.
    """
    if octets[:1] == bytes([DataType.DATE_TIME]):
        length, rest = DATE_TIME_BYTES, octets[1:]
    else:
        is_tagged = octets[:1] in (bytes([DataType.OCTET_STRING]), bytes([_PRESENT]))
        length, rest = axdr.decode_length(octets[1:] if is_tagged else octets)
    if length not in (0, DATE_TIME_BYTES) or length > len(rest):
        raise Undecodable(f"the time of a notification has {DATE_TIME_BYTES} octets, not {length}")
    return _moment(rest[:length]), rest[length:]


def _moment(octets: bytes) -> CosemDateTime | None:
    try:
        return CosemDateTime.decode(octets)
    except Undecodable:
        return None


def _reading(named: Named, obis: Obis) -> PushedReading:
    exponent, unit = exponent_and_unit(named.scaler) if named.scaler else (0, "")
    at = _moment(_octets(named.at)) if named.at else None
    match named.value.value:
        case int() as number if not isinstance(number, bool) and exponent > 0:
            return PushedReading(obis=obis, value=Decimal(number * 10**exponent), unit=unit, at=at)
        case int() | float() as number if not isinstance(number, bool) and math.isfinite(number):
            return PushedReading(obis=obis, value=cosem_unit.scaled(number, exponent), unit=unit, at=at)
    return PushedReading(obis=obis, value=_text(named.value, obis), unit="", at=at)


def _octets(value: Data) -> bytes:
    return value.value.encode() if isinstance(value.value, CosemDateTime) else value.octets()


def _text(value: Data, obis: Obis) -> str:
    match value.value:
        case bytes() as octets if obis.octets[2:4] == CLOCK_CODE and len(octets) == DATE_TIME_BYTES:
            moment = _moment(octets)
            return octets.hex() if moment is None else moment.text()
        case bytes() | str():
            return value.text()
        case CosemDateTime() as moment:
            return moment.text()
        case CosemDate() | CosemTime() as pattern:
            return pattern.encode().hex()
        case tuple() as items:
            return _row_text(items)
        case other:
            return str(other).lower()


def _row_text(items: "tuple[Data, ...] | tuple[bool, ...]") -> str:
    """Bits as digits; the members of a list as they are, in brackets."""
    members = [item for item in items if isinstance(item, Data)]
    if len(members) < len(items) or not items:
        return "".join("1" if bit else "0" for bit in items)
    shown = (_row_text(item.value) if isinstance(item.value, tuple) else _member_text(item) for item in members)
    return f"[{', '.join(shown)}]"


def _member_text(item: Data) -> str:
    if item.type is DataType.OCTET_STRING and len(item.octets()) == OBIS_BYTES and not item.octets()[:5].isalnum():
        return str(Obis.of(item.octets()))
    return _text(item, _EQUIPMENT)
