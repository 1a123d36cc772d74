"""Tables people hand in: CSV with a heading, read whole or not at all, every fault named by row and column.

A customer who is written to about somebody else's home is harder to mend than a file that was refused. So whoever
made the file is told all of it that is wrong at once, in the terms of the program they made it with: rows count as a
spreadsheet shows them, the heading being row 1. In go the file's bytes and the columns it must have; out come records
of text cells, and the faults found so far, to which the reader of each table adds its own. Whatever the bytes are, the
only way to fail is `SheetRefused`.
"""

import csv
import difflib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cloud.kernel.errors import IdentifierRefused
from runtime.errors import InputRefused
from runtime.reading import read_at_most

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_COLUMNS: Final = 1_000
MAX_LINE_CHARS: Final = 1_000_000
MAX_FAULTS: Final = 50
"""How many faults are named; past this, the file was not meant for us."""
HEADING_ROW: Final = 1
WHOLE_FILE: Final = "file"
"""The column of a fault that lies in no single one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong in one cell."""

    row: int
    column: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.what}"


class SheetRefused(InputRefused):
    """The file has faults and nothing of it was kept; mend all of them and hand it in again."""

    def __init__(self, faults: Sequence[Fault], *, where: str = "") -> None:
        faults = sorted(faults, key=lambda fault: fault.row)
        more = f"; and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        what = "; ".join(map(str, faults[:MAX_FAULTS])) + more
        super().__init__(what, where=where, do="mend the file and import it again; nothing of it was kept")
        self.faults = tuple(faults)

    def of(self, path: Path) -> "SheetRefused":
        """The same refusal, naming the file."""
        return SheetRefused(self.faults, where=str(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line of a table: its cells by column, without the spaces around them."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def fault(self, column: str, what: str) -> Fault:
        """A fault in this line."""
        return Fault(row=self.number, column=column, what=what)


def read_file(path: Path) -> bytes:
    """The bytes of a table somebody named; raises InputRefused."""
    try:
        return read_at_most(path, MAX_BYTES)
    except OSError as error:
        raise InputRefused(f"cannot read the file: {error.strerror}", where=str(path)) from error


def heading(data: bytes) -> tuple[str, ...]:
    """The columns a table says it has; raises SheetRefused when it is no table at all."""
    with_text = _rows(data)
    try:
        return tuple(map(str.strip, next(with_text, [])))
    except csv.Error as error:
        raise _not_csv(HEADING_ROW, error) from error


def read(data: bytes, columns: Sequence[str], *, takes_more: bool = False) -> tuple[list[Record], list[Fault]]:
    """The records of a table with these columns, in any order, and the faults of lines that are none.

    `takes_more` lets columns be there that nobody reads.
    Raises: SheetRefused when the file is no table, or not one with these columns, or holds nothing below its heading.
    """
    records: list[Record] = []
    faults: list[Fault] = []
    for line in lines(data, columns, takes_more=takes_more):
        if isinstance(line, Record):
            records.append(line)
        else:
            faults.append(line)
    if not records and not faults:
        nothing = "there is a heading, but nothing below it"
        raise SheetRefused([Fault(row=HEADING_ROW + 1, column=WHOLE_FILE, what=nothing)])
    return records, faults


def lines(
    data: bytes, columns: Sequence[str], *, optional: Sequence[str] = (), takes_more: bool = False
) -> Iterator[Record | Fault]:
    """What stands below the heading, line by line, so that a long file is not here twice; a fault for what is none.

    An `optional` column may be missing. Raises: SheetRefused as `read` does, but for a heading alone, which is a table.
    """
    rows = _rows(data)
    number = 0
    try:
        named = list(map(str.strip, next(rows, [])))
        number = HEADING_ROW
        if len(named) > MAX_COLUMNS:
            what = f"{len(named)} columns; no table of ours has more than {MAX_COLUMNS}"
            raise SheetRefused([Fault(row=HEADING_ROW, column=WHOLE_FILE, what=what)])
        if faults := list(_heading_faults(named, columns, optional, takes_more=takes_more)):
            raise SheetRefused(faults)
        for number, row in enumerate(rows, start=HEADING_ROW + 1):
            cells = list(map(str.strip, row))
            if not any(cells):
                continue  # an empty last line tells nothing
            if len(cells) == len(named):
                yield Record(number=number, cells=dict(zip(named, cells, strict=True)))
            else:
                yield Fault(row=number, column="row", what=f"{len(cells)} values under {len(named)} headings")
    except csv.Error as error:
        raise _not_csv(number + 1, error) from error


def values(record: Record, readers: Mapping[str, Callable[[str], object]]) -> tuple[dict[str, object], list[Fault]]:
    """The cells of a line as their readers understand them, and a fault for each that its reader refuses."""
    found: dict[str, object] = {}
    faults = []
    for column, reader in readers.items():
        try:
            found[column] = reader(record[column])
        except IdentifierRefused as refused:
            faults.append(record.fault(column, f"{refused.what}, {refused.do}"))
        except ValueError as refused:
            faults.append(record.fault(column, str(refused)))
    return found, faults


def doubled(named: Iterable[tuple[int, str]], column: str) -> Iterator[Fault]:
    """A fault for each name, of (row, name), that stands in an earlier row already."""
    first_row: dict[str, int] = {}
    for row, name in named:
        if (first := first_row.setdefault(name, row)) != row:
            yield Fault(row=row, column=column, what=f"{name[:40]!r} stands already in row {first}")


def refuse(faults: Sequence[Fault]) -> None:
    """Raise SheetRefused if there is any fault."""
    if faults:
        raise SheetRefused(faults)


def _rows(data: bytes) -> Iterator[list[str]]:
    if len(data) > MAX_BYTES:
        what = f"larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise SheetRefused([Fault(row=HEADING_ROW, column=WHOLE_FILE, what=what)])
    try:
        data.decode()
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        what = "not UTF-8 text; save it as 'CSV UTF-8'"
        raise SheetRefused([Fault(row=row, column=WHOLE_FILE, what=what)]) from error
    return csv.reader(_bounded(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")), strict=True)


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    """Its lines, none so long that its cells alone would fill the memory."""
    while line := text.readline(MAX_LINE_CHARS + 1):
        if len(line) > MAX_LINE_CHARS:
            raise csv.Error(f"a line is longer than {MAX_LINE_CHARS:,} characters")
        yield line


def _not_csv(row: int, error: csv.Error) -> SheetRefused:
    return SheetRefused([Fault(row=row, column=WHOLE_FILE, what=f"not CSV: {error}")])


def _heading_faults(
    named: list[str], columns: Sequence[str], optional: Sequence[str], *, takes_more: bool
) -> Iterator[Fault]:
    known = (*columns, *optional)
    for name in known:
        if name not in named and name in columns:
            yield Fault(row=HEADING_ROW, column=name, what="the column is missing")
        elif named.count(name) > 1:
            yield Fault(row=HEADING_ROW, column=name, what="the column stands twice")
    for name in named if not takes_more else ():
        if name not in known:
            near = difflib.get_close_matches(name[:40], known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            yield Fault(row=HEADING_ROW, column=name[:40] or "(unnamed)", what=f"unknown column; {hint}")
