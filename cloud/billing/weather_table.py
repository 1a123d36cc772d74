"""The weather file: how warm each day was on average, station by station.

    station,day,mean_temp_c
    curitiba,2026-07-01,11.4

A wrong temperature makes a wrong reason for a bill, so the file is read whole or not at all, and everything that is
wrong with it is named by row and column. In go bytes; out come days, or `SheetRefused`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from cloud.kernel import sheet

COLUMNS: Final = ("station", "day", "mean_temp_c")
_STATION: Final = re.compile(r"[A-Za-z0-9][\w.:-]{0,63}", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DEGREES: Final = re.compile(r"-?\d{1,2}(\.\d{1,4})?", re.ASCII)
_COLDEST_C: Final = -90.0  # Vostok, 1983
_WARMEST_C: Final = 60.0  # Furnace Creek, 1913, was 57 at its highest


@dataclass(frozen=True, slots=True, kw_only=True)
class StationDay:
    """How warm a day was on average where a station stands; the day is the station's own."""

    station: str
    day: date
    mean_temp_c: float


def is_meant(heading: Sequence[str]) -> bool:
    """Whether a file with this heading is meant as a weather file, if perhaps a faulty one."""
    return not {"station", "mean_temp_c"}.isdisjoint(heading)


def parse(data: bytes) -> tuple[StationDay, ...]:
    """The days of a weather file; raises SheetRefused with every fault found."""
    records, faults = sheet.read(data, COLUMNS)
    days: list[StationDay] = []
    for record in records:
        values, found = sheet.values(record, _READERS)
        faults += found
        if not found:
            days.append(StationDay(**values))  # type: ignore[arg-type] # each reader gives its field's type
    faults += sheet.doubled(((record.number, f"{record['station']} {record['day']}") for record in records), "day")
    sheet.refuse(faults)
    return tuple(days)


def _station(cell: str) -> str:
    if not _STATION.fullmatch(cell):
        raise ValueError(f"{cell[:80]!r} cannot be a station; use up to 64 letters, digits and . : _ -")
    return cell


def _day(cell: str) -> date:
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise ValueError(f"{cell[:40]!r} is not a day; write it as in 2026-07-01")


def _degrees(cell: str) -> float:
    if not _DEGREES.fullmatch(cell) or not _COLDEST_C <= float(cell) <= _WARMEST_C:
        raise ValueError(f"{cell[:40]!r} is no mean temperature of a day in degrees Celsius; write it as in 11.4")
    return float(cell)


_READERS: Final[Mapping[str, Callable[[str], object]]] = {"station": _station, "day": _day, "mean_temp_c": _degrees}
