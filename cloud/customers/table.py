"""The customer file: eight columns, read whole or not at all.

A customer who is written to in the wrong language, or about somebody else's home, is harder to mend than a file that
was refused. In goes the file's bytes; out come rows that need no second look, or `SheetRefused` with every fault. The
grid file names people and homes too: it reads their columns with the readers that stand here.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cloud.kernel import sheet, zones
from cloud.kernel.i18n import Language
from cloud.kernel.ids import CustomerId, MeterSerial, UsagePointId
from cloud.kernel.sheet import Fault

COLUMNS: Final = ("usage_point", "meter", "customer", "name", "email", "language", "time_zone", "address")

_MAX_TEXT_CHARS: Final = 200
_MAX_EMAIL_CHARS: Final = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
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


def parse(data: bytes) -> tuple[Row, ...]:
    """The rows of a customer file, in its order; raises SheetRefused with every fault found."""
    records, faults = sheet.read(data, COLUMNS)
    rows: list[Row] = []
    for record in records:
        values, found = sheet.values(record, READERS)
        faults += found
        if not found:
            rows.append(Row(number=record.number, **values))  # type: ignore[arg-type] # each reader gives its type
    faults += sheet.doubled(((row.number, row.usage_point) for row in rows), "usage_point")
    faults += contradictions(rows)
    sheet.refuse(faults)
    return tuple(rows)


def contradictions(rows: Iterable[Row]) -> Iterator[Fault]:
    """Rows that are fine alone and not beside each other: one meter in two homes, one customer with two names."""
    rows = list(rows)
    yield from sheet.doubled(((row.number, row.meter) for row in rows), "meter")
    people: dict[CustomerId, Row] = {}
    for row in rows:
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
    if _text(cell) not in zones.names():
        raise ValueError(f"{cell[:40]!r} is not a time zone; {_hint_of_zone(cell[:40])}")
    return ZoneInfo(cell)


@lru_cache(maxsize=256)  # one wrong word stands in many rows
def _hint_of_zone(cell: str) -> str:
    near = difflib.get_close_matches(cell, zones.names(), n=1)
    return f"did you mean {near[0]!r}?" if near else "write it as in 'America/Sao_Paulo'"


READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "usage_point": UsagePointId.parse,
    "meter": MeterSerial.parse,
    "customer": CustomerId.parse,
    "name": _text,
    "email": _email,
    "language": _language,
    "time_zone": _time_zone,
    "address": _text,
}
"""What understands each column."""
