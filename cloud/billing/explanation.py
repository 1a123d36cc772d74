"""Why a bill differs from another: seven causes, each with its part, to the cent, and what nobody can tell.

In go the two bills as sides: how long, how much in each period of the tariff, how warm each day was, which prices and
taxes held, and what was put right on it. With them come a rate, which says what any mixture of the two would cost,
and the home's earlier days. Out comes the change with the part of each cause (`attribution` says how).

What cannot be told is not guessed. Where too few days are known, where the home's use does not follow the weather, or
where a reading was estimated and never put right, weather and behaviour stay one part: use. A correction or a credit
is an event of its own and comes first, so that a catch-up is never taken for a change of habits. What the utility
asks beyond what we reckon is an event as well, and told as one; a cent or two are rounding and left to the causes.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final, Self

from cloud.billing.attribution import attribute
from cloud.billing.tariff import BillingPeriod
from cloud.billing.weather_model import CannotTell, Day, WeatherModel, WhyNot, fit
from cloud.kernel.money import Money, total

ROUNDING_MINOR: Final = 2
_LEAST_KNOWN_DAYS: Final = Fraction(9, 10)


class Factor(StrEnum):
    """What can change a bill, in the order it is told."""

    DAYS = "days"
    WEATHER = "weather"
    BEHAVIOUR = "behaviour"
    USE = "use"  # weather and behaviour, where nobody can tell them apart
    TIME_OF_USE = "time_of_use"
    PRICE = "price"
    TAX = "tax"
    EVENT = "event"


class Reading(StrEnum):
    """How the utility came to the energy of a bill."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    CATCH_UP = "catch_up"  # read again after an estimate, and put right


class Caveat(StrEnum):
    """What a reader has to know beside the parts."""

    TOO_LITTLE_HISTORY = "too_little_history"
    WEATHER_EXPLAINS_LITTLE = "weather_explains_little"
    TEMPERATURES_MISSING = "temperatures_missing"
    ESTIMATED = "estimated"  # put right by an amount, which is the event
    ESTIMATED_NOT_PUT_RIGHT = "estimated_not_put_right"
    CATCH_UP = "catch_up"
    UTILITY_RECKONS_OTHERWISE = "utility_reckons_otherwise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that a bill depends on. `price` and `tax` name what held, in whatever way the rate understands."""

    days: int
    energy_wh: Mapping[str, Fraction]
    """By period of the tariff."""
    price: Hashable
    tax: Hashable
    event: Money


Rate = Callable[[Terms], Money]


