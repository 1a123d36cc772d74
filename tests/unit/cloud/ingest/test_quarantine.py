from datetime import timedelta

import pytest

from cloud.ingest import quarantine
from tests.fakes_cloud import NOON, fresh_database
from wire.envelope import MAX_ENVELOPE_BYTES
from wire.refusals import Reason


@pytest.fixture
def connection(tmp_path):
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        yield connection


def keep(connection, raw, *, reason=Reason.BAD_SIGNATURE, topic="t", detail="", now=NOON):
    quarantine.keep(connection, reason=reason, detail=detail, topic=topic, raw=raw, now=now)
    quarantine.trim(connection)


def kept(connection):
    return [row.raw for row in quarantine.newest(connection, limit=100)]


def test_the_same_bytes_are_one_row_with_a_count(connection):
    keep(connection, b"a")
    keep(connection, b"a", now=NOON + timedelta(minutes=1))

    (row,) = quarantine.newest(connection, limit=10)
    assert (row.times, row.first_at, row.last_at) == (2, NOON, NOON + timedelta(minutes=1))


def test_the_same_bytes_for_another_reason_or_topic_are_another_row(connection):
    keep(connection, b"a")
    keep(connection, b"a", reason=Reason.UNKNOWN_KEY)
    keep(connection, b"a", topic="u")

    assert quarantine.counts(connection) == {Reason.BAD_SIGNATURE: 2, Reason.UNKNOWN_KEY: 1}


def test_a_huge_message_is_kept_by_its_beginning(connection):
    keep(connection, b"x" * (MAX_ENVELOPE_BYTES + 5_000))

    (row,) = quarantine.newest(connection, limit=10)
    assert (len(row.raw), row.size) == (MAX_ENVELOPE_BYTES, MAX_ENVELOPE_BYTES + 5_000)


def test_what_a_terminal_would_obey_is_not_kept(connection):
    keep(connection, b"x", topic="lw/\x1b[2J\0", detail="two\nlines" + "x" * 500)

    (row,) = quarantine.newest(connection, limit=10)
    assert row.topic == "lw/\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    assert "\n" not in row.detail
    assert len(row.detail) == 200


def test_beyond_its_rows_the_oldest_go(connection, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_ROWS", 3)

    for raw in (b"1", b"2", b"3", b"4"):
        keep(connection, raw)

    assert kept(connection) == [b"4", b"3", b"2"]


def test_beyond_its_bytes_the_oldest_go(connection, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_BYTES", 100)

    for raw in (b"1" * 60, b"2" * 60, b"3" * 30):
        keep(connection, raw)

    assert kept(connection) == [b"3" * 30, b"2" * 60]


@pytest.mark.parametrize(("bound", "most", "size"), [("MAX_ROWS", 10, 5), ("MAX_BYTES", 500, 50)])
def test_whoever_floods_it_pushes_out_nobody_else(connection, monkeypatch, bound, most, size):
    monkeypatch.setattr(quarantine, bound, most)
    keep(connection, b"proof", topic="lw/1/7Z0M4QDA/up/a")

    for number in range(40):
        keep(connection, b"%02d" % number * size, topic=f"lw/1/B9X7HK54/up/{number}")

    assert b"proof" in kept(connection)
    assert kept(connection)[0] == b"39" * size
    assert len(kept(connection)) <= most


def test_a_flood_within_one_transaction_is_let_go_of_at_once(connection, monkeypatch):
    monkeypatch.setattr(quarantine, "MAX_ROWS", 3)
    for number in range(30):
        quarantine.keep(connection, reason=Reason.BAD_SIGNATURE, detail="", topic="t", raw=b"%d" % number, now=NOON)

    quarantine.trim(connection)

    assert kept(connection) == [b"29", b"28", b"27"]
