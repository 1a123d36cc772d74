"""What the journal gives up, and what it finds missing: told in the chain, and the chain goes on behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import journal_aside, journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.core.errors import JournalDamaged
from gateway.core.outbox import Change, Entry, ReceiptOutcome
from tests.fakes_journal import (
    GATEWAY,
    chain_of,
    declared,
    heartbeat,
    lost,
    names,
    opened,
    reading,
    receipt_for,
    tamper,
    unreachable,
)
from wire.events import SupplyLost
from wire.receipts import Receipt
from wire.terms import DropReason, Lane, SetAsideReason


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


def readings(journal: Journal, count: int) -> None:
    journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(count))))


def heads(journal: Journal) -> list[int]:
    return [head.seq for head in journal.heads()]


# --- caps -------------------------------------------------------------------------------------------------------------


def test_past_its_cap_a_lane_gives_up_its_oldest_rows_and_the_alarms_tell_of_it(path: Path) -> None:
    journal = opened(path, Caps(readings_bytes=1_600))

    for at_ms in range(12):
        journal.commit(Change(entries=(reading(at_ms),)))

    (hole, *_) = declared(journal)
    assert (hole.of_lane, hole.first_seq, hole.reason) == (Lane.READINGS, 1, DropReason.FULL)
    assert journal.oldest_waiting(Lane.READINGS, 1)[0].seq == declared(journal)[-1].last_seq + 1
    assert chain_of(journal, Lane.READINGS).seq == 12
    assert chain_of(journal, Lane.ALARM).seq == len(declared(journal))
    journal.close()


def test_an_eighth_of_the_cap_goes_at_once_so_that_a_long_time_without_a_cloud_makes_few_alarms(path: Path) -> None:
    journal = opened(path, Caps(readings_bytes=20_000))

    for _ in range(60):
        readings(journal, 5)

    assert 2 <= len(declared(journal)) <= 300 * 160 // (20_000 // 8)
    journal.close()


def test_alarms_are_never_given_up(path: Path) -> None:
    journal = opened(path, Caps(readings_bytes=1, diagnostics_bytes=1))

    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(50))))

    assert (declared(journal), journal.waiting()) == ([], 50)
    journal.close()


def test_the_newest_row_of_a_lane_stays_however_small_its_cap(path: Path) -> None:
    journal = opened(path, Caps(diagnostics_bytes=1))

    for _ in range(3):
        journal.commit(Change(entries=(unreachable(),)))

    assert [row.seq for row in journal.oldest_waiting(Lane.DIAGNOSTICS, 9)] == [3]
    journal.close()


def test_what_was_given_up_no_longer_waits_before_and_after_a_restart(path: Path) -> None:
    journal = opened(path, Caps(readings_bytes=1))
    readings(journal, 5)
    before = journal.waiting()
    journal.close()

    again = opened(path)

    assert (before, again.waiting()) == (2, 2)  # the newest reading, and the alarm that tells of the others
    again.close()


def test_a_receipt_for_a_row_given_up_meanwhile_frees_nothing_and_the_one_for_the_end_of_the_hole_does(
    path: Path,
) -> None:
    journal = opened(path, Caps(readings_bytes=1_600))
    readings(journal, 5)
    on_its_way = receipt_for(journal, Lane.READINGS, 1)
    readings(journal, 6)
    hole = declared(journal)[0]
    of_the_end = Receipt(gateway=GATEWAY, gen=1, lane=Lane.READINGS, seq=hole.last_seq, head=hole.head, at_ms=6)

    outcomes = [journal.apply(receipt, b"") for receipt in (on_its_way, of_the_end, on_its_way)]

    assert outcomes == [ReceiptOutcome.STALE, ReceiptOutcome.APPLIED, ReceiptOutcome.STALE]
    assert journal.waiting() == len(journal.oldest_waiting(Lane.READINGS, 99)) + 1
    journal.close()


def test_receipts_make_room_so_that_nothing_need_go(path: Path) -> None:
    journal = opened(path, Caps(readings_bytes=1_000))

    for at_ms in range(20):
        journal.commit(Change(entries=(reading(at_ms),)))
        journal.apply(receipt_for(journal, Lane.READINGS, at_ms + 1), b"")

    assert declared(journal) == []
    journal.close()


# --- set aside --------------------------------------------------------------------------------------------------------


def test_a_row_that_cannot_be_sent_is_set_aside_and_the_lane_goes_on_behind_it(path: Path, journal: Journal) -> None:
    readings(journal, 3)
    envelope = journal.oldest_waiting(Lane.READINGS, 3)[1].envelope

    was_there = journal.set_aside(Lane.READINGS, 2, SetAsideReason.TOO_LARGE)

    assert was_there
    assert [row.seq for row in journal.oldest_waiting(Lane.READINGS, 9)] == [1, 3]
    assert chain_of(journal, Lane.READINGS).seq == 3
    assert names(journal, Lane.DIAGNOSTICS) == ["EventSetAside"]
    (kept,) = journal_aside.everything(journal._connection)
    assert (kept.seq, kept.code, kept.content) == (2, 101, envelope)


@pytest.mark.parametrize(("lane", "seq"), [(Lane.ALARM, 1), (Lane.READINGS, 9), (Lane.READINGS, 1)])
def test_an_alarm_or_a_row_that_does_not_wait_is_not_set_aside(journal: Journal, lane: Lane, seq: int) -> None:
    journal.commit(Change(entries=(lost(), reading(1), reading(2))))
    journal.apply(receipt_for(journal, Lane.READINGS, 1), b"")

    was_there = journal.set_aside(lane, seq, SetAsideReason.TOO_LARGE)

    assert (was_there, heads(journal)) == (False, [1, 2, 0])


def test_that_something_was_set_aside_can_be_set_aside_and_nothing_more_is_said_of_it(journal: Journal) -> None:
    readings(journal, 1)
    journal.set_aside(Lane.READINGS, 1, SetAsideReason.TOO_LARGE)

    journal.set_aside(Lane.DIAGNOSTICS, 1, SetAsideReason.TOO_LARGE)

    assert heads(journal) == [2, 1, 1]
    assert journal.oldest_waiting(Lane.DIAGNOSTICS, 9) == []


def test_an_event_out_of_the_contracts_bounds_is_set_aside_as_its_facts(journal: Journal) -> None:
    unsayable = Entry(subject="LMP00042", event=SupplyLost(began_at_ms=-1, input_mv=0))

    journal.commit(Change(entries=(unsayable,)))

    (kept,) = journal_aside.everything(journal._connection)
    assert (kept.seq, kept.reason) == (None, SetAsideReason.CANNOT_BE_SAID)
    assert kept.content == b'{"began_at_ms": -1, "input_mv": 0}'
    assert heads(journal) == [0, 0, 1]


def test_no_more_is_kept_aside_than_there_is_room_for(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_aside, "MOST_ENTRIES", 3)
    monkeypatch.setattr(journal_aside, "MOST_BYTES", 80)
    unsayable = Entry(subject="", event=SupplyLost(began_at_ms=-1, input_mv=0))

    journal.commit(Change(entries=(unsayable,) * 5))

    assert len(journal_aside.everything(journal._connection)) == 2


# --- missing ----------------------------------------------------------------------------------------------------------


def test_rows_that_are_gone_are_told_at_the_next_start(path: Path, journal: Journal) -> None:
    readings(journal, 9)
    journal.close()
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq IN (3, 4, 7)")

    again = opened(path)

    told = [(hole.first_seq, hole.last_seq, hole.reason) for hole in declared(again)]
    assert told == [(3, 4, DropReason.MISSING), (7, 7, DropReason.MISSING)]
    assert chain_of(again, Lane.READINGS).seq == 9
    again.close()


def test_rows_that_go_while_it_runs_are_told_before_the_next_heartbeat(path: Path, journal: Journal) -> None:
    readings(journal, 3)
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq = 2")

    journal.commit(Change(entries=(heartbeat(journal),)))

    assert [(hole.first_seq, hole.last_seq) for hole in declared(journal)] == [(2, 2)]


def test_a_tail_that_was_cut_is_told_with_the_head_it_had(path: Path, journal: Journal) -> None:
    readings(journal, 3)
    head = journal.heads()[Lane.READINGS]
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq > 1")

    journal.commit(Change(entries=(heartbeat(journal),)))
    readings(journal, 1)

    (hole,) = declared(journal)
    assert (hole.first_seq, hole.last_seq, hole.head) == (2, 3, head.head)
    assert chain_of(journal, Lane.READINGS).seq == 4


def test_alarms_that_are_gone_are_told_in_their_own_lane(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=(lost(1), lost(2), lost(3))))
    tamper(path, "DELETE FROM outbox WHERE lane = 0 AND seq = 2")

    journal.commit(Change(entries=(heartbeat(journal),)))

    assert [(hole.of_lane, hole.first_seq, hole.last_seq) for hole in declared(journal)] == [(Lane.ALARM, 2, 2)]
    assert chain_of(journal, Lane.ALARM).seq == 4


def test_the_word_of_missing_alarms_goes_before_all_alarms_behind_them(path: Path, journal: Journal) -> None:
    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(20))))
    tamper(path, "DELETE FROM outbox WHERE lane = 0 AND seq = 2")
    journal.commit(Change(entries=(heartbeat(journal),)))
    before = [row.seq for row in journal.oldest_waiting(Lane.ALARM, 4)]

    journal.apply(receipt_for(journal, Lane.ALARM, 1), b"")

    assert (before, [row.seq for row in journal.oldest_waiting(Lane.ALARM, 4)]) == ([1, 3, 4, 5], [21, 3, 4, 5])


def test_so_does_the_word_of_alarms_that_the_cloud_had_begun_to_take_before_they_were_lost(
    path: Path, journal: Journal
) -> None:
    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(20))))
    taken = receipt_for(journal, Lane.ALARM, 11)
    tamper(path, "DELETE FROM outbox WHERE lane = 0 AND (seq = 2 OR seq BETWEEN 10 AND 12)")
    journal.commit(Change(entries=(heartbeat(journal),)))
    of_the_end = Receipt(gateway=GATEWAY, gen=1, lane=Lane.ALARM, seq=12, head=declared(journal)[1].head, at_ms=6)

    outcome = journal.apply(taken, b"")
    first = [row.seq for row in journal.oldest_waiting(Lane.ALARM, 3)]

    assert (outcome, first) == (ReceiptOutcome.STALE, [22, 1, 3])  # 22 tells of 10 to 12
    assert journal.apply(of_the_end, b"") is ReceiptOutcome.APPLIED
    assert [row.seq for row in journal.oldest_waiting(Lane.ALARM, 3)] == [13, 14, 15]


def test_where_the_word_of_a_hole_is_gone_it_is_told_once_more(path: Path, journal: Journal) -> None:
    readings(journal, 4)
    journal.set_aside(Lane.READINGS, 3, SetAsideReason.TOO_LARGE)
    tamper(path, "DELETE FROM outbox WHERE lane = 0")

    journal.commit(Change(entries=(heartbeat(journal),)))

    told = [(hole.of_lane, hole.first_seq, hole.reason) for hole in declared(journal)]
    assert told == [(Lane.ALARM, 1, DropReason.MISSING), (Lane.READINGS, 3, DropReason.TOO_LARGE)]


def test_what_is_missing_before_a_hole_becomes_one_with_it(path: Path, journal: Journal) -> None:
    readings(journal, 4)
    journal.set_aside(Lane.READINGS, 3, SetAsideReason.TOO_LARGE)
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq = 2")

    journal.commit(Change(entries=(heartbeat(journal),)))

    assert [(hole.first_seq, hole.last_seq) for hole in declared(journal)] == [(3, 3), (2, 3)]
    assert [row.seq for row in journal.oldest_waiting(Lane.READINGS, 9)] == [1, 4]


def test_a_thousand_holes_are_told_some_at_a_time(path: Path, journal: Journal) -> None:
    readings(journal, 100)
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq % 2 = 0")

    journal.commit(Change(entries=(heartbeat(journal),)))
    first = len(declared(journal))
    for _ in range(4):
        journal.commit(Change(entries=(heartbeat(journal),)))

    assert (first, len(declared(journal))) == (16, 50)


def test_nothing_is_told_twice(path: Path, journal: Journal) -> None:
    readings(journal, 3)
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq = 2")
    for _ in range(3):
        journal.commit(Change(entries=(heartbeat(journal),)))
    journal.close()

    again = opened(path)

    assert len(declared(again)) == 1
    again.close()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE head SET seq = 2 WHERE lane = 1",
        "UPDATE head SET hash = zeroblob(16) WHERE lane = 1",
        "DELETE FROM head",
        "INSERT INTO receipt VALUES (1, 4, zeroblob(16), 1, x'00')",
    ],
)
def test_a_head_that_does_not_fit_its_rows_is_damage(path: Path, journal: Journal, harm: str) -> None:
    readings(journal, 3)
    journal.close()
    tamper(path, harm)

    with pytest.raises(JournalDamaged):
        opened(path)


def test_a_journal_of_the_first_layout_is_brought_up_to_date(path: Path, journal: Journal) -> None:
    readings(journal, 2)
    journal.close()
    tamper(path, "DROP TABLE hole", "DROP TABLE set_aside", "PRAGMA user_version = 1")

    again = opened(path)
    again.set_aside(Lane.READINGS, 1, SetAsideReason.TOO_LARGE)

    assert chain_of(again, Lane.READINGS).seq == 2
    again.close()
