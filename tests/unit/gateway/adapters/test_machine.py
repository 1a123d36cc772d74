"""The machine looked at: what it tells, and what it does not."""

import pytest

from gateway.adapters.machine import Machine
from gateway.core.errors import JournalUnavailable
from wire.bodies import decode_body, encode_body


@pytest.fixture
def journal(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(bytes(10_240))
    (tmp_path / "journal.sqlite-wal").write_bytes(bytes(4_096))
    return tmp_path / "journal.sqlite"


def machine(journal, refused=lambda: 3, **files):
    return Machine(journal, dropped=lambda: 2, refused=refused, **files)


def test_a_machine_that_tells_everything(journal, tmp_path):
    (tmp_path / "temp").write_text("51234\n")

    health = machine(journal, thermal=tmp_path / "temp").look()

    assert health.disk_free_kb > 0
    assert health.journal_kb == 14
    assert 1_000 < health.memory_kb < 4_000_000
    assert health.temperature_mc == 51_234
    assert (health.reports_dropped, health.events_refused) == (2, 3)
    assert decode_body(health.code, health.lane, encode_body(health)) == health


@pytest.mark.parametrize("said", ["", "hot", "999999999", "\x00"])
def test_a_temperature_that_is_none_is_left_out(journal, tmp_path, said):
    (tmp_path / "temp").write_text(said)

    assert machine(journal, thermal=tmp_path / "temp").look().temperature_mc is None


def test_what_a_machine_does_not_tell_stops_nobody(tmp_path):
    nowhere = tmp_path / "nowhere" / "at all"

    def unavailable():
        raise JournalUnavailable("damaged")

    health = machine(nowhere, refused=unavailable, thermal=nowhere, statm=nowhere).look()

    assert (health.disk_free_kb, health.journal_kb, health.memory_kb, health.events_refused) == (0, 0, 0, 0)
    assert health.temperature_mc is None
