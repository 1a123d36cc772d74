"""A gateway killed in the middle of writing: nothing it was told is safe may be missing, and its chain goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from gateway.adapters import journal_file
from gateway.adapters.journal import Journal
from tests.fakes_gateway import FakeClock
from tests.waiting import eventually
from wire.chain import Head, Step, follow, genesis
from wire.envelope import Purpose, link_hash, parse, verify
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.record import decode_record
from wire.terms import Lane

ROUNDS = 4
WRITER = """
import sys
from pathlib import Path
from gateway.adapters.journal import Journal
from gateway.core.outbox import Change, Entry
from runtime.clock import SystemClock
from wire.events import (SupplyLost)
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

folder = Path(sys.argv[1])
signer = SoftwareSigner.from_pem((folder / "key.pem").read_bytes())
journal = Journal.open(folder / "journal.sqlite", gateway_id_of(signer.public.spki), signer, SystemClock())
count = int(journal.recall("count") or 0)
while True:
    count += 1
    entry = Entry(subject="LMP00042", event=SupplyLost(began_at_ms=count, input_mv=0))
    journal.commit(Change(entries=(entry, entry), remembered={"count": str(count)}))
    with (folder / "told.txt").open("w") as told:
        told.write(str(count))
"""


def killed_while_writing(folder: Path, after_s: float) -> None:
    told = folder / "told.txt"
    told.unlink(missing_ok=True)
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], cwd=Path(__file__).parents[3])
    try:
        eventually(told.exists, what="the writer's first commit")
        end = time.monotonic() + after_s
        eventually(lambda: time.monotonic() > end, what="some time to write")
    finally:
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()


def test_a_killed_gateway_loses_no_event_and_its_chain_goes_on(tmp_path: Path) -> None:
    signer = SoftwareSigner.generate()
    gateway = gateway_id_of(signer.public.spki)
    (tmp_path / "key.pem").write_bytes(signer.to_pem())
    journal_file.create(tmp_path / "journal.sqlite", gateway, gen=1)
    chance = random.Random(2)

    for _ in range(ROUNDS):
        killed_while_writing(tmp_path, after_s=chance.uniform(0.0, 0.15))
        told = int((tmp_path / "told.txt").read_text() or 0)
        journal = Journal.open(tmp_path / "journal.sqlite", gateway, signer, FakeClock())
        rows = journal.oldest_waiting(Lane.ALARM, 1_000_000)
        count = int(journal.recall("count") or 0)
        journal.close()

        head = genesis(signer.public.spki)
        for row in rows:
            parsed = parse(row.envelope)
            verify(parsed, signer.public, Purpose.EVENT)
            own_hash = link_hash(parsed)
            assert follow(head, decode_record(parsed.payload).link, own_hash) is Step.NEXT
            head = Head(seq=row.seq, hash=own_hash)
        assert told <= count
        assert head.seq == 2 * count
