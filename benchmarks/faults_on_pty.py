"""The same bad days over a real pseudo-terminal, in real time: nothing of a port is left behind."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fault_tally import Ending, Tried
from benchmarks.faulty_line import LINE_FAULTS
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.profile_files import load_profile
from runtime.clock import SystemClock
from simulators import control

SERIAL = "LMP10000001"
DEADLINE_S = 20.0
GRACE_S = 10.0
_SLOW_TO_MEND = ("silence", "dip", "mishear")  # seconds of time-outs each, and nothing more is learnt from them here


def read_over_pty(count: int, share: float) -> Tried:
    """So many reads of a meter in a process of its own."""
    tried, profile, clock = Tried(), load_profile("lamplight-sim"), SystemClock()
    with tempfile.TemporaryDirectory(prefix="lamplight-") as name:
        port, orders = Path(name, "meter"), Path(name, "meter.sock")
        with _a_meter(port, orders):
            session = DlmsMeter(str(port), profile, clock=clock, deadline_s=DEADLINE_S)
            for fault in LINE_FAULTS:
                if fault not in _SLOW_TO_MEND:
                    control.tell(orders, ("fault", "rate", fault, f"{share}"))
            open_before = _open_files()
            for _ in range(count):
                began_s = clock.monotonic()
                with Ending(tried) as ending:
                    reading = profile.interpret(session.read_now())
                    is_right = reading.meter_serial == SERIAL
                took_s = clock.monotonic() - began_s
                tried.hung += took_s > DEADLINE_S + GRACE_S
                tried.longest_s = max(tried.longest_s, took_s)
                tried.right += ending.is_read and is_right
                tried.wrong += ending.is_read and not is_right
            tried.leaks += max(_open_files() - open_before, 0)
    return tried


@contextmanager
def _a_meter(port: Path, orders: Path) -> Iterator[None]:
    program = Path(sys.executable).with_name("lamplight-sim")
    words = ("meter", "--link", port, "--control", orders, "--serial", SERIAL, "--baud", "19200")
    with subprocess.Popen([program, *words], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(orders)
            yield
        finally:
            process.terminate()


def _wait_for(orders: Path) -> None:
    end_s = time.monotonic() + 20
    while not orders.exists():
        if time.monotonic() > end_s:
            raise TimeoutError("the simulated meter does not begin")
        time.sleep(0.05)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
