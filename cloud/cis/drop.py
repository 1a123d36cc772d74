"""One file of a drop: seen to be the one that was listed, then read row by row.

A file that is not what the manifest says refuses the whole drop: another checksum, another count, another heading, no
text. A row that cannot be understood is refused alone, with its place and the reason, and the others stand. In go the
bytes; out come rows in types of their own, each with the name it is known by, and what was refused.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from cloud.cis.forms import FORMS, Contradiction, Form, Reader, Value
from cloud.cis.manifest import DropRefused, Entity, Listed
from cloud.kernel import sheet
from cloud.kernel.sheet import Fault, Record, SheetRefused

T_co = TypeVar("T_co", bound=Value, covariant=True)

NAMELESS: Final = "?"
"""What the key of a row begins with whose own could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row stands and what it is known by; `file` is the one the manifest lists."""

    file: Listed
    row: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Generic[T_co]):
    """A row that can be understood."""

    place: Place
    value: T_co


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A row that was not taken, and why."""

    place: Place
    column: str
    why: str

    def __str__(self) -> str:
        return f"{self.place.file.name}:{self.place.row}:{self.column}: {self.why}"


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a drop so far, by entity, and those refused."""

    told: dict[Entity, list[Told[Value]]] = field(default_factory=lambda: {entity: [] for entity in Entity})
    refused: list[Refused] = field(default_factory=list)


def read(listed: Listed, data: bytes, into: Rows) -> None:
    """Add the rows of a file; raises DropRefused when it is not the file that was listed."""
    if hashlib.sha256(data).hexdigest() != listed.sha256:
        raise DropRefused("its sha256 is not the one of the manifest", where=listed.name)
    form = FORMS[listed.entity]
    readers = {**form.columns, **form.optional}
    seen: dict[str, Place] = {told.place.key: told.place for told in into.told[listed.entity]}
    count = 0
    try:
        for line in sheet.lines(data, tuple(form.columns), optional=tuple(form.optional)):
            count += 1
            read = _unread(listed, line) if isinstance(line, Fault) else _read(listed, line, form, readers)
            if isinstance(read, Refused):
                into.refused.append(read)
            elif (first := seen.setdefault(read.place.key, read.place)) is not read.place:
                what = f"{read.place.key[:80]!r} stands already in {first.file.name}, row {first.row}"
                into.refused.append(Refused(place=read.place, column=form.key[0], why=what))
            else:
                into.told[listed.entity].append(read)
    except SheetRefused as refused:
        raise DropRefused(refused.what, where=listed.name) from refused
    if count != listed.rows:
        raise DropRefused(f"it holds {count} rows, and the manifest says {listed.rows}", where=listed.name)


def _read(listed: Listed, record: Record, form: Form, readers: Mapping[str, Reader]) -> Told[Value] | Refused:
    present = readers if not form.optional else {name: readers[name] for name in readers if name in record.cells}
    cells, faults = sheet.values(record, present)
    if any(fault.column in form.key for fault in faults):
        place = _nameless(listed, record.number)
    else:
        place = Place(file=listed, row=record.number, key="/".join(record[column] for column in form.key))
    if not faults:
        try:
            return Told(place=place, value=form.make(cells))
        except Contradiction as found:
            faults = [record.fault(found.column, str(found))]
    more = "".join(f"; {fault.column}: {fault.what}" for fault in faults[1:])
    return Refused(place=place, column=faults[0].column, why=faults[0].what + more)


def _unread(listed: Listed, fault: Fault) -> Refused:
    return Refused(place=_nameless(listed, fault.row), column=fault.column, why=fault.what)


def _nameless(listed: Listed, row: int) -> Place:
    return Place(file=listed, row=row, key=f"{NAMELESS}{listed.sha256[:12]}/{row}")
