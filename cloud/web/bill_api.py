"""Bills for programs: those the utility sent with what we make of them, and where the running one is going."""

from typing import Any, Final

from fastapi import APIRouter
from sqlalchemy import Connection

from cloud.billing.accounts import UtilityBill
from cloud.billing.explanation import Explanation
from cloud.billing.ledger import Entry
from cloud.billing.outlook_store import Range
from cloud.kernel.money import Money
from cloud.web import home_bills, homes
from cloud.web.bill_schema import (
    BillAnswer,
    BillPage,
    ChangeAnswer,
    MoneyAnswer,
    OutlookAnswer,
    PartAnswer,
    RangeAnswer,
)
from cloud.web.home_bills import Known
from cloud.web.homes import Home
from cloud.web.parameters import DEFAULT_LIMIT, Limit, UsagePointPath
from cloud.web.problems import ANY_ROUTE, NOT_FOUND, NotFound
from cloud.web.services import Served

_LIST_HOMES: Final = "list them with GET /api/v1/usage-points"

router = APIRouter(prefix="/api/v1/usage-points/{usage_point}", responses=ANY_ROUTE, tags=["bills"])


@router.get("/bills", responses=NOT_FOUND)
def bills(served: Served, usage_point: UsagePointPath, limit: Limit = DEFAULT_LIMIT) -> BillPage:
    """The bills of a home with what we reckon and why each changed, the last period first."""
    with served.database.read() as connection:
        home = _home(connection, usage_point)
        known = home_bills.read(connection, home, served.clock.now(), limit=limit)
    return BillPage(bills=[_bill(entry, known) for entry in known.entries])


@router.get("/outlook", responses=NOT_FOUND)
def outlook(served: Served, usage_point: UsagePointPath) -> OutlookAnswer:
    """Where the running bill of a home is going, eight times in ten; or why that cannot be said."""
    with served.database.read() as connection:
        home = _home(connection, usage_point)
        known = home_bills.read(connection, home, served.clock.now(), limit=1)
    found, contract = known.outlook, known.contract
    if found is None or contract is None:
        do = "see that its contract was told, and that its gateway reads intervals of this cycle"
        raise NotFound(f"nothing is known of a running bill of {usage_point}", do=do)
    return OutlookAnswer(
        usage_point=home.id,
        contract=contract.id,
        tariff=contract.tariff,
        first_day=found.first_day,
        last_day=found.last_day,
        made_at=found.made_at,
        known_until=found.known_until,
        is_whole=found.is_whole,
        used_wh=found.used_wh,
        days_left=known.days_left,
        range=None if found.range is None else _range(found.range),
        why_not=found.why,
        usual_bill=found.usual_bill,
        usual_total=None if known.usual is None else _money(known.usual.total),
    )


def _range(found: Range) -> RangeAnswer:
    return RangeAnswer(low=_money(found.low), likely=_money(found.likely), high=_money(found.high))


def _home(connection: Connection, usage_point: str) -> Home:
    home = homes.find(connection, usage_point)
    if home is None:
        raise NotFound(f"there is no usage point {usage_point}", do=_LIST_HOMES)
    return home


def _bill(entry: Entry, known: Known) -> BillAnswer:
    bill, look = entry.bill, entry.look
    return BillAnswer(
        **_asked(bill),
        paid_on=known.paid_on(bill),
        reckoned=None if look is None or look.reckoned is None else _money(look.reckoned),
        matches=None if look is None else look.matches,
        is_explained=entry.is_explained,
        why_not=entry.why_not,
        looks=0 if look is None else look.looks,
        looked_at=None if look is None else look.made_at,
        since_previous=None if look is None else _change(look.since_previous, look.previous),
        since_year_ago=None if look is None else _change(look.since_year_ago, look.year_ago),
    )


def _asked(bill: UtilityBill) -> dict[str, Any]:
    """What the utility says of it."""
    return {
        "id": bill.id,
        "contract": bill.contract,
        "account": bill.account,
        "first_day": bill.first_day,
        "last_day": bill.last_day,
        "issued_on": bill.issued_on,
        "due_on": bill.due_on,
        "energy_wh": bill.energy_wh,
        "quality": str(bill.quality),
        "total": _money(bill.total),
    }


def _change(told: Explanation | None, from_bill: str | None) -> ChangeAnswer | None:
    if told is None:
        return None
    return ChangeAnswer(
        from_bill=from_bill,
        previous=_money(told.previous),
        current=_money(told.current),
        change=_money(told.change),
        parts=[PartAnswer(factor=factor.value, amount=_money(part)) for factor, part in told.parts.items()],
        driver=told.driver and told.driver.value,
        can_tell=told.can_tell,
        caveats=[caveat.value for caveat in told.caveats],
    )


def _money(value: Money) -> MoneyAnswer:
    return MoneyAnswer(amount=str(value.amount), currency=value.currency.value)
