"""The customer file: eight columns of CSV, read whole or not at all.

A customer who is written to in the wrong language, or about somebody else's home, is harder to mend than a file that
was refused. So every fault of every row is named with its row and column as a spreadsheet shows them, and nothing of
a faulty file is kept. In goes the file's bytes; out come rows that need no second look, or `CustomerFileRefused`.
"""

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from cloud.kernel.errors import IdentifierRefused
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from runtime.errors import InputRefused

COLUMNS: Final = ("usage_point", "meter", "customer", "name", "email", "language", "time_zone", "address")
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_FAULTS: Final = 50
"""How many faults are named; past this, the file was not meant for us."""

_MAX_TEXT_CHARS: Final = 200
_MAX_EMAIL_CHARS: Final = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
_HEADER_ROW: Final = 1
_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_FORM: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
"""An address we can write to: RFC 5321's dot-string at a domain name, plain ASCII, which is what every relay takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the file, every value of its own type. `number` counts as a spreadsheet does, the heading being 1."""

    number: int
    usage_point: UsagePointId
    meter: MeterSerial
    customer: CustomerId
    name: str
    email: str
    language: Language
    time_zone: ZoneInfo
    address: str

    @property
    def person(self) -> tuple[str, str, Language]:
        """What must be the same wherever the same customer stands."""
        return self.name, self.email, self.language


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong in one cell."""

    row: int
    column: str
    what: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.what}"


class CustomerFileRefused(InputRefused):
    """The file has faults and nothing of it was kept; mend all of them and hand it in again."""

    def __init__(self, faults: list[Fault], *, where: str = "") -> None:
        more = f"; and {len(faults) - MAX_FAULTS} more" if len(faults) > MAX_FAULTS else ""
        what = "; ".join(map(str, faults[:MAX_FAULTS])) + more
        super().__init__(what, where=where, do="mend the file and import it again; nothing of it was kept")
        self.faults = tuple(faults)


def parse(data: bytes) -> tuple[Row, ...]:
    """The rows of a customer file, in its order; raises CustomerFileRefused with every fault found."""
    records = _records(data)
    try:
        heading = next(records, [])
        if faults := list(_heading_faults(heading)):
            raise CustomerFileRefused(faults)
        rows, faults = _rows(heading, records)
    except csv.Error as error:
        raise CustomerFileRefused([Fault(row=_HEADER_ROW, column="file", what=f"not CSV: {error}")]) from error
    faults += _contradictions(rows)
    if not rows and not faults:
        faults = [Fault(row=_HEADER_ROW + 1, column="file", what="there is a heading, but no customer below it")]
    if faults:
        raise CustomerFileRefused(sorted(faults, key=lambda fault: fault.row))
    return tuple(rows)


def _records(data: bytes) -> Iterator[list[str]]:
    if len(data) > MAX_BYTES:
        what = f"larger than {MAX_BYTES // 1024 // 1024} MiB"
        raise CustomerFileRefused([Fault(row=_HEADER_ROW, column="file", what=what)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        what = "not UTF-8 text; save it as 'CSV UTF-8'"
        raise CustomerFileRefused([Fault(row=row, column="file", what=what)]) from error
    return csv.reader(io.StringIO(text, newline=""), strict=True)


def _heading_faults(heading: list[str]) -> Iterator[Fault]:
    for name in COLUMNS:
        if heading.count(name) != 1:
            what = "the column is missing" if name not in heading else "the column stands twice"
            yield Fault(row=_HEADER_ROW, column=name, what=what)
    for name in heading:
        if name not in COLUMNS:
            near = difflib.get_close_matches(name, COLUMNS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(COLUMNS)}"
            yield Fault(row=_HEADER_ROW, column=name[:40] or "(unnamed)", what=f"unknown column; {hint}")


def _rows(heading: list[str], records: Iterator[list[str]]) -> tuple[list[Row], list[Fault]]:
    rows: list[Row] = []
    faults: list[Fault] = []
    for number, record in enumerate(records, start=_HEADER_ROW + 1):
        if not any(map(str.strip, record)):
            continue  # an empty last line is no customer
        if len(record) != len(heading):
            what = f"{len(record)} values under {len(heading)} headings"
            faults.append(Fault(row=number, column="row", what=what))
            continue
        values, found = _values(number, dict(zip(heading, record, strict=True)))
        faults += found
        if not found:
            rows.append(Row(number=number, **values))  # type: ignore[arg-type] # each reader gives its column's type
    return rows, faults


def _values(number: int, cells: Mapping[str, str]) -> tuple[dict[str, object], list[Fault]]:
    values: dict[str, object] = {}
    faults = []
    for column, read in _READERS.items():
        try:
            values[column] = read(cells[column].strip())
        except IdentifierRefused as refused:
            faults.append(Fault(row=number, column=column, what=f"{refused.what}, {refused.do}"))
        except ValueError as refused:
            faults.append(Fault(row=number, column=column, what=str(refused)))
    return values, faults


def _contradictions(rows: list[Row]) -> Iterator[Fault]:
    """Rows that are fine alone and not beside each other."""
    points: dict[UsagePointId, int] = {}
    meters: dict[MeterSerial, int] = {}
    people: dict[CustomerId, Row] = {}
    for row in rows:
        if (first := points.setdefault(row.usage_point, row.number)) != row.number:
            yield Fault(row=row.number, column="usage_point", what=f"{row.usage_point!r} stands already in row {first}")
        if (first := meters.setdefault(row.meter, row.number)) != row.number:
            yield Fault(row=row.number, column="meter", what=f"{row.meter!r} stands already in row {first}")
        known = people.setdefault(row.customer, row)
        if known.person != row.person:
            what = f"{row.customer!r} has another name, email or language in row {known.number}"
            yield Fault(row=row.number, column="customer", what=what)


def _text(cell: str) -> str:
    if not cell:
        raise ValueError("it is empty")
    if len(cell) > _MAX_TEXT_CHARS:
        raise ValueError(f"longer than {_MAX_TEXT_CHARS} characters")
    if not cell.isprintable():
        raise ValueError("it holds a line break or another control character")
    return cell


def _email(cell: str) -> str:
    if len(_text(cell)) > _MAX_EMAIL_CHARS or not EMAIL_FORM.fullmatch(cell):
        raise ValueError(f"{cell[:80]!r} is not an e-mail address we can write to")
    return cell


def _language(cell: str) -> Language:
    try:
        return Language(cell)
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is not a language we write; one of: {', '.join(Language)}") from None


def _time_zone(cell: str) -> ZoneInfo:
    try:
        return ZoneInfo(_text(cell))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = difflib.get_close_matches(cell, available_timezones(), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write it as in 'America/Sao_Paulo'"
        raise ValueError(f"{cell[:40]!r} is not a time zone; {hint}") from None


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "usage_point": UsagePointId.parse,
    "meter": MeterSerial.parse,
    "customer": CustomerId.parse,
    "name": _text,
    "email": _email,
    "language": _language,
    "time_zone": _time_zone,
    "address": _text,
}
