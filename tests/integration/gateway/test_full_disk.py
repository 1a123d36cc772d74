"""A disk that is really full: alarms are kept, across a restart too, and readings again once there is room.

The disk is a small one in memory, mounted where only this test sees it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ALONE = ("unshare", "--user", "--map-root-user", "--mount")
CAN_MOUNT = subprocess.run((*ALONE, "mount", "-t", "tmpfs", "none", "/mnt"), capture_output=True).returncode == 0

LIFE = """
import json
import os
import sys
from pathlib import Path

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps
from gateway.core.outbox import Change
from tests.fakes_journal import GATEWAY, chain_of, heartbeat, lost, opened, reading
from wire.terms import Lane

disk = Path(sys.argv[1])
caps = Caps(ballast_bytes=300_000)
path = disk / "journal.sqlite"


def fill():
    with (disk / "filler").open("ab", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass


journal_file.create(path, GATEWAY, gen=1)
journal = opened(path, caps)
for number in range(40):
    journal.commit(Change(entries=tuple(reading(row) for row in range(10)), yields=True))
fill()
journal.close()
fill()  # with what the WAL gave back, too: now the ballast alone lets it start
journal = opened(path, caps)
kept = []
for number in range(300):
    kept.append(journal.commit(Change(entries=(lost(number),)), Change(entries=(reading(),), yields=True)))
journal.close()
journal = opened(path, caps)
for number in range(100):
    kept.append(journal.commit(Change(entries=(lost(number),)), Change(entries=(reading(),), yields=True)))
told = {
    "alarms_kept": sum(alarm for alarm, _ in kept),
    "readings_kept_while_full": sum(reading for _, reading in kept),
    "alarm_chain": chain_of(journal, Lane.ALARM).seq == journal.heads()[Lane.ALARM].seq,
    "free": os.statvfs(disk).f_bavail * 4096,
}
(disk / "filler").unlink()
journal.commit(Change(entries=(heartbeat(journal),)))
told["readings_kept_after"] = journal.commit(Change(entries=(reading(),), yields=True))[0]
journal.close()
print(json.dumps(told))
"""


@pytest.mark.skipif(not CAN_MOUNT, reason="needs a mount namespace of its own: unshare --user --mount")
def test_on_a_full_disk_every_alarm_is_kept_and_readings_once_there_is_room(tmp_path: Path) -> None:
    mounted = f'mount -t tmpfs -o size=3m none "{tmp_path}" && exec "{sys.executable}" -c "$0" "{tmp_path}"'

    life = subprocess.run((*ALONE, "sh", "-c", mounted, LIFE), cwd=ROOT, capture_output=True, text=True)

    assert life.returncode == 0, life.stderr[-2_000:]
    told = json.loads(life.stdout)
    assert (told["alarms_kept"], told["readings_kept_while_full"], told["alarm_chain"]) == (400, 0, True)
    assert told["readings_kept_after"]
