"""A month that is missing, read over a true line: seconds from the meter's first values to its last missing hour.

A gateway with an empty journal meets a meter at 9600 baud, both in processes of their own, with no broker in reach;
what is counted stands in the gateway's journal, signed. Beside it stands what the rows alone take on that line. In the
second run the meter falls silent in the middle of a piece; every hour must be there once all the same. The two run side
by side, since the line is what they wait for. `--full` plays a meter with keys as well, whose octets are ciphered.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.report import Row, main
from gateway.adapters.journal_view import JournalView
from simulators import control
from wire.events import IntervalReadings, RegisterReadings
from wire.terms import Lane
from wire.units import Quantity

HOURS: Final = 31 * 24
LIMIT_S: Final = 30.0
BAUD: Final = 9_600
# A row: structure of four, time stamp, status, two registers.
ROW_BYTES: Final = 2 + 14 + 2 + 5 + 5
LINE_S: Final = HOURS * ROW_BYTES * 10 / BAUD
CUT_S: Final = 15.0
DEADLINE_S: Final = 240.0
LOOK_S: Final = 0.2
KEYS: Final = {"LAMPLIGHT_BENCH_KEY": bytes(range(16)).hex(), "LAMPLIGHT_BENCH_AUTH_KEY": bytes(range(16, 32)).hex()}
_SOURCES: Final = ("--key", "env:LAMPLIGHT_BENCH_KEY", "--auth-key", "env:LAMPLIGHT_BENCH_AUTH_KEY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the journal holds: whether any reading, and how often each hour."""

    has_registers: bool
    hours: Counter[int]


def look(journal: Path) -> Seen:
    """The journal as it stands."""
    with JournalView(journal) as view:
        events = [row.record.event for row in view.newest(10_000, Lane.READINGS)]
    batches = [event for event in events if isinstance(event, IntervalReadings)]
    hours = Counter(
        batch.start_ms + place * 1_000 * batch.period_s
        for batch in batches
        if batch.quantity is Quantity.ENERGY_IMPORT_WH
        for place in range(len(batch.values))
    )
    return Seen(has_registers=any(isinstance(event, RegisterReadings) for event in events), hours=hours)


def until(journal: Path, holds: Callable[[Seen], bool]) -> tuple[float, Seen]:
    """When the journal first held so much, and what; raises TimeoutError."""
    end_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < end_s:
        if holds(seen := look(journal)):
            return time.monotonic(), seen
        time.sleep(LOOK_S)
    raise TimeoutError(f"{journal} did not come so far within {DEADLINE_S:g} s")


def catch_up(folder: Path, *, is_cut: bool = False, has_keys: bool = False) -> tuple[float, Seen]:
    """How long a month took, and what stands in the journal."""
    access = ("--auth", "hls-gmac", *_SOURCES) if has_keys else ()
    meter = ("meter", "--link", str(folder / "head"), "--control", str(folder / "meter.sock"), "--baud", str(BAUD))
    with _running("lamplight-sim", *meter, *access, ready="ready"):
        state = _prepared(folder, has_keys=has_keys)
        with _running("lamplight-gateway", "run", str(state)):
            journal = state / "journal.sqlite"
            began_s, _ = until(journal, lambda seen: seen.has_registers)
            if is_cut:
                until(journal, lambda seen: bool(seen.hours))
                time.sleep(2.0)  # into the middle of the piece that follows
                control.tell(folder / "meter.sock", ("fault", "silence", f"{CUT_S:g}"))
            ended_s, _ = until(journal, lambda seen: len(seen.hours) >= HOURS)
            time.sleep(2.0)  # what comes twice would come now
        return ended_s - began_s, look(journal)


def _prepared(folder: Path, *, has_keys: bool) -> Path:
    """A gateway's state folder with its meter, enrolled with a cloud that is not running."""
    state, cloud, enrolment = folder / "state", folder / "cloud", folder / "enrolment.toml"
    profile = "lamplight-sim-keys" if has_keys else "lamplight-sim"
    _run("lamplight-gateway", "init", str(state))
    sources = _SOURCES if has_keys else ()
    _run(
        "lamplight-gateway", "meter", "add", str(state), "--port", str(folder / "head"), "--profile", profile, *sources
    )
    _run("lamplight-cloud", "init", str(cloud))
    named = ("--public-key", str(state / "gateway.pub.pem"), "--usage-point", "UP-1", "--meter", "LMP10000001")
    _run("lamplight-cloud", "gateway", "add", "--state", str(cloud), *named, "--out", str(enrolment))
    _run("lamplight-gateway", "enrol", str(state), str(enrolment))
    return state


def _run(program: str, *words: str) -> None:
    subprocess.run([_command(program), *words], check=True, env=os.environ | KEYS, capture_output=True)


@contextmanager
def _running(program: str, *words: str, ready: str = "") -> Iterator[None]:
    argv = [_command(program), *words]
    out, errors = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(argv, stdout=out, stderr=errors, text=True, env=os.environ | KEYS) as process:
        try:
            assert process.stdout is not None
            if ready and not process.stdout.readline().startswith(ready):
                raise RuntimeError(f"{program} did not begin")
            yield
        finally:
            process.terminate()


def _command(program: str) -> str:
    return str(Path(sys.executable).with_name(program))


def measure(full: bool) -> Sequence[Row]:
    """One row of seconds for each run, and for the one that was cut what is missing or there twice."""
    plays = {"a month of hours": {}, "the same, cut in the middle": {"is_cut": True}}
    if full:
        plays |= {"the same, with keys": {"has_keys": True}}
    with tempfile.TemporaryDirectory(prefix="catchup-") as folder, ThreadPoolExecutor(len(plays)) as pool:
        folders = [Path(folder, str(number)) for number in range(len(plays))]
        for path in folders:
            path.mkdir()
        played = [pool.submit(catch_up, path, **how) for path, how in zip(folders, plays.values(), strict=True)]
        rows: list[Row] = []
        for (what, how), future in zip(plays.items(), played, strict=True):
            rows += _rows(what, *future.result(), is_cut="is_cut" in how, has_keys="has_keys" in how)
    return rows


def _rows(what: str, took_s: float, seen: Seen, *, is_cut: bool, has_keys: bool) -> Iterator[Row]:
    first, last = min(seen.hours), max(seen.hours)
    missing = (last - first) // 3_600_000 + 1 - len(seen.hours)
    doubled = sum(count - 1 for count in seen.hours.values())
    yield Row(what=what, ours=took_s, beside=LINE_S, beside_name="line alone", unit="s")
    if not is_cut and not has_keys:
        yield Row(what=what, ours=took_s, beside=LIMIT_S, beside_name="", unit="s", is_limit=True)
    wrong = f"{what}: of {len(seen.hours)} hours missing or there twice"
    yield Row(what=wrong, ours=missing + doubled, beside=0, beside_name="", unit="hours", is_limit=True)


if __name__ == "__main__":
    sys.exit(main("catchup", measure))
