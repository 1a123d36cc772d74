"""What the played customer system writes, the cloud takes in; what it writes wrongly is told apart."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cloud.billing import accounts_store
from cloud.cis.manifest import DropRefused
from cloud.cis.service import import_drop
from cloud.customers import store as customers
from cloud.kernel.db import Database
from simulators.cis import drop
from simulators.cis.books import Books, Home
from simulators.cis.mischief import Fault
from tests.fakes_cloud import HandClock, fresh_database

BOOKS = Books(
    on=date(2026, 8, 3),
    since=date(2026, 1, 1),
    facts={"cadunico": "true", "household_size": "3"},
    consents=[("billing", "email"), ("readings_fine", "none")],
)
ROWS = BOOKS.rows([Home(usage_point="UP-0001", meter="LMP00000001")], lambda _home, day: 9_000 + 40 * day.month)
MADE_AT = datetime(2026, 8, 3, 5, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


def test_a_drop_of_the_played_customer_system_stands_whole(database: Database, tmp_path: Path) -> None:
    told = import_drop(database, drop.write(tmp_path, "D-1", ROWS, MADE_AT), HandClock())

    assert told.is_whole
    assert {str(entity): count for entity, count in told.kept.items()} == {name: len(ROWS[name]) for name in ROWS}
    with database.read() as connection:
        bills = accounts_store.bills_of(connection, "K-UP-0001", 12)
    assert [bill.last_day.month for bill in bills] == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.WRONG_COUNT, "it holds 2 rows, and the manifest says 3"),
        (Fault.WRONG_HASH, "its sha256 is not the one of the manifest"),
        (Fault.MISSING_FILE, "No such file"),
    ],
)
def test_a_drop_that_is_not_what_its_manifest_says_leaves_nothing(
    database: Database, tmp_path: Path, fault: Fault, why: str
) -> None:
    with pytest.raises(DropRefused, match=why):
        import_drop(database, drop.write(tmp_path, "D-1", ROWS, MADE_AT, fault), HandClock())

    with database.read() as connection:
        assert customers.page(connection) == []


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault.BAD_ROW, r"bills\.csv:8:total: '\d+,\d\d' is not an amount"),
        (Fault.OVERLAPPING_CONTRACT, r"contracts\.csv:3:valid_from: it overlaps contract 'K-UP-0001'"),
        (Fault.WRONG_CURRENCY, r"bills\.csv:8:currency: EUR, and its account is in BRL"),
    ],
)
def test_a_faulty_row_waits_alone(database: Database, tmp_path: Path, fault: Fault, why: str) -> None:
    told = import_drop(database, drop.write(tmp_path, "D-1", ROWS, MADE_AT, fault), HandClock())

    (refused,) = told.refused
    assert re.match(why, str(refused))
    assert sum(told.kept.values()) >= sum(map(len, ROWS.values())) - 1
