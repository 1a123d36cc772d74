"""The way of everything the gateway notices, on one page.

    report -> whom it concerns -> what follows -> sealed and journaled -> told to those who wait for it

One thread owns the conclusions and the journal's writing. Nothing is told to anybody before the journal holds it: the
probe's edge is acknowledged, the poller goes on, and the forwarder finds the row, only after the commit. A report whose
consequences could not be kept changes nothing; the probe tells it again, the meter is read again.
"""

import itertools
import threading
from datetime import datetime

from gateway.core.conclusions import Conclusion, from_fault, from_observation, from_reading
from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change
from gateway.core.push.conclusions import from_push, from_time
from gateway.core.push.pushes import PushRecord
from gateway.core.remembered import remember
from gateway.service.fittings import Fittings
from gateway.service.health import Health
from gateway.service.inbox import Inbox, MeterPushed, MeterRead, MeterUnreadable, PortRefused, ProbeHeard, Report
from gateway.service.meter_desk import MeterDesk, port_line
from gateway.service.ports import Book, MeterBook
from gateway.service.presence import Presence
from gateway.service.uplink_desk import UplinkDesk
from runtime import logs
from runtime.clock import Clock
from runtime.errors import EnvironmentRefused
from wire.bodies import event_name, facts
from wire.events import UnusualUse
from wire.terms import Lane

log = logs.get(__name__)

TICK_S = 0.2


class Pipeline:
    """The loop that concludes."""

    name = "pipeline"

    def __init__(
        self,
        *,
        book: Book,
        desks: tuple[MeterDesk, ...],
        meter_book: MeterBook,
        health: Health,
        uplink: UplinkDesk,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self._book = book
        self._desks = desks
        self._meter_book = meter_book
        self._health = health
        self._uplink = uplink
        self._inbox = inbox
        self._clock = clock
        self._fittings = Fittings()
        self._registry_file = Presence(log, "registry", expected=True)
        self._journal = Presence(log, "journal", expected=True)

    def run(self, stop: threading.Event) -> None:
        """Take up where the journal left off, then handle every report until told to stop."""
        for desk in self._desks:
            desk.recall(self._book, self._clock.now())
        self._uplink.recall(self._book)
        self._fittings.recall(self._book)
        while not stop.is_set():
            self.handle(self._inbox.take(TICK_S))
        self._book.finish()

    def handle(self, report: Report | None) -> None:
        """One report and everything that follows from it; None when nothing came and time went by."""
        now = self._clock.now()
        concluded = [(desk, self._conclude(desk, report, now)) for desk in self._concerned(report)]
        changes = [desk.changes(conclusion) for desk, conclusion in concluded]
        own = self._health.due(self._book, now)
        way = self._uplink.conclude(self._is_supplied(), now)
        way_changed = self._uplink.change(way)
        fitted = self._fittings.change(self._desks, now)
        kept = self._keep(
            Change(entries=own, remembered=_lines(report)),
            way_changed,
            fitted,
            *(change for own_part in changes for change in own_part),
        )
        if kept is None:
            return
        self._health.told(own, now)
        self._uplink.adopt(way, way_changed)
        self._fittings.adopt(fitted)
        of_meters = iter(kept[3:])  # the gateway's own changes stand before those of the meters
        for (desk, conclusion), parts in zip(concluded, changes, strict=True):
            desk.adopt(conclusion, parts, tuple(itertools.islice(of_meters, len(parts))), now)
        if report is not None:
            report.done()
            self._learn_serials()

    def _concerned(self, report: Report | None) -> tuple[MeterDesk, ...]:
        """A meter's report is about that meter; the probe's word and the time are about all of them."""
        if isinstance(report, PortRefused):
            return ()
        if isinstance(report, (MeterRead, MeterUnreadable, MeterPushed)):
            return tuple(desk for desk in self._desks if desk.number == report.number)
        return self._desks

    def _conclude(self, desk: MeterDesk, report: Report | None, now: datetime) -> Conclusion:
        match report:
            case MeterRead():
                return from_reading(desk.standing, report.snapshot, report.rows, report.window, desk.rules, now)
            case MeterUnreadable():
                return from_fault(desk.standing, report.fault, report.asked_at, desk.rules, now)
            case ProbeHeard():
                return from_observation(desk.standing, report.seen, desk.rules, now)
            case MeterPushed():
                return from_push(desk.standing, report.heard, desk.rules, now)
            case _:
                return from_time(desk.standing, desk.rules, now)

    def _is_supplied(self) -> bool | None:
        """What the one probe senses: every meter's standing knows the same."""
        return self._desks[0].standing.supply.is_sensed if self._desks else None

    def _keep(self, *changes: Change) -> tuple[bool, ...] | None:
        """Into the journal, all in one transaction; for each change whether it was kept, None when the disk says no."""
        if not any(change.entries or change.remembered for change in changes):
            self._settle()
            return (True,) * len(changes)
        try:
            kept = self._book.commit(*changes)
        except JournalUnavailable as unavailable:
            self._journal.gone(reason=str(unavailable))
            return None
        self._journal.here()
        for change in itertools.compress(changes, kept):
            _log_events(change)
        return kept

    def _settle(self) -> None:
        """Nothing new came; what waited for company has waited long enough."""
        try:
            self._book.settle()
        except JournalUnavailable as unavailable:
            self._journal.gone(reason=str(unavailable))

    def _learn_serials(self) -> None:
        """Write into the registry which meters have named themselves; what the disk refuses is tried again later."""
        for desk in self._desks:
            if not desk.unregistered_serial:
                continue
            try:
                self._meter_book.learn_serial(desk.number, desk.unregistered_serial)
            except EnvironmentRefused as refused:
                self._registry_file.gone(reason=str(refused))
                continue  # one meter that is registered twice keeps no other from its name
            self._registry_file.here()
            desk.registered()
            log.info("meter_named_itself", meter=desk.number, serial=desk.standing.serial)


def _lines(report: Report | None) -> dict[str, str]:
    """What a push port refused is counted with the port, whoever sent it."""
    if not isinstance(report, PortRefused):
        return {}
    return {port_line(report.port): remember(PushRecord(refused=report.refused))}


def _log_events(change: Change) -> None:
    """One line for each event that is rare; readings come by the minute."""
    for entry in change.entries:
        if entry.event.lane is Lane.ALARM or isinstance(entry.event, UnusualUse):
            log.info("event", type=event_name(entry.event), subject=entry.subject, **facts(entry.event))