@dataclass(frozen=True, slots=True, kw_only=True)
class BillSide:
    """One of the two bills."""

    period: BillingPeriod
    energy_wh: Mapping[str, int]
    temperatures_c: Sequence[float | None]
    """The mean of each day as far as it is known."""
    price: Hashable
    tax: Hashable
    event: Money
    """A credit or a correction, as the rate takes it."""
    stated: Money
    """What the utility asks."""
    reckoned: Money | None = None
    """What we reckon by the days as they were; None where that is what the rate says."""
    reading: Reading = Reading.ACTUAL

    @property
    def used_wh(self) -> int:
        """The energy of the whole period."""
        return sum(self.energy_wh.values())

    @property
    def terms(self) -> Terms:
        """The bill as it is."""
        energy = {period: Fraction(wh) for period, wh in self.energy_wh.items()}
        return Terms(days=self.period.days, energy_wh=energy, price=self.price, tax=self.tax, event=self.event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The change from one bill to another, and the part of everything that may have caused it.

    The parts make up the change to the cent; what did not change has exactly nothing.
    """

    previous: Money
    current: Money
    parts: Mapping[Factor, Money]
    caveats: tuple[Caveat, ...]
    weather: WeatherModel | None
    """What the weather's part rests on; None where it cannot be told."""

    @property
    def change(self) -> Money:
        """What the bill rose by, negative for what it fell."""
        return self.current - self.previous

    @property
    def can_tell(self) -> bool:
        """Whether weather and behaviour are told apart."""
        return self.weather is not None

    @property
    def driver(self) -> Factor | None:
        """What moved the bill most, up or down; None where nothing did."""
        factor = max(self.parts, key=lambda factor: abs(self.parts[factor].minor))
        return factor if self.parts[factor].minor else None


def explain(previous: BillSide, current: BillSide, rate: Rate, history: Iterable[Day]) -> Explanation:
    """Why `current` differs from `previous`; `history` are the days before `current`, of a year or more.

    Raises WrongCurrency where the two are not in one currency, and what `rate` raises.
    """
    model = fit(history)
    caveats = _doubts(previous, current, model)
    weather = model if isinstance(model, WeatherModel) and not _UNTELLABLE.intersection(caveats) else None
    before, after = _Aspects.of(previous, weather), _Aspects.of(current, weather)
    was, now = (aspects.factors(can_tell=weather is not None) for aspects in (before, after))
    causes = [factor for factor in was if was[factor] != now[factor]]
    rated = [side.reckoned or rate(side.terms) for side in (previous, current)]
    differs = max(abs((previous.stated - rated[0]).minor), abs((current.stated - rated[1]).minor)) > ROUNDING_MINOR
    first, last = rated if differs or not causes else (previous.stated, current.stated)

    def bill(changed: frozenset[Factor]) -> Money:
        if len(changed) in {0, len(causes)}:  # the bills as they are, whose days were not all alike
            return last if changed else first
        return rate(_mixed(before, after, changed))

    parts = dict.fromkeys(was, Money(0, first.currency)) | attribute(causes, bill)
    parts[Factor.EVENT] += (current.stated - previous.stated) - total(parts.values(), first.currency)
    if differs:
        caveats = (*caveats, Caveat.UTILITY_RECKONS_OTHERWISE)
    return Explanation(previous=previous.stated, current=current.stated, parts=parts, caveats=caveats, weather=weather)


_UNTELLABLE: Final = frozenset({Caveat.TEMPERATURES_MISSING, Caveat.ESTIMATED_NOT_PUT_RIGHT})
_DOUBT_OF: Final = {
    WhyNot.TOO_LITTLE_HISTORY: Caveat.TOO_LITTLE_HISTORY,
    WhyNot.WEATHER_EXPLAINS_LITTLE: Caveat.WEATHER_EXPLAINS_LITTLE,
}


def _doubts(previous: BillSide, current: BillSide, model: WeatherModel | CannotTell) -> tuple[Caveat, ...]:
    """What is known against the sides and the model, each once."""
    found = {}
    for side in (previous, current):
        if side.reading is Reading.CATCH_UP:
            found[Caveat.CATCH_UP] = True
        if side.reading is Reading.ESTIMATED:
            found[Caveat.ESTIMATED if side.event.minor else Caveat.ESTIMATED_NOT_PUT_RIGHT] = True
        if len(_known(side)) < side.period.days * _LEAST_KNOWN_DAYS:
            found[Caveat.TEMPERATURES_MISSING] = True
    if isinstance(model, CannotTell):
        found[_DOUBT_OF[model.why]] = True
    return tuple(found)


def _known(side: BillSide) -> Sequence[float]:
    return [temperature for temperature in side.temperatures_c if temperature is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Aspects:
    """A side taken apart, so that each factor can be taken from one bill or the other."""

    days: int
    by_weather: Fraction  # Wh a day
    otherwise: Fraction  # Wh a day; all of it where the weather cannot be told
    shares: tuple[tuple[str, Fraction], ...]
    price: Hashable
    tax: Hashable
    event: Money

    @classmethod
    def of(cls, side: BillSide, weather: WeatherModel | None) -> Self:
        """What the side is made of, the weather's share of its use by this model."""
        by_weather = Fraction(0)
        if weather is not None:
            known = _known(side)
            by_weather = Fraction(round(sum(map(weather.weather_wh, known))), len(known))
        return cls(
            days=side.period.days,
            by_weather=by_weather,
            otherwise=Fraction(side.used_wh, side.period.days) - by_weather,
            shares=tuple((name, Fraction(wh, side.used_wh)) for name, wh in sorted(side.energy_wh.items()) if wh),
            price=side.price,
            tax=side.tax,
            event=side.event,
        )

    def factors(self, *, can_tell: bool) -> dict[Factor, Hashable]:
        """By factor what it is here; two sides differ in the factors whose values do."""
        use: dict[Factor, Hashable] = {Factor.USE: self.otherwise}
        if can_tell:
            use = {Factor.WEATHER: self.by_weather, Factor.BEHAVIOUR: self.otherwise}
        rest = {Factor.TIME_OF_USE: self.shares, Factor.PRICE: self.price, Factor.TAX: self.tax}
        return {Factor.DAYS: self.days, **use, **rest, Factor.EVENT: self.event}


def _mixed(before: _Aspects, after: _Aspects, changed: frozenset[Factor]) -> Terms:
    """A bill put together from both; one in which habits outweigh the weather uses nothing, and never less."""

    def of(*factors: Factor) -> _Aspects:
        return before if changed.isdisjoint(factors) else after

    days = of(Factor.DAYS).days
    used = days * max(Fraction(0), of(Factor.WEATHER).by_weather + of(Factor.BEHAVIOUR, Factor.USE).otherwise)
    shares = of(Factor.TIME_OF_USE).shares or before.shares or after.shares  # a bill without use has none of its own
    return Terms(
        days=days,
        energy_wh={period: used * share for period, share in shares},
        price=of(Factor.PRICE).price,
        tax=of(Factor.TAX).tax,
        event=of(Factor.EVENT).event,
    )
