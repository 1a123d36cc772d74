"""Acknowledged rows that a power cut takes, and stores it leaves unreadable: the journal, and stores that must fail.

Each store runs once with a shim that writes down every operation on its files (`power_cut_shim.c`, compiled here with
the system's C compiler). From that one trace hundreds of power cuts are made (`power_cut_disk.py`): what was not made
durable is gone, or there in torn pieces. Each time the store is opened as its program would, and looked at.

SQLite with synchronous=NORMAL and TinyDB's own storage stand beside ours in the same run: a test of power cuts that
they pass would prove nothing.
"""

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.power_cut_disk import Cut, Step, cuts, read_trace
from benchmarks.power_cut_stores import ACKS, STORES, Outcome
from benchmarks.report import Row, Skipped, main
from runtime import logs
from wire.keys import SoftwareSigner

_SHIM = Path(__file__).with_name("power_cut_shim.c")
_SHORT, _LONG = 500, 10_000
_SEED = 20_261_121
_WRITES_WITHIN_S = 120
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What so many cuts did to one store."""

    cuts: int
    corrupt: int
    cuts_that_lost: int
    lost: int


def measure(full: bool) -> list[Row]:
    """Ours must stand every cut, and what is known to fail must fail."""
    logs.configure("error")
    count = _LONG if full else _SHORT
    with compiled_shim() as shim:
        tallies = {name: cut_power(shim, name, count) for name in STORES}
    ours, atomic = tallies["journal"], tallies["tinydb_atomic"]
    normal, default = tallies["sqlite_normal"], tallies["tinydb_default"]
    return [
        _row("power cuts, each store", ours.cuts, count, "asked for", key="cuts", at_least=True),
        _row("journal: unreadable after a cut", ours.corrupt, 0, key="corrupt"),
        _row("journal: acknowledged rows lost", ours.lost, 0, key="lost"),
        _row("registry (TinyDB, our storage): unreadable", atomic.corrupt, 0, key="tinydb_atomic_corrupt"),
        _row("registry: acknowledged rows lost", atomic.lost, 0, key="tinydb_atomic_lost"),
        _row(
            "the shim bites: TinyDB's own storage unreadable",
            default.corrupt,
            1,
            key="tinydb_default_corrupt",
            at_least=True,
        ),
        _row(
            "TinyDB's own storage: cuts that lost rows",
            default.cuts_that_lost,
            0,
            key="tinydb_default_lost",
            is_limit=False,
        ),
        _row(
            "the shim bites: SQLite NORMAL, cuts that lost rows",
            normal.cuts_that_lost,
            1,
            key="sqlite_normal_lost",
            at_least=True,
        ),
        _row("SQLite NORMAL: rows lost in them", normal.lost, 0, key="sqlite_normal_rows_lost", is_limit=False),
        _row("SQLite NORMAL: unreadable", normal.corrupt, 0, key="sqlite_normal_corrupt", is_limit=False),
    ]


def _row(
    what: str, ours: int, beside: int, name: str = "", *, key: str, at_least: bool = False, is_limit: bool = True
) -> Row:
    return Row(
        what=what,
        ours=ours,
        beside=beside,
        beside_name=name or ("at least" if at_least else "at most" if is_limit else "ours"),
        unit="",
        less_is_better=not at_least,
        is_limit=is_limit,
        key=key,
    )


@contextmanager
def compiled_shim() -> Iterator[Path]:
    """The shim as a library; raises Skipped where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise Skipped("no C compiler here (cc); install one, as apt install gcc libc6-dev")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "shim.so"
        options = ("-O2", "-shared", "-fPIC", "-o", str(library), str(_SHIM), "-ldl", "-lpthread")
        subprocess.run((compiler, *options), check=True)
        yield library


def cut_power(shim: Path, name: str, count: int) -> Tally:
    """Let the store write once, cut its power so many times, and look at it each time."""
    signer = SoftwareSigner.generate()
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as made:
        folder = Path(made) / "store"
        steps = record(shim, name, folder, signer)
        found: Counter[str] = Counter()
        for cut in cuts(steps, count, str(folder / ACKS), random.Random(_SEED)):
            outcome = after(name, cut, folder, signer)
            found.update(corrupt=outcome.is_corrupt, lossy=outcome.lost > 0, lost=outcome.lost, cuts=1)
    return Tally(cuts=found["cuts"], corrupt=found["corrupt"], cuts_that_lost=found["lossy"], lost=found["lost"])


def record(shim: Path, name: str, folder: Path, signer: SoftwareSigner) -> list[Step]:
    """What the store did to its files while it wrote."""
    folder.mkdir()
    key, trace = folder.with_name("key.pem"), folder.with_name("trace")
    key.write_bytes(signer.to_pem())
    environment = {"LD_PRELOAD": str(shim), "POWER_CUT_FOLDER": str(folder), "POWER_CUT_TRACE": str(trace)}
    arguments = (sys.executable, "-m", "benchmarks.power_cut_stores", name, str(folder), str(key))
    subprocess.run(
        arguments, check=True, env=os.environ | environment, timeout=_WRITES_WITHIN_S, stderr=subprocess.DEVNULL
    )
    return read_trace(trace)


def after(name: str, cut: Cut, folder: Path, signer: SoftwareSigner) -> Outcome:
    """What the store is once the power is back."""
    shutil.rmtree(folder)
    folder.mkdir()
    for path, content in cut.files.items():
        Path(path).write_bytes(content)
    return STORES[name].check(folder, signer, cut.said)


if __name__ == "__main__":
    sys.exit(main("powercut", measure))
