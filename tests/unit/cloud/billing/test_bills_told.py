"""Which bills are looked at when a drop tells them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cloud.billing import accounts_store
from cloud.billing.service import EXPLAIN_TASK, bills_told
from cloud.billing.settings import BillSettings
from cloud.customers import service as customers
from cloud.customers.table import parse
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.ids import UsagePointId
from tests.fakes_billing import ACCOUNT, CONTRACT, HOMES, MAY
from tests.fakes_cloud import NOON, FakeGateway, fresh_database, register

SETTINGS = BillSettings()
A_DAY = timedelta(days=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        with database.transaction() as connection:
            customers.keep(connection, parse(HOMES.replace(b"UP-0001", b"UP-1")), NOON)
            accounts_store.keep_accounts(connection, [ACCOUNT])
            accounts_store.keep_contracts(connection, [replace(CONTRACT, usage_point=UsagePointId("UP-1"))])
            accounts_store.keep_bills(connection, [MAY])
        yield database


def looked_at(database: Database, on: date) -> list[str]:
    """The looks there will be after a drop told of the bill of May on a day."""
    now = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    with database.transaction() as connection:
        bills_told(SETTINGS)(connection, [MAY.id], now)
        return [task.key for task in tasks.due(connection, [EXPLAIN_TASK], now + A_DAY, 10)]


@pytest.mark.parametrize(("days", "looks"), [(60, ["B-05/1"]), (61, [])])
def test_a_bill_of_long_ago_is_history(database: Database, days: int, looks: list[str]) -> None:
    register(database, FakeGateway())

    assert looked_at(database, MAY.last_day + days * A_DAY) == looks


def test_the_bill_of_a_home_that_no_gateway_reads_waits_for_nobody(database: Database) -> None:
    assert looked_at(database, MAY.issued_on) == []
