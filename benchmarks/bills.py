"""How well a bill is explained and projected: against a truth we simulate, and beside the run rate on recorded homes.

Explanations: `benchmarks.bill_pairs` makes homes up, and their truth is the exact attribution on their hidden weather.
Beside it stands the usual way, one change after the other in the order they are told, with the same weather model;
what is told is right only as far as no other order would tell it differently.

Projections: the recorded homes of LAMPLIGHT_DATA/load, left out and said so where there are none; each cycle of thirty
days from the tenth week on, on days 10 and 20, weather known up to yesterday. The run rate is the mean of the cycle so
far, times its days. A range is to hold eight in ten. Seeded; `--full` plays more pairs.
"""

import csv
import gzip
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import mean, median
from time import perf_counter
from typing import Final

from benchmarks.bill_pairs import RATE, Pair, mixed, pair
from benchmarks.report import Row, main
from cloud.billing.attribution import attribute
from cloud.billing.explanation import Factor, explain
from cloud.billing.projection import Projection, project
from cloud.billing.tariff import BillingPeriod
from cloud.billing.weather_model import WeatherModel, fit
from cloud.kernel.money import Currency, Money

SEED: Final = 20_261_122
LIMIT_EXACT: Final = 0.1
LIMIT_WITHIN: Final = 90.0
LIMIT_TOLD: Final = 60.0
LIMIT_MS: Final = 50.0
LEAST_COVERED, MOST_COVERED = 70.0, 95.0
_WITHIN: Final = 5.0
_CYCLE: Final = timedelta(days=30)
_DAY: Final = timedelta(days=1)
_PARTS: Final = [factor for factor in Factor if factor is not Factor.USE]
_EXACT: Final = [factor for factor in _PARTS if factor not in {Factor.WEATHER, Factor.BEHAVIOUR}]
_WEATHER: Final = [Factor.WEATHER, Factor.BEHAVIOUR]
_HOMES: Final = (
    ("uk0_hourly.csv.gz", "kwh", 24, "uk0_temp.csv.gz"),
    ("lcl_uk2_30min.csv.gz", "kwh", 48, "lcl_uk2_temp.csv.gz"),
    ("ausgrid12_30min.csv.gz", "gc_kwh", 48, ""),
)

Parts = Mapping[Factor, int]


def measure(full: bool) -> Sequence[Row]:
    """The rows of explanations, of projections, and what each takes."""
    return [*_explanations(400 if full else 60), *_projections()]


def _explanations(count: int) -> Iterator[Row]:
    random = Random(SEED)
    pairs = [pair(random) for _ in range(count)]
    exact, ours, usual, right, took_ms, fitted_ms = [], [], [], [], [], []
    for each in pairs:
        began = perf_counter()
        model = fit(each.history)
        fitted_ms.append(1_000 * (perf_counter() - began))
        began = perf_counter()
        told = explain(each.previous, each.current, RATE, each.history)
        took_ms.append(1_000 * (perf_counter() - began))
        truth = _shapley(each, each.by_weather_wh)
        if isinstance(model, WeatherModel):
            parts = {factor: part.minor for factor, part in told.parts.items()}
            exact.append(_error(parts, truth, _EXACT, each))
            ours.append(_error(parts, truth, _WEATHER, each))
            usual.append(_error(_sequential(each, _guessed(each, model)), truth, _WEATHER, each))
            right.append(told.driver is max(truth, key=lambda factor: abs(truth[factor])))
    yield _limit("pairs in which weather is told", 100 * len(ours) / count, LIMIT_TOLD, less_is_better=False)
    yield _limit("days, prices, taxes, events, time of use: worst error", max(exact), LIMIT_EXACT)
    yield _beside("weather and behaviour: mean error", mean(ours), mean(usual), "sequential")
    yield _beside("weather and behaviour: worst error", max(ours), max(usual), "sequential")
    within = 100 * sum(error <= _WITHIN for error in ours) / len(ours)
    yield _limit(f"weather and behaviour within {_WITHIN:.0f} %", within, LIMIT_WITHIN, less_is_better=False)
    yield _limit("biggest driver right", 100 * mean(right), LIMIT_WITHIN, less_is_better=False)
    yield _limit("one explanation", median(took_ms), LIMIT_MS, unit="ms")
    yield _limit("of that, fitting a year", median(fitted_ms), LIMIT_MS, unit="ms")


def _shapley(of: Pair, by_weather_wh: tuple[int, int]) -> Parts:
    def bill(changed: frozenset[Factor]) -> Money:
        return mixed(of, by_weather_wh, changed)

    return {factor: part.minor for factor, part in attribute(_PARTS, bill).items()}


