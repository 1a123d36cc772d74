"""Homes by the hour: real ones of LAMPLIGHT_DATA/load where that is set, else homes of our own making.

An hour of which a part is missing is missing (None). Instants are Unix seconds.
"""

import csv
import gzip
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from math import cos, pi
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

HOUR_S: Final = 3_600
YEAR_H: Final = 8_760
_RECORDED: Final = (
    ("uk0_hourly.csv.gz", "kwh", 1, ZoneInfo("Europe/London")),
    ("lcl_uk2_30min.csv.gz", "kwh", 2, UTC),  # their instants carry no offset: the clock they tell is taken as it is
    ("ausgrid12_30min.csv.gz", "gc_kwh", 2, UTC),
)
_BEGIN_S: Final = 1_735_689_600  # 2025-01-01, a Wednesday


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a home drew in each hour from `begins_s` on, in Wh."""

    name: str
    zone: tzinfo
    begins_s: int
    hours_wh: tuple[float | None, ...]


def homes() -> tuple[Home, ...]:
    """The real homes, or six of our own."""
    folder = os.environ.get("LAMPLIGHT_DATA")
    if folder and (found := tuple(_recorded(Path(folder, "load")))):
        return found
    return tuple(generated(seed) for seed in range(1, 7))


def generated(seed: int) -> Home:
    """A year of a home: a base load, appliances by the time of day and week, a season, and days away."""
    random = Random(f"home {seed}")
    base_wh, evening_wh, season = random.uniform(60, 250), random.uniform(300, 1_200), random.uniform(0.1, 0.5)
    away = {random.randrange(364) for _ in range(12)}
    return Home(
        name=f"home {seed}",
        zone=UTC,
        begins_s=_BEGIN_S,
        hours_wh=tuple(
            base_wh * random.uniform(0.85, 1.15)
            + _appliances_wh(hour, evening_wh, season, random) * (0.05 if hour // 24 in away else 1.0)
            for hour in range(YEAR_H)
        ),
    )


def _appliances_wh(hour: int, evening_wh: float, season: float, random: Random) -> float:
    of_day, is_weekend = hour % 24, (hour // 24 + 2) % 7 >= 5
    at_home = 0.1 + 0.5 * (of_day in (7, 8)) + (17 <= of_day <= 22) + 0.6 * (is_weekend and 9 <= of_day <= 16)
    share = 0.02 if of_day < 6 else at_home
    winter = 1 + season * cos(2 * pi * hour / YEAR_H)
    big = random.expovariate(1 / evening_wh) if random.random() < 0.12 * share else 0.0
    return share * evening_wh * winter * random.lognormvariate(-0.1, 0.5) + big


def _recorded(folder: Path) -> Iterator[Home]:
    for name, column, rows_an_hour, zone in _RECORDED:
        if (path := folder / name).is_file():
            with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
                rows = [(_instant_s(row["timestamp"]), _energy_wh(row[column])) for row in csv.DictReader(file)]
            yield _by_the_hour(name.partition("_")[0], rows, rows_an_hour, zone)


def _by_the_hour(name: str, rows: Sequence[tuple[int, float | None]], rows_an_hour: int, zone: tzinfo) -> Home:
    found: dict[int, list[float | None]] = {}
    for at_s, energy_wh in rows:
        found.setdefault(at_s // HOUR_S, []).append(energy_wh)
    first, last = min(found), max(found)
    hours = tuple(_whole(found.get(hour, []), rows_an_hour) for hour in range(first, last + 1))
    return Home(name=name, zone=zone, begins_s=first * HOUR_S, hours_wh=hours)


def _whole(parts: Sequence[float | None], rows_an_hour: int) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) == rows_an_hour else None


def _instant_s(text: str) -> int:
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def _energy_wh(text: str) -> float | None:
    try:
        return 1_000 * float(text)
    except ValueError:
        return None
