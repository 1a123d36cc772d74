"""Faults to put into a home's hours, each on its own, once the home has been watched for eight weeks.

spike: one to three hours, one to two times the home's own highest hour on top; sustained: four to seven days at 1.8 to
2.8 times as much; base load: seven to twelve days with 0.6 to 1.2 times the mean on top; zero: two to four days of
nothing. What is missing stays missing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from statistics import fmean
from typing import Final

from benchmarks.use.homes import Home
from wire.terms import UseKind

WARM_UP_H: Final = 56 * 24
_LENGTHS_H: Final = {
    UseKind.SPIKE: (1, 3),
    UseKind.SUSTAINED: (4 * 24, 7 * 24),
    UseKind.BASE_LOAD: (7 * 24, 12 * 24),
    UseKind.ZERO: (2 * 24, 4 * 24),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What the home draws instead, from its hour `first` on."""

    kind: UseKind
    first: int
    hours_wh: tuple[float | None, ...]


def faults_of(home: Home, kind: UseKind, count: int) -> list[Fault]:
    """So many faults of a kind, anywhere in the home's hours; not where most of one is missing."""
    random = Random(f"{home.name}/{kind}")
    faults: list[Fault] = []
    while len(faults) < count:
        length = random.randint(*_LENGTHS_H[kind])
        first = random.randrange(WARM_UP_H, len(home.hours_wh) - length)
        hours = home.hours_wh[first : first + length]
        if 2 * sum(hour is not None for hour in hours) > length:
            spoil = _spoiling(kind, home, first, random)
            spoilt = tuple(None if hour is None else spoil(hour) for hour in hours)
            faults.append(Fault(kind=kind, first=first, hours_wh=spoilt))
    return faults


def _spoiling(kind: UseKind, home: Home, first: int, random: Random) -> Callable[[float], float]:
    before = [hour for hour in home.hours_wh[first - WARM_UP_H : first] if hour is not None] or [0.0]
    match kind:
        case UseKind.SPIKE:
            more_wh = random.uniform(1, 2) * max(before)
            return lambda hour: hour + more_wh
        case UseKind.SUSTAINED:
            times = random.uniform(1.8, 2.8)
            return lambda hour: hour * times
        case UseKind.BASE_LOAD:
            added_wh = random.uniform(0.6, 1.2) * fmean(before)
            return lambda hour: hour + added_wh
        case UseKind.ZERO:
            return lambda _hour: 0.0
