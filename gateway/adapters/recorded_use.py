"""A table of what a home used, or of any other values over time, read from a CSV file, plain or gzipped.

In comes a table with a column `timestamp` and one of values. The unit is the last part of the value column's name:
`kwh` or `wh` per row, or a mean `kw` or `w`; a column without one is a series of values that mean something else. The
cadence is found from the stamps. A stamp is ISO 8601 and marks the beginning of its row; without an offset it is by
the wall clock of the zone handed in, where one hour comes twice in autumn and one is missing in spring.

Told apart, and refused with the row's number: a stamp that no clock shows, rows that go backwards, two values for one
stamp, rows closer than the cadence, and what is no number. Passed over and counted: the same row twice, and empty
cells. A stretch without rows is a gap; nothing is filled in.
"""

import csv
import gzip
import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from io import BufferedReader, TextIOWrapper
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from runtime.errors import InputRefused
from runtime.reading import opened
from runtime.visible import visible

MAX_ROWS = 2_000_000
_MAX_LINE_CHARS = 100_000
_MAX_NAME_CHARS = 80
_TIMESTAMP = "timestamp"
_UNIT = re.compile(r"(?:^|_)(kwh|wh|kw|w)$")
_WH = {"kwh": 1_000.0, "wh": 1.0}
_W = {"kw": 1_000.0, "w": 1.0}
_HOUR_S = 3_600
_YEARS = range(1970, 2200)
_MOST_WH = 10_000_000.0  # in one row: no home draws that


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One row: when it began (Unix seconds), and its value, in Wh where the column is of energy or power."""

    at_s: int
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A file's rows in the order of time, `cadence_s` apart where nothing is missing."""

    column: str
    is_energy: bool
    cadence_s: int
    rows: tuple[Recorded, ...]
    doubled: int
    empty: int

    @property
    def ends_at_s(self) -> int:
        return self.rows[-1].at_s + self.cadence_s

    def gaps(self) -> list[tuple[int, int]]:
        """Where values are missing: from, until."""
        ends = ((before.at_s + self.cadence_s, after.at_s) for before, after in pairwise(self.rows))
        return [(begins_s, ends_s) for begins_s, ends_s in ends if begins_s < ends_s]


def read_record(path: Path, zone: tzinfo, *, column: str = "") -> Record:
    """Read the file; `column` names the values where there are several columns. Raises InputRefused."""
    try:
        with opened(path) as octets, _text(octets) as file:
            lines = csv.reader(_bounded(file))
            table = _Table(path, zone, next(lines, []), column)
            for number, cells in enumerate(lines, start=2):
                table.take(number, cells)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputRefused(
            f"the record cannot be read: {reason}", where=str(path), do="give a CSV or CSV.gz"
        ) from error
    return table.record()


def _text(octets: BufferedReader) -> TextIO:
    if octets.peek(2).startswith(b"\x1f\x8b"):  # a pipe cannot be read from its beginning again
        return gzip.open(octets, "rt", encoding="utf-8-sig", newline="")
    return TextIOWrapper(octets, encoding="utf-8-sig", newline="")


def _bounded(file: TextIO) -> Iterator[str]:
    while line := file.readline(_MAX_LINE_CHARS):
        if len(line) == _MAX_LINE_CHARS:
            raise csv.Error(f"a line is longer than {_MAX_LINE_CHARS} characters")
        yield line


