"""The tables of accounts, contracts, the utility's bills and what was paid.

What is kept again under a name that stands already takes its place: the utility's last word counts. Whoever keeps
something here has seen that it agrees with the rest; the tables refuse only what points at nothing.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, Date, ForeignKey, Index, Integer, Row, Table, Text, select

from cloud.billing.accounts import Account, Contract, Payment, ReadQuality, UtilityBill
from cloud.kernel.db import metadata, rows_named, upsert
from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId, PaymentId, UsagePointId
from cloud.kernel.money import Currency, Money

account_table = Table(
    "account",
    metadata,
    Column("id", Text, primary_key=True),
    Column("customer", ForeignKey("customer.id"), nullable=False, index=True),
    Column("currency", Text, nullable=False),
)
contract_table = Table(
    "contract",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("usage_point", ForeignKey("usage_point.id"), nullable=False),
    Column("tariff", Text, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("cycle_day", Integer, nullable=False),
    Column("weather_station", Text, nullable=False),
)
bill_table = Table(
    "utility_bill",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False, index=True),
    Column("contract", ForeignKey("contract.id"), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("energy_wh", Integer, nullable=False),
    Column("total_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("quality", Text, nullable=False),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date),
)
payment_table = Table(
    "payment",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account", ForeignKey("account.id"), nullable=False),
    Column("amount_minor", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("paid_on", Date, nullable=False),
)
_a = account_table.c
_c = contract_table.c
_b = bill_table.c
_p = payment_table.c
Index("ix_contract_usage_point", _c.usage_point, _c.valid_from)
Index("ix_utility_bill_contract", _b.contract, _b.last_day)
Index("ix_utility_bill_newest", _b.last_day.desc(), _b.id)
Index("ix_payment_account", _p.account, _p.paid_on)


def keep_accounts(connection: Connection, accounts: Iterable[Account]) -> None:
    """Let these accounts stand as told; IntegrityError for one of no customer."""
    rows = ({"id": each.id, "customer": each.customer, "currency": str(each.currency)} for each in accounts)
    upsert(connection, account_table, rows)


def keep_contracts(connection: Connection, contracts: Iterable[Contract]) -> None:
    """Let these contracts stand as told; IntegrityError for one of no account or no usage point."""
    rows = (
        {
            "id": each.id, "account": each.account, "usage_point": each.usage_point, "tariff": each.tariff,
            "valid_from": each.valid_from, "valid_to": each.valid_to, "cycle_day": each.cycle_day,
            "weather_station": each.weather_station,
        }
        for each in contracts
    )  # fmt: skip
    upsert(connection, contract_table, rows)


def keep_bills(connection: Connection, bills: Iterable[UtilityBill]) -> None:
    """Let these bills stand as told; IntegrityError for one of no account or no contract."""
    rows = (
        {
            "id": each.id, "account": each.account, "contract": each.contract,
            "first_day": each.first_day, "last_day": each.last_day, "energy_wh": each.energy_wh,
            "total_minor": each.total.minor, "currency": str(each.total.currency), "quality": str(each.quality),
            "issued_on": each.issued_on, "due_on": each.due_on,
        }
        for each in bills
    )  # fmt: skip
    upsert(connection, bill_table, rows)


def keep_payments(connection: Connection, payments: Iterable[Payment]) -> None:
    """Let these payments stand as told; IntegrityError for one of no account."""
    rows = (
        {
            "id": each.id, "account": each.account, "amount_minor": each.amount.minor,
            "currency": str(each.amount.currency), "paid_on": each.paid_on,
        }
        for each in payments
    )  # fmt: skip
    upsert(connection, payment_table, rows)


def account_of(connection: Connection, contract: str) -> Account | None:
    """Who pays for a contract, or None where there is no such contract."""
    of = select(account_table).join(contract_table, _c.account == _a.id).where(_c.id == contract)
    row = connection.execute(of).one_or_none()
    return None if row is None else _account(row)


def find_contract(connection: Connection, contract: str) -> Contract | None:
    """The contract of this name, or None."""
    row = connection.execute(select(contract_table).where(_c.id == contract)).one_or_none()
    return None if row is None else _contract(row)


def contract_of(connection: Connection, usage_point: str, on: date) -> Contract | None:
    """The contract that holds at a usage point on a day, or None."""
    at = select(contract_table).where(_c.usage_point == usage_point, _c.valid_from <= on)
    row = connection.execute(at.order_by(_c.valid_from.desc()).limit(1)).one_or_none()
    found = None if row is None else _contract(row)
    return found if found and (found.valid_to is None or on <= found.valid_to) else None


def find_bill(connection: Connection, bill: str) -> UtilityBill | None:
    """The bill of this name, or None."""
    return next(_bills(connection.execute(select(bill_table).where(_b.id == bill))), None)


def bills_of(connection: Connection, contract: str, limit: int) -> list[UtilityBill]:
    """The bills sent under a contract, the last period first."""
    of = select(bill_table).where(_b.contract == contract).order_by(_b.last_day.desc())
    return list(_bills(connection.execute(of.limit(limit))))


def newest_bills(connection: Connection, limit: int) -> list[UtilityBill]:
    """The bills of everybody, the last periods first."""
    return list(_bills(connection.execute(select(bill_table).order_by(_b.last_day.desc(), _b.id).limit(limit))))


def payments_of(connection: Connection, account: str, limit: int) -> list[Payment]:
    """What came in on an account, the last first."""
    of = select(payment_table).where(_p.account == account).order_by(_p.paid_on.desc(), _p.id)
    return [_payment(row) for row in connection.execute(of.limit(limit))]


def accounts_named(connection: Connection, names: Iterable[str]) -> dict[str, Account]:
    """The accounts of these names that are known."""
    return {row.id: _account(row) for row in rows_named(connection, select(account_table), _a.id, names)}


def accounts_in_use(connection: Connection, names: Iterable[str]) -> frozenset[str]:
    """Those of the accounts that a contract stands on."""
    found = rows_named(connection, select(_c.account).distinct(), _c.account, names)
    return frozenset(row.account for row in found)


def contracts_named(connection: Connection, names: Iterable[str]) -> dict[str, Contract]:
    """The contracts of these names that are known."""
    return {row.id: _contract(row) for row in rows_named(connection, select(contract_table), _c.id, names)}


def contracts_at(connection: Connection, usage_points: Iterable[str]) -> Iterator[Contract]:
    """Every contract there was or is at these homes."""
    return map(_contract, rows_named(connection, select(contract_table), _c.usage_point, usage_points))


def bills_near(connection: Connection, *, contracts: Iterable[str], bills: Iterable[str]) -> Iterator[UtilityBill]:
    """Every bill under these contracts, and the bills of these names."""
    rows = select(bill_table)
    return _bills(
        chain(rows_named(connection, rows, _b.contract, contracts), rows_named(connection, rows, _b.id, bills))
    )


def _account(row: Row[Any]) -> Account:
    """The account a row of its table tells of."""
    return Account(id=AccountId(row.id), customer=CustomerId(row.customer), currency=Currency(row.currency))


def _contract(row: Row[Any]) -> Contract:
    """The contract a row of its table tells of."""
    return Contract(
        id=ContractId(row.id),
        account=AccountId(row.account),
        usage_point=UsagePointId(row.usage_point),
        tariff=row.tariff,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        cycle_day=row.cycle_day,
        weather_station=row.weather_station,
    )


def _bills(rows: Iterable[Row[Any]]) -> Iterator[UtilityBill]:
    for row in rows:
        yield UtilityBill(
            id=BillId(row.id),
            account=AccountId(row.account),
            contract=ContractId(row.contract),
            first_day=row.first_day,
            last_day=row.last_day,
            energy_wh=row.energy_wh,
            total=Money(row.total_minor, Currency(row.currency)),
            quality=ReadQuality(row.quality),
            issued_on=row.issued_on,
            due_on=row.due_on,
        )


def _payment(row: Row[Any]) -> Payment:
    amount = Money(row.amount_minor, Currency(row.currency))
    return Payment(id=PaymentId(row.id), account=AccountId(row.account), amount=amount, paid_on=row.paid_on)
