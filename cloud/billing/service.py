"""Bills as they come and as they go by: each home's running bill projected, each bill of the utility looked at.

    readings of a meter -> billing.project -> the cycle's outlook -> high bill coming
    a bill of the utility -> billing.explain -> reckoned anew, explained -> high bill explained -> (assistance)

In come accepted events (a subscriber) and the news of whoever keeps the utility's bills; out go rows a page shows, and
messages, in the transaction that ends the task. A home is looked at once for all readings that come together, and
again when another of its days is whole. A bill whose readings are not all there is looked at again, each time later;
then a person must. What cannot be reckoned is kept with its reason, logged once, and told to no customer; and what
somebody else pays for, who lived in the home before, is told to nobody there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection

from cloud.billing import accounts_store, explained_store, facts, looking, outlook_store, running, tariff_folder
from cloud.billing.accounts import Contract, UtilityBill
from cloud.billing.cycles import cycle_on
from cloud.billing.explained_store import Look
from cloud.billing.looking import Found
from cloud.billing.outlook_store import Outlook
from cloud.billing.settings import BillSettings
from cloud.billing.tariff import Tariff
from cloud.customers import store as customers
from cloud.customers.model import UsagePoint
from cloud.ingest.store import StoredEvent
from cloud.kernel import tasks
from cloud.kernel.ids import BillId, UsagePointId
from cloud.kernel.loop import Handler
from cloud.kernel.money import Money
from cloud.kernel.tasks import Task
from cloud.messaging import service as messaging
from cloud.messaging.model import Announcement, pause_before
from cloud.messaging.service import Composer, News
from cloud.registry import store as registry
from runtime import logs
from runtime.errors import InputRefused
from wire.events import IntervalReadings
from wire.instants import from_unix_ms
from wire.units import Quantity

PROJECT_TASK: Final = "billing.project"
EXPLAIN_TASK: Final = "billing.explain"
_DAY: Final = timedelta(days=1)


class HighBillExplained(Protocol):
    """Hears, in the transaction it is given, that a high bill of a home was explained, and for how many Wh it is."""

    def __call__(self, connection: Connection, home: UsagePoint, now: datetime, *, energy_wh: int) -> object: ...


log = logs.get(__name__)


def _nobody_listens(connection: Connection, home: UsagePoint, now: datetime, *, energy_wh: int) -> None:
    pass


def bills_told(settings: BillSettings) -> Callable[[Connection, Sequence[str], datetime], None]:
    """What lets bills be looked at that somebody has just kept, of homes whose meter a gateway reads.

    Bills of long ago are left alone. What was said of a bill that asks something else now does not leave any more.
    """

    def told(connection: Connection, names: Sequence[str], now: datetime) -> None:
        read = {place.usage_point for place in registry.held_places(connection)}
        bills = list(accounts_store.bills_near(connection, contracts=(), bills=names))
        contracts = accounts_store.contracts_named(connection, (bill.contract for bill in bills))
        for bill in bills:
            home = contracts[bill.contract].usage_point
            if home in read:
                _overtake_what_it_was(connection, bill, home, now)
            if home in read and now.date() - bill.last_day <= settings.explain_within:
                look_again(connection, bill, now + settings.settle)

    return told


def look_again(connection: Connection, bill: UtilityBill, at: datetime) -> None:
    """Have a bill looked at once more, as often as a new one."""
    tasks.reschedule(connection, EXPLAIN_TASK, f"{bill.id}/1", at)


def _overtake_what_it_was(connection: Connection, bill: UtilityBill, home: UsagePointId, now: datetime) -> None:
    look = explained_store.find(connection, bill.id)
    if look is not None and look.since_previous is not None and look.since_previous.current != bill.total:
        case = facts.case_of_bill(bill.id, look.since_previous.current)
        messaging.overtake(connection, home, now, only=Announcement.HIGH_BILL_EXPLAINED, case=case)


class BillService:
    """Keeps what is known of every home's bills, and asks for messages."""

    def __init__(
        self,
        settings: BillSettings,
        tariffs: Path,
        composer: Composer,
        on_high_bill_explained: HighBillExplained = _nobody_listens,
    ) -> None:
        """`tariffs` is the folder contracts name tariffs of."""
        self._settings = settings
        self._tariffs = tariffs
        self._composer = composer
        self._on_high_bill_explained = on_high_bill_explained

    def handlers(self) -> Mapping[str, Handler]:
        """What the loop runs for us."""
        return {PROJECT_TASK: self._on_project, EXPLAIN_TASK: self._on_explain}

    def on_event(self, connection: Connection, event: StoredEvent, now: datetime) -> None:
        """Have a home's running bill looked at when an event says more of it; a `Subscriber` of ingest."""
        batch = event.record.event
        if not isinstance(batch, IntervalReadings) or batch.quantity is not Quantity.ENERGY_IMPORT_WH:
            return
        home = customers.behind(connection, event.record.subject)
        if home is None:
            return
        today = now.astimezone(home.zone).date()
        contract = accounts_store.contract_of(connection, home.id, today)
        if contract is not None and _says_more(batch, home, outlook_store.find(connection, contract.id, today)):
            tasks.ensure(connection, PROJECT_TASK, home.id, now + self._settings.settle)

    def _on_project(self, connection: Connection, task: Task, now: datetime) -> None:
        home = customers.find(connection, task.key)
        assert home is not None, "homes are never taken away"
        today = now.astimezone(home.zone).date()
        contract = accounts_store.contract_of(connection, home.id, today)
        if contract is None or not _pays(connection, contract, home):
            return
        try:
            tariff = tariff_folder.load(self._tariffs, contract.tariff)
            seen = running.look(connection, home, contract, tariff, now)
        except InputRefused as refused:
            self._keep_without_range(connection, contract, today, now, refused)
            return
        outlook_store.keep(connection, seen.outlook)
        is_told = seen.coming is not None and self._tell_coming(connection, seen.coming, home, tariff, contract, now)
        log.info("bill_projected", usage_point=home.id, why_not=seen.outlook.why or "-", is_told=is_told)

    def _tell_coming(
        self,
        connection: Connection,
        coming: facts.Coming,
        home: UsagePoint,
        tariff: Tariff,
        contract: Contract,
        now: datetime,
    ) -> bool:
        sheet = facts.coming(coming, home, tariff, contract, self._settings.projection_ttl)
        case = facts.case_of_cycle(contract.id, coming.outlook.first_day)
        news = News(home=home, case=case, announcement=Announcement.HIGH_BILL_COMING, facts=sheet)
        return self._composer.compose(connection, news, now)

    def _keep_without_range(
        self, connection: Connection, contract: Contract, today: date, now: datetime, refused: InputRefused
    ) -> None:
        """Keep why nothing can be said; it is looked at again when the next day is whole."""
        cycle = cycle_on(contract, today)
        before = outlook_store.find(connection, contract.id, today)
        outlook = Outlook(
            contract=contract.id,
            first_day=cycle.first_day,
            last_day=cycle.last_day,
            made_at=now,
            known_until=today - _DAY,
            is_whole=True,
            used_wh=0,
            days_left=(cycle.last_day - today).days + 1,
            range=None,
            usual_bill=None,
            why=str(refused),
        )
        outlook_store.keep(connection, outlook)
        if before is None or before.why != outlook.why:
            log.warning("bill_not_projected", contract=contract.id, why=outlook.why)

    def _on_explain(self, connection: Connection, task: Task, now: datetime) -> None:
        name, _, number = task.key.rpartition("/")
        bill, looks = accounts_store.find_bill(connection, name), int(number)
        if bill is None or accounts_store.bills_of(connection, bill.contract, 1)[0] != bill:
            return  # a later bill came: this one is history
        contract = accounts_store.find_contract(connection, bill.contract)
        home = None if contract is None else customers.find(connection, contract.usage_point)
        assert contract is not None, "a bill has a contract"
        assert home is not None, "a contract has a home"
        try:
            cycle = cycle_on(contract, bill.last_day)
            tariff = tariff_folder.load(self._tariffs, contract.tariff)
            found = looking.look(connection, home, contract, tariff, bill, now)
        except InputRefused as refused:
            self._look_later(connection, bill, looks, now, refused)
            return
        explained_store.keep(connection, replace(found.look, looks=looks))
        case = facts.case_of_cycle(contract.id, cycle.first_day)
        messaging.overtake(connection, home.id, now, only=Announcement.HIGH_BILL_COMING, case=case)
        if found.look.why:
            log.warning("bill_not_explained", bill=bill.id, why=found.look.why)
        elif _pays(connection, contract, home):
            self._tell_explained(connection, found, bill, home, tariff, contract, now)
        else:
            log.info("bill_is_anothers", bill=bill.id, home=home.id)

    def _tell_explained(
        self,
        connection: Connection,
        found: Found,
        bill: UtilityBill,
        home: UsagePoint,
        tariff: Tariff,
        contract: Contract,
        now: datetime,
    ) -> None:
        told, before = found.look.since_previous, found.before
        if told is None or before is None or not self._is_high(bill.total, before.total):
            log.info("bill_explained", bill=bill.id, is_told=False)
            return
        sheet = facts.explained((before, bill), told, home, tariff, contract, now)
        case = facts.case_of_bill(bill.id, bill.total)
        news = News(home=home, case=case, announcement=Announcement.HIGH_BILL_EXPLAINED, facts=sheet)
        is_told = self._composer.compose(connection, news, now)
        log.info("bill_explained", bill=bill.id, is_told=is_told)
        self._on_high_bill_explained(connection, home, now, energy_wh=bill.energy_wh)

    def _is_high(self, total: Money, before: Money) -> bool:
        more = (total - before).minor
        is_by_share = more >= Fraction(before.minor * self._settings.high_percent, 100)
        return is_by_share and more >= self._settings.high_more * 100

    def _look_later(
        self, connection: Connection, bill: UtilityBill, looks: int, now: datetime, refused: InputRefused
    ) -> None:
        """Keep why nothing can be said, and look again later; the last time leaves it to a person."""
        why, before = str(refused), explained_store.find(connection, bill.id)
        explained_store.keep(
            connection, Look(bill=BillId(bill.id), currency=bill.total.currency, looks=looks, made_at=now, why=why)
        )
        if before is None or before.why != why:
            log.warning("bill_not_explained", bill=bill.id, why=why)
        if looks < self._settings.attempts:
            pause = pause_before(looks + 1, self._settings.again_first, self._settings.again_longest)
            tasks.reschedule(connection, EXPLAIN_TASK, f"{bill.id}/{looks + 1}", now + pause)


def _pays(connection: Connection, contract: Contract, home: UsagePoint) -> bool:
    """Whether it is the contract of whoever lives in the home now: who moved out is not told of there."""
    account = accounts_store.account_of(connection, contract.id)
    return account is not None and account.customer == home.customer.id


def _says_more(batch: IntervalReadings, home: UsagePoint, known: Outlook | None) -> bool:
    """Whether a batch makes another day whole, or fills a hole."""
    if known is None:
        return True
    starts_at = from_unix_ms(batch.start_ms)
    ends_at = starts_at + len(batch.values) * timedelta(seconds=batch.period_s)
    whole_until = ends_at.astimezone(home.zone).date() - _DAY
    fills = not known.is_whole and starts_at.astimezone(home.zone).date() <= known.known_until
    return whole_until > known.known_until or fills
