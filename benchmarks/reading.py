"""A day of quarter-hours and ten registers over a true line; a ciphered register over TCP; a day of rows decoded.

The line has 9600 Bd and a meter that takes 50 ms to begin an answer; link and association are not counted, since a
gateway that reads more than one thing pays for them once. The gateway's own session (`DlmsMeter`) reads the simulated
meter in memory, on a clock that only the line moves, and for comparison over a pty and a process, where the machine's
own delays come on top. Beside it stands what the octets and turnarounds alone cost (`reading_limit`), and dlms-cosem as
shipped. CPU figures are of the reading process, the best of several batches, since the machine is shared.
`--full` does more over the pty, and decodes more.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from benchmarks.faulty_line import SteadyHome, VirtualClock
from benchmarks.reading_limit import line_limit_s, null_rows, plain_rows
from benchmarks.reading_line import (
    GIVING,
    MAX_PDU_BYTES,
    PERIOD,
    SERIAL,
    TURNAROUND_S,
    Exchange,
    PacedLine,
    TimedLine,
    a_meter,
    reading_of,
    took_s,
)
from benchmarks.reading_peers import dlms_cosem_decodes, dlms_cosem_register_ms, dlms_cosem_s, gurux_register_ms
from benchmarks.report import Row, main
from gateway.adapters.dlms_association import Association
from gateway.adapters.dlms_meter import DlmsMeter, open_line
from gateway.adapters.dlms_security import Identity, title_of
from gateway.adapters.link_driver import LinkDriver
from gateway.adapters.profile_files import load_profile
from gateway.adapters.tcp_port import TcpPort
from gateway.core.dlms import axdr, profile_generic
from gateway.core.dlms.obis import Attribute, Obis
from gateway.core.dlms.wrapper import WrapperLink
from gateway.core.invocation_counter import InvocationCounter, KeptCounter
from gateway.core.meter_access import MeterSecrets
from gateway.core.meter_profile import MeterProfile
from runtime.clock import SystemClock
from runtime.secret import Secret
from simulators.household import Household
from simulators.meter import profile
from simulators.meter.apdu import Selection, Target
from simulators.meter.buffer_encoding import Encoding

ROWS = 96
DAY = ROWS * PERIOD
PLAIN_S, NULL_DATA_S, REGISTER_MS, DECODE_MS = 3.4, 1.9, 0.3, 1.0
WITHIN = 1.1  # of what the line alone costs
BATCHES, READS_A_BATCH = 8, 100
KEY, AUTH_KEY = bytes(range(16)), bytes(range(16, 32))
_ENERGY = Attribute(class_id=3, obis=Obis.parse("1.0.1.8.0.255"), index=2)
_COLUMNS = tuple(
    Attribute(class_id=class_id, obis=Obis.parse(obis), index=2)
    for class_id, obis in ((8, "0.0.1.0.0.255"), (1, "0.0.96.10.1.255"), (3, "1.0.1.8.0.255"), (3, "1.0.2.8.0.255"))
)
# Ten values and the clock: serial number, clock, two energies, two powers, three voltages, a count and the switch.
_REGISTER_BYTES = (13, 14, 5, 5, 5, 5, 3, 3, 3, 3, 2)


def measure(full: bool) -> list[Row]:
    """Every figure; fails where the limits are not kept."""
    limit_plain_s = line_limit_s(plain_rows(ROWS), _REGISTER_BYTES, TURNAROUND_S)
    limit_null_s = line_limit_s(null_rows(ROWS), _REGISTER_BYTES, TURNAROUND_S)
    plain_s, null_s = ours_s(Encoding.PLAIN), ours_s(Encoding.NULL_DATA)
    peer_s = dlms_cosem_day_s(Encoding.PLAIN)
    rows = [
        _limit("a day and ten registers, plain, 2030/7", "plain_s", plain_s, PLAIN_S, "s"),
        _limit("the same, time and status left out", "null_data_s", null_s, NULL_DATA_S, "s"),
        _limit("plain, beside 110 % of the line's own", "", plain_s, WITHIN * limit_plain_s, "s"),
        _limit("left out, beside 110 % of the line's own", "", null_s, WITHIN * limit_null_s, "s"),
        _beside("plain, the line alone", "line_limit_plain_s", limit_plain_s, plain_s, "s", "ours"),
        _beside("left out, the line alone", "line_limit_null_s", limit_null_s, null_s, "s", "ours"),
        _beside("plain, 128/1", "plain_128_s", ours_s(Encoding.PLAIN, is_128=True), peer_s, "s", "dlms-cosem"),
        _beside("left out, 128/1", "null_data_128_s", ours_s(Encoding.NULL_DATA, is_128=True), plain_s, "s", "2030/7"),
        _beside("plain, dlms-cosem as shipped", "dlms_cosem_s", peer_s, plain_s, "s", "ours"),
    ]
    for encoding in (Encoding.PLAIN, Encoding.NULL_DATA, *((Encoding.DELTA, Encoding.COMPACT_ARRAY) if full else ())):
        key, took, in_memory = f"pty_{_word(encoding)}_s", over_pty_s(encoding), ours_s(encoding, home=SteadyHome())
        what = f"{encoding.value}, over a pty, a home that gives nothing"
        rows.append(_beside(what, key, took, in_memory, "s", "in memory"))
    return [*rows, *registers(), *decoding(20 if full else 5)]


# ---- on the line ----------------------------------------------------------------------------------------------------


def ours_s(encoding: Encoding, *, is_128: bool = False, home: Household = GIVING) -> float:
    """Seconds the gateway's own session takes, in memory."""
    clock, meter_profile = VirtualClock(), load_profile("cosem-meter")
    if is_128:
        meter_profile = replace(meter_profile, link=replace(meter_profile.link, max_info_bytes=128, window=1))
    line = PacedLine(a_meter(encoding, home).open_converter(), clock)
    session = DlmsMeter("hdlc+tcp://meter:4059", meter_profile, clock=clock, open_line=lambda _address, _baud: line)
    return took_s(_second_reading(session, line, clock.now))


