"""A home that pays: Ana's account, contract and last bills, as the utility would tell them."""

from datetime import date

from sqlalchemy import Connection

from cloud.billing import accounts_store
from cloud.billing.accounts import Account, Contract, Payment, ReadQuality, UtilityBill
from cloud.customers import service as customers
from cloud.customers.table import parse
from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId, PaymentId, UsagePointId
from cloud.kernel.money import Currency, Money
from tests.fakes_cloud import NOON

HOMES = b"""usage_point,meter,customer,name,email,language,time_zone,address
UP-0001,LMP00000001,C-1,Ana Souza,ana@example.com,pt-BR,America/Sao_Paulo,Rua das Flores 12
"""
ACCOUNT = Account(id=AccountId("A-1"), customer=CustomerId("C-1"), currency=Currency.BRL)
CONTRACT = Contract(
    id=ContractId("K-1"),
    account=ACCOUNT.id,
    usage_point=UsagePointId("UP-0001"),
    tariff="rede-acacias-b1",
    valid_from=date(2025, 1, 1),
    valid_to=None,
    cycle_day=1,
    weather_station="curitiba",
)
MAY = UtilityBill(
    id=BillId("B-05"),
    account=ACCOUNT.id,
    contract=CONTRACT.id,
    first_day=date(2026, 5, 1),
    last_day=date(2026, 5, 31),
    energy_wh=310_000,
    total=Money(28_412, Currency.BRL),
    quality=ReadQuality.ACTUAL,
    issued_on=date(2026, 6, 2),
    due_on=date(2026, 6, 12),
)
PAID = Payment(id=PaymentId("P-05"), account=ACCOUNT.id, amount=Money(28_412, Currency.BRL), paid_on=date(2026, 6, 10))


def keep_home(connection: Connection) -> None:
    """Ana and her home, as the customer file tells them."""
    customers.keep(connection, parse(HOMES), NOON)


def keep_contract(connection: Connection, contract: Contract = CONTRACT) -> None:
    """Ana, her home, her account and a contract of hers."""
    keep_home(connection)
    accounts_store.keep_accounts(connection, [ACCOUNT])
    accounts_store.keep_contracts(connection, [contract])
