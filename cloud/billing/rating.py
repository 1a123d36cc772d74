"""A bill: a tariff, the energy of each day, and a billing period in; lines and their total out.

    intervals -> classify -> DayUse ... -> bill -> lines, total

Every day is rated by the version valid on it, with the energy used on it, so a tariff that changes within the period
is billed before and after by what was used before and after. A charge that did not change stays one line. Lines are
rounded half up to the cent, each once, and the total is their sum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from cloud.billing.day_use import DayPeak, DayUse, IntervalUse, classify
from cloud.billing.tariff import BillingPeriod, Tariff
from cloud.kernel.money import Currency, Money

__all__ = ["Bill", "BillLine", "BillingPeriod", "DayUse", "IntervalUse", "LineKind", "bill", "classify"]


class LineKind(StrEnum):
    """What a line is for."""

    ENERGY = "energy"
    FIXED = "fixed"
    POWER = "power"
    ADDER = "adder"
    DEMAND = "demand"
    MINIMUM = "minimum"
    TAX = "tax"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One line. `amount` is quantity times rate, rounded once; a tax's quantity is what it is reckoned on.

    A tax that is inside the prices (Brazil's) has a line too, for the reader: it `is_included` in the amounts of the
    lines above, and not added to the total.
    """

    component: str
    kind: LineKind
    period: str = ""
    quantity: Decimal
    unit: str
    rate: Decimal
    amount: Money
    first_day: date
    last_day: date
    is_included: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """The bill of one period."""

    period: BillingPeriod
    currency: Currency
    lines: tuple[BillLine, ...]
    total: Money


def bill(tariff: Tariff, use: Sequence[DayUse], period: BillingPeriod, *, peaks: Sequence[DayPeak] = ()) -> Bill:
    """The bill; raises RateMissing where the tariff does not say what a day costs, ReadingsRefused for foreign use."""
    raise NotImplementedError
