"""A real home's load from a CSV file: a table in, an even series of energies out.

In comes a table, plain or gzipped, with a `timestamp` column and one of energy per row (`kwh`, `wh`) or mean power
(`kw`, `w`); the unit is the last part of the column's name, so `gc_kwh` fits too. Timestamps are ISO 8601 and mark the
start of a row's interval; without an offset they are taken as UTC. The cadence is found from the timestamps. What is
given back to the grid counts negative.

An empty value is a gap, and gaps are filled from the same hour a week before (or after); of two rows for one interval
the first counts. Everything else that cannot be read is refused, naming file, row and column.
"""

import csv
import gzip
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TextIO, TypeVar

from runtime.errors import InputRefused

MAX_ROWS = 2_000_000
MAX_SLOTS = 4_000_000
MAX_POWER_W = 1_000_000
MAX_CADENCE_S = 86_400
_MAX_LINE_CHARS = 100_000
WEEK_S = 7 * 86_400
_TIMESTAMP = "timestamp"
_UNIT = re.compile(r"(?:^|_)(kwh|wh|kw|w)$")
_JOULES = {"kwh": 3_600_000, "wh": 3_600}
_WATTS = {"kw": 1_000, "w": 1}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A recorded load at an even cadence that divides a week: joules per slot, positive as taken from the grid.

    It spans whole weeks; `filled_slots` are those that had no value, in order.
    """

    began_at: datetime
    cadence_s: int
    joules: tuple[int, ...]
    column: str
    rows: int
    duplicates: int
    filled_slots: tuple[int, ...]

    @property
    def duration(self) -> timedelta:
        return timedelta(seconds=len(self.joules) * self.cadence_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    number: int
    at: datetime
    value: float | None


def read_series(path: Path, *, column: str = "") -> Series:
    """Read the file; `column` names the one to use where several would do (else the first of them).

    Raises InputRefused when the file, its columns, a row or the length of the record cannot be used.
    """
    try:
        with _open_text(path) as file:
            lines = csv.reader(_bounded_lines(file))
            table = _Table(path, header=next(lines, []), wanted=column)
            rows = table.rows(lines)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputRefused(f"the load cannot be read: {reason}", where=str(path), do="give a CSV or CSV.gz") from error
    return table.series(rows)


def _open_text(path: Path) -> TextIO:
    with path.open("rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    if is_gzip:
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _bounded_lines(file: TextIO) -> Iterator[str]:
    """The file's lines; raises csv.Error for one without end, as a packed file of zeros holds it."""
    while line := file.readline(_MAX_LINE_CHARS):
        if len(line) == _MAX_LINE_CHARS:
            raise csv.Error(f"a line is longer than {_MAX_LINE_CHARS} characters")
        yield line


