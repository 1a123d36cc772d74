"""What becomes of reads on a bad day: each must end in time, with the right value or an error that says which.

A simulated meter, at 5 % of each fault: answers and requests lost, spoilt by bits, bursts, noise or a wrong speed,
broken off, echoed, met with silence or a dip of the supply, frames whose checksum ends in 7E, and now and then an
association that is refused for a while. Both ends are joined in memory, so that waiting costs nothing; a few reads go
over a real pty. Beside ours, dlms-cosem's own transport meets the same meter on the same days.

`wrong` are values that were believed and were not the meter's; `leaks` are ports left open, descriptors left behind,
and associations that a meter still held when its inactivity time-out was over.
"""

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from benchmarks import dlms_cosem_log
from benchmarks.fault_peers import read_by_dlms_cosem
from benchmarks.fault_tally import Ending, Tried
from benchmarks.faults_on_pty import read_over_pty
from benchmarks.faulty_line import LINE_FAULTS, STEADY_W, FaultyLine, VirtualClock, a_meter, tell
from benchmarks.report import Row, main
from gateway.adapters.dlms_meter import DlmsMeter
from gateway.adapters.dlms_security import Identity
from gateway.adapters.profile_files import load_profile
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from gateway.core.meter_profile import MeterProfile
from gateway.core.reading import IntervalRow, Reading
from runtime.secret import Secret
from simulators.meter.gatekeeper import Access, Authentication
from simulators.meter.life import Life
from simulators.meter.security import Keys
from simulators.meter.station import INACTIVITY_TIMEOUT_S
from wire.terms import Disconnector
from wire.units import Quantity

