"""A home's bills as an operator sees them: what the utility asks beside what we reckon, and why one is not explained.

Nothing is kept back here: the reasons are the ones the service kept, in its own words. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cloud.billing.accounts import Contract, ReadQuality, UtilityBill
from cloud.billing.ledger import Entry
from cloud.billing.outlook_store import Outlook
from cloud.billing.projection import WhyNoProjection
from cloud.kernel import i18n
from cloud.kernel.i18n import Language
from cloud.kernel.ids import UsagePointId
from cloud.kernel.money import Money
from cloud.web import bill_change
from cloud.web.bill_change import Change
from cloud.web.home_bills import Known

_LANGUAGE: Final = Language.EN
_WHY_NOT: Final = {
    WhyNoProjection.TOO_EARLY: "it is too early in the cycle",
    WhyNoProjection.TOO_LATE: "the cycle is almost over",
    WhyNoProjection.DAYS_MISSING: "too many days of the cycle are not read",
}
_QUALITIES: Final = {
    ReadQuality.ACTUAL: "read",
    ReadQuality.ESTIMATED: "estimated",
    ReadQuality.CUSTOMER: "read by the customer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBill:
    """One bill, and what came of looking at it: a `verdict`, `looks` for its colour, and why it is not explained."""

    bill: UtilityBill
    total: str
    reckoned: str
    verdict: str
    looks: str
    why_not: str
    quality: str
    paid: str
    usage_point: UsagePointId | None = None
    looked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownOutlook:
    """Where the running bill is going, or why that cannot be said."""

    outlook: Outlook
    between: str
    likely: str
    usual: str
    why_not: str
    days_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The bills of a home, ready for the template."""

    contract: Contract | None
    running: ShownOutlook | None
    bills: Sequence[ShownBill]
    change: Change | None


def show(known: Known) -> Shown:
    """The bills of a home."""
    newest = known.newest
    told = None if newest is None or newest.look is None else newest.look.since_previous
    return Shown(
        contract=known.contract,
        running=None if known.outlook is None else _running(known, known.outlook),
        bills=[show_bill(entry, paid=_paid(known, entry.bill)) for entry in known.entries],
        change=None if told is None else bill_change.show(told, _LANGUAGE),
    )


def show_bill(entry: Entry, *, paid: str = "", usage_point: UsagePointId | None = None) -> ShownBill:
    """One bill, whoever pays it."""
    bill, look = entry.bill, entry.look
    reckoned = None if look is None else look.reckoned
    verdict, looks = _verdict(entry)
    return ShownBill(
        bill=bill,
        total=_money(bill.total),
        reckoned="" if reckoned is None else _money(reckoned),
        verdict=verdict,
        looks=looks,
        why_not=entry.why_not,
        quality=_QUALITIES[bill.quality],
        paid=paid,
        usage_point=usage_point,
        looked=0 if look is None else look.looks,
    )


def _verdict(entry: Entry) -> tuple[str, str]:
    look = entry.look
    if look is None:
        return "history", ""
    if entry.is_explained:
        return "matches, explained", "delivered"
    if look.matches:
        return "matches", "delivered"
    return ("could not be reckoned", "queued") if look.matches is None else ("differs from ours", "held")


def _paid(known: Known, bill: UtilityBill) -> str:
    paid_on = known.paid_on(bill)
    return "" if paid_on is None else paid_on.isoformat()


def _running(known: Known, outlook: Outlook) -> ShownOutlook:
    found = outlook.range
    why = next((said for why, said in _WHY_NOT.items() if why == outlook.why), outlook.why)
    return ShownOutlook(
        outlook=outlook,
        between="" if found is None else f"{_money(found.low)} to {_money(found.high)}",
        likely="" if found is None else _money(found.likely),
        usual="" if known.usual is None else f"{_money(known.usual.total)} ({known.usual.id})",
        why_not="" if found is not None else why,
        days_left=known.days_left,
    )


def _money(value: Money) -> str:
    return i18n.money(value, _LANGUAGE)