def dlms_cosem_day_s(encoding: Encoding) -> float:
    """Seconds of dlms-cosem for the same day."""
    meter_profile, until = load_profile("cosem-meter"), _full_hour(VirtualClock().now())
    return dlms_cosem_s(encoding, meter_profile.values, until - DAY, until)


def over_pty_s(encoding: Encoding) -> float:
    """Seconds of the gateway's own session, over a pty to a meter in a process of its own."""
    clock = SystemClock()
    thinks_ms = round(TURNAROUND_S * 1_000)
    with tempfile.TemporaryDirectory(prefix="lamplight-") as name:
        port = Path(name, "meter")
        words = ("--link", port, "--serial", SERIAL, "--phases", "3", "--capture-minutes", "15")
        with _a_process(*words, "--encoding", encoding.value, "--turnaround-ms", str(thinks_ms)):
            meter_profile = load_profile("lamplight-sim")
            lines: list[TimedLine] = []

            def opened(address: object, baud: int) -> TimedLine:
                lines.append(TimedLine(open_line(address, baud), clock))  # type: ignore[arg-type] # what it was given
                return lines[-1]

            session = DlmsMeter(str(port), meter_profile, clock=clock, open_line=opened)
            session.read_now()
            until = _full_hour(clock.now())
            session.read_all(until - PERIOD, until)
            session.read_all(until - DAY, until)
            return took_s(reading_of(lines[-1].exchanges))


def _second_reading(session: DlmsMeter, line: PacedLine, now: Callable[[], datetime]) -> list[Exchange]:
    """What a meter tells once has been told before."""
    until = _full_hour(now())
    session.read_all(until - PERIOD, until)
    line.exchanges.clear()
    _, rows = session.read_all(until - DAY, until)
    assert len(rows) == ROWS, f"{len(rows)} rows came"
    return list(reading_of(line.exchanges))


def _full_hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


# ---- CPU ------------------------------------------------------------------------------------------------------------


def registers() -> Iterator[Row]:
    """A ciphered register over TCP, by three clients of one meter."""
    with _a_process("--tcp", "0", "--auth", "hls-gmac", "--key", "env:K", "--auth-key", "env:A") as told:
        found = re.search(r"\btcp=(\d+)", told)
        assert found is not None, told
        port = int(found.group(1))
        ours = _register_ms(port)
        yield _limit("a ciphered register over TCP, CPU", "ciphered_register_ms", ours, REGISTER_MS, "ms")
        peer = dlms_cosem_register_ms(port, KEY, AUTH_KEY, cpu_ms)
        yield _beside("the same by dlms-cosem", "dlms_cosem_register_ms", peer, ours, "ms", "ours")
        peer = gurux_register_ms(port, KEY, AUTH_KEY, cpu_ms)
        yield _beside("the same by Gurux", "gurux_register_ms", peer, ours, "ms", "ours")


