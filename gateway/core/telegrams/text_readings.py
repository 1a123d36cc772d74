"""One value of a line of text as a reading: a number where it measures or counts, else the text as it stands.

Numbers that are told without a unit are codes or names (a tariff, a serial number with leading noughts), save for a few
counters and states by their code, and for what a meter measures of its electricity (groups C 1 to 95 of medium 1).
"""

from gateway.core.dlms.cosem_time import CosemDateTime
from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import PushedReading
from gateway.core.telegrams import data_sets

# By groups C and D: how often the supply failed, types and valves of connected devices.
_COUNTS = frozenset(((96, 7), (24, 1), (24, 4)))
_SWITCH = (96, 3, 10)
_MESSAGES = (96, 13)
_ELECTRICITY = 1
_MEASURED = range(1, 96)


def reading_of(obis: Obis, value: str, at: CosemDateTime | None = None) -> PushedReading:
    """The reading; `at` is the value's own time."""
    medium, kind = obis.octets[0], (obis.octets[2], obis.octets[3])
    amount = data_sets.amount(value.strip())
    is_counted = kind in _COUNTS or (*kind, obis.octets[4]) == _SWITCH
    if amount is not None and (amount.unit or is_counted or (medium == _ELECTRICITY and kind[0] in _MEASURED)):
        return PushedReading(obis=obis, value=amount.number, unit=amount.unit, at=at)
    if kind == _MESSAGES:
        return PushedReading(obis=obis, value=_message(value), unit="", at=at)
    moment = data_sets.local_time(value) if obis == data_sets.CLOCK else None
    return PushedReading(obis=obis, value=value if moment is None else moment.text(), unit="", at=at)


def verbatim(obis: Obis, values: tuple[str, ...]) -> PushedReading:
    """Values whose order nobody told us, as they stand in their brackets."""
    return PushedReading(obis=obis, value="".join(f"({value})" for value in values), unit="")


def _message(value: str) -> str:
    """A text for the customer, sent as hex."""
    try:
        text = bytes.fromhex(value).decode("utf-8")
    except ValueError:
        return value
    return text if text.isprintable() else value
