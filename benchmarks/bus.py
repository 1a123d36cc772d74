"""Meters on one RS-485 bus, one of them dead: how long a round takes, and how much of it the dead one costs the others.

A gateway that wants to read every meter all the time, and a bus at 9600 baud, in processes of their own; what is
counted are the register readings in the gateway's journal. A round is the time from one reading of a meter to its next,
the median over all meters. First all live, then one falls silent. It may hold the line no longer than its own time-out,
and because it is asked less and less often, it holds it less than once a round. Beside it stands a reader that waits
for it in every round. `--full` has the 32 meters that a bus carries without a repeater; the short profile has eight.
"""

import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.report import Row, main
from gateway.adapters.journal_view import JournalView
from gateway.adapters.profile_files import load_profile
from simulators import control
from wire.events import RegisterReadings
from wire.terms import Lane

METERS, METERS_FULL = 8, 32
FIRST_ADDRESS: Final = 17
DEAD: Final = 3
PROFILE: Final = "lamplight-sim-bus"
ROUNDS: Final = 3
WARM_UP: Final = 2
DEADLINE_S: Final = 300.0
LOOK_S: Final = 0.5
_SETTINGS: Final = """[meter]
poll_interval_s = 1
close_interval_s = 1
backfill_days = 0
log_interval_s = 86400
most_held_percent = 95
"""

Readings = Mapping[str, Sequence[float]]  # serial number -> when it was read, Unix seconds


def play(folder: Path, count: int) -> tuple[Readings, Readings, str]:
    """When each meter was read while all lived, and while one was dead; and the dead one's serial number."""
    serials = [f"BUS{number:04}" for number in range(count)]
    places = [f"--meter={serial}={address}" for address, serial in enumerate(serials, FIRST_ADDRESS)]
    bus = ("bus", "--link", str(folder / "wire"), "--dir", str(folder / "meters"), *places)
    with _running("lamplight-sim", *bus, ready="ready"):
        state = _prepared(folder, count)
        with _running("lamplight-gateway", "run", str(state)):
            journal = state / "journal.sqlite"
            _after_rounds(journal, serials, since_s=0.0, rounds=WARM_UP)  # what is asked once of each meter
            alive = _after_rounds(journal, serials, since_s=time.time())
            # Held by nobody when it dies: otherwise its silence would begin within a reading.
            control.tell(folder / "meters" / f"{serials[DEAD]}.sock", ("fault", "silence", "3600"))
            others = [serial for serial in serials if serial != serials[DEAD]]
            with_dead = _after_rounds(journal, others, since_s=time.time())
    return alive, with_dead, serials[DEAD]


def _after_rounds(journal: Path, serials: Sequence[str], *, since_s: float, rounds: int = ROUNDS) -> Readings:
    """The readings since then, once each of these meters was read often enough; raises TimeoutError."""
    end_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < end_s:
        read = _readings(journal, since_s)
        if all(len(read[serial]) > rounds for serial in serials):
            return read
        time.sleep(LOOK_S)
    raise TimeoutError(f"not every meter was read {rounds + 1} times within {DEADLINE_S:g} s")


def _readings(journal: Path, since_s: float) -> defaultdict[str, list[float]]:
    read: defaultdict[str, list[float]] = defaultdict(list)
    with JournalView(journal) as view:
        for row in view.newest(100_000, Lane.READINGS):
            event = row.record.event
            if isinstance(event, RegisterReadings) and event.at_ms / 1000 > since_s:
                read[row.record.subject].append(event.at_ms / 1000)
    return read


def round_s(read: Readings) -> float:
    """The median time from one reading of a meter to its next."""
    return median(after - before for times in read.values() for before, after in pairwise(sorted(times)))


def holds_s(read: Readings) -> list[float]:
    """How long each turn on the line took, and what lay between it and the next."""
    return [after - before for before, after in pairwise(sorted(time for times in read.values() for time in times))]


def _prepared(folder: Path, count: int) -> Path:
    """A gateway's state folder with its meters, enrolled with a cloud that is not running."""
    state, cloud, enrolment = folder / "state", folder / "cloud", folder / "enrolment.toml"
    _run("lamplight-gateway", "init", str(state))
    for address in range(FIRST_ADDRESS, FIRST_ADDRESS + count):
        where = ("--port", str(folder / "wire"), "--address", str(address))
        _run("lamplight-gateway", "meter", "add", str(state), *where, "--profile", PROFILE)
    settings = state / "gateway.toml"
    settings.write_text(settings.read_text().replace("[meter]\n", _SETTINGS, 1))
    _run("lamplight-cloud", "init", str(cloud))
    named = ("--public-key", str(state / "gateway.pub.pem"), "--usage-point", "UP-1", "--meter", "BUS0000")
    _run("lamplight-cloud", "gateway", "add", "--state", str(cloud), *named, "--out", str(enrolment))
    _run("lamplight-gateway", "enrol", str(state), str(enrolment))
    return state


def _run(program: str, *words: str) -> None:
    subprocess.run([_command(program), *words], check=True, capture_output=True)


@contextmanager
def _running(program: str, *words: str, ready: str = "") -> Iterator[None]:
    argv = [_command(program), *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
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
    """A round with all alive and with one dead, what the dead one costs, and how long it ever held the line."""
    count = METERS_FULL if full else METERS
    with tempfile.TemporaryDirectory(prefix="bus-") as folder:
        alive, with_dead, dead = play(Path(folder), count)
    link = load_profile(PROFILE).link
    time_out_s = link.response_timeout_s * (1 + link.retries)
    alive_s, dead_s = round_s(alive), round_s({serial: at for serial, at in with_dead.items() if serial != dead})
    others_s = alive_s * (count - 1) / count
    lost_s = max(0.0, dead_s - others_s)
    # A turn that follows the dead one's: its time-out, and a reading.
    longest_s = max(holds_s(with_dead))
    return [
        Row(what=f"a round of {count}, all alive", ours=alive_s, beside=alive_s, beside_name="itself", unit="s"),
        Row(
            what="a round, one dead",
            ours=dead_s,
            beside=others_s + time_out_s,
            beside_name="waits for it each round",
            unit="s",
            key="cycle_s",
        ),
        Row(
            what="lost to the dead one in a round",
            ours=lost_s,
            beside=time_out_s,
            beside_name="its own time-out",
            unit="s",
            is_limit=True,
            key="lost_to_dead_s",
        ),
        Row(
            what="the same, of the round",
            ours=100 * lost_s / dead_s,
            beside=100 * time_out_s / (others_s + time_out_s),
            beside_name="waits for it each round",
            unit="%",
            key="lost_to_dead_percent",
        ),
        Row(
            what="longest time between two readings",
            ours=longest_s,
            beside=time_out_s + 2 * max(holds_s(alive)),
            beside_name="time-out and two turns",
            unit="s",
            key="longest_hold_s",
        ),
    ]


if __name__ == "__main__":
    sys.exit(main("bus", measure))