SHARE = 0.05
DEADLINE_S = 60.0
GRACE_S = 10.0  # to take leave, and the line's own time
HOUR = timedelta(hours=1)
ROWS_EACH = 10  # how often a load profile comes along
KEYED_EACH = 10
_KEY, _AUTH_KEY = bytes(range(16)), bytes(range(16, 32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """How a meter is read, and what it does wrong by itself."""

    profile: MeterProfile
    misconduct: Sequence[tuple[str, ...]]
    access: Access
    identity: Identity


class Bench:
    """One meter, its faults, and the session that reads it."""

    def __init__(self, door: Door, seed: int) -> None:
        self.clock, self.tried = VirtualClock(), Tried()
        self._door = door
        self._meter = a_meter(seed=seed, access=door.access)
        self._chance = random.Random(f"faults {seed}")
        self._lines: list[FaultyLine] = []
        self._session = DlmsMeter(
            "/dev/head",
            door.profile,
            clock=self.clock,
            deadline_s=DEADLINE_S,
            identity=door.identity,
            open_line=lambda _address, _baud: self._line(),
        )

    def _line(self) -> FaultyLine:
        self._lines.append(FaultyLine(self._meter, self.clock, self._chance))
        return self._lines[-1]

    def read(self) -> None:
        """Once, at the usual share of everything."""
        self._begin_a_bad_day()
        began_at, until = self.clock.now(), self.clock.now().replace(minute=0, second=0, microsecond=0)
        rows: tuple[IntervalRow, ...] = ()
        with Ending(self.tried) as ending:
            if self._chance.randrange(ROWS_EACH):
                snapshot = self._session.read_now()
            else:
                snapshot, rows = self._session.read_all(until - 6 * HOUR, until)
        took_s = (self.clock.now() - began_at).total_seconds()
        self.tried.longest_s = max(self.tried.longest_s, took_s)
        self.tried.hung += took_s > DEADLINE_S + GRACE_S
        if ending.is_read:
            reading = self._door.profile.interpret(snapshot)
            is_true = is_right(reading, rows, self._meter.life, began_at, self.clock.now())
            self.tried.right += is_true
            self.tried.wrong += not is_true
        self._look_behind()
        self.clock.seconds += 86_400 * (ending.error_name == "SecretRefused")  # as long as we wait then

    def _begin_a_bad_day(self) -> None:
        for fault in LINE_FAULTS:
            tell(self._meter, self.clock, "fault", "rate", fault, f"{SHARE}")
        for words in self._door.misconduct:
            if self._chance.random() < SHARE:
                tell(self._meter, self.clock, "misbehave", *words)

    def _look_behind(self) -> None:
        """Whether the line was closed; and, once the meter has had its time, whether it is free."""
        self.tried.leaks += sum(not line.is_closed for line in self._lines)
        self._lines.clear()
        tell(self._meter, self.clock, "fault", "clear")
        tell(self._meter, self.clock, "misbehave", "clear")
        self.clock.seconds += INACTIVITY_TIMEOUT_S + 1
        self._meter.baud_at(self.clock.monotonic())  # so that time has passed at the meter, too
        self.tried.leaks += bool(tell(self._meter, self.clock, "status")["is_associated"])


def open_door() -> Door:
    """A meter behind an optical head that shows everybody everything."""
    return Door(
        profile=load_profile("lamplight-sim"),
        misconduct=(("refuse", "20"), ("addressee", "wrong"), ("sender", "wrong")),
        access=Access(),
        identity=_identity(MeterSecrets()),
    )


def locked_door() -> Door:
    """The same with keys, which may replay an answer or seal it with another key."""
    counters = tuple(("counter", word) for word in ("replay", "lower", "wrong"))
    keys = Keys(encryption=Secret(_KEY), authentication=Secret(_AUTH_KEY))
    return Door(
        profile=load_profile("lamplight-sim-keys"),
        misconduct=(("refuse", "20"), ("key", "wrong"), ("told", "1"), *counters),
        access=Access(authentication=Authentication.HLS_GMAC, keys=keys, draw=random.Random("challenges").randbytes),
        identity=_identity(MeterSecrets(key=Secret(_KEY), auth_key=Secret(_AUTH_KEY))),
    )


def _identity(secrets: MeterSecrets) -> Identity:
    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    return Identity(title=b"LMPabcde", secrets=secrets, counter=counter)


def is_right(reading: Reading, rows: Sequence[IntervalRow], life: Life, began_at: datetime, ended_at: datetime) -> bool:
    """Whether everything that was read is what the meter showed while it was read."""
    energy_wh = reading.value(Quantity.ENERGY_IMPORT_WH)
    seconds = range(int((ended_at - began_at).total_seconds()) + 2)
    shown_v = {round(life.voltage_v(1, began_at + timedelta(seconds=second)), 1) for second in seconds}
    return (
        reading.meter_serial == life.history.serial
        and energy_wh is not None
        and life.energy_import_wh(began_at) <= energy_wh <= life.energy_import_wh(ended_at)
        and reading.value(Quantity.POWER_IMPORT_W) in (None, STEADY_W)
        and {millivolts / 1000 for millivolts in reading.voltages_mv} <= shown_v
        and reading.disconnector is Disconnector.CLOSED
        and reading.power_failures in (None, 0)
        and all(abs((row.value(Quantity.ENERGY_IMPORT_WH) or 0) - STEADY_W) <= 1 for row in rows)
    )


def measure(full: bool) -> list[Row]:
    """Ours in memory, ours over a pty, and theirs."""
    dlms_cosem_log.silence()  # its client was loaded before ours, and with its log
    count = 10_000 if full else 300
    plain, keyed = Bench(open_door(), seed=1), Bench(locked_door(), seed=2)
    for number in range(count):
        (keyed if number % KEYED_EACH == 0 else plain).read()
    tried = plain.tried
    tried.add(keyed.tried)
    return _rows(tried, read_over_pty(12 if full else 2, SHARE), read_by_dlms_cosem(count // 10, SHARE))


def _rows(tried: Tried, pty: Tried, theirs: Tried) -> list[Row]:
    ours = Tried()
    ours.add(tried)
    ours.add(pty)
    asked = f"of {theirs.reads:,} reads"
    return [
        _plain("reads", ours.reads, "reads"),
        _limit("neither ended nor told", ours.hung, "hung"),
        _limit("ended in an error that is none of ours", ours.untyped.total(), "untyped"),
        _limit("ports and associations left behind", ours.leaks, "leaks"),
        _limit("values believed that were not the meter's", ours.wrong, "wrong"),
        _plain("read right", ours.right, "right"),
        *[_plain(f"told as {name}", count, name) for name, count in sorted(ours.typed.items())],
        _limit("the longest, by its own clock", tried.longest_s, "longest_s", "s", DEADLINE_S + GRACE_S),
        _plain("over a pty, of these", pty.reads, "pty_reads"),
        _plain("over a pty, read right", pty.right, "pty_right"),
        _plain(f"dlms-cosem hangs, {asked}", theirs.hung, "dlms_cosem_hung"),
        _plain(f"dlms-cosem raises what is not its own, {asked}", theirs.untyped.total(), "dlms_cosem_untyped"),
        _plain(f"dlms-cosem leaves its port open, {asked}", theirs.leaks, "dlms_cosem_leaks"),
        _plain(f"dlms-cosem reads to the end, {asked}", theirs.right, "dlms_cosem_right"),
    ]


def _plain(what: str, ours: float, key: str) -> Row:
    return Row(what=what, ours=ours, beside=0, beside_name="", unit="", key=key)


def _limit(what: str, ours: float, key: str, unit: str = "", limit: float = 0) -> Row:
    return Row(what=what, ours=ours, beside=limit, beside_name="", unit=unit, is_limit=True, key=key)


if __name__ == "__main__":
    sys.exit(main("faults", measure))
