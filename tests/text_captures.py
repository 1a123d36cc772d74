"""Text telegrams of real meters in `LAMPLIGHT_DATA/dlms-captures`, and the values their publishers read in them.

Publishers write them as the literal line, or as a number with its unit under a name of their own, some of them nested.
Names differ from one meter to the next, so a value that is told by name has to be found among our readings, whatever
its code; one that is told by its code has to stand under that code.
"""

from datetime import UTC, datetime
from decimal import Decimal

from gateway.core.telegrams.data_sets import amount, local_time, obis_of
from tests import captures

UNITS = {"kWh": ("Wh", 3), "Wh": ("Wh", 0), "kW": ("W", 3), "kvarh": ("varh", 3), "kvar": ("var", 3), "m3": ("m³", 0)}
# The entries of the log of power failures that are the meter's birth, which we leave out, and the number of entries.
LEFT_OUT_S = 1_000_000_000
# Belgian peaks: we tell a peak by when it was, the publisher by the month's end as well.
TIMES = ("datetime", "occurred")


def load():
    """Every capture of text: those with a telegram, and sealed ones that tell the text in them."""
    return [capture for capture in captures.load() if "telegram" in capture or "plain_telegram" in capture]


def is_sealed(capture):
    return "plain_telegram" in capture


def has_crc(capture):
    return bool(capture.get("verified", {}).get("crc_ok"))


def by_code(capture):
    """The literal values by whole code; none where the publisher tells names."""
    found = {}
    for code, value in capture.get("expected", {}).items():
        obis = obis_of(code)
        if obis is not None and isinstance(value, str):
            found[str(obis)] = literal(value.strip("()"))
    return found


def literal(text):
    """A literal value as a reading tells it: a number in its base unit, a time, or the text."""
    told, moment = amount(text), local_time(text)
    if moment is not None:
        return moment.text(), ""
    return (told.number, told.unit) if told is not None and told.unit else (text, "")


def by_name(capture):
    """What the publisher tells by name: numbers in base units, and texts."""
    return [
        value
        for name, item in capture.get("expected", {}).items()
        if obis_of(name) is None
        for value in _values(item)
        if value is not None
    ]


def _values(item):
    if isinstance(item, list):
        return [value for each in item for value in _values(each)]
    if not isinstance(item, dict):
        return []
    if "value" in item:
        return [_value(item)]
    parts = [part for name, part in item.items() if name not in ("buffer_length", "buffer_type")]
    return [value for part in parts for value in _values(part)]


def _value(item):
    value, unit = item["value"], item["unit"] or ""
    if isinstance(value, (int, float)):
        base, exponent = UNITS.get(unit, (unit, 0))
        number = Decimal(str(value)).scaleb(exponent)
        return None if base == "s" and number > LEFT_OUT_S else (float(number), base)
    return None if not value else (_time_or_text(value), "")


def _time_or_text(value):
    """A text; of a time the minute and second, since its publisher wrote it in UTC and the meter did not."""
    try:
        return datetime.fromisoformat(value).astimezone(UTC).strftime("%M:%S")
    except ValueError:
        return value


def told(push):
    """Every value of a push, in the same form as `by_name`; texts as they stand, and as numbers where they are."""
    values = set()
    for reading in push.readings:
        number = amount(reading.value) if isinstance(reading.value, str) else None
        if isinstance(reading.value, Decimal):
            values |= {(float(reading.value), reading.unit), (f"{reading.value:f}", "")}
        elif number is not None:
            values.add((float(number.number), ""))
        if isinstance(reading.value, str):
            values |= {(reading.value, ""), (reading.value[-5:], "")}
    return values


def under_codes(push):
    """Values and units by whole code."""
    return {str(reading.obis): (reading.value, reading.unit) for reading in push.readings}
