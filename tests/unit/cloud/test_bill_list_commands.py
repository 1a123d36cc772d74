"""What became of the utility's bills, as an operator sees it, and another look at one of them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from cloud.billing import accounts_store, explained_store
from cloud.billing.explained_store import Look
from cloud.billing.explanation import Caveat, Explanation, Factor
from cloud.billing.service import EXPLAIN_TASK
from cloud.billing.weather_model import Slope, WeatherModel
from cloud.kernel import tasks
from cloud.kernel.db import Database
from cloud.kernel.ids import BillId
from cloud.kernel.money import Currency, Money
from cloud.state import StateFolder
from tests.fakes_billing import MAY, keep_contract
from tests.fakes_cloud import NOON
from tests.terminal import Terminal

JUNE = replace(
    MAY, id=BillId("B-06"), first_day=date(2026, 6, 1), last_day=date(2026, 6, 30), total=Money(30_000, Currency.BRL)
)
WHY = "30 of 30 days are not read, the first being 2026-06-01"
TOLD = Explanation(
    previous=MAY.total,
    current=JUNE.total,
    parts={Factor.USE: Money(1_588, Currency.BRL), Factor.EVENT: Money(0, Currency.BRL)},
    caveats=(Caveat.TEMPERATURES_MISSING,),
    weather=WeatherModel(base_wh=8_000.5, heating=Slope(wh_per_k=900.25, begins_c=15.5), r2=0.75, days=365),
)
LOOKED = Look(
    bill=JUNE.id,
    currency=Currency.BRL,
    looks=2,
    made_at=NOON,
    previous=MAY.id,
    reckoned=JUNE.total,
    matches=True,
    since_previous=TOLD,
)


@pytest.fixture
def state(state: StateFolder) -> str:
    return str(state.path)


@pytest.fixture
def database(state: str) -> Iterator[Database]:
    database = StateFolder.open(Path(state)).open_database()
    with database.transaction() as connection:
        keep_contract(connection)
        accounts_store.keep_bills(connection, [MAY, JUNE])
    yield database
    database.close()


def keep(database: Database, look: Look) -> None:
    with database.transaction() as connection:
        explained_store.keep(connection, look)


def test_an_explanation_is_kept_as_it_was_found(database: Database) -> None:
    keep(database, LOOKED)

    with database.read() as connection:
        assert explained_store.find(connection, JUNE.id) == LOOKED
        assert explained_store.find(connection, MAY.id) is None


def test_each_bill_says_what_became_of_it(state: str, database: Database, terminal: Terminal) -> None:
    keep(database, LOOKED)

    lines = terminal.run("lamplight-cloud", "bill", "list", state).out.splitlines()

    assert lines == [
        "B-06  2026-06-01 .. 2026-06-30  300.00 BRL  reckoned 300.00  explained",
        "B-05  2026-05-01 .. 2026-05-31  284.12 BRL  reckoned -  not looked at",
    ]


def test_a_program_hears_why_a_bill_is_not_explained(state: str, database: Database, terminal: Terminal) -> None:
    keep(database, Look(bill=JUNE.id, currency=Currency.BRL, looks=4, made_at=NOON, why=WHY))

    (told,) = json.loads(terminal.run("lamplight-cloud", "bill", "list", state, "--json", "--limit", "1").out)

    assert (told["bill"], told["is_explained"], told["why_not"]) == ("B-06", False, WHY)
    assert (told["total"], told["reckoned"], told["matches"], told["looks"]) == ("300.00", None, None, 4)


def test_the_newest_bill_is_looked_at_again_and_no_other(state: str, database: Database, terminal: Terminal) -> None:
    asked = terminal.run("lamplight-cloud", "bill", "again", state, "B-06")
    old = terminal.run("lamplight-cloud", "bill", "again", state, "B-05")
    unknown = terminal.run("lamplight-cloud", "bill", "again", state, "B-07")

    assert (asked.status, asked.out) == (0, "B-06 is looked at again\n")
    assert (old.status, unknown.status) == (2, 2)
    assert "a later bill than B-05 was sent" in old.err
    assert "no bill 'B-07' is known" in unknown.err
    with database.read() as connection:
        (task,) = tasks.due(connection, [EXPLAIN_TASK], NOON.replace(year=2100), 10)
    assert task.key == "B-06/1"