class _Table:
    """A file's header understood: where the time and the value stand, and what the value means."""

    def __init__(self, path: Path, *, header: list[str], wanted: str) -> None:
        self._path = path
        self._header = [name.strip().lower() for name in header]
        units = {name: match[1] for name in self._header if (match := _UNIT.search(name)) is not None}
        self._column = wanted.lower() or next(iter(units), "")
        found = f"found: {', '.join(self._header)[:200] or 'nothing'}"
        if _TIMESTAMP not in self._header:
            raise self._refused("no column 'timestamp'", do=found)
        if self._column not in units:
            which = f"no column {wanted!r} in kWh, Wh, kW or W" if wanted else "no column in kWh, Wh, kW or W"
            raise self._refused(which, do=f"name one kwh, wh, kw or w, or end its name so (gc_kwh); {found}")
        for name in (_TIMESTAMP, self._column):
            if self._header.count(name) > 1:
                raise self._refused(f"the column {name!r} stands twice", do="leave one of them out")
        self._unit = units[self._column]
        self._time_at = self._header.index(_TIMESTAMP)
        self._value_at = self._header.index(self._column)

    def rows(self, lines: Iterable[list[str]]) -> list[_Row]:
        """Every row that is not blank, read, in the order of time."""
        rows: list[_Row] = []
        for number, cells in enumerate(lines, start=2):
            if number > MAX_ROWS + 1:
                raise self._refused(f"more than {MAX_ROWS} rows", do="give a shorter record")
            if not cells:
                continue
            if len(cells) != len(self._header):
                raise self._refused(f"{len(cells)} cells under {len(self._header)} columns", row=number)
            rows.append(
                _Row(
                    number=number,
                    at=self._parsed(cells, self._time_at, number, _instant, "an ISO 8601 timestamp"),
                    value=self._parsed(cells, self._value_at, number, _number, "a number"),
                )
            )
        rows.sort(key=lambda row: row.at)
        return rows

    def series(self, rows: list[_Row]) -> Series:
        """The rows on an even grid of whole weeks."""
        cadence_s = self._cadence_s(rows)
        slots = round((rows[-1].at - rows[0].at).total_seconds() / cadence_s) + 1
        week_slots = WEEK_S // cadence_s
        if slots < week_slots:
            hours = slots * cadence_s / 3_600
            raise self._refused(f"the record covers {hours:.0f} h", do="a household needs a week at least")
        if slots > MAX_SLOTS:
            raise self._refused(f"the record spans {slots} intervals of {cadence_s} s", do="give a shorter record")
        grid: list[int | None] = [None] * slots
        duplicates = 0
        for row in rows:
            slot = round((row.at - rows[0].at).total_seconds() / cadence_s)
            joules = self._joules(row, cadence_s)
            duplicates += grid[slot] is not None and joules is not None
            grid[slot] = joules if grid[slot] is None else grid[slot]
        surplus = slots % week_slots
        return Series(
            began_at=rows[0].at + timedelta(seconds=surplus * cadence_s),
            cadence_s=cadence_s,
            joules=_filled(grid, week_slots)[surplus:],
            column=self._column,
            rows=len(rows),
            duplicates=duplicates,
            filled_slots=tuple(slot for slot, joules in enumerate(grid[surplus:]) if joules is None),
        )

    def _cadence_s(self, rows: list[_Row]) -> int:
        steps = Counter((later.at - earlier.at).total_seconds() for earlier, later in pairwise(rows))
        del steps[0.0]
        if not steps or all(row.value is None for row in rows):
            raise self._refused("fewer than two intervals with a value", do="a household needs a week at least")
        step_s = steps.most_common(1)[0][0]
        if step_s != int(step_s) or step_s > MAX_CADENCE_S or WEEK_S % int(step_s):
            raise self._refused(f"most rows are {step_s:g} s apart", do="give a cadence that divides a day")
        return int(step_s)

    def _joules(self, row: _Row, cadence_s: int) -> int | None:
        if row.value is None:
            return None
        joules = row.value * (_JOULES.get(self._unit) or _WATTS[self._unit] * cadence_s)
        if abs(joules) > MAX_POWER_W * cadence_s:
            what = f"{row.value:g} {self._unit} is more than a house can draw"
            raise self._refused(what, row=row.number, column=self._column)
        return round(joules)

    def _parsed(self, cells: list[str], at: int, row: int, parse: Callable[[str], T], wanted: str) -> T:
        try:
            return parse(cells[at].strip())
        except (ValueError, OverflowError) as error:
            refused = self._refused(f"{cells[at][:40]!r} is not {wanted}", row=row, column=self._header[at])
            raise refused from error

    def _refused(self, what: str, *, row: int | None = None, column: str = "", do: str = "") -> InputRefused:
        place = "" if row is None else f": row {row}"
        return InputRefused(what, where=f"{self._path}{place}{f', column {column}' if column else ''}", do=do)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _number(text: str) -> float | None:
    if not text:
        return None
    value = float(text)
    if not math.isfinite(value) or "_" in text:  # Python would read 1_0 as ten
        raise ValueError("not a finite number")
    return value


def _filled(grid: list[int | None], week_slots: int) -> tuple[int, ...]:
    """Gaps from the week before, else from the week after, else the mean of all."""
    filled = list(grid)
    for slot in range(week_slots, len(filled)):
        if filled[slot] is None:
            filled[slot] = filled[slot - week_slots]
    for slot in range(len(filled) - week_slots - 1, -1, -1):
        if filled[slot] is None:
            filled[slot] = filled[slot + week_slots]
    known = [joules for joules in grid if joules is not None]
    mean = sum(known) // len(known)
    return tuple(mean if joules is None else joules for joules in filled)
