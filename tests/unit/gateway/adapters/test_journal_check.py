"""Holding a journal against its keys: what is whole passes, and every kind of change to a row is found where it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.journal_check import Finding
from gateway.adapters.journal_view import JournalView
from gateway.core.outbox import Change
from tests.fakes_journal import GATEWAY, SIGNER, heartbeat, lost, opened, reading, receipt_for, tamper
from wire.keys import PublicKey, SoftwareSigner
from wire.receipts import seal_receipt
from wire.terms import Lane, SetAsideReason

CLOUD = SoftwareSigner.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite"
    journal_file.create(path, GATEWAY, gen=1)
    return path


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = opened(path, Caps(history_rows=3))
    journal.commit(Change(entries=tuple(lost(at_ms) for at_ms in range(3))))
    journal.commit(Change(entries=tuple(reading(at_ms) for at_ms in range(12))))
    yield journal
    journal.close()


def found(path: Path, receipt_key: PublicKey | None = CLOUD.public) -> list[Finding]:
    with JournalView(path) as view:
        return list(view.check(SIGNER.public, (), receipt_key).findings)


def said(path: Path) -> list[tuple[int, int, str]]:
    return [(finding.lane.value, finding.seq, finding.what) for finding in found(path)]


def receipted(journal: Journal, lane: Lane, seq: int) -> None:
    receipt = receipt_for(journal, lane, seq)
    journal.apply(receipt, seal_receipt(receipt, CLOUD))


def test_a_journal_with_a_long_life_is_whole(path: Path, journal: Journal) -> None:
    receipted(journal, Lane.READINGS, 6)
    journal.set_aside(Lane.READINGS, 9, SetAsideReason.TOO_LARGE)
    tamper(path, "DELETE FROM outbox WHERE lane = 1 AND seq IN (10, 11)")
    journal.commit(Change(entries=(heartbeat(journal),)))
    receipted(journal, Lane.ALARM, 2)

    with JournalView(path) as view:
        checked = view.check(SIGNER.public, (), CLOUD.public)

    assert checked.is_whole
    assert [(lane.rows, lane.first_seq, lane.head_seq, lane.holes, lane.receipted_seq) for lane in checked.lanes] == [
        (5, 1, 5, 0, 2),
        (6, 4, 12, 2, 6),
        (2, 1, 2, 0, 0),
    ]


def test_an_empty_journal_is_whole(path: Path) -> None:
    assert found(path) == []


OF_ROW_5 = "WHERE lane = 1 AND seq = 5"
HARMS = {
    f"UPDATE outbox SET envelope = x'00' {OF_ROW_5}": (1, 5, "not an envelope: headers"),
    f"UPDATE outbox SET envelope = CAST(substr(envelope, 1, length(envelope) - 1) || x'00' AS BLOB) {OF_ROW_5}": (
        1,
        5,
        "bad signature",
    ),
    f"UPDATE outbox SET envelope = (SELECT envelope FROM outbox WHERE lane = 1 AND seq = 4) {OF_ROW_5}": (
        1,
        5,
        f"the row holds event {GATEWAY}/1/1/4",
    ),
    "UPDATE outbox SET hash = zeroblob(16) WHERE lane = 1 AND seq = 12": (
        1,
        12,
        "the hash beside the row is another's",
    ),
    "UPDATE head SET hash = zeroblob(16) WHERE lane = 0": (0, 3, "the lane's head is another event than the row there"),
    "DELETE FROM outbox WHERE lane = 1 AND seq IN (5, 6)": (1, 5, "gone, up to 6, and not told yet"),
    "DELETE FROM outbox WHERE lane = 0 AND seq > 1": (0, 2, "gone, up to 3, and not told yet"),
}


@pytest.mark.parametrize(("harm", "finding"), HARMS.items())
def test_a_changed_row_is_found_where_it_is(
    path: Path, journal: Journal, harm: str, finding: tuple[int, int, str]
) -> None:
    tamper(path, harm)

    assert finding in said(path)


def test_another_gateways_rows_are_not_believed(path: Path, journal: Journal) -> None:
    with JournalView(path) as view:
        findings = view.check(SoftwareSigner.generate().public, (), None).findings

    assert {finding.what for finding in findings} == {f"unknown key: {SIGNER.public.key_id.hex()}"}


def test_a_receipt_of_another_cloud_proves_nothing(path: Path, journal: Journal) -> None:
    receipted(journal, Lane.READINGS, 6)

    assert [finding.what for finding in found(path, SoftwareSigner.generate().public)] == [
        f"its receipt proves nothing: unknown key: {CLOUD.public.key_id.hex()}"
    ]


def test_a_receipt_that_was_moved_to_another_event_is_found(path: Path, journal: Journal) -> None:
    receipted(journal, Lane.READINGS, 6)
    tamper(path, "UPDATE receipt SET seq = 7")

    assert (1, 7, "its receipt is of another event") in said(path)
