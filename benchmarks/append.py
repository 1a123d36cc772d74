"""What it costs to append to the journal as it grows: sealed, chained and committed, with everything still waiting.

The gateway's own journal, on the disk of the machine (TMPDIR chooses which): readings in groups of 128 as they are
written in the field, and alarms alone, at the beginning and with all rows waiting. `--full` grows it to a million rows,
a year of ten meters without a cloud. CPU time, since a wait for the disk is the disk's; the median of a stretch.

Beside it TinyDB, whose file is written anew with each row; and the signatures alone, for one event and for a batch of
128 values that share one, so that the share of everything else can be seen.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from tinydb import TinyDB

from benchmarks.report import Row, main
from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.core.outbox import Change, Entry
from runtime.clock import SystemClock
from wire.envelope import Purpose, parse, seal, verify
from wire.events import IntervalReadings, KnownEvent, RegisterReadings, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.record import ClockSource, Link, Record, Stamp, decode_record, encode_record
from wire.terms import Lane
from wire.units import Quantity

AT_MS = 1_795_284_000_000
_GROUP = 128
_SHORT, _LONG = 40_000, 1_000_000
_ALARMS = 200
_STRETCH = 10  # the first and the last part of the groups that are compared
_FLAT = 1.5  # times the cost at the beginning; a shared machine is no scale
_TINYDB_ROWS = (100, 1_000)
_CAPS = Caps(readings_bytes=10**12)


def measure(full: bool) -> list[Row]:
    """Grow one journal, and look at the cost on the way."""
    rows = _LONG if full else _SHORT
    with tempfile.TemporaryDirectory() as folder:
        signer = SoftwareSigner.generate()
        path, gateway = Path(folder) / "journal.sqlite", gateway_id_of(signer.public.spki)
        journal_file.create(path, gateway, gen=1)
        with closing(Journal.open(path, gateway, signer, SystemClock(), _CAPS)) as journal:
            alarm_first = _alarms(journal)
            costs = list(_grow(journal, rows))
            alarm_last = _alarms(journal)
        open_s, checked = _timed(lambda: Journal.open(path, gateway, signer, SystemClock(), _CAPS))
        checked.close()
        tinydb = [_tinydb(Path(folder) / f"{count}.json", count) for count in _TINYDB_ROWS]
    stretch = max(1, len(costs) // _STRETCH)
    first, last = (statistics.median(part) for part in (costs[:stretch], costs[-stretch:]))
    return [
        _flat(
            f"reading, first {stretch * _GROUP:,}, groups of {_GROUP}", first, tinydb[0], _TINYDB_ROWS[0], "append_us"
        ),
        _limit(f"reading, with {rows:,} waiting", last, _FLAT * first, "append_at_end_us"),
        _flat("alarm in a transaction of its own, first", alarm_first, tinydb[1], _TINYDB_ROWS[1], "alarm_us"),
        _limit(f"alarm, with {rows:,} readings waiting", alarm_last, _FLAT * alarm_first, "alarm_at_end_us"),
        Row(what="rows", ours=rows, beside=rows, beside_name="asked for", unit="", key="appended"),
        _limit(f"open and check it, with {rows:,} rows", open_s * 1e3, rows / 50 + 100, "open_ms", unit="ms"),
        *_signatures(signer),
    ]


def _flat(what: str, us: float, peer_us: float, peer_rows: int, key: str) -> Row:
    return Row(what=what, ours=us, beside=peer_us, beside_name=f"TinyDB at {peer_rows} rows", unit="us", key=key)


def _limit(what: str, ours: float, limit: float, key: str, unit: str = "us") -> Row:
    return Row(what=what, ours=ours, beside=limit, beside_name="", unit=unit, is_limit=True, key=key)


def _reading(number: int) -> KnownEvent:
    values = tuple((quantity, 1_000_000 + number) for quantity in list(Quantity)[:6])
    return RegisterReadings(at_ms=AT_MS + number * 1_000, values=values)


def _grow(journal: Journal, rows: int) -> Iterator[float]:
    """Microseconds of CPU a reading, group by group."""
    for group in range(rows // _GROUP):
        entries = tuple(Entry(subject="LAM00012345678", event=_reading(group * _GROUP + row)) for row in range(_GROUP))
        change = Change(entries=entries, remembered={"intervals/1": str(group)}, yields=True)
        began = time.process_time()
        journal.commit(change)
        yield (time.process_time() - began) / _GROUP * 1e6


def _alarms(journal: Journal) -> float:
    def one(number: int) -> float:
        entry = Entry(subject="LAM00012345678", event=SupplyLost(began_at_ms=AT_MS + number, input_mv=412))
        change = Change(entries=(entry,), remembered={"supply/1": f"lost since {number}"})
        began = time.process_time()
        journal.commit(change)
        return (time.process_time() - began) * 1e6

    return statistics.median(one(number) for number in range(_ALARMS))


def _tinydb(path: Path, rows: int) -> float:
    """The same for TinyDB's own storage, for one row more than `rows`; none of it signed."""
    with closing(TinyDB(path)) as database:
        table = database.table("event")
        table.insert_multiple({"number": number, "envelope": "00" * 220} for number in range(rows))
        costs = []
        for number in range(5):
            began = time.process_time()
            table.insert({"number": number, "envelope": "00" * 220})
            costs.append((time.process_time() - began) * 1e6)
    return statistics.median(costs)


