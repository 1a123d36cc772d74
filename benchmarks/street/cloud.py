"""The cloud's view of one home on the story's clock: the real rules, their timers, and what its customer is told.

Events come in the order of their lane and up to a minute late; while the uplink is away they wait for it. A message is
held to be read the moment it is asked for, which is the hardest case: nothing can be taken back. It is not written if
what it claims is too old by then, or if what it follows was not written, as the composer has it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.street.edge import Said
from benchmarks.street.world import Clockwork, instant
from cloud.ingest.store import StoredEvent
from cloud.kernel.facts import FactSheet
from cloud.kernel.ids import EventId
from cloud.messaging.catalogue import TERMS
from cloud.messaging.model import Announcement
from cloud.outages import facts
from cloud.outages.effects import BreakerNoticeAt, DropBreakerNotice, DropNotice, Effect, NotifyAt, Tell, TellOfBreaker
from cloud.outages.hearing import saying
from cloud.outages.model import State
from cloud.outages.rules import step
from cloud.outages.settings import OutageSettings
from cloud.outages.signs import BreakerDue, NoticeDue, Observation
from wire.ids import GatewayId
from wire.instants import unix_ms
from wire.record import ClockSource, Link, Record, Stamp
from wire.terms import Lane

METER, HOME = "LMP00000001", "UP-0001"
_GATEWAY = GatewayId("7Z0M4QDA")
LONGEST_WAY_S = 60.0


@dataclass(slots=True)
class Mail:
    """What the gateway has said and the cloud not heard: numbered in its lanes, and carried in their order."""

    clockwork: Clockwork
    chance: random.Random
    take: Callable[[StoredEvent], None]
    is_connected: bool = True
    _waiting: list[Record] = field(default_factory=list)
    _numbers: dict[Lane, int] = field(default_factory=dict)
    _arrivals: dict[Lane, float] = field(default_factory=dict)

    def post(self, event: Said, subject: str) -> None:
        """Seal an event now, and send it if anything can be sent."""
        seq = self._numbers.get(event.lane, 0) + 1
        self._numbers[event.lane] = seq
        now_ms = unix_ms(instant(self.clockwork.now_s))
        link = Link(gateway=_GATEWAY, gen=1, lane=event.lane, seq=seq, prev=bytes(16))
        stamp = Stamp(at_ms=now_ms, source=ClockSource.NTP, uncertainty_ms=500, mono_ms=0, boot=1)
        self._waiting.append(Record(link=link, stamp=stamp, subject=subject, event=event))
        self._send()

    def connect(self, is_connected: bool) -> None:
        """The broker is reached, or no longer."""
        self.is_connected = is_connected
        self._send()

    def _send(self) -> None:
        while self.is_connected and self._waiting:
            self._carry(self._waiting.pop(0))

    def _carry(self, record: Record) -> None:
        lane = record.link.lane
        arrives_s = max(self._arrivals.get(lane, 0.0), self.clockwork.now_s + self.chance.uniform(0, LONGEST_WAY_S))
        self._arrivals[lane] = arrives_s
        self.clockwork.at(arrives_s, lambda: self._arrive(record))

    def _arrive(self, record: Record) -> None:
        link = record.link
        number = EventId(gateway=link.gateway, gen=link.gen, lane=link.lane, seq=link.seq)
        received_at = instant(self.clockwork.now_s)
        self.take(StoredEvent(arrival=0, id=number, record=record, received_at=received_at))


class Desk:
    """What the cloud holds of the home; `tell` hears every message that is written."""

    def __init__(self, settings: OutageSettings, clockwork: Clockwork, tell: Callable[[Announcement], None]) -> None:
        self.state = State(meter=METER)
        self.trace: Callable[[str], None] | None = None
        self._settings, self._clock, self._tell = settings, clockwork, tell
        self._notices: dict[tuple[type[Observation], int], int] = {}
        self._turns = 0
        self._written: set[tuple[Announcement, str]] = set()

    def take(self, event: StoredEvent) -> None:
        """An event of the home's gateway has come."""
        seen = saying(event, self._settings)
        assert seen is not None, "the cores say nothing but what concerns supply"
        self._step(seen)

    def _step(self, seen: Observation) -> None:
        made = step(self.state, seen, instant(self._clock.now_s), self._settings)
        if self.trace:
            effects = ", ".join(type(effect).__name__ for effect in made.effects)
            self.trace(f"    cloud: {seen} -> {made.state.phase}: {effects}")
        self.state = made.state
        for effect in made.effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case NotifyAt(case_number=number, due_at=due_at):
                self._remind((due_at - instant(0)).total_seconds(), NoticeDue(case_number=number), number)
            case DropNotice(case_number=number):
                self._notices.pop((NoticeDue, number), None)
            case BreakerNoticeAt(occurrence=number, due_at=due_at):
                self._remind((due_at - instant(0)).total_seconds(), BreakerDue(occurrence=number), number)
            case DropBreakerNotice(occurrence=number):
                self._notices.pop((BreakerDue, number), None)
            case Tell(case=case, announcement=announcement):
                name = facts.case_name(HOME, case.number)
                self._write(announcement, name, facts.sheet(HOME, case, self._settings))
            case TellOfBreaker(finding=finding, occurrence=number):
                name = facts.breaker_name(HOME, number)
                self._write(Announcement.CHECK_BREAKER, name, facts.own_breaker(name, finding, self._settings))
            case _:
                pass

    def _remind(self, at_s: float, due: NoticeDue | BreakerDue, number: int) -> None:
        self._turns += 1
        turn, key = self._turns, (type(due), number)
        self._notices[key] = turn
        self._clock.at(at_s, lambda: self._fall_due(key, turn, due))

    def _fall_due(self, key: tuple[type[Observation], int], turn: int, due: NoticeDue | BreakerDue) -> None:
        if self._notices.get(key) == turn:
            del self._notices[key]
            self._step(due)

    def _write(self, announcement: Announcement, name: str, sheet: FactSheet) -> None:
        """As the composer: once, on claims that hold, after what it follows."""
        terms = TERMS[announcement]
        follows_nothing = terms.follows is not None and (terms.follows, name) not in self._written
        if (announcement, name) in self._written or follows_nothing:
            return
        if sheet.lacking(terms.claims, instant(self._clock.now_s)):
            return
        self._written.add((announcement, name))
        self._tell(announcement)
