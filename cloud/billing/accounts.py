"""What the utility's customer system knows of money: who pays, by which contract, what was billed and what was paid.

The utility is the authority on all four. Nothing here is reckoned by us: a bill is what the customer was sent, right or
wrong, and our own reckoning is held against it. Days are days of the calendar where the home stands, both ends of every
span included, as they are printed on bills.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId, PaymentId, UsagePointId
from cloud.kernel.money import Currency, Money


class ReadQuality(StrEnum):
    """What the energy of a bill rests on."""

    ACTUAL = "actual"
    ESTIMATED = "estimated"
    CUSTOMER = "customer"
    """The customer read the meter and told the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who pays, and in which currency."""

    id: AccountId
    customer: CustomerId
    currency: Currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Which tariff holds at a usage point from one day to another, or with no end yet.

    `cycle_day` is the day of the month a billing cycle begins on, 1 to 28. `weather_station` is whose temperatures the
    home's heating and cooling answer to; empty where nobody said.
    """

    id: ContractId
    account: AccountId
    usage_point: UsagePointId
    tariff: str
    valid_from: date
    valid_to: date | None
    cycle_day: int
    weather_station: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityBill:
    """A bill as the utility sent it."""

    id: BillId
    account: AccountId
    contract: ContractId
    first_day: date
    last_day: date
    energy_wh: int
    total: Money
    quality: ReadQuality
    issued_on: date
    due_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that came in on an account."""

    id: PaymentId
    account: AccountId
    amount: Money
    paid_on: date
