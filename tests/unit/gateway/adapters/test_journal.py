"""The journal: sealed in its place, all or nothing, freed only by a receipt for the very same chain."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.journal_view import JournalView
from gateway.core.errors import JournalDamaged, JournalUnavailable
from gateway.core.outbox import Change, Entry, ReceiptOutcome
from runtime.errors import EnvironmentRefused, InputRefused
from tests.fakes_gateway import FakeClock
from tests.fakes_journal import GATEWAY, chain_of, lost, opened, reading, receipt_for
from wire.chain import Head
from wire.envelope import parse
from wire.events import GatewayStarted, SupplyLost
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.record import decode_record
from wire.terms import Lane


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    journal_file.create(path, GATEWAY, gen=1)
    return path


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = opened(path)
    yield journal
    journal.close()


def test_every_lane_is_a_chain_of_its_own_from_the_key_onward(journal: Journal) -> None:
    journal.commit(Change(entries=(lost(), reading(1), reading(2))))
    journal.commit(Change(entries=(reading(3), lost(2))))

    heads = {head.lane: Head(seq=head.seq, hash=head.head) for head in journal.heads()}

    assert heads[Lane.ALARM] == chain_of(journal, Lane.ALARM)
    assert heads[Lane.READINGS] == chain_of(journal, Lane.READINGS)
    assert [heads[lane].seq for lane in Lane] == [2, 3, 0]


def test_a_record_says_whose_it_is_when_and_in_which_boot(path: Path) -> None:
    opened(path).close()
    journal = opened(path)
    journal.commit(Change(entries=(lost(),)))

    record = decode_record(parse(journal.oldest_waiting(Lane.ALARM, 1)[0].envelope).payload)

    assert (str(record.link), record.subject) == (f"{GATEWAY}/1/0/1", "LMP00042")
    assert (record.stamp.at_ms, record.stamp.mono_ms, record.stamp.boot) == (1_795_284_000_000, 1_000_000, 2)
    journal.close()


def test_numbers_go_on_after_a_restart(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=(lost(), lost())))
    journal.close()

    again = opened(path)
    again.commit(Change(entries=(lost(),)))

    assert chain_of(again, Lane.ALARM).seq == 3
    again.close()


def test_what_was_concluded_is_kept_with_the_events_it_led_to(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=(lost(),), remembered={"supply/1": "lost"}))
    journal.commit(Change(remembered={"supply/1": "returning"}))
    journal.close()

    again = opened(path)

    assert again.recall("supply/1") == "returning"
    assert again.recall("supply/2") is None
    again.close()


def test_a_full_disk_keeps_nothing_of_a_change_and_the_next_one_follows_the_chain(journal: Journal) -> None:
    journal.commit(Change(entries=(lost(1),), remembered={"supply/1": "lost"}))
    connection = journal._connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count={pages}")

    with pytest.raises(JournalUnavailable, match="free some space"):
        journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(200)), remembered={"supply/1": "gone"}))
    connection.execute("PRAGMA max_page_count=1000000")
    journal.commit(Change(entries=(lost(2), reading())))

    assert journal.recall("supply/1") == "lost"
    assert chain_of(journal, Lane.ALARM).seq == 2
    assert chain_of(journal, Lane.READINGS).seq == 1


def test_a_read_only_disk_says_what_to_do(journal: Journal) -> None:
    journal._connection.execute("PRAGMA query_only=ON")

    with pytest.raises(JournalUnavailable, match="writable again"):
        journal.commit(Change(entries=(lost(),)))

    assert journal.waiting() == 0


def test_an_event_out_of_the_contracts_bounds_is_set_aside_and_the_rest_kept(journal: Journal) -> None:
    unsayable = Entry(subject="LMP00042", event=SupplyLost(began_at_ms=-1, input_mv=0))

    kept = journal.commit(Change(entries=(unsayable, lost()), remembered={"supply/1": "lost"}))

    assert kept == (True,)
    assert chain_of(journal, Lane.ALARM).seq == 1
    assert journal.recall("supply/1") == "lost"


def test_rows_wait_until_a_receipt_covers_them(journal: Journal) -> None:
    journal.commit(Change(entries=(lost(1), lost(2), lost(3), reading())))

    outcome = journal.apply(receipt_for(journal, Lane.ALARM, 2), b"signed")

    assert outcome is ReceiptOutcome.APPLIED
    assert [row.seq for row in journal.oldest_waiting(Lane.ALARM, 10)] == [3]
    assert journal.waiting() == 2


def test_the_window_is_the_oldest_rows(journal: Journal) -> None:
    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(9))))

    assert [row.seq for row in journal.oldest_waiting(Lane.ALARM, 4)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"gateway": "ZZZZZZZZ"}, ReceiptOutcome.FOREIGN),
        ({"gen": 2}, ReceiptOutcome.FOREIGN),
        ({"head": bytes(16)}, ReceiptOutcome.CONFLICT),
        ({"seq": 4}, ReceiptOutcome.AHEAD),
        ({"seq": 0}, ReceiptOutcome.STALE),
        ({"seq": 1}, ReceiptOutcome.CONFLICT),
    ],
)
def test_a_receipt_that_is_not_about_this_very_chain_frees_nothing(
    journal: Journal, changed: dict[str, Any], outcome: ReceiptOutcome
) -> None:
    journal.commit(Change(entries=(lost(1), lost(2), lost(3))))

    assert journal.apply(replace(receipt_for(journal, Lane.ALARM, 3), **changed), b"") is outcome
    assert journal.waiting() == 3


def test_a_receipt_told_twice_is_known_already(journal: Journal) -> None:
    journal.commit(Change(entries=(lost(1), lost(2))))
    receipt = receipt_for(journal, Lane.ALARM, 2)
    journal.apply(receipt, b"")

    assert journal.apply(receipt, b"") is ReceiptOutcome.STALE


def test_receipted_rows_stay_a_while_for_the_technician(path: Path) -> None:
    journal = opened(path, Caps(history_rows=2))
    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(1, 6))))
    journal.apply(receipt_for(journal, Lane.ALARM, 4), b"signed")
    journal.close()

    with JournalView(path) as view:
        rows = [(row.record.link.seq, row.is_receipted) for row in view.newest(10)]
        (alarm,) = view.lanes()

    assert rows == [(3, True), (4, True), (5, False)]
    assert (alarm.seq, alarm.receipted_seq, alarm.receipted_at_ms, alarm.waiting) == (5, 4, 5, 1)


def test_a_look_into_the_journal_sees_what_the_gateway_writes(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=(lost(1),), remembered={"supply/1": "lost"}))

    with JournalView(path) as view:
        journal.commit(Change(entries=(reading(),)))
        names = [type(row.record.event).__name__ for row in view.newest(10)]
        only_alarms = view.newest(10, Lane.ALARM)
        supply = view.recall("supply/1")

    assert names == ["SupplyLost", "RegisterReadings"]
    assert len(only_alarms) == 1
    assert supply == "lost"


def test_each_start_of_the_gateway_is_counted(path: Path) -> None:
    boots = []
    for _ in range(3):
        journal = opened(path)
        boots.append(journal.boot)
        journal.close()

    assert boots == [1, 2, 3]


def test_a_boots_event_may_be_the_first(journal: Journal) -> None:
    journal.commit(Change(entries=(Entry(subject="", event=GatewayStarted(software="0.1.0", boot=journal.boot)),)))

    assert chain_of(journal, Lane.DIAGNOSTICS).seq == 1


def test_a_journal_is_not_made_over_another(path: Path) -> None:
    with pytest.raises(InputRefused, match="already"):
        journal_file.create(path, GATEWAY, gen=2)


def test_a_journal_is_not_made_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentRefused):
        journal_file.create(tmp_path / "nowhere" / "journal.sqlite", GATEWAY, gen=1)


def test_another_gateways_journal_is_refused(path: Path) -> None:
    other = SoftwareSigner.generate()

    with pytest.raises(InputRefused, match="belongs to gateway"):
        Journal.open(path, gateway_id_of(other.public.spki), other, FakeClock())


def test_a_damaged_journal_stops_the_gateway_and_says_what_to_do(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(100))))
    journal.close()
    damaged = bytearray(path.read_bytes())
    damaged[4096:8192] = os.urandom(4096)
    path.write_bytes(damaged)

    with pytest.raises(JournalDamaged, match="sets this file aside"):
        opened(path)


def test_a_file_that_is_no_journal_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database at all, but quite long enough to have a header" * 20)

    with pytest.raises(JournalDamaged):
        opened(path)


def test_a_journal_of_a_newer_gateway_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=99")
    connection.close()

    with pytest.raises(InputRefused, match="update this gateway"):
        opened(path)


def test_looking_where_there_is_no_journal_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no journal"):
        JournalView(tmp_path / "journal.sqlite")


def test_the_journal_is_for_its_owner_only(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=(lost(),)))

    assert [file.stat().st_mode & 0o077 for file in path.parent.iterdir()] == [0, 0, 0]


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM identity",
        "DROP TABLE outbox",
        "PRAGMA user_version = 0",
        "PRAGMA ignore_check_constraints = 1; INSERT INTO head VALUES (9, 1, zeroblob(16))",
        "PRAGMA ignore_check_constraints = 1; INSERT INTO head VALUES (0, 1, zeroblob(3))",
    ],
)
def test_a_journal_whose_content_cannot_be_is_damaged(path: Path, harm: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(harm)

    with pytest.raises(JournalDamaged, match="sets this file aside"):
        opened(path)


def test_a_journal_that_lost_its_content_is_damaged(path: Path) -> None:
    path.write_bytes(b"")

    with pytest.raises(JournalDamaged, match="it is empty"):
        opened(path)


def test_looking_at_a_row_that_cannot_be_read_says_that_the_journal_is_damaged(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO outbox VALUES (0, 1, zeroblob(16), x'00')")

    with JournalView(path) as view, pytest.raises(JournalDamaged, match="a row cannot be read"):
        view.newest(1)
