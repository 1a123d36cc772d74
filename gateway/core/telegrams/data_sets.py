"""The lines of meters that speak text: `1-0:1.8.0*255(001234.567*kWh)`, as IEC 62056-21 and its kin write them.

What comes in is one line; what goes out are its data sets, each a code and the values in its brackets, and what those
mean: a number in a base unit (Wh, not kWh), a local time, an OBIS code of six groups. A short code is completed as the
standard has it (`1.8.0` is 1-0:1.8.0, `C.1.0` is 0-0:96.1.0, `F.F` is 0-0:97.97.0); `*01` is the first value kept from
before. A line that is none gives None: whether that matters, the reader of the telegram knows.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from gateway.core.dlms.cosem_time import UNSPECIFIED_STATUS, ClockStatus, CosemDate, CosemDateTime, CosemTime
from gateway.core.dlms.obis import Obis

MAX_LINE_CHARS = 8_192
NOW = 255  # group F of a value of this moment
CLOCK = Obis.parse("0-0:1.0.0")
_DAYLIGHT_SAVING = 0x80
_DATA_SETS = re.compile(r"([^()]{0,40})((?:\([^()]*\))+)")
_VALUE = re.compile(r"\(([^()]*)\)")
_CODE = re.compile(
    r"(?:(?P<a>\d{1,3})-(?P<b>\d{1,3})[:.])?(?P<c>\d{1,3}|[CFLP])[.:](?P<d>\d{1,3}|[F])(?:[.:](?P<e>\d{1,3}))?"
    r"(?:[*&.](?P<f>\d{1,3}))?",
    re.ASCII,
)
_LETTERS = {"C": 96, "F": 97, "L": 98, "P": 99}
_ABSTRACT = frozenset("CF")  # of the meter itself, not of its electricity
_AMOUNT = re.compile(r"(?P<number>[+-]?\d{1,15}(?:[.,]\d{1,10})?)(?:\*(?P<unit>[^*\s]{1,12}))?", re.ASCII)
_SCALED_UNIT = re.compile(r"(?P<prefix>[kKMGm]?)(?P<base>varh|var|vah|va|wh|w|v|a|hz|j)", re.ASCII | re.IGNORECASE)
_BASES = {base.casefold(): base for base in ("varh", "var", "VAh", "VA", "Wh", "W", "V", "A", "Hz", "J")}
_PREFIXES = {"": 0, "k": 3, "K": 3, "M": 6, "G": 9, "m": -3}
_OTHER_UNITS = {"m3": ("m³", 0), "dm3": ("m³", -3), "l": ("l", 0), "deg": ("°", 0), "C": ("°C", 0)}
_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)([SW]?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A code as it stands, and what is in the brackets after it."""

    code: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number in a base unit; the unit is empty where none was told."""

    number: Decimal
    unit: str


def data_sets(line: str) -> tuple[DataSet, ...] | None:
    """The data sets of a line, None where it holds anything else.

    >>> data_sets("1.6.0(02.589*kW)(0509134558)")
    (DataSet(code='1.6.0', values=('02.589*kW', '0509134558')),)
    """
    found, at = [], 0
    while at < len(line):
        match = _DATA_SETS.match(line, at)
        if match is None or len(line) > MAX_LINE_CHARS:
            return None
        found.append(DataSet(code=match[1].strip(), values=tuple(_VALUE.findall(match[2]))))
        at = match.end()
    return tuple(found) or None


def obis_of(code: str) -> Obis | None:
    """The code completed to six groups, None for what is no OBIS code.

    >>> [str(obis_of(code)) for code in ("1-0:1.8.1", "1.8.0*01", "C.1.0", "F.F", "GERA")]
    ['1.0.1.8.1.255', '1.0.1.8.0.1', '0.0.96.1.0.255', '0.0.97.97.0.255', 'None']
    """
    match = _CODE.fullmatch(code)
    if match is None:
        return None
    medium = 0 if match["c"] in _ABSTRACT else 1
    groups = (
        int(match["a"] or medium),
        int(match["b"] or 0),
        _group(match["c"]),
        _group(match["d"]),
        int(match["e"] or 0),
        int(match["f"] or NOW),
    )
    return Obis(bytes(groups)) if max(groups) <= 255 else None


def amount(text: str) -> Amount | None:
    """A number and its unit, scaled to the base unit; None for what is no number.

    >>> amount("000034.567*kWh")
    Amount(number=Decimal('34567'), unit='Wh')
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    number = Decimal(match["number"].replace(",", "."))
    unit, exponent = base_unit(match["unit"] or "")
    return Amount(number=scaled(number, exponent), unit=unit)


def scaled(number: Decimal, exponent: int) -> Decimal:
    """The number times a power of ten, exactly, and written without an exponent.

    >>> scaled(Decimal("0999.90"), 3), scaled(Decimal(5), 6)
    (Decimal('999900'), Decimal('5000000'))
    """
    return number.scaleb(exponent).quantize(Decimal(1).scaleb(min(0, _last_place(number) + exponent)))


def base_unit(unit: str) -> tuple[str, int]:
    """A unit as the base unit and a power of ten; one that is not known stays as it is.

    >>> base_unit("kWh"), base_unit("kVArh"), base_unit("mA"), base_unit("m3"), base_unit("ppm")
    (('Wh', 3), ('varh', 3), ('A', -3), ('m³', 0), ('ppm', 0))
    """
    if unit in _OTHER_UNITS:
        return _OTHER_UNITS[unit]
    match = _SCALED_UNIT.fullmatch(unit)
    if match is None:
        return unit, 0
    return _BASES[match["base"].casefold()], _PREFIXES[match["prefix"]]


def local_time(text: str) -> CosemDateTime | None:
    """`YYMMDDhhmmss`, with S for summer time, W for winter time, or without: the meter's local time; None for others.

    >>> local_time("170102192002W").text()
    '2017-01-02T19:20:02'
    """
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(field) for field in match.groups()[:6])
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second < 60):
        return None
    statuses = {"S": ClockStatus(octet=_DAYLIGHT_SAVING), "W": ClockStatus(octet=0)}
    return CosemDateTime(
        date=CosemDate(year=2000 + year, month=month, day=day, weekday=None),
        time=CosemTime(hour=hour, minute=minute, second=second, hundredths=0),
        deviation_min=None,
        status=statuses.get(match[7], UNSPECIFIED_STATUS),
    )


def _group(text: str) -> int:
    return _LETTERS[text] if text in _LETTERS else int(text)


def _last_place(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _days(year: int, month: int) -> int:
    if month == 2:
        return 28 if year % 4 else 29  # from 2000 to 2099
    return 30 if month in (4, 6, 9, 11) else 31
