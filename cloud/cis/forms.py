"""The columns of each entity of a drop, and what understands a cell of each.

A new column is a line here. Every reader takes the text of a cell and returns a value of its own type, or raises
ValueError with what is wrong in words for whoever wrote the file. Amounts have a decimal point and at most two
decimals, and are never rounded: somebody else's money is taken as it is, or not at all.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from cloud.billing.accounts import Account, Contract, Payment, ReadQuality, UtilityBill
from cloud.billing.history import DailyUse
from cloud.cis.manifest import Entity
from cloud.customers.consent import Channel, Purpose
from cloud.customers.household import HouseholdFact
from cloud.customers.model import Customer
from cloud.customers.table import READERS
from cloud.kernel.ids import AccountId, BillId, ContractId, CustomerId, MeterSerial, PaymentId, UsagePointId
from cloud.kernel.money import Currency, Money

MAX_TARIFF_CHARS: Final = 64
_MAX_CYCLE_DAY: Final = 28  # every month has it
_YEARS: Final = range(1970, 2200)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_WHOLE: Final = re.compile(r"\d{1,12}", re.ASCII)
_AMOUNT: Final = re.compile(r"-?\d{1,10}(\.\d{1,2})?", re.ASCII)
_PHONE: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
_WORD: Final = re.compile(rf"[A-Za-z0-9][\w.:-]{{0,{MAX_TARIFF_CHARS - 1}}}", re.ASCII)
_FACT: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)

Reader: TypeAlias = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHome:
    """A home as a drop tells it: whose account pays, and which meter measures it."""

    id: UsagePointId
    meter: MeterSerial
    account: AccountId
    zone: ZoneInfo
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldConsent:
    """A consent as a drop tells it: given once, and perhaps taken back."""

    customer: CustomerId
    purpose: Purpose
    channel: Channel
    given_at: datetime
    evidence: str
    withdrawn_at: datetime | None


Value: TypeAlias = (
    Customer | Account | ToldHome | DailyUse | Contract | UtilityBill | Payment | HouseholdFact | ToldConsent
)


class Contradiction(ValueError):
    """Cells that are fine alone and not beside each other; `column` is the one to look at first."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(what)
        self.column = column


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one entity is read: its columns, those that name a row, and what a row becomes."""

    columns: Mapping[str, Reader]
    key: tuple[str, ...]
    make: Callable[[dict[str, Any]], Value]
    optional: Mapping[str, Reader] = field(default_factory=dict)


def _day(cell: str) -> date:
    try:
        day = date.fromisoformat(_matched(_DAY, cell))
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is not a day; write it as in 2026-08-03") from None
    if day.year not in _YEARS:
        raise ValueError(f"{cell[:40]!r} is not a day of our time")
    return day


def _instant(cell: str) -> datetime:
    try:
        at = datetime.fromisoformat(cell)
        if at.utcoffset() is None or at.year not in _YEARS:
            raise ValueError(cell)
        return at.astimezone(UTC)
    except ValueError:
        hint = "write it with its offset, as in 2026-08-03T02:00:00-03:00"
        raise ValueError(f"{cell[:40]!r} is not an instant; {hint}") from None


def _or_none(reader: Reader) -> Reader:
    """An empty cell is None."""
    return lambda cell: reader(cell) if cell else None


def _amount(cell: str) -> Decimal:
    try:
        return Decimal(_matched(_AMOUNT, cell))
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is not an amount; write it as in 1234.56") from None


def _whole(cell: str) -> int:
    try:
        return int(_matched(_WHOLE, cell))
    except ValueError:
        raise ValueError(f"{cell[:40]!r} is not a whole number of at most 12 digits") from None


def _cycle_day(cell: str) -> int:
    day = _whole(cell)
    if not 1 <= day <= _MAX_CYCLE_DAY:
        raise ValueError(f"{day} is not a day every month has: 1 to {_MAX_CYCLE_DAY}")
    return day


def _phone(cell: str) -> str:
    if cell and not _PHONE.fullmatch(cell):
        raise ValueError(f"{cell[:40]!r} is not a telephone number; write it as in +5541999990001")
    return cell


def _word(cell: str) -> str:
    if not _WORD.fullmatch(cell):
        raise ValueError(f"{cell[:80]!r} is not a name; use up to {MAX_TARIFF_CHARS} letters, digits and . : _ -")
    return cell


def _station(cell: str) -> str:
    return _word(cell) if cell else ""


def _fact(cell: str) -> str:
    if not _FACT.fullmatch(cell):
        raise ValueError(f"{cell[:80]!r} is not the name of a fact; write it as in household_size")
    return cell


def _matched(form: re.Pattern[str], cell: str) -> str:
    if not form.fullmatch(cell):
        raise ValueError(cell)
    return cell


def _one_of(choices: type[Currency] | type[ReadQuality] | type[Purpose] | type[Channel]) -> Reader:
    def read(cell: str) -> object:
        try:
            return choices(cell)
        except ValueError:
            raise ValueError(f"{cell[:40]!r} is not one of: {', '.join(choices)}") from None

    return read


def _in_order(cells: Mapping[str, Any], first: str, last: str) -> None:
    if cells[last] is not None and cells[last] < cells[first]:
        raise Contradiction(last, f"{cells[last]} is before {first}, {cells[first]}")


def _money(cells: dict[str, Any], column: str) -> Money:
    return Money.of(cells.pop(column), cells.pop("currency"))


def _customer(cells: dict[str, Any]) -> Customer:
    return Customer(id=cells.pop("customer"), **cells)


def _account(cells: dict[str, Any]) -> Account:
    return Account(id=cells.pop("account"), **cells)


def _home(cells: dict[str, Any]) -> ToldHome:
    return ToldHome(id=cells.pop("usage_point"), zone=cells.pop("time_zone"), **cells)


def _daily_use(cells: dict[str, Any]) -> DailyUse:
    return DailyUse(**cells)


def _contract(cells: dict[str, Any]) -> Contract:
    _in_order(cells, "valid_from", "valid_to")
    return Contract(id=cells.pop("contract"), **cells)


def _bill(cells: dict[str, Any]) -> UtilityBill:
    _in_order(cells, "first_day", "last_day")
    _in_order(cells, "first_day", "issued_on")
    _in_order(cells, "issued_on", "due_on")
    total = _money(cells, "total")
    return UtilityBill(id=cells.pop("bill"), total=total, **cells)


def _payment(cells: dict[str, Any]) -> Payment:
    amount = _money(cells, "amount")
    return Payment(id=cells.pop("payment"), amount=amount, **cells)


def _household(cells: dict[str, Any]) -> HouseholdFact:
    return HouseholdFact(**cells)


def _consent(cells: dict[str, Any]) -> ToldConsent:
    _in_order(cells, "given_at", "withdrawn_at")
    return ToldConsent(**cells)


_CURRENCY: Final = _one_of(Currency)

FORMS: Final[Mapping[Entity, Form]] = {
    Entity.CUSTOMERS: Form(
        columns={
            "customer": CustomerId.parse,
            "name": READERS["name"],
            "email": READERS["email"],
            "phone": _phone,
            "language": READERS["language"],
        },
        key=("customer",),
        make=_customer,
    ),
    Entity.ACCOUNTS: Form(
        columns={"account": AccountId.parse, "customer": CustomerId.parse, "currency": _CURRENCY},
        key=("account",),
        make=_account,
    ),
    Entity.USAGE_POINTS: Form(
        columns={
            "usage_point": UsagePointId.parse,
            "meter": MeterSerial.parse,
            "account": AccountId.parse,
            "time_zone": READERS["time_zone"],
            "address": READERS["address"],
        },
        key=("usage_point",),
        make=_home,
    ),
    Entity.DAILY_USE: Form(
        columns={"usage_point": UsagePointId.parse, "day": _day, "energy_wh": _whole},
        key=("usage_point", "day"),
        make=_daily_use,
    ),
    Entity.CONTRACTS: Form(
        columns={
            "contract": ContractId.parse,
            "account": AccountId.parse,
            "usage_point": UsagePointId.parse,
            "tariff": _word,
            "valid_from": _day,
            "valid_to": _or_none(_day),
            "cycle_day": _cycle_day,
        },
        key=("contract",),
        make=_contract,
        optional={"weather_station": _station},
    ),
    Entity.BILLS: Form(
        columns={
            "bill": BillId.parse,
            "account": AccountId.parse,
            "contract": ContractId.parse,
            "first_day": _day,
            "last_day": _day,
            "energy_wh": _whole,
            "total": _amount,
            "currency": _CURRENCY,
            "quality": _one_of(ReadQuality),
            "issued_on": _day,
            "due_on": _or_none(_day),
        },
        key=("bill",),
        make=_bill,
    ),
    Entity.PAYMENTS: Form(
        columns={
            "payment": PaymentId.parse,
            "account": AccountId.parse,
            "amount": _amount,
            "currency": _CURRENCY,
            "paid_on": _day,
        },
        key=("payment",),
        make=_payment,
    ),
    Entity.HOUSEHOLDS: Form(
        columns={"customer": CustomerId.parse, "fact": _fact, "value": READERS["name"], "as_of": _day},
        key=("customer", "fact"),
        make=_household,
    ),
    Entity.CONSENTS: Form(
        columns={
            "customer": CustomerId.parse,
            "purpose": _one_of(Purpose),
            "channel": _one_of(Channel),
            "given_at": _instant,
            "evidence": READERS["name"],
            "withdrawn_at": _or_none(_instant),
        },
        key=("customer", "purpose", "channel"),
        make=_consent,
    ),
}
"""Everything a drop may hold."""