def _signatures(signer: SoftwareSigner) -> Iterator[Row]:
    """What the signature alone costs: per event, and per value where a batch shares one."""
    batch = IntervalReadings.of(AT_MS, 900, Quantity.ENERGY_IMPORT_WH, tuple(200 + n % 7 for n in range(_GROUP)))
    signed = [_record(signer, event) for event in (_reading(1), batch)]
    sealed = [seal(encode_record(record), signer, Purpose.EVENT) for record in signed]
    of_signing = [_best(partial(_sign, record, signer)) for record in signed]
    of_verifying = [_best(partial(_open, envelope, signer)) for envelope in sealed]
    for verb, (one, many) in (("sign", of_signing), ("verify", of_verifying)):
        batch_name = f"a batch of {_GROUP}"
        yield Row(what=f"{verb} one event", ours=one, beside=many, beside_name=batch_name, unit="us", key=f"{verb}_us")
        yield Row(
            what=f"{verb} one value of {batch_name}",
            ours=many / _GROUP,
            beside=one,
            beside_name="one event",
            unit="us",
            key=f"{verb}_batch_us",
        )


def _record(signer: SoftwareSigner, event: KnownEvent) -> Record:
    gateway = gateway_id_of(signer.public.spki)
    link = Link(gateway=gateway, gen=1, lane=Lane.READINGS, seq=70_000, prev=bytes(16))
    stamp = Stamp(at_ms=AT_MS, source=ClockSource.NTP, uncertainty_ms=50, mono_ms=2**33, boot=300)
    return Record(link=link, stamp=stamp, subject="LAM00012345678", event=event)


def _sign(record: Record, signer: SoftwareSigner) -> None:
    seal(encode_record(record), signer, Purpose.EVENT)


def _open(envelope: bytes, signer: SoftwareSigner) -> None:
    parsed = parse(envelope)
    verify(parsed, signer.public, Purpose.EVENT)
    decode_record(parsed.payload)


def _best(call: Callable[[], None], rounds: int = 8, calls: int = 100) -> float:
    """Microseconds of CPU a call, in the best round."""
    found = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(calls):
            call()
        found.append((time.process_time() - began) / calls * 1e6)
    return min(found)


def _timed(call: Callable[[], Journal]) -> tuple[float, Journal]:
    began = time.process_time()
    made = call()
    return time.process_time() - began, made


if __name__ == "__main__":
    sys.exit(main("append", measure))
