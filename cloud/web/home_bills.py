"""What is known of a home's bills, read in one snapshot for whoever shows it.

A home may have had other people: their contracts and bills are none of the business of who lives there now. So her page
is read with `whose`, and holds what her own accounts hold; where the utility bills somebody else for her home, nothing.
A payment tells no bill. One of exactly the bill's amount, made when the bill was sent or later, is taken for it; of
anything else it is only said that no such payment came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from cloud.billing import accounts_store, ledger
from cloud.billing.accounts import Contract, Payment, UtilityBill
from cloud.billing.ledger import Entry
from cloud.billing.outlook_store import Outlook
from cloud.kernel.ids import CustomerId
from cloud.web.homes import Home

A_YEAR_OF_BILLS: Final = 13
_MAX_PAYMENTS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The contract of today, where its running bill is going and what that is held against, and the bills sent.

    `payments` are those of the newest bill's account.
    """

    today: date
    contract: Contract | None
    outlook: Outlook | None
    usual: UtilityBill | None
    entries: Sequence[Entry]
    payments: Sequence[Payment]

    @property
    def newest(self) -> Entry | None:
        """The last bill that was sent."""
        return next(iter(self.entries), None)

    @property
    def days_left(self) -> int:
        """The days of the running cycle that are still to come, today among them."""
        return 0 if self.outlook is None else (self.outlook.last_day - self.today).days + 1

    def paid_on(self, bill: UtilityBill) -> date | None:
        """When a payment of the bill's amount came in; None where none is known."""
        days = [each.paid_on for each in self.payments if (each.account, each.amount) == (bill.account, bill.total)]
        return min((day for day in days if day >= bill.issued_on), default=None)


def read(
    connection: Connection, home: Home, now: datetime, *, whose: CustomerId | None = None, limit: int = A_YEAR_OF_BILLS
) -> Known:
    """The bills of a home, or with `whose` those that this customer pays."""
    today = now.astimezone(home.zone).date()
    found = ledger.of_home(connection, home.id, today, limit=limit)
    named = {entry.bill.account for entry in found.entries}
    named |= set() if found.contract is None else {found.contract.account}
    accounts = accounts_store.accounts_named(connection, named)
    shown = {name for name, account in accounts.items() if whose in {None, account.customer}}
    contract = found.contract if found.contract is not None and found.contract.account in shown else None
    outlook = None if contract is None else found.outlook
    entries = [entry for entry in found.entries if entry.bill.account in shown]
    usual = None if outlook is None or outlook.usual_bill is None else outlook.usual_bill
    return Known(
        today=today,
        contract=contract,
        outlook=outlook,
        usual=None if usual is None else accounts_store.find_bill(connection, usual),
        entries=entries,
        payments=accounts_store.payments_of(connection, entries[0].bill.account, _MAX_PAYMENTS) if entries else [],
    )