class _Table:
    """A header understood, and the rows taken under it so far."""

    def __init__(self, path: Path, zone: tzinfo, header: list[str], wanted: str) -> None:
        self._path = path
        self._zone = zone
        self._header = [visible(name.strip().lower()[:_MAX_NAME_CHARS]) for name in header]
        found = f"found: {', '.join(self._header)[:200] or 'nothing'}"
        if self._header.count(_TIMESTAMP) != 1:
            raise self._refused("there must be one column 'timestamp'", do=found)
        self._column = self._chosen(wanted.strip().lower(), found)
        self._time_at = self._header.index(_TIMESTAMP)
        self._value_at = self._header.index(self._column)
        unit = _UNIT.search(self._column)
        self._unit = unit[1] if unit else ""
        self._rows: list[tuple[int, Recorded]] = []  # with their numbers in the file
        self._last_s = -(2**62)  # the stamp of the row before, empty ones too
        self._doubled = self._empty = 0

    def _chosen(self, wanted: str, found: str) -> str:
        others = [name for name in self._header if name != _TIMESTAMP]
        with_unit = [name for name in others if _UNIT.search(name)]
        candidates = [name for name in others if name == wanted] if wanted else with_unit or others
        if wanted and not candidates:
            raise self._refused(f"there is no column {wanted!r}", do=found)
        if len(candidates) != 1:
            do = f"say which with --column, or name one kwh, wh, kw or w; {found}"
            raise self._refused(f"{len(candidates)} columns could be meant", do=do)
        return candidates[0]

    def take(self, number: int, cells: list[str]) -> None:
        """One row of the file, with its number there."""
        if number > MAX_ROWS + 1:
            raise self._refused(f"more than {MAX_ROWS} rows", do="give a shorter record")
        if not cells:
            return
        if len(cells) != len(self._header):
            raise self._refused(f"{len(cells)} cells under {len(self._header)} columns", row=number)
        at_s = self._instant(cells[self._time_at].strip(), number)
        value = self._number(cells[self._value_at].strip(), number)
        before_s, self._last_s = self._last_s, at_s
        if at_s < before_s:
            what = f"the record goes backwards: {_utc(at_s)} stands after {_utc(before_s)}"
            raise self._refused(what, row=number, do="sort it by time; by the wall clock, say where: --time-zone")
        if at_s == before_s:
            self._take_again(number, at_s, value)
        elif value is None:
            self._empty += 1
        else:
            self._rows.append((number, Recorded(at_s=at_s, value=value)))

    def _take_again(self, number: int, at_s: int, value: float | None) -> None:
        known = self._rows[-1][1] if self._rows else None
        if value is not None and (known is None or known.at_s != at_s):
            self._rows.append((number, Recorded(at_s=at_s, value=value)))
        elif known is None or value is None or known.value == value:
            self._doubled += 1
        else:
            what = f"two values for {_utc(at_s)}: {known.value:g} and {value:g}"
            raise self._refused(what, row=number, do="leave one of them out")

    def record(self) -> Record:
        """What was taken, at its cadence."""
        steps = Counter(after.at_s - before.at_s for (_, before), (_, after) in pairwise(self._rows))
        if len(self._rows) < 3:
            raise self._refused(f"{len(self._rows)} rows with a value", do="give a record of weeks")
        cadence_s = steps.most_common(1)[0][0]
        if self._unit and (cadence_s > _HOUR_S or _HOUR_S % cadence_s):
            what = f"most rows are {cadence_s} s apart"
            raise self._refused(what, do="energy is watched by the hour: give a cadence that divides one")
        for (_, before), (number, after) in pairwise(self._rows):
            if after.at_s - before.at_s < cadence_s:
                what = f"{after.at_s - before.at_s} s after the row before, where most are {cadence_s} s apart"
                raise self._refused(what, row=number, do="give rows that do not overlap")
        factor = _WH.get(self._unit) or _W.get(self._unit, 0.0) * cadence_s / _HOUR_S
        return Record(
            column=self._column,
            is_energy=bool(self._unit),
            cadence_s=cadence_s,
            rows=tuple(self._in_wh(number, row, factor) for number, row in self._rows),
            doubled=self._doubled,
            empty=self._empty,
        )

    def _in_wh(self, number: int, row: Recorded, factor: float) -> Recorded:
        if not factor:
            return row
        energy_wh = row.value * factor
        if abs(energy_wh) > _MOST_WH:
            what = f"{row.value:g} {self._unit} is more than a home can draw"
            raise self._refused(what, row=number, column=self._column)
        return Recorded(at_s=row.at_s, value=max(0.0, energy_wh))  # what is given back is not drawn

    def _instant(self, text: str, row: int) -> int:
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            refused = self._refused(f"{text[:40]!r} is not an ISO 8601 timestamp", row=row, column=_TIMESTAMP)
            raise refused from error
        if at.year not in _YEARS:
            what = f"{text[:40]!r} is not of the years {_YEARS.start} to {_YEARS.stop - 1}"
            raise self._refused(what, row=row, column=_TIMESTAMP)
        if at.tzinfo is not None:
            return _unix_s(at)
        local = at.replace(tzinfo=self._zone)
        if local.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != at:
            what = f"no clock in {self._zone} shows {text[:40]}, since summer time begins there"
            raise self._refused(what, row=row, do="give offsets, or the zone of the stamps: --time-zone")
        at_s = _unix_s(local)
        later_s = _unix_s(local.replace(fold=1))
        # In autumn an hour comes twice: the second time is meant where the first would go backwards.
        return later_s if later_s > at_s and at_s <= self._last_s < later_s else at_s

    def _number(self, text: str, row: int) -> float | None:
        if not text:
            return None
        try:
            value = float(text)
        except ValueError as error:
            raise self._refused(f"{text[:40]!r} is not a number", row=row, column=self._column) from error
        if not math.isfinite(value) or "_" in text:
            do = "leave the cell empty where a value is missing"
            raise self._refused(f"{text[:40]!r} is not a number", row=row, column=self._column, do=do)
        return value

    def _refused(self, what: str, *, row: int | None = None, column: str = "", do: str = "") -> InputRefused:
        place = "" if row is None else f": row {row}"
        return InputRefused(what, where=f"{self._path}{place}{f', column {column}' if column else ''}", do=do)


def _unix_s(at: datetime) -> int:
    return int(at.timestamp())


def _utc(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
