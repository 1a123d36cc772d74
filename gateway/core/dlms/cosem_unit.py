"""Units as COSEM numbers them (Blue Book 4.3.2), for those an electricity meter and its neighbours use."""

from decimal import Decimal

from gateway.core.dlms.data import Data
from gateway.core.errors import Undecodable

NO_UNIT = 255
MAX_EXPONENT = 30
_SYMBOLS = {
    1: "a", 2: "mo", 3: "wk", 4: "d", 5: "h", 6: "min", 7: "s", 8: "°", 9: "°C",
    13: "m³", 14: "m³", 15: "m³/h", 16: "m³/h", 19: "l", 20: "kg", 23: "Pa", 24: "bar", 25: "J", 26: "J/h",
    27: "W", 28: "VA", 29: "var", 30: "Wh", 31: "VAh", 32: "varh", 33: "A", 34: "C", 35: "V", 38: "Ω",
    41: "V²h", 42: "A²h", 44: "Hz", 56: "%", NO_UNIT: "",
}  # fmt: skip


_NUMBERS = {symbol: number for number, symbol in reversed(_SYMBOLS.items())}


def number(symbol: str) -> int | None:
    """The unit's number by its symbol, None for one that is not known here.

    >>> number("Wh"), number("m³"), number(""), number("furlong")
    (30, 13, 255, None)
    """
    return _NUMBERS.get(symbol)


def symbol(unit: int) -> str:
    """The unit's symbol, empty for a plain count; an unfamiliar one keeps its number.

    >>> symbol(30), symbol(255), symbol(77)
    ('Wh', '', 'unit-77')
    """
    return _SYMBOLS.get(unit, f"unit-{unit}")


def scaler_unit(data: Data) -> tuple[int, int]:
    """Exponent of ten and unit, from a register's third attribute; raises Undecodable."""
    members = data.items()
    if len(members) != 2 or abs(members[0].integer()) > MAX_EXPONENT:
        raise Undecodable("a scaler and unit are an exponent of ten and the number of a unit")
    return members[0].integer(), members[1].integer()


def scaled(value: float, exponent: int) -> Decimal:
    """The value times a power of ten, exactly.

    >>> scaled(2364, -1)
    Decimal('236.4')
    """
    return Decimal(str(value)).scaleb(exponent)
