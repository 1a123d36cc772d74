"""A home's bills in a town: those that were sent, what came of looking at them, and where the running one goes."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from cloud.billing import accounts_store, explained_store, outlook_store
from cloud.billing.accounts import Account, Contract, Payment, ReadQuality, UtilityBill
from cloud.billing.explained_store import Look
from cloud.billing.explanation import Caveat, Explanation, Factor
from cloud.billing.outlook_store import Outlook, Range
from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId, PaymentId, UsagePointId
from cloud.kernel.money import Currency, Money
from tests.fakes_web import Town

LOOKED_AT: Final = datetime(2026, 11, 5, 12, tzinfo=UTC)
SEEN_AT: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)


def brl(minor: int) -> Money:
    return Money(minor, Currency.BRL)


ACCOUNT: Final = Account(id=AccountId("A-1"), customer=CustomerId("C-1"), currency=Currency.BRL)
CONTRACT: Final = Contract(
    id=ContractId("K-1"),
    account=ACCOUNT.id,
    usage_point=UsagePointId("UP-1"),
    tariff="rede-acacias-b1",
    valid_from=date(2025, 1, 1),
    valid_to=None,
    cycle_day=1,
    weather_station="rio",
)
SEPTEMBER: Final = UtilityBill(
    id=BillId("B-09"),
    account=ACCOUNT.id,
    contract=CONTRACT.id,
    first_day=date(2026, 9, 1),
    last_day=date(2026, 9, 30),
    energy_wh=310_000,
    total=brl(28_412),
    quality=ReadQuality.ACTUAL,
    issued_on=date(2026, 10, 3),
    due_on=date(2026, 10, 15),
)
OCTOBER: Final = replace(
    SEPTEMBER,
    id=BillId("B-10"),
    first_day=date(2026, 10, 1),
    last_day=date(2026, 10, 31),
    energy_wh=445_000,
    total=brl(41_030),
    issued_on=date(2026, 11, 3),
    due_on=date(2026, 11, 15),
)
YEAR_AGO: Final = replace(
    SEPTEMBER,
    id=BillId("B-10-2025"),
    first_day=date(2025, 10, 1),
    last_day=date(2025, 10, 31),
    total=brl(39_000),
    issued_on=date(2025, 11, 3),
    due_on=None,
)
PAID: Final = Payment(id=PaymentId("P-10"), account=ACCOUNT.id, amount=OCTOBER.total, paid_on=date(2026, 11, 12))
OUTLOOK: Final = Outlook(
    contract=CONTRACT.id,
    first_day=date(2026, 11, 1),
    last_day=date(2026, 11, 30),
    made_at=SEEN_AT,
    known_until=date(2026, 11, 20),
    is_whole=True,
    used_wh=301_000,
    days_left=10,
    range=Range(low=brl(40_110), likely=brl(43_000), high=brl(46_590)),
    usual_bill=YEAR_AGO.id,
)


def explained(previous: UtilityBill, parts: Mapping[Factor, int], *caveats: Caveat) -> Explanation:
    """October beside another bill."""
    amounts = dict.fromkeys(Factor, brl(0)) | {factor: brl(minor) for factor, minor in parts.items()}
    return Explanation(
        previous=previous.total, current=OCTOBER.total, parts=amounts, caveats=tuple(caveats), weather=None
    )


LOOK: Final = Look(
    bill=OCTOBER.id,
    currency=Currency.BRL,
    looks=1,
    made_at=LOOKED_AT,
    previous=SEPTEMBER.id,
    year_ago=YEAR_AGO.id,
    reckoned=OCTOBER.total,
    matches=True,
    since_previous=explained(
        SEPTEMBER, {Factor.DAYS: 918, Factor.USE: 12_300, Factor.PRICE: -600}, Caveat.TOO_LITTLE_HISTORY
    ),
    since_year_ago=explained(YEAR_AGO, {Factor.PRICE: 2_030}),
)


def keep_contract(town: Town, account: Account = ACCOUNT, contract: Contract = CONTRACT) -> None:
    """Somebody pays for the home by a contract."""
    with town.database.transaction() as connection:
        accounts_store.keep_accounts(connection, [account])
        accounts_store.keep_contracts(connection, [contract])


def keep_bills(
    town: Town, *, look: Look | None = LOOK, outlook: Outlook | None = OUTLOOK, payments: tuple[Payment, ...] = (PAID,)
) -> None:
    """A contract with three bills, the last of which was looked at."""
    keep_contract(town)
    with town.database.transaction() as connection:
        accounts_store.keep_bills(connection, [YEAR_AGO, SEPTEMBER, OCTOBER])
        accounts_store.keep_payments(connection, payments)
        if look is not None:
            explained_store.keep(connection, look)
        if outlook is not None:
            outlook_store.keep(connection, outlook)
