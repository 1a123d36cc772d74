"""A drop as it is put into a folder: the tables, then their manifest, then all of it at once under its name.

Whoever looks for drops sees none that is half there: the folder is written under a name that begins with a dot, the
manifest last of all, and renamed when everything is on the disk.
"""

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from runtime.durable import write_atomically
from runtime.errors import EnvironmentRefused, InputRefused
from simulators.cis.books import COLUMNS, Row, Rows
from simulators.cis.mischief import Fault, in_rows

MANIFEST = "manifest.json"


def write(folder: Path, name: str, rows: Rows, made_at: datetime, fault: Fault | None = None) -> Path:
    """Put a drop into a folder; raises EnvironmentRefused for the disk.

    Raises InputRefused when one of its name is there, or when nothing in it could have the fault.
    """
    path, aside = folder / name, folder / f".{name}.{os.getpid()}.new"
    if path.exists():
        raise InputRefused("there is a drop of this name already", where=str(path), do="name it otherwise: --drop")
    try:
        aside.mkdir(parents=True)
        told = {entity: some for entity, some in in_rows(rows, fault).items() if some}
        tables = {entity: table(entity, some) for entity, some in told.items()}
        files = [_listed(entity, data, len(told[entity])) for entity, data in tables.items()]
        for entity, data in tables.items():
            write_atomically(aside / f"{entity}.csv", data, mode=0o640)
        _spoil_manifest(files, fault)
        if fault is Fault.MISSING_FILE:
            (aside / str(files[-1]["name"])).unlink()
        manifest = {"drop": name, "made_at": made_at.isoformat(), "files": files}
        write_atomically(aside / MANIFEST, json.dumps(manifest, indent=1).encode(), mode=0o640)
        aside.rename(path)
    except OSError as error:
        do = "free some space or check the folder's rights"
        raise EnvironmentRefused(f"cannot write the drop: {error.strerror}", where=str(path), do=do) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return path


def table(entity: str, rows: Sequence[Row]) -> bytes:
    """The rows as a CSV file."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS[entity], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def _listed(entity: str, data: bytes, rows: int) -> dict[str, object]:
    return {"name": f"{entity}.csv", "entity": entity, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()}


def _spoil_manifest(files: list[dict[str, object]], fault: Fault | None) -> None:
    if fault is Fault.WRONG_COUNT:
        files[-1]["rows"] = int(str(files[-1]["rows"])) + 1
    elif fault is Fault.WRONG_HASH:
        files[-1]["sha256"] = hashlib.sha256(b"something else").hexdigest()
