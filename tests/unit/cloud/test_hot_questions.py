"""What is asked often of tables that grow is answered from an index, not by passing every row."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from cloud.billing import accounts_store, explained_store
from cloud.kernel.db import Database
from cloud.kernel.ids import CustomerId
from cloud.messaging import store as messages
from cloud.messaging.model import Key
from tests.fakes_cloud import fresh_database

KEY = Key(customer=CustomerId("C-1"), case="K-1", template="unusual_use", stage=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with fresh_database(tmp_path) as database:
        yield database


def plan_of(connection: Connection, ask: Callable[[Connection], object]) -> str:
    """How SQLite answers the one question that is asked."""
    asked: list[tuple[str, Any]] = []
    event.listen(
        connection, "before_cursor_execute", lambda _c, _cursor, text, values, *_: asked.append((text, values))
    )
    ask(connection)
    ((text, values),) = asked
    return " | ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values))


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda c: messages.told_at(c, KEY, since=datetime(2026, 1, 1, tzinfo=UTC)), "ix_message_told"),
        (lambda c: accounts_store.newest_bills(c, 10), "ix_utility_bill_newest"),
        (lambda c: explained_store.needing_a_person(c, 10), "ix_bill_explanation_unexplained"),
    ],
)
def test_an_index_answers(database: Database, ask: Callable[[Connection], object], index: str) -> None:
    with database.transaction() as connection:
        plan = plan_of(connection, ask)

    assert index in plan
    assert "TEMP B-TREE" not in plan
