"""Whether two telegrams of one meter say the same: what has to be known before a value without a strong check counts.

A check of one octet, or none at all, lets a damaged telegram pass now and then; two that are damaged alike are another
matter. What names the meter, a count or a state must be equal in both. Energy may have grown by what the main fuse lets
pass in the time between, and by one step of the register's last digit. What is measured now (a voltage, a power) is of
no lasting harm, and is taken from the second as it stands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from gateway.core.dlms.obis import Obis
from gateway.core.dlms.push.pushed import Push, PushedReading

_ENERGIES = ("Wh", "varh", "VAh")
_MOMENTARY = frozenset(("W", "var", "VA", "V", "A", "Hz", "°", "°C", "%"))
_CLOCK_GROUPS = (b"\x01\x00", b"\x00\x09")  # C and D of a clock: its text is another in every telegram


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The second telegram without what the first did not say alike, and the codes of that."""

    push: Push
    disputed: frozenset[Obis]


def agreed(first: Push, second: Push, *, elapsed_s: float, most_power_w: int) -> Agreement:
    """What both telegrams vouch for; `elapsed_s` lies between them, at most."""
    most_growth_wh = Decimal(most_power_w) * Decimal(max(elapsed_s, 0)) / 3600
    before = {(reading.obis, reading.at): reading for reading in first.readings}
    kept, disputed = [], set(_unrepeated(first, second))
    for reading in second.readings:
        if _agrees(before.get((reading.obis, reading.at)), reading, most_growth_wh):
            kept.append(reading)
        else:
            disputed.add(reading.obis)
    return Agreement(push=replace(second, readings=tuple(kept)), disputed=frozenset(disputed))


def _unrepeated(first: Push, second: Push) -> Iterator[Obis]:
    told = {reading.obis for reading in second.readings}
    return (reading.obis for reading in first.readings if reading.obis not in told)


def _agrees(before: PushedReading | None, now: PushedReading, most_growth_wh: Decimal) -> bool:
    if now.unit in _MOMENTARY or now.obis.octets[2:4] in _CLOCK_GROUPS:
        return True
    if before is None or before.unit != now.unit:
        return False
    if now.unit in _ENERGIES and isinstance(before.value, Decimal) and isinstance(now.value, Decimal):
        return 0 <= now.value - before.value <= most_growth_wh + _last_digit(now.value)
    return before.value == now.value


def _last_digit(value: Decimal) -> Decimal:
    """One step of the number's last digit, as far as it shows: up to three noughts at its end may be of the unit.

    >>> [str(_last_digit(Decimal(value))) for value in ("1234.56", "1234", "1200", "12000000")]
    ['0.01', '1', '100', '1000']
    """
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < 0:
        return Decimal(1).scaleb(exponent)
    return next((Decimal(step) for step in (1_000, 100, 10) if value % step == 0), Decimal(1))
