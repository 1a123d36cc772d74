"""What rows must agree with: each other, and what stands already.

A row that points at nothing, or at what was refused, is refused too; so is one that says otherwise than what it hangs
on, or takes the place of another. Each check is given the rows of one entity, whose betters are in their tables
already, and tells which of them cannot stand, at which column and why. They ask the tables for all their rows at once,
so that a hundred thousand take no more than a few dozen looks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from cloud.billing import accounts_store as accounts
from cloud.billing.accounts import Account, Contract, Payment, UtilityBill
from cloud.billing.history import DailyUse
from cloud.cis.drop import Refused, Told
from cloud.cis.forms import ToldConsent, ToldHome, Value
from cloud.cis.manifest import Entity
from cloud.cis.spans import Span, settle
from cloud.customers import store as customers
from cloud.customers.household import HouseholdFact
from cloud.grid import store as grid
from cloud.registry import store as registry

T = TypeVar("T", bound=Value)
Found: TypeAlias = Iterator[Refused]

_NO_END: Final = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a check looks at beside its rows: the tables, today's date, and the keys this drop had refused so far."""

    connection: Connection
    today: date
    refused: Mapping[Entity, set[str]] = field(default_factory=lambda: {entity: set() for entity in Entity})

    def lack(self, entity: Entity, name: str) -> str:
        """Why a row that hangs on this one cannot stand."""
        thing = entity.replace("_", " ").removesuffix("s")
        return f"its {thing} {name!r} {'was refused' if name in self.refused[entity] else 'is not known'}"


def _refuse(told: Told[Value], column: str, why: str) -> Refused:
    return Refused(place=told.place, column=column, why=why)


def check_accounts(told: Sequence[Told[Account]], around: Surroundings) -> Found:
    """An account is somebody's, and what stands on it does not change its currency or its owner."""
    people = customers.known_people(around.connection, (each.value.customer for each in told))
    before = accounts.accounts_named(around.connection, (each.value.id for each in told))
    in_use = accounts.accounts_in_use(around.connection, before)
    for each in told:
        account, old = each.value, before.get(each.value.id)
        if account.customer not in people:
            yield _refuse(each, "customer", around.lack(Entity.CUSTOMERS, account.customer))
        elif old is not None and account.id in in_use and old != account:
            column = "customer" if old.customer != account.customer else "currency"
            why = f"contracts stand on this account of {old.customer!r} in {old.currency}; a new one needs a new name"
            yield _refuse(each, column, why)


def check_homes(told: Sequence[Told[ToldHome]], around: Surroundings) -> Found:
    """A home has one meter, and it is the one a gateway reads there, where one does."""
    known = accounts.accounts_named(around.connection, (each.value.account for each in told))
    devices = grid.devices_named(around.connection, (each.value.id for each in told))
    wanted: dict[str, str] = {each.value.id: each.value.meter for each in told}
    in_hand = _places_of(around.connection, wanted)
    sound: list[Told[ToldHome]] = []
    for each in told:
        home = each.value
        if home.account not in known:
            yield _refuse(each, "account", around.lack(Entity.ACCOUNTS, home.account))
        elif home.id in devices:
            yield _refuse(each, "usage_point", f"{home.id!r} is a device of the grid")
        elif strange := in_hand.get(home.id) or in_hand.get(home.meter):
            yield _refuse(each, "meter", f"{strange}; register the gateway anew first")
        else:
            sound.append(each)
    standing = customers.meters(around.connection, of=wanted, named=wanted.values())
    before = (Span(first=0, last=0, group=meter, key=home) for home, meter in standing.items())
    told_now = (Span(first=0, last=0, group=each.value.meter, key=each.place.key) for each in sound)
    yield from _crowded(sound, settle(before, told_now), "meter", "this meter measures {!r} already")


def _places_of(connection: Connection, wanted: Mapping[str, str]) -> dict[str, str]:
    """What gateways read otherwise than wanted, by the home and by the meter."""
    homes = {meter: home for home, meter in wanted.items()}
    found: dict[str, str] = {}
    for place in registry.held_places(connection):
        if wanted.get(place.usage_point, place.meter) != place.meter:
            found[place.usage_point] = f"a gateway reads {place}"
        if homes.get(place.meter, place.usage_point) != place.usage_point:
            found[place.meter] = f"a gateway reads {place}"
    return found


def check_daily_use(told: Sequence[Told[DailyUse]], around: Surroundings) -> Found:
    """What was used was used in a home that is known, on a day that is over."""
    known = customers.owners(around.connection, (each.value.usage_point for each in told))
    for each in told:
        if each.value.usage_point not in known:
            yield _refuse(each, "usage_point", around.lack(Entity.USAGE_POINTS, each.value.usage_point))
        elif each.value.day > around.today:
            yield _refuse(each, "day", f"{each.value.day} is still to come")