def _sequential(of: Pair, by_weather_wh: tuple[int, int]) -> Parts:
    bills = [mixed(of, by_weather_wh, frozenset(_PARTS[:count])).minor for count in range(len(_PARTS) + 1)]
    return {factor: bills[at + 1] - bills[at] for at, factor in enumerate(_PARTS)}


def _guessed(of: Pair, model: WeatherModel) -> tuple[int, int]:
    previous, current = (
        round(sum(model.weather_wh(known) for known in side.temperatures_c if known is not None))
        for side in (of.previous, of.current)
    )
    return previous, current


def _error(parts: Parts, truth: Parts, among: Sequence[Factor], of: Pair) -> float:
    """The largest error of these parts, in percent of the previous bill."""
    return 100 * max(abs(parts[factor] - truth[factor]) for factor in among) / of.previous.stated.minor


@dataclass(slots=True)
class Strayed:
    """Errors in percent of a cycle's energy, and whether it was within the range."""

    ours: list[float]
    run_rate: list[float]
    held: list[bool]
    took_ms: list[float]


def _projections() -> Iterator[Row]:
    homes = list(_recorded(Path(os.environ.get("LAMPLIGHT_DATA", ""), "load")))
    if not homes:
        sys.stderr.write("bills: no projections: LAMPLIGHT_DATA names no folder with recorded homes in load\n")
        return
    for number in (10, 20):
        found = Strayed([], [], [], [])
        for use_wh, temperatures_c in homes:
            _play(use_wh, temperatures_c, number, found)
        what = f"projection on day {number}"
        yield _beside(f"{what}: mean error", mean(found.ours), mean(found.run_rate), "run rate")
        covered = 100 * mean(found.held)
        yield _limit(f"{what}: range held, at least", covered, LEAST_COVERED, less_is_better=False)
        yield _limit(f"{what}: range held, at most", covered, MOST_COVERED)
        yield _limit(what, median(found.took_ms), 4 * LIMIT_MS, unit="ms")


def _recorded(folder: Path) -> Iterator[tuple[dict[date, int], dict[date, float]]]:
    for use_file, column, slots, temperature_file in _HOMES:
        if not (folder / use_file).is_file():
            continue
        use = _by_day(folder / use_file, column, slots, sum)
        temperatures = _by_day(folder / temperature_file, "temp_c", 20, mean) if temperature_file else {}
        yield {day: round(1000 * kwh) for day, kwh in use.items()}, temperatures


def _by_day(path: Path, column: str, least: int, fold: Callable[[list[float]], float]) -> dict[date, float]:
    """The days with enough rows, each folded into one value."""
    values = defaultdict(list)
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            if row[column]:
                values[date.fromisoformat(row["timestamp"][:10])].append(float(row[column]))
    return {day: fold(found) for day, found in values.items() if len(found) >= least}


def _play(use_wh: Mapping[date, int], temperatures_c: Mapping[date, float], number: int, found: Strayed) -> None:
    first = min(use_wh) + timedelta(days=63)
    while first + _CYCLE <= max(use_wh) + _DAY:
        cycle = BillingPeriod(first_day=first, last_day=first + _CYCLE - _DAY)
        today, whole = first + timedelta(days=number), [first + at * _DAY for at in range(_CYCLE.days)]
        first += _CYCLE
        if any(day not in use_wh for day in whole):
            continue
        known = {day: temperature for day, temperature in temperatures_c.items() if day < today}
        began = perf_counter()
        told = project(use_wh, known, cycle, today, lambda more_wh: Money(more_wh, Currency.EUR))
        found.took_ms.append(1_000 * (perf_counter() - began))
        assert isinstance(told, Projection), "every day of it is known"
        truth = sum(use_wh[day] for day in whole)
        low, likely, high = (told.used_wh + rest for rest in told.rest_wh)
        found.ours.append(100 * abs(likely - truth) / truth)
        found.run_rate.append(100 * abs(told.used_wh / number * _CYCLE.days - truth) / truth)
        found.held.append(low <= truth <= high)


def _beside(what: str, ours: float, beside: float, name: str) -> Row:
    return Row(what=what, ours=ours, beside=beside, beside_name=name, unit="%")


def _limit(what: str, ours: float, limit: float, *, unit: str = "%", less_is_better: bool = True) -> Row:
    return Row(
        what=what,
        ours=ours,
        beside=limit,
        beside_name="",
        unit=unit,
        less_is_better=less_is_better,
        is_limit=True,
    )


if __name__ == "__main__":
    sys.exit(main("bills", measure))
