"""What Rede Acácias publishes, a utility that does not exist, and what a month of it costs.

The cloud reckons bills from a tariff file; the utility has its own computer and its own program, and that the two agree
to the cent is worth something only if they share nothing. So the published prices stand here once more, and the
arithmetic is another: everything is counted in hundred-thousandths of a real for a kilowatt-hour.

Of a price V the utility keeps T = V (1 - ICMS) (1 - PIS - COFINS). A line is rounded half up to the cent. A month whose
flag was never published cannot be billed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from runtime.errors import InputRefused

TARIFF = "rede-acacias-b1"
CURRENCY = "BRL"
MINIMUM_WH = 30_000
COSIP_CENTS = 1_470
FIRST_DAY = date(2026, 1, 1)
_ENERGY = ((FIRST_DAY, 61_240), (date(2027, 7, 1), 65_380), (date(2029, 1, 1), 0))
"""From which day a kWh costs so many hundred-thousandths of a real; the last day is where nothing is published yet."""
_FLAGS = {"v": 0, "a": 1_885, "1": 4_463, "2": 7_877}
"""Green, yellow, red one and red two."""
_FLAG_OF_MONTHS = {2026: "vvvvaa111aav", 2027: "vvvvvvaa1avv", 2028: "vvvvvvaaavvv"}
_ICMS_PERCENT = 19
_PIS_COFINS_PERCENT = 5
_KEPT = (100 - _ICMS_PERCENT) * (100 - _PIS_COFINS_PERCENT)  # of ten thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a bill."""

    name: str
    energy_wh: int
    cents: int


def lines(energy_wh: Mapping[date, int], first_day: date, last_day: date) -> Iterator[Line]:
    """The lines of a bill; a line ends where its price changes. Raises InputRefused where no price is published."""
    days = [first_day + timedelta(days=at) for at in range((last_day - first_day).days + 1)]
    lacking_wh = max(0, MINIMUM_WH - sum(energy_wh[day] for day in days))
    for price, some in groupby(days, key=_energy_price):
        stretch = list(some)
        used = sum(energy_wh[day] for day in stretch)
        yield Line(name="energia", energy_wh=used, cents=_cents(used * price, 1))
        if lacking_wh:  # the least that is charged, shared out by days
            cents = _cents(lacking_wh * len(stretch) * price, len(days))
            yield Line(name="energia mínima", energy_wh=0, cents=cents)
    for price, some in groupby(days, key=_flag_price):
        used = sum(energy_wh[day] for day in some)
        yield Line(name="bandeira", energy_wh=used, cents=_cents(used * price, 1))
    yield Line(name="COSIP", energy_wh=0, cents=COSIP_CENTS)


def total_cents(energy_wh: Mapping[date, int], first_day: date, last_day: date) -> int:
    """What the bill of these days comes to."""
    return sum(line.cents for line in lines(energy_wh, first_day, last_day))


def _energy_price(day: date) -> int:
    price = next((price for since, price in reversed(_ENERGY) if since <= day), 0)
    if not price:
        raise _unpublished(day)
    return price


def _flag_price(day: date) -> int:
    months = _FLAG_OF_MONTHS.get(day.year)
    if months is None:
        raise _unpublished(day)
    return _FLAGS[months[day.month - 1]]


def _unpublished(day: date) -> InputRefused:
    return InputRefused(f"{TARIFF} publishes no price for {day}", do="bill days from 2026-01-01 to 2028-12-31")


def _cents(hundred_thousandths_wh: int, parts: int) -> int:
    """An amount with its taxes inside, rounded half up, from Wh times a price without, over so many parts."""
    # Wh / 1000 = kWh; price / 100 000 = R$; R$ x 100 = cents; V = T x 10 000 / kept.
    numerator, denominator = hundred_thousandths_wh * 10_000, 1_000_000 * _KEPT * parts
    return (2 * numerator + denominator) // (2 * denominator)
