"""Pairs of bills of homes made up here, with what nobody outside can see: how much of their use went with the weather.

The simulator shares no code with the model that is measured on them. Its homes heat by a bend and not by a corner,
use more at weekends, have guests for two weeks and change their habits, so the model is wrong about them as it is
about real ones.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from math import cos, exp, pi
from random import Random
from typing import Final

from cloud.billing.bill_pair import Price, PriceOfDocument
from cloud.billing.explanation import BillSide, Factor, Terms
from cloud.billing.tariff import BillingPeriod
from cloud.billing.weather_model import Day
from cloud.kernel.money import Currency, Money

RATE: Final = PriceOfDocument(Currency.EUR)
_DAY: Final = timedelta(days=1)
_FIRST: Final = date(2024, 1, 1)
_PRICES: Final = [
    Price(
        a_day=Fraction(40, 100),
        off_peak_kwh=Fraction(17, 100) * dearer,
        peak_kwh=Fraction(31, 100) * dearer,
        allowance_kwh=Fraction(11),
        adder_kwh=Fraction(6, 100),
    )
    for dearer in (Fraction(1), Fraction(108, 100))
]
_NOTHING: Final = Money(0, Currency.EUR)
_HISTORY_DAYS: Final = 370
_WEEKEND: Final = (5, 6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two bills in a row, the days before the second, and each side's true energy by weather, in Wh."""

    previous: BillSide
    current: BillSide
    history: tuple[Day, ...]
    by_weather_wh: tuple[int, int]


class Home:
    """A home nobody knows: what it uses on a day, and how much of it goes with the weather."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._heats = random.choice((0.0, random.uniform(0.3, 1.3)))  # kWh for each kelvin
        self._cools = random.uniform(0.3, 1.5) if self._heats == 0 or random.random() < 0.4 else 0.0
        self._heats_below, self._cools_above = random.uniform(13, 18), random.uniform(19, 24)
        self._base = random.uniform(4, 16)
        self._noise = random.uniform(0.05, 0.2)
        self._guests = random.randrange(330)

    def by_weather(self, temperature: float) -> float:
        """kWh: no corner where heating begins, but a bend of some kelvin."""
        cold, heat = self._heats_below - temperature, temperature - self._cools_above
        return self._heats * _bend(cold) + self._cools * _bend(heat)

    def otherwise(self, at: int) -> float:
        """kWh of the rest, give or take."""
        weekly = 1.15 if at % 7 in _WEEKEND else 1.0
        visit = 1.5 if 0 <= at - self._guests < 14 else 1.0
        return self._base * weekly * visit * max(0.2, self._random.gauss(1, self._noise))


def _bend(kelvin: float) -> float:
    """Softly max(0, kelvin)."""
    return kelvin / (1 - exp(-kelvin / 1.2)) if abs(kelvin) > 1e-6 else 1.2


def pair(random: Random) -> Pair:
    """Two bills, some of the seven things changed between them."""
    home, lengths = Home(random), [random.randrange(28, 34) for _ in range(2)]
    ends = [_HISTORY_DAYS, _HISTORY_DAYS + lengths[0], _HISTORY_DAYS + sum(lengths)]
    habits = random.choice((1.0, 1.0, random.uniform(0.6, 1.8)))
    temperatures = _temperatures(random, ends[-1])
    weather_wh = [round(1000 * home.by_weather(temperature)) for temperature in temperatures]
    other_wh = [round(1000 * home.otherwise(at) * (habits if at >= ends[1] else 1)) for at in range(ends[-1])]
    used_wh = [one + two for one, two in zip(weather_wh, other_wh, strict=True)]
    peak = random.uniform(0.2, 0.35)
    sides = [
        _side(_FIRST + begin * _DAY, used_wh[begin:end], temperatures[begin:end], share, terms)
        for begin, end, share, terms in (
            (ends[0], ends[1], peak, (_PRICES[0], Fraction(5, 100), _NOTHING)),
            (ends[1], ends[2], peak + random.choice((0, 0, 0.12)), _changed(random)),
        )
    ]
    return Pair(
        previous=sides[0],
        current=sides[1],
        history=tuple(Day(temperatures[at], used_wh[at]) for at in range(ends[1])),
        by_weather_wh=(sum(weather_wh[ends[0] : ends[1]]), sum(weather_wh[ends[1] :])),
    )


def _temperatures(random: Random, count: int) -> list[float]:
    """A year's course that begins anywhere in the year, and spells of some days."""
    shift, spell, found = random.uniform(0, 2 * pi), 0.0, []
    for at in range(count):
        spell = 0.75 * spell + random.gauss(0, 2)
        found.append(13 - 10 * cos(2 * pi * at / 365 + shift) + spell)
    return found


def _changed(random: Random) -> tuple[Price, Fraction, Money]:
    """The prices, the tax and the event of the second bill."""
    correction = Money(random.randrange(-3_000, 3_000), Currency.EUR)
    return (
        random.choice((_PRICES[0], _PRICES[0], _PRICES[1])),
        random.choice((Fraction(5, 100), Fraction(5, 100), Fraction(8, 100))),
        random.choice((_NOTHING, _NOTHING, _NOTHING, correction)),
    )


def _side(
    first: date, used_wh: list[int], temperatures: list[float], peak: float, terms: tuple[Price, Fraction, Money]
) -> BillSide:
    price, tax, event = terms
    in_peak = round(sum(used_wh) * peak)
    side = BillSide(
        period=BillingPeriod(first_day=first, last_day=first + (len(used_wh) - 1) * _DAY),
        energy_wh={"off_peak": sum(used_wh) - in_peak, "peak": in_peak},
        temperatures_c=temperatures,
        price=price,
        tax=tax,
        event=event,
        stated=_NOTHING,
    )
    return replace(side, stated=RATE(side.terms))


def mixed(of: Pair, by_weather_wh: tuple[int, int], changed: frozenset[Factor]) -> Money:
    """The bill had just these things changed, when so much of each side's energy goes with the weather."""

    def side(factor: Factor) -> tuple[BillSide, int]:
        return (of.current, by_weather_wh[1]) if factor in changed else (of.previous, by_weather_wh[0])

    (warm, warm_wh), (lived, lived_wh) = side(Factor.WEATHER), side(Factor.BEHAVIOUR)
    a_day = Fraction(warm_wh, warm.period.days) + Fraction(lived.used_wh - lived_wh, lived.period.days)
    days, shared = side(Factor.DAYS)[0].period.days, side(Factor.TIME_OF_USE)[0]
    used = max(Fraction(0), a_day) * days
    return RATE(
        Terms(
            days=days,
            energy_wh={name: used * Fraction(wh, shared.used_wh) for name, wh in shared.energy_wh.items()},
            price=side(Factor.PRICE)[0].price,
            tax=side(Factor.TAX)[0].tax,
            event=side(Factor.EVENT)[0].event,
        )
    )