def check_contracts(told: Sequence[Told[Contract]], around: Surroundings) -> Found:
    """A contract joins an account and a home; no two hold at one home on one day."""
    known = accounts.accounts_named(around.connection, (each.value.account for each in told))
    owners = customers.owners(around.connection, (each.value.usage_point for each in told))
    sound: list[Told[Contract]] = []
    for each in told:
        contract = each.value
        account, owner = known.get(contract.account), owners.get(contract.usage_point)
        if account is None:
            yield _refuse(each, "account", around.lack(Entity.ACCOUNTS, contract.account))
        elif owner is None:
            yield _refuse(each, "usage_point", around.lack(Entity.USAGE_POINTS, contract.usage_point))
        elif owner != account.customer and (contract.valid_to is None or contract.valid_to >= around.today):
            why = f"{contract.usage_point!r} is the home of {owner!r}, and its account is of {account.customer!r}"
            yield _refuse(each, "account", why)
        else:
            sound.append(each)
    standing = [
        *accounts.contracts_at(around.connection, (each.value.usage_point for each in sound)),
        *accounts.contracts_named(around.connection, (each.value.id for each in sound)).values(),
    ]
    in_way = settle(map(_span_of_contract, standing), (_span_of_contract(each.value) for each in sound))
    yield from _crowded(sound, in_way, "valid_from", "it overlaps contract {!r} at the same usage point")


def _span_of_contract(contract: Contract) -> Span:
    last = _NO_END if contract.valid_to is None else contract.valid_to.toordinal()
    return Span(first=contract.valid_from.toordinal(), last=last, group=contract.usage_point, key=contract.id)


def check_bills(told: Sequence[Told[UtilityBill]], around: Surroundings) -> Found:
    """A bill lies within its contract, in its account's currency; no two bill the same day."""
    known = accounts.accounts_named(around.connection, (each.value.account for each in told))
    contracts = accounts.contracts_named(around.connection, (each.value.contract for each in told))
    sound: list[Told[UtilityBill]] = []
    for each in told:
        account, contract = known.get(each.value.account), contracts.get(each.value.contract)
        if account is None:
            yield _refuse(each, "account", around.lack(Entity.ACCOUNTS, each.value.account))
        elif contract is None:
            yield _refuse(each, "contract", around.lack(Entity.CONTRACTS, each.value.contract))
        elif strange := _unlike(each.value, account, contract):
            yield _refuse(each, *strange)
        else:
            sound.append(each)
    contracts_told, names = (each.value.contract for each in sound), (each.value.id for each in sound)
    near = accounts.bills_near(around.connection, contracts=contracts_told, bills=names)
    in_way = settle(map(_span_of_bill, near), (_span_of_bill(each.value) for each in sound))
    yield from _crowded(sound, in_way, "first_day", "it overlaps bill {!r} of the same contract")


def _unlike(bill: UtilityBill, account: Account, contract: Contract) -> tuple[str, str] | None:
    """The column, and in what a bill is unlike what it hangs on."""
    if contract.account != account.id:
        return "contract", f"contract {contract.id!r} is of account {contract.account!r}"
    if bill.total.currency is not account.currency:
        return "currency", f"{bill.total.currency}, and its account is in {account.currency}"
    if bill.first_day < contract.valid_from:
        return "first_day", f"its contract holds from {contract.valid_from}"
    if contract.valid_to is not None and bill.last_day > contract.valid_to:
        return "last_day", f"its contract holds until {contract.valid_to}"
    return None


def _span_of_bill(bill: UtilityBill) -> Span:
    return Span(first=bill.first_day.toordinal(), last=bill.last_day.toordinal(), group=bill.contract, key=bill.id)


def check_payments(told: Sequence[Told[Payment]], around: Surroundings) -> Found:
    """A payment is in its account's currency. Two of one amount on one day are two: only a name tells them apart."""
    known = accounts.accounts_named(around.connection, (each.value.account for each in told))
    for each in told:
        account, currency = known.get(each.value.account), each.value.amount.currency
        if account is None:
            yield _refuse(each, "account", around.lack(Entity.ACCOUNTS, each.value.account))
        elif account.currency is not currency:
            yield _refuse(each, "currency", f"{currency}, and its account is in {account.currency}")


def check_people(told: Sequence[Told[HouseholdFact]] | Sequence[Told[ToldConsent]], around: Surroundings) -> Found:
    """What is told of a person is of somebody known."""
    people = customers.known_people(around.connection, (each.value.customer for each in told))
    for each in told:
        if each.value.customer not in people:
            yield _refuse(each, "customer", around.lack(Entity.CUSTOMERS, each.value.customer))


def _crowded(told: Iterable[Told[T]], in_way: Mapping[str, str], column: str, why: str) -> Found:
    for each in told:
        if each.place.key in in_way:
            yield Refused(place=each.place, column=column, why=why.format(in_way[each.place.key]))
