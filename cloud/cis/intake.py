"""One drop going into the tables, entity by entity, in the order in which one hangs on another.

What is refused of an entity is refused before the next one is looked at, so that whatever hangs on it is refused with
it, and says so. Rows are let go of as soon as they are in their tables. All of it happens in the one transaction the
caller opened: if any of it fails, nothing of it stands.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from cloud.billing import accounts_store, history_store
from cloud.cis import checks, store
from cloud.cis.checks import Surroundings
from cloud.cis.drop import Refused, Rows, Told
from cloud.cis.forms import ToldConsent, ToldHome
from cloud.cis.manifest import Entity
from cloud.customers import consent_store, household_store
from cloud.customers import store as customers
from cloud.customers.consent import Change
from cloud.customers.consent_store import ConsentRefused
from cloud.customers.model import Home

_TOLD_BY: Final = "cis"

Keep: TypeAlias = Callable[[Connection, Sequence[Told[Any]], datetime], Iterable[Refused]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """How one entity is checked and kept."""

    check: Callable[[Sequence[Told[Any]], Surroundings], Iterator[Refused]]
    keep: Keep


def take(connection: Connection, rows: Rows, now: datetime) -> dict[Entity, list[str]]:
    """Keep what can stand of these rows; the names of what was kept. `rows.refused` gets the others.

    Runs inside the caller's transaction.
    """
    around = Surroundings(connection, now.date())
    for refused in rows.refused:
        around.refused[refused.place.file.entity].add(refused.place.key)
    kept: dict[Entity, list[str]] = {}
    for entity, step in _STEPS.items():
        told = rows.told.pop(entity)
        found = list(step.check(told, around))
        bad = {refused.place.key for refused in found}
        good = [each for each in told if each.place.key not in bad]
        del told
        if late := list(step.keep(connection, good, now)):
            bad.update(refused.place.key for refused in late)
            good = [each for each in good if each.place.key not in bad]
        rows.refused.extend(found + late)
        around.refused[entity].update(bad)
        store.release(connection, [each.place for each in good])
        kept[entity] = [each.place.key for each in good]
    return kept


def _keep_by(keep: Callable[[Connection, Iterable[Any]], None]) -> Keep:
    """Keep rows as a store takes them; none is refused any more."""

    def kept(connection: Connection, told: Sequence[Told[Any]], _now: datetime) -> Iterable[Refused]:
        keep(connection, (each.value for each in told))
        return ()

    return kept


def _keep_homes(connection: Connection, told: Sequence[Told[ToldHome]], now: datetime) -> Iterable[Refused]:
    """Keep homes as homes of whoever their account belongs to."""
    owners = accounts_store.accounts_named(connection, (each.value.account for each in told))
    customers.release_meters(connection, {each.value.id: each.value.meter for each in told})
    homes = (
        Home(
            id=each.value.id,
            meter=each.value.meter,
            customer=owners[each.value.account].customer,
            zone=each.value.zone,
            address=each.value.address,
        )
        for each in told
    )
    customers.keep_homes(connection, homes, now)
    return ()


def _keep_consents(connection: Connection, told: Sequence[Told[ToldConsent]], now: datetime) -> Iterator[Refused]:
    """Add to what customers said; a no they said to us since then stands, as it is the later one."""
    for each in told:
        try:
            for change in _changes(each.value):
                consent_store.record(connection, change, now)
        except ConsentRefused as refused:
            column = "given_at" if each.value.withdrawn_at is None else "withdrawn_at"
            yield Refused(place=each.place, column=column, why=refused.what)


def _changes(told: ToldConsent) -> Iterator[Change]:
    """What she said, the last first: where that is still to come, her yes is not taken either."""
    said = {False: told.withdrawn_at, True: told.given_at}
    for is_given, at in said.items():
        if at is not None:
            yield Change(
                customer=told.customer,
                purpose=told.purpose,
                channel=told.channel,
                is_given=is_given,
                at=at,
                by=_TOLD_BY,
                evidence=told.evidence,
            )


_STEPS: Final[Mapping[Entity, _Step]] = {
    Entity.CUSTOMERS: _Step(check=lambda _told, _around: iter(()), keep=_keep_by(customers.keep_people)),
    Entity.ACCOUNTS: _Step(check=checks.check_accounts, keep=_keep_by(accounts_store.keep_accounts)),
    Entity.USAGE_POINTS: _Step(check=checks.check_homes, keep=_keep_homes),
    Entity.DAILY_USE: _Step(check=checks.check_daily_use, keep=_keep_by(history_store.keep)),
    Entity.CONTRACTS: _Step(check=checks.check_contracts, keep=_keep_by(accounts_store.keep_contracts)),
    Entity.BILLS: _Step(check=checks.check_bills, keep=_keep_by(accounts_store.keep_bills)),
    Entity.PAYMENTS: _Step(check=checks.check_payments, keep=_keep_by(accounts_store.keep_payments)),
    Entity.HOUSEHOLDS: _Step(check=checks.check_people, keep=_keep_by(household_store.keep)),
    Entity.CONSENTS: _Step(check=checks.check_people, keep=_keep_consents),
}
"""In the order in which one hangs on another."""
