"""The registry: which meters this gateway reads, and which generation its journal is. A small file a person can read.

TinyDB over a storage of our own: its JSONStorage writes in place, and a power cut in the middle of that leaves half a
file. Ours writes aside and puts the whole in place in one step. Rare writes, a handful of meters; what changes with
every reading stands in the journal.
"""

import json
from pathlib import Path
from typing import Any

from tinydb import Storage, TinyDB, where

from gateway.core.registered_meter import RegisteredMeter
from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused

MAX_METERS = 32
_MODE = 0o600


class AtomicStorage(Storage):
    """TinyDB's seam to a file: read whole, written whole, never half."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, dict[str, Any]] | None:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            do = "check the file's owner and rights"
            raise EnvironmentRefused(f"cannot read: {error.strerror}", where=str(self._path), do=do) from error
        try:
            tables = json.loads(text)
        except ValueError as error:
            do = "mend it by hand, or move it aside and add the meters again"
            raise InputRefused(f"the registry is not valid JSON: {error}", where=str(self._path), do=do) from error
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise InputRefused("the registry is not a set of tables", where=str(self._path), do="move it aside")
        return tables

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        write_atomically(self._path, text.encode(), mode=_MODE)


class Registry:
    """The gateway's meters. For one thread; every call sees what is on the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        database = TinyDB(storage=AtomicStorage, path=path)
        self._meters = database.table("meters", cache_size=0)
        self._journal = database.table("journal", cache_size=0)

    def meters(self) -> tuple[RegisteredMeter, ...]:
        """Every meter, in the order it was added; raises InputRefused for a registry that makes no sense."""
        try:
            found = [
                RegisteredMeter(
                    number=meter.doc_id, port=meter["port"], profile=meter["profile"], serial=meter.get("serial", "")
                )
                for meter in self._meters.all()
            ]
        except (KeyError, TypeError) as error:
            do = "give each meter a port and a profile"
            raise InputRefused(f"a meter is incomplete: {error}", where=str(self._path), do=do) from error
        return tuple(found)

    def add(self, port: str, profile: str, serial: str = "") -> RegisteredMeter:
        """Register a meter; raises InputRefused when its port or its serial number is taken."""
        for other in self.meters():
            if other.port == port or (serial and other.serial == serial):
                do = f"remove it first: lamplight-gateway meter remove ... {other.number}"
                raise InputRefused(f"meter {other.number} has this port or serial number", where=port, do=do)
        if len(self._meters) >= MAX_METERS:
            raise InputRefused(f"a gateway reads at most {MAX_METERS} meters", where=str(self._path))
        number = self._meters.insert({"port": port, "profile": profile, "serial": serial})
        return RegisteredMeter(number=number, port=port, profile=profile, serial=serial)

    def remove(self, number: int) -> None:
        """Forget a meter; raises InputRefused when there is none of this number."""
        if not self._meters.contains(doc_id=number):
            raise InputRefused(f"there is no meter {number}", where=str(self._path))
        self._meters.remove(doc_ids=[number])

    def learn_serial(self, number: int, serial: str) -> None:
        """Keep the serial number a meter told at its first reading; a meter removed meanwhile tells nothing more."""
        if self._meters.contains(doc_id=number):
            self._meters.update({"serial": serial}, doc_ids=[number])

    def next_generation(self) -> int:
        """The number of a journal that is about to be made: one more than the last, and durable before it is used."""
        used = self._journal.get(where("generation").exists())
        generation = (used["generation"] if used else 0) + 1
        self._journal.upsert({"generation": generation}, where("generation").exists())
        return int(generation)