def _register_ms(port: int) -> float:
    meter_profile: MeterProfile = load_profile("lamplight-sim-keys")
    counter = InvocationCounter(KeptCounter(), lambda _kept: None)
    counter.learn(1)
    secrets = MeterSecrets(key=Secret(KEY), auth_key=Secret(AUTH_KEY))
    line = TcpPort("127.0.0.1", port)
    driver = LinkDriver(
        line,
        WrapperLink(meter_profile.link, meter_profile.access.client_sap),
        meter_profile,
        signs_on=False,
        where="meter",
        clock=SystemClock(),
        deadline_s=60.0,
        report=lambda _words: None,
    )
    identity = Identity(title=title_of(b"bench"), secrets=secrets, counter=counter)
    association = Association(driver, meter_profile.access, identity, "meter")
    association.open()
    try:
        return cpu_ms(lambda: association.get((_ENERGY,)))
    finally:
        association.release()
        line.close()


def decoding(batches: int) -> Iterator[Row]:
    """A day of rows from octets to whole rows, in each encoding a meter may choose."""
    for encoding in Encoding:
        octets = _a_day(encoding)

        def decode(octets: bytes = octets) -> None:
            profile_generic.rows(axdr.decode(octets), _COLUMNS, int(PERIOD.total_seconds()))

        took = cpu_ms(decode, batches=4 * batches, calls=20)
        key = "profile_decode_ms" if encoding is Encoding.PLAIN else f"profile_decode_{_word(encoding)}_ms"
        yield _limit(f"a day of rows decoded, {encoding.value}, CPU", key, took, DECODE_MS, "ms")
        if encoding is Encoding.PLAIN:
            peer = cpu_ms(partial(dlms_cosem_decodes, octets), batches=4 * batches, calls=20)
            yield _beside("the same by dlms-cosem, values alone", "dlms_cosem_decode_ms", peer, took, "ms", "ours")


def _a_day(encoding: Encoding) -> bytes:
    """The newest day of a meter's buffer, as it would put it into an answer."""
    meter, now = a_meter(encoding), VirtualClock().now()
    last = len(meter.life.captures(now))
    selection = Selection(selector=profile.BY_ENTRY, parameters=(last - ROWS + 1, last, 1, 0))
    target = Target(class_id=7, obis=Obis.parse("1.0.99.1.0.255").octets, member=2, selection=selection)
    return meter.objects.read(target, now)


def cpu_ms(call: Callable[[], object], *, batches: int = BATCHES, calls: int = READS_A_BATCH) -> float:
    """CPU milliseconds of one call in this process, of the best batch."""
    best = float("inf")
    for _ in range(batches):
        began = time.process_time_ns()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time_ns() - began) / calls / 1e6)
    return best


# ---- rows and processes ---------------------------------------------------------------------------------------------


def _word(encoding: Encoding) -> str:
    return encoding.value.replace("-", "_")


def _limit(what: str, key: str, ours: float, limit: float, unit: str) -> Row:
    return Row(what=what, key=key, ours=ours, beside=limit, beside_name="limit", unit=unit, is_limit=True)


def _beside(what: str, key: str, figure: float, beside: float, unit: str, name: str) -> Row:
    return Row(what=what, key=key, ours=figure, beside=beside, beside_name=name, unit=unit)


@contextmanager
def _a_process(*words: object) -> Iterator[str]:
    """A simulated meter in a process of its own; gives the line in which it says that it is ready."""
    program = Path(sys.executable).with_name("lamplight-sim")
    environment = {**os.environ, "K": KEY.hex(), "A": AUTH_KEY.hex()}
    with tempfile.TemporaryDirectory(prefix="lamplight-") as name:
        orders = Path(name, "meter.sock")
        command = [program, "meter", "--control", orders, "--max-pdu", str(MAX_PDU_BYTES), *words]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:  # type: ignore[arg-type] # paths and words
            try:
                assert process.stdout is not None
                yield process.stdout.readline()
            finally:
                process.terminate()


if __name__ == "__main__":
    raise SystemExit(main("reading", measure))
