"""A pipeline over a real journal, handled report by report; for tests of what the gateway concludes."""

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.journal_view import JournalView
from gateway.core.batches import Window
from gateway.core.conclusions import MeterRules
from gateway.core.dlms.push.pushed import Push
from gateway.core.observations import ProbeObservation
from gateway.core.outbox import Change
from gateway.core.reading import IntervalRow
from gateway.core.registered_meter import RegisteredMeter
from gateway.service.group_commit import GroupCommit
from gateway.service.health import Health
from gateway.service.inbox import Inbox, MeterPushed, MeterRead, MeterUnreadable, ProbeHeard
from gateway.service.meter_desk import MeterDesk
from gateway.service.meter_watch import MeterWatch
from gateway.service.pipeline import Pipeline
from gateway.service.uplink_desk import UplinkDesk
from runtime.errors import EnvironmentRefused
from tests.fakes_gateway import RULES, FakeClock, at, snapshot
from tests.fakes_push import heard
from wire.bodies import event_name
from wire.events import GatewayHealth
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner
from wire.terms import Lane, LinkFault

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
DAYS_BACK = 2


@dataclass(slots=True)
class FakeMachine:
    """A machine that fares well."""

    health: GatewayHealth = field(
        default_factory=lambda: GatewayHealth(
            disk_free_kb=1_000_000,
            journal_kb=512,
            memory_kb=60_000,
            temperature_mc=51_000,
            reports_dropped=0,
            events_refused=0,
        )
    )

    def look(self) -> GatewayHealth:
        return self.health


@dataclass
class Bench:
    """A pipeline with one meter, handled report by report; it can be killed and started again."""

    path: Path
    clock: FakeClock
    caps: Caps = field(default_factory=Caps)
    learnt: list[tuple[int, str]] = field(default_factory=list)
    registry_is_full: bool = False
    done: list[str] = field(default_factory=list)
    rules: MeterRules = RULES
    group_s: float = 0.0
    has_meter: bool = True
    machine: FakeMachine = field(default_factory=FakeMachine)

    def start(self) -> None:
        """Open the journal and take up where it left off."""
        self.journal = Journal.open(self.path, GATEWAY, SIGNER, self.clock, self.caps)
        self.watch = MeterWatch()
        meter = RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="lamplight-sim")
        self.desk = MeterDesk(meter, self.rules, self.watch, backfill=timedelta(days=DAYS_BACK))
        self.inbox = Inbox()
        self.uplink = UplinkDesk(timedelta(seconds=30))
        self.pipeline = Pipeline(
            book=GroupCommit(self.journal, self.clock, longest_s=self.group_s),
            desks=(self.desk,) if self.has_meter else (),
            meter_book=self,
            uplink=self.uplink,
            health=Health(clock=self.clock, every=timedelta(minutes=5), software="0.1.0", machine=self.machine),
            inbox=self.inbox,
            clock=self.clock,
        )
        self.pipeline.run(Already())

    def kill(self) -> None:
        """Nothing is said in farewell."""
        self.journal.close()

    def forge(self, name: str, line: str) -> None:
        """Let a remembered line be another."""
        self.journal.commit(Change(remembered={name: line}))

    def learn_serial(self, number: int, serial: str) -> None:
        if self.registry_is_full:
            raise EnvironmentRefused("cannot write")
        self.learnt.append((number, serial))

    def tick(self, s: float) -> None:
        self.clock.story_s = s
        self.pipeline.handle(None)

    def hear(self, s: float, seen: ProbeObservation) -> None:
        self.clock.story_s = s
        self.pipeline.handle(ProbeHeard(seen=seen, done=lambda: self.done.append("probe")))

    def read(self, s: float, rows: tuple[IntervalRow, ...] = (), window: Window | None = None, **answers: int) -> None:
        self.clock.story_s = s
        report = MeterRead(
            number=1, snapshot=snapshot(s, **answers), rows=rows, window=window, done=lambda: self.done.append("meter")
        )
        self.pipeline.handle(report)

    def fail(self, s: float, fault: LinkFault = LinkFault.SILENT) -> None:
        self.clock.story_s = s
        report = MeterUnreadable(number=1, asked_at=at(s), fault=fault, done=lambda: self.done.append("meter"))
        self.pipeline.handle(report)

    def push(self, s: float, push: Push, *, is_own_line: bool = True) -> None:
        self.clock.story_s = s
        report = MeterPushed(number=1, heard=heard(s, push, is_own_line=is_own_line), done=lambda: None)
        self.pipeline.handle(report)

    def said(self, *lanes: Lane) -> list[str]:
        """What the journal holds, by name."""
        with JournalView(self.path) as view:
            return [event_name(row.record.event) for row in view.newest(1_000) if row.record.link.lane in lanes]


class Already(threading.Event):
    """A stop that is told before the first turn: what comes before the loop runs, and nothing more."""

    def is_set(self) -> bool:
        return True


class TwoTurns(threading.Event):
    """A stop that lets a loop turn twice."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0

    def is_set(self) -> bool:
        self._turns += 1
        return self._turns > 2


def a_bench(folder: Path, caps: Caps | None = None, rules: MeterRules = RULES) -> Bench:
    """One that was started; its owner kills it."""
    path = folder / "journal.sqlite"
    journal_file.create(path, GATEWAY, gen=1)
    bench = Bench(path, FakeClock(), caps or Caps(), rules=rules)
    bench.start()
    return bench
