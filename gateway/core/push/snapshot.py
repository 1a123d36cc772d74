"""A push or a telegram as a `Snapshot`, so that a meter that speaks unasked is interpreted like one that was asked.

Each reading answers for a register of its code: its value, and its scaler and unit beside it. What the profile keeps
under another interface class (a serial number, a switch, a count) is answered there as well, by the code alone: text
knows no classes. What the profile names and the message lacks is denied with a reason, never guessed.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from gateway.core.dlms import cosem_unit
from gateway.core.dlms.data import Data, DataType
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.push.pushed import Protection, Push, PushedReading
from gateway.core.meter_profile import SCALER_ATTRIBUTES, MeterProfile
from gateway.core.reading import Snapshot

NOT_SENT = "not in what the meter sends"
NOT_IN_LIST = "not in this list; the meter sends its longest every {minutes:g} min"
DISPUTED = "two messages without a strong check did not say it alike"
MAX_DIGITS = 30
_LEAST_HEX_DIGITS = 20
_HEX_DIGITS = frozenset("0123456789abcdefABCDEF")
_REGISTER = 3
_DEVICE_NAME = Obis.parse("0.0.42.0.0.255")  # what a message says of its sender, where it names no meter


def snapshot_of(push: Push, profile: MeterProfile, read_at: datetime, *, disputed: Collection[Obis] = ()) -> Snapshot:
    """The push as the answers of its meter; `read_at` is the gateway's clock when it began to arrive.

    `disputed` are codes left out of it, since two messages did not say them alike.
    """
    answers: dict[Attribute, Data] = {}
    by_code: dict[bytes, PushedReading] = {}
    for reading in push.readings:
        if reading.obis.octets not in by_code:  # a message that says a thing twice: its first word counts
            by_code[reading.obis.octets] = reading
            answers.update(_answers(reading, Attribute(class_id=_REGISTER, obis=reading.obis, index=2)))
    if push.sender and _DEVICE_NAME.octets not in by_code:
        by_code[_DEVICE_NAME.octets] = PushedReading(obis=_DEVICE_NAME, value=push.sender, unit="")
    for wanted in profile.values:
        spoken = by_code.get(wanted.obis.octets)
        if spoken is not None:
            answers.update(_answers(spoken, wanted))
    serial = by_code.get(profile.serial.obis.octets)
    if serial is not None and isinstance(serial.value, str):
        answers[profile.serial] = Data(DataType.VISIBLE_STRING, _name(serial.value))
    if push.sent_at is not None:
        answers[profile.clock] = Data(DataType.DATE_TIME, push.sent_at)
    return Snapshot(
        read_at=read_at,
        answers=answers,
        denied=_denied(profile, answers, disputed),
        is_authenticated=push.protection is not Protection.UNCHECKED,
        tells_time=profile.clock in answers,
    )


def names_its_meter(push: Push, profile: MeterProfile) -> bool:
    """Whether the push says whose it is: many customer ports send short lists in between that do not."""
    place = profile.serial.obis
    return any(reading.obis == place for reading in push.readings) or (place == _DEVICE_NAME and bool(push.sender))


def _answers(reading: PushedReading, place: Attribute) -> Iterator[tuple[Attribute, Data]]:
    value = reading.value
    if isinstance(value, str):
        yield place, Data(DataType.VISIBLE_STRING, value)
        return
    exponent, number = _exponent(value), cosem_unit.number(reading.unit)
    if number is None or abs(exponent) > cosem_unit.MAX_EXPONENT or value.adjusted() > MAX_DIGITS:
        yield place, Data(DataType.VISIBLE_STRING, f"{value} {reading.unit}".rstrip())
        return
    yield place, Data(DataType.LONG64, int(value.scaleb(-exponent)))
    if place.class_id in SCALER_ATTRIBUTES:
        scaler = (Data(DataType.INTEGER, exponent), Data(DataType.ENUM, number))
        yield place.sibling(SCALER_ATTRIBUTES[place.class_id]), Data(DataType.STRUCTURE, scaler)


def _name(text: str) -> str:
    """A serial number; P1 sends those of its meters as hex, and no meter is called by so many decimal digits.

    >>> _name("4B384547303034303436333935353037"), _name("0272031312565")
    ('K8EG004046395507', '0272031312565')
    """
    if len(text) < _LEAST_HEX_DIGITS or len(text) % 2 or not _HEX_DIGITS.issuperset(text):
        return text
    name = bytes.fromhex(text)
    return name.decode("ascii") if name.isalnum() else text


def _exponent(value: Decimal) -> int:
    """The power of ten of the value's last digit, and never above nought, so that 4E+3 Wh stays a whole number."""
    exponent = value.as_tuple().exponent
    return min(exponent, 0) if isinstance(exponent, int) else cosem_unit.MAX_EXPONENT + 1


def _denied(
    profile: MeterProfile, answers: Mapping[Attribute, Data], disputed: Collection[Obis]
) -> dict[Attribute, str]:
    minutes = profile.push.longest_interval_s / 60
    not_sent = NOT_IN_LIST.format(minutes=minutes) if minutes else NOT_SENT
    return {
        wanted: DISPUTED if wanted.obis in disputed else not_sent for wanted in profile.values if wanted not in answers
    }
