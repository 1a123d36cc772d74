"""Accounts, contracts, bills and payments: the last word told counts, and is found from the home."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from cloud.billing import accounts_store as store
from cloud.customers import household_store
from cloud.customers.household import HouseholdFact
from cloud.kernel.ids import BillId, ContractId
from tests.fakes_billing import ACCOUNT, CONTRACT, MAY, PAID, keep_contract
from tests.fakes_cloud import fresh_database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    with fresh_database(tmp_path) as database, database.transaction() as connection:
        keep_contract(connection)
        yield connection


def test_a_contract_without_an_end_holds_from_its_first_day(connection: Connection) -> None:
    assert store.contract_of(connection, "UP-0001", CONTRACT.valid_from) == CONTRACT
    assert store.contract_of(connection, "UP-0001", date(2024, 12, 31)) is None
    assert store.contract_of(connection, "UP-0002", CONTRACT.valid_from) is None


def test_of_two_contracts_the_one_of_the_day_is_found(connection: Connection) -> None:
    ended = replace(CONTRACT, valid_to=date(2026, 6, 30))
    new = replace(CONTRACT, id=ContractId("K-2"), valid_from=date(2026, 8, 1), tariff="white")
    store.keep_contracts(connection, [ended, new])

    found = [
        store.contract_of(connection, "UP-0001", date(2026, month, day)) for month, day in ((6, 30), (7, 1), (8, 1))
    ]

    assert found == [ended, None, new]


def test_an_account_is_found_by_its_contract(connection: Connection) -> None:
    assert store.account_of(connection, CONTRACT.id) == ACCOUNT
    assert store.account_of(connection, "K-9") is None
    assert store.find_contract(connection, CONTRACT.id) == CONTRACT


def test_bills_come_newest_first_and_a_corrected_one_takes_its_place(connection: Connection) -> None:
    june = replace(MAY, id=BillId("B-06"), first_day=date(2026, 6, 1), last_day=date(2026, 6, 30), due_on=None)
    store.keep_bills(connection, [MAY, june])
    corrected = replace(MAY, energy_wh=290_000)

    store.keep_bills(connection, [corrected])

    assert store.bills_of(connection, CONTRACT.id, 12) == [june, corrected]
    assert store.bills_of(connection, CONTRACT.id, 1) == [june]
    assert store.find_bill(connection, "B-05") == corrected


def test_what_was_paid_is_found_by_the_account(connection: Connection) -> None:
    store.keep_payments(connection, [PAID])

    assert store.payments_of(connection, ACCOUNT.id, 10) == [PAID]


def test_a_bill_of_no_contract_cannot_stand(connection: Connection) -> None:
    with pytest.raises(IntegrityError):
        store.keep_bills(connection, [replace(MAY, contract=ContractId("K-9"))])


def test_a_fact_of_a_household_is_what_was_told_last(connection: Connection) -> None:
    told = HouseholdFact(customer=ACCOUNT.customer, fact="household_size", value="3", as_of=date(2026, 1, 1))
    household_store.keep(connection, [told])
    newer = replace(told, value="4", as_of=date(2026, 7, 1))

    household_store.keep(connection, [newer])

    assert household_store.of_customer(connection, "C-1") == [newer]
