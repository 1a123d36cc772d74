"""The registry: which meters this gateway reads, and which generation its journal is. A small file a person can read.

TinyDB over a storage of our own: its JSONStorage writes in place, and a power cut in the middle of that leaves half a
file. Ours writes aside and puts the whole in place in one step. Rare writes, a handful of meters; what changes with
every reading stands in the journal.
"""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tinydb import Storage, TinyDB, where
from tinydb.table import Document

from gateway.core.disclosure import FineConsent
from gateway.core.registered_meter import MAX_SERIAL_CHARS, RegisteredMeter, clash
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from runtime.reading import read_at_most
from wire.units import BILLING_PERIODS_S

MAX_METERS = 32
_MODE = 0o600
_MAX_BYTES = 1_000_000
_MAX_DIGITS = 9
_MAX_CHARS = 1_000
_MAX_NUMBER = 10**6
_MAX_GENERATION = 2**31  # less than a record can hold: it rises when a journal is lost, and so seldom
_DO_GENERATION = "set it to the highest the cloud knows of this gateway"
_DO = "mend it by hand, or move it aside and add the meters again"


class AtomicStorage(Storage):
    """TinyDB's seam to a file: read whole, written whole, never half."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        try:
            text = read_at_most(self._path, _MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            do = "check the file's owner and rights"
            raise EnvironmentRefused(f"cannot read: {error.strerror}", where=str(self._path), do=do) from error
        try:
            tables = json.loads(text)
            _written(tables)  # a text that cannot be written again ("\\ud800") cannot be shown or sent either
        except (ValueError, RecursionError) as error:
            raise InputRefused(f"the registry is not valid JSON: {error}", where=str(self._path), do=_DO) from error
        if not isinstance(tables, dict) or not all(map(_is_table, tables.values())):
            raise InputRefused("the registry is not a set of tables", where=str(self._path), do=_DO)
        return tables

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        write_atomically(self._path, _written(data), mode=_MODE)


def _written(tables: object) -> bytes:
    return f"{json.dumps(tables, indent=2, ensure_ascii=False)}\n".encode()


def _is_table(rows: object) -> bool:
    """Whether it is what TinyDB takes for a table: numbered rows of named values."""
    return isinstance(rows, dict) and all(
        number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS and isinstance(row, dict)
        for number, row in rows.items()
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= _MAX_CHARS


def _row_of(meter: RegisteredMeter) -> dict[str, object]:
    row: dict[str, object] = {"port": meter.port, "profile": meter.profile, "serial": meter.serial}
    row |= {name: value for name, value in (("address", meter.address), ("push", meter.push)) if value}
    return row if meter.consent is None else row | {"consent": _consent_row(meter.consent)}


def _consent_row(consent: FineConsent) -> dict[str, object]:
    row: dict[str, object] = {"finest_period_s": consent.finest_period_s, "since": consent.since.isoformat()}
    return row if consent.until is None else row | {"until": consent.until.isoformat()}


def _consent(row: object) -> FineConsent | None:
    """The consent in a row; raises ValueError, KeyError or TypeError for one that makes no sense."""
    if row is None:
        return None
    if not isinstance(row, dict) or row.keys() - {"finest_period_s", "since", "until"}:
        raise ValueError("it is no table of finest_period_s, since and until")
    finest_s, until = row["finest_period_s"], row.get("until")
    if type(finest_s) is not int or not 1 <= finest_s <= BILLING_PERIODS_S[-1]:
        raise ValueError(f"finest_period_s is not within 1 to {BILLING_PERIODS_S[-1]}")
    return FineConsent(
        finest_period_s=finest_s, since=_aware(row["since"]), until=None if until is None else _aware(until)
    )


def _aware(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text[:40]!r} does not say how far it is from UTC")
    return at.astimezone(UTC)


class Registry:
    """The gateway's meters. For one thread; every call sees what is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        database = TinyDB(storage=AtomicStorage, path=path)
        self._meters = database.table("meters", cache_size=0)
        self._journal = database.table("journal", cache_size=0)
        self._numbers = database.table("numbers", cache_size=0)
        self._lock = threading.Lock()  # a serial number is learnt in one thread, and consent ordered in another

    def meters(self) -> tuple[RegisteredMeter, ...]:
        """Every meter, in the order it was added; raises InputRefused for a registry that makes no sense."""
        found: list[RegisteredMeter] = []
        for row in self._meters.all():
            meter = self._meter(row.doc_id, {"serial": "", "address": None, "push": "", **row})
            why = next((why for other in found if (why := clash(meter, other))), "")
            if why:
                raise InputRefused(f"meter {meter.number}: {why}", where=str(self._path), do=_DO)
            found.append(meter)
        return tuple(found)

    def meter(self, number: int) -> RegisteredMeter:
        """The meter of this number; raises InputRefused when there is none."""
        found = next((meter for meter in self.meters() if meter.number == number), None)
        if found is None:
            raise self._missing(number)
        return found

    def _missing(self, number: int) -> InputRefused:
        do = "`lamplight-gateway meter list` tells the numbers"
        return InputRefused(f"there is no meter {number}", where=str(self._path), do=do)

    def _meter(self, number: int, values: dict[str, Any]) -> RegisteredMeter:
        wrong = [name for name in ("port", "profile", "serial", "push") if not _is_text(values.get(name))]
        if wrong:
            what = f"meter {number} has no {' and no '.join(wrong)}, or one that is no printable text"
            raise InputRefused(what, where=str(self._path), do="give each meter a port and a profile")
        if not values["port"] and not values["push"]:
            raise InputRefused(f"meter {number} has no port, and none it pushes at", where=str(self._path), do=_DO)
        address = values["address"]
        if address is not None and type(address) is not int:
            raise InputRefused(f"meter {number} has an address that is no number", where=str(self._path), do=_DO)
        return RegisteredMeter(
            number=number,
            port=values["port"],
            profile=values["profile"],
            serial=values["serial"],
            address=address,
            push=values["push"],
            consent=self._consent(number, values.get("consent")),
        )

    def _consent(self, number: int, row: object) -> FineConsent | None:
        try:
            return _consent(row)
        except (ValueError, KeyError, TypeError) as error:
            what = f"meter {number} has a consent that makes no sense: {error}"
            raise InputRefused(
                what, where=str(self._path), do="give it anew: lamplight-gateway meter consent"
            ) from error

    def consent(self, number: int, consent: FineConsent | None) -> RegisteredMeter:
        """Keep what the customer agreed to (None: nothing); raises InputRefused when there is none of this number."""
        with self._lock:
            meter = replace(self.meter(number), consent=consent)
            row = {"consent": None if consent is None else _consent_row(consent)}
            self._meters.update(row, doc_ids=[number])  # one write: a kill leaves the one or the other
        return meter

    def add(
        self, port: str, profile: str, serial: str = "", address: int | None = None, push: str = ""
    ) -> RegisteredMeter:
        """Register a meter; raises InputRefused when its place or its serial number is taken, or cannot be kept."""
        for name, text, most_chars in (
            ("serial number", serial, MAX_SERIAL_CHARS),
            ("port", port, _MAX_CHARS),
            ("push port", push, _MAX_CHARS),
            ("profile", profile, _MAX_CHARS),
        ):
            if not _is_text(text) or len(text) > most_chars:
                raise InputRefused(f"the {name} is too long or holds what cannot be printed", where=text[:80])
        meter = RegisteredMeter(number=0, port=port, profile=profile, serial=serial, address=address, push=push)
        for other in self.meters():
            if why := clash(meter, other):
                do = f"remove it first: lamplight-gateway meter remove ... {other.number}"
                raise InputRefused(why, where=meter.place, do=do)
        if len(self._meters) >= MAX_METERS:
            raise InputRefused(f"a gateway reads at most {MAX_METERS} meters", where=str(self._path))
        row = _row_of(meter)
        number = self._take_number()
        self._meters.insert(Document(row, doc_id=number))
        return replace(meter, number=number)

    def _take_number(self) -> int:
        """One that no meter had before, durable before it is used: what was concluded about a meter stands under it."""
        used = self._numbers.get(where("last").exists())
        last = used["last"] if used else 0
        if type(last) is not int or not 0 <= last < _MAX_NUMBER:
            raise InputRefused("the last meter's number is no number", where=str(self._path), do=_DO)
        number = max(last, *(row.doc_id for row in self._meters), 0) + 1
        self._numbers.upsert({"last": number}, where("last").exists())
        return number

    def exchange(self, number: int, serial: str = "") -> RegisteredMeter:
        """Another meter hangs at the place of `number`: that series is closed, and a new meter begins there.

        Raises InputRefused when there is none of this number, or the serial number is the old one or taken.
        """
        old = self.meter(number)
        if serial and serial == old.serial:
            raise InputRefused("this is the serial number of the old meter", where=serial, do="read it off the new one")
        self.remove(number)
        try:
            new = self.add(old.port, old.profile, serial, old.address, old.push)
        except InputRefused:
            self._meters.insert(Document(_row_of(old), doc_id=number))
            raise
        return new if old.consent is None else self.consent(new.number, old.consent)  # the home is the same

    def remove(self, number: int) -> None:
        """Forget a meter; raises InputRefused when there is none of this number."""
        if not self._meters.contains(doc_id=number):
            raise self._missing(number)
        self._meters.remove(doc_ids=[number])

    def learn_serial(self, number: int, serial: str) -> None:
        """Keep the serial number a meter told at its first reading; a meter removed meanwhile tells nothing more.

        Raises EnvironmentRefused where another meter has it, since a registry with both would not be read again.
        """
        with self._lock:
            other = next((row.doc_id for row in self._meters.all() if row.get("serial") == serial), number)
            if other != number:
                what = f"meters {other} and {number} are one: both tell the serial number {serial}"
                do = "take one away: lamplight-gateway meter remove"
                raise EnvironmentRefused(what, where=str(self._path), do=do)
            if self._meters.contains(doc_id=number):
                self._meters.update({"serial": serial}, doc_ids=[number])

    def last_generation(self) -> int:
        """The number of the newest journal ever made here; 0 before the first. Raises InputRefused."""
        used = self._journal.get(where("generation").exists())
        last = used["generation"] if used else 0
        if type(last) is not int or not 0 <= last < _MAX_GENERATION:
            raise InputRefused("the journal's generation is no number", where=str(self._path), do=_DO_GENERATION)
        return last

    def next_generation(self) -> int:
        """The number of a journal that is about to be made: one more than the last, and durable before it is used."""
        generation = self.last_generation() + 1
        self._journal.upsert({"generation": generation}, where("generation").exists())
        return generation
