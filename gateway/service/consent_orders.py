"""Orders about consent: what the customer agreed to is kept with her meter, then in force from its next period on.

The cloud keeps her own words, and asks again there; this lets the gateway know of them without anybody going.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from gateway.core.command_rules import Answer
from gateway.core.disclosure import FineConsent
from gateway.service.meter_desk import MeterDesk
from gateway.service.meter_watch import MeterWatch
from runtime.clock import Clock
from wire.commands import SetConsent
from wire.instants import from_unix_ms
from wire.terms import CommandOutcome


class ConsentBook(Protocol):
    """Where the consent of each meter is kept."""

    def consent(self, number: int, consent: FineConsent | None) -> object:
        """Keep it for the meter of this number, durably; raises InputRefused, EnvironmentRefused."""
        ...


class ConsentOrders:
    """What the commander does about consent."""

    def __init__(
        self, book: ConsentBook, desks: Sequence[MeterDesk], watches: Mapping[int, MeterWatch], clock: Clock
    ) -> None:
        """`watches` know by a meter's number how it has named itself."""
        self._book = book
        self._desks = tuple(desks)
        self._watches = dict(watches)
        self._clock = clock

    def set(self, order: SetConsent, _stop: threading.Event) -> Answer:
        """Keep what she agreed to, or that she no longer does."""
        desk = next((each for each in self._desks if order.meter and self._serial(each) == order.meter), None)
        if desk is None:
            return Answer(outcome=CommandOutcome.REFUSED, detail="this gateway reads no meter of this serial number")
        consent = self._consent(order, desk.rules.disclosure.consent)
        self._book.consent(desk.number, consent)
        desk.rules = replace(desk.rules, disclosure=replace(desk.rules.disclosure, consent=consent))
        if order.finest_period_s is None:
            return Answer(outcome=CommandOutcome.DONE, detail="only what bills are reckoned from leaves the house")
        said = f"readings over {order.finest_period_s} s and longer may leave the house"
        return Answer(outcome=CommandOutcome.DONE, detail=said)

    def _serial(self, desk: MeterDesk) -> str:
        return self._watches[desk.number].instruction.serial

    def _consent(self, order: SetConsent, before: FineConsent | None) -> FineConsent | None:
        now = self._clock.now()
        if order.finest_period_s is None:
            return None if before is None else replace(before, until=now)
        until = None if order.until_ms is None else from_unix_ms(order.until_ms)
        return FineConsent(finest_period_s=order.finest_period_s, since=now, until=until)
