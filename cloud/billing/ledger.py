"""What is known of bills, for whoever shows it: the running one, and those that were sent with what we make of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from cloud.billing import accounts_store, explained_store, outlook_store
from cloud.billing.accounts import Contract, UtilityBill
from cloud.billing.explained_store import Look
from cloud.billing.outlook_store import Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A bill of the utility; without a look, nobody has looked at it: it is history."""

    bill: UtilityBill
    look: Look | None

    @property
    def is_explained(self) -> bool:
        """Whether the causes of its change are known, and it is what we reckon ourselves."""
        return self.look is not None and self.look.since_previous is not None and not self.look.why

    @property
    def why_not(self) -> str:
        """Why it is not explained, where somebody looked."""
        return "" if self.look is None else self.look.why


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeBills:
    """The bills of a home: by which contract today, where the running one is going, and those sent, newest first."""

    contract: Contract | None
    outlook: Outlook | None
    entries: tuple[Entry, ...]

    @property
    def newest(self) -> Entry | None:
        """The last bill that was sent."""
        return next(iter(self.entries), None)


def of_home(connection: Connection, usage_point: str, today: date, *, limit: int = 13) -> HomeBills:
    """What is known of a home's bills on a day of its own calendar."""
    contract = accounts_store.contract_of(connection, usage_point, today)
    names = [each.id for each in accounts_store.contracts_at(connection, [usage_point])]
    sent = sorted(accounts_store.bills_near(connection, contracts=names, bills=()), key=lambda bill: bill.last_day)
    return HomeBills(
        contract=contract,
        outlook=None if contract is None else outlook_store.find(connection, contract.id, today),
        entries=_entries(connection, sent[::-1][:limit]),
    )


def newest(connection: Connection, *, limit: int) -> tuple[Entry, ...]:
    """The bills of all homes, the last periods first."""
    return _entries(connection, accounts_store.newest_bills(connection, limit))


def needing_a_person(connection: Connection, *, limit: int) -> tuple[Entry, ...]:
    """The bills that are not explained and never will be by themselves, the last looked at first."""
    looks = explained_store.needing_a_person(connection, limit)
    bills = {
        bill.id: bill for bill in accounts_store.bills_near(connection, contracts=(), bills=[x.bill for x in looks])
    }
    return tuple(Entry(bill=bills[look.bill], look=look) for look in looks)


def _entries(connection: Connection, bills: Iterable[UtilityBill]) -> tuple[Entry, ...]:
    return tuple(Entry(bill=bill, look=explained_store.find(connection, bill.id)) for bill in bills)
