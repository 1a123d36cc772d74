"""Everything the gateway notices, through the pipeline into a real journal."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters import journal_file
from gateway.adapters.journal import Caps, Journal
from gateway.adapters.journal_view import JournalView
from gateway.core.batches import Window
from gateway.core.errors import JournalUnavailable
from gateway.core.interruption import Attention, Phase
from gateway.core.observations import ProbeBeat, ProbeLink, ProbeObservation
from gateway.core.reading import IntervalRow
from gateway.core.registered_meter import RegisteredMeter
from gateway.core.uplink import UplinkSeen
from gateway.service.health import Health
from gateway.service.inbox import Inbox, MeterRead, MeterUnreadable, ProbeHeard
from gateway.service.meter_desk import MeterDesk
from gateway.service.meter_watch import MeterWatch
from gateway.service.pipeline import Pipeline
from gateway.service.uplink_desk import UplinkDesk
from runtime.errors import EnvironmentRefused
from tests.fakes_consumption import DAY_H, home, more
from tests.fakes_gateway import METER_SERIAL, RULES, FakeClock, at, edge, hour_row, snapshot
from wire.events import Heartbeat, IntervalReadings, Lane, LinkFault, event_name, facts
from wire.ids import gateway_id_of
from wire.keys import SoftwareSigner

SIGNER = SoftwareSigner.generate()
GATEWAY = gateway_id_of(SIGNER.public.spki)
DAYS_BACK = 2


@dataclass
class Bench:
    """A pipeline with one meter, handled report by report; it can be killed and started again."""

    path: Path
    clock: FakeClock
    caps: Caps = field(default_factory=Caps)
    learnt: list[tuple[int, str]] = field(default_factory=list)
    registry_is_full: bool = False
    done: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Open the journal and take up where it left off."""
        self.journal = Journal.open(self.path, GATEWAY, SIGNER, self.clock, self.caps)
        self.watch = MeterWatch()
        meter = RegisteredMeter(number=1, port="/dev/ttyUSB0", profile="lamplight-sim")
        self.desk = MeterDesk(meter, RULES, self.watch, backfill=timedelta(days=DAYS_BACK))
        self.inbox = Inbox()
        self.uplink = UplinkDesk(timedelta(seconds=30))
        self.pipeline = Pipeline(
            book=self.journal,
            desks=(self.desk,),
            meter_book=self,
            uplink=self.uplink,
            health=Health(clock=self.clock, every=timedelta(minutes=5), software="0.1.0"),
            inbox=self.inbox,
            clock=self.clock,
        )
        self.pipeline.run(Already())

    def kill(self) -> None:
        """Nothing is said in farewell."""
        self.journal.close()

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

    def said(self, *lanes: Lane) -> list[str]:
        """What the journal holds, by name."""
        with JournalView(self.path) as view:
            return [event_name(row.record.event) for row in view.newest(1_000) if row.record.link.lane in lanes]


class Already(threading.Event):
    """A stop that is told before the first turn: what comes before the loop runs, and nothing more."""

    def is_set(self) -> bool:
        return True


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    journal_file.create(tmp_path / "journal.sqlite", GATEWAY, gen=1)
    bench = Bench(tmp_path / "journal.sqlite", FakeClock())
    bench.start()
    yield bench
    bench.kill()


def test_a_started_gateway_says_so_once(bench: Bench) -> None:
    bench.tick(0)
    bench.pipeline.run(Already())
    bench.tick(1)

    assert bench.said(Lane.DIAGNOSTICS) == ["GatewayStarted", "Heartbeat"]


def test_a_start_that_the_disk_refused_is_said_when_it_takes_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_changes: object) -> None:
        raise JournalUnavailable("the disk is full")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(bench.journal, "commit", refuse)
        bench.tick(0)
    bench.tick(1)

    assert bench.said(Lane.DIAGNOSTICS) == ["GatewayStarted", "Heartbeat"]


def test_a_meters_name_that_the_registry_could_not_take_is_written_later(bench: Bench) -> None:
    bench.registry_is_full = True
    bench.read(0)
    bench.kill()
    bench.start()
    bench.registry_is_full = False

    bench.read(60)
    bench.read(120)

    assert bench.learnt == [(1, METER_SERIAL)]


def test_a_story_of_one_interruption_stands_in_the_journal(bench: Bench) -> None:
    bench.hear(0, ProbeLink(up=True))
    bench.read(0)
    bench.hear(60, edge(1, present=False, s=60))
    bench.tick(62)
    bench.fail(65)
    bench.fail(70)
    bench.hear(120, edge(2, present=True, s=120))
    for s in range(125, 196, 10):
        bench.read(s, power_failures=13)

    assert bench.said(Lane.ALARM) == [
        "SupplyLost",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "SupplyRestored",
    ]


def test_killed_between_any_two_reports_the_same_story_is_told(bench: Bench) -> None:
    story = [
        lambda: bench.read(0),
        lambda: bench.hear(60, edge(1, present=False, s=60)),
        lambda: (bench.hear(61, ProbeLink(up=True)), bench.tick(62)),
        lambda: (bench.hear(64, ProbeLink(up=True)), bench.fail(65)),
        lambda: (bench.hear(69, ProbeLink(up=True)), bench.fail(70)),
        lambda: bench.hear(120, edge(2, present=True, s=120)),
        *(
            (lambda s=s: (bench.hear(s, ProbeLink(up=True)), bench.read(s, power_failures=13)))
            for s in range(125, 196, 10)
        ),
    ]

    for chapter in story:
        chapter()
        bench.kill()
        bench.start()

    assert bench.said(Lane.ALARM) == [
        "SupplyLost",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "InterruptionAssessed",
        "SupplyRestored",
    ]


def test_an_uplink_gone_while_supply_is_there_is_told_of_the_gateway_itself_also_by_one_that_was_killed(
    bench: Bench,
) -> None:
    def hear_the_probe(s: float) -> None:
        bench.hear(s, ProbeLink(up=True))
        bench.hear(s, ProbeBeat(present=True, input_mv=5_100))

    hear_the_probe(0)
    bench.uplink.saw(UplinkSeen(up=False, at=at(10)))
    bench.tick(11)
    bench.kill()
    bench.start()
    hear_the_probe(20)
    bench.uplink.saw(UplinkSeen(up=False, at=at(20)))
    for s in (39, 40, 41):
        bench.tick(s)
    bench.kill()
    bench.start()
    bench.uplink.saw(UplinkSeen(up=True, at=at(90)))
    bench.tick(90)
    bench.tick(91)

    with JournalView(bench.path) as view:
        alarms = [row.record for row in view.newest(10, Lane.ALARM)]
    assert [facts(record.event)["stage"] for record in alarms] == ["provisional", "confirmed"]
    assert {(record.subject, facts(record.event)["began_at_ms"]) for record in alarms} == {("", 1_795_284_010_000)}


def test_an_uplink_line_that_cannot_be_read_back_is_begun_anew(bench: Bench) -> None:
    bench.uplink.saw(UplinkSeen(up=False, at=at(10)))
    bench.tick(11)
    bench.journal._connection.execute("UPDATE remembered SET line = '{' WHERE name = 'uplink'")
    bench.kill()
    bench.start()

    bench.tick(12)

    assert bench.said(Lane.ALARM) == []


def test_a_report_is_done_when_the_journal_holds_what_followed(bench: Bench) -> None:
    bench.hear(0, edge(1, present=False, s=0))
    bench.read(1)

    assert bench.done == ["probe", "meter"]


def test_a_full_disk_changes_nothing_and_acknowledges_nothing(bench: Bench) -> None:
    bench.journal._connection.execute("PRAGMA query_only=ON")

    bench.hear(0, edge(1, present=False, s=0))
    refused = (bench.desk.standing.supply.phase, list(bench.done))
    bench.journal._connection.execute("PRAGMA query_only=OFF")
    bench.hear(0.5, edge(1, present=False, s=0))

    assert refused == (Phase.PRESENT, [])
    assert bench.desk.standing.supply.phase is Phase.SUSPECT
    assert bench.done == ["probe"]


def test_events_name_the_meter_by_its_serial_number_once_it_is_known(bench: Bench) -> None:
    bench.hear(0, edge(1, present=False, s=0))
    bench.tick(2)
    bench.read(5, volts=0)

    with JournalView(bench.path) as view:
        subjects = [row.record.subject for row in view.newest(10, Lane.ALARM)]

    assert subjects == ["", METER_SERIAL]
    assert bench.learnt == [(1, METER_SERIAL)]


def test_the_meter_is_called_for_whenever_the_supply_changes(bench: Bench) -> None:
    calls = []

    for s, seen in ((0, edge(1, present=False, s=0)), (60, edge(2, present=True, s=60))):
        bench.watch.begin()
        bench.hear(s, seen)
        bench.tick(s + 2)
        calls.append((bench.watch.is_called(0), bench.watch.instruction.attention))

    assert calls == [(True, Attention.CLOSE), (True, Attention.CLOSE)]


def test_the_poller_learns_how_far_the_load_profile_has_come(bench: Bench) -> None:
    first = bench.watch.instruction.progress
    window = Window(since=at(-DAYS_BACK * 86_400), until=at(3 * 3600 + 60))

    bench.read(3 * 3600 + 60, rows=(hour_row(2, 200), hour_row(3, 300)), window=window)

    assert first is not None
    assert first.through == at(-DAYS_BACK * 86_400)
    assert bench.watch.instruction.progress is not None
    assert bench.watch.instruction.progress.through == at(3 * 3600)


def test_the_load_profile_is_not_taken_over_twice_after_a_restart(bench: Bench) -> None:
    window = Window(since=at(0), until=at(3 * 3600 + 60))
    rows = (hour_row(1, 100), hour_row(2, 200))

    bench.read(3 * 3600, rows=rows, window=window)
    bench.kill()
    bench.start()
    bench.read(3 * 3600 + 60, rows=rows, window=window)

    assert bench.said(Lane.READINGS) == ["RegisterReadings", "IntervalReadings", "RegisterReadings"]


def test_what_is_unusual_is_told_after_the_rows_it_rests_on_and_once_also_by_one_that_was_killed(bench: Bench) -> None:
    days = [int(wh) for wh in more(home(24), 21 * DAY_H, 3 * DAY_H, 650.0)]
    rows = tuple(hour_row(hour, wh) for hour, wh in enumerate(days, start=1))

    for first in range(0, len(rows), 3 * DAY_H):
        piece = rows[first : first + 3 * DAY_H]
        window = Window(since=piece[0].starts_at, until=piece[-1].ends_at)
        bench.read((first + len(piece)) * 3600 + 60, rows=piece, window=window)
        bench.kill()
        bench.start()
        bench.read((first + len(piece)) * 3600 + 90, rows=piece, window=window)

    said = [name for name in bench.said(Lane.READINGS) if name != "RegisterReadings"]
    assert said.count("UnusualUse") == 1
    assert said.count("IntervalReadings") == 8
    assert said[said.index("UnusualUse") - 1] == "IntervalReadings"


def test_a_bank_whose_rows_found_no_room_sees_them_when_they_are_taken_over(tmp_path: Path) -> None:
    journal_file.create(tmp_path / "full.sqlite", GATEWAY, gen=1)
    bench = Bench(tmp_path / "full.sqlite", FakeClock(), Caps(readings_bytes=1))
    bench.start()
    window = Window(since=at(0), until=at(3 * 3600))

    bench.read(60)
    bench.read(3 * 3600, rows=(hour_row(1, 100), hour_row(2, 200)), window=window)
    refused = bench.desk.standing.consumption
    bench.kill()
    bench.caps = Caps()
    bench.start()
    bench.read(3 * 3600 + 60, rows=(hour_row(1, 100), hour_row(2, 200)), window=window)

    assert refused.known_h == 0
    assert bench.desk.standing.consumption.known_h == 2
    bench.kill()


def test_readings_that_found_no_room_are_taken_over_later(tmp_path: Path) -> None:
    journal_file.create(tmp_path / "full.sqlite", GATEWAY, gen=1)
    bench = Bench(tmp_path / "full.sqlite", FakeClock(), Caps(readings_bytes=1))
    bench.start()
    window = Window(since=at(0), until=at(3 * 3600))

    bench.read(60)
    bench.read(3 * 3600, rows=(hour_row(1, 100), hour_row(2, 200)), window=window)
    refused = bench.watch.instruction.progress
    bench.kill()
    bench.caps = Caps()
    bench.start()
    bench.read(3 * 3600 + 60, rows=(hour_row(1, 100), hour_row(2, 200)), window=window)

    with JournalView(bench.path) as view:
        batches = [row.record.event for row in view.newest(10) if isinstance(row.record.event, IntervalReadings)]
    assert refused is not None
    assert refused.through == at(-DAYS_BACK * 86_400)
    assert [batch.values for batch in batches] == [(100, 200)]
    bench.kill()


def test_a_heartbeat_tells_how_far_every_lane_has_come(bench: Bench) -> None:
    bench.read(0)
    bench.tick(1)
    bench.tick(299)
    bench.tick(300)

    with JournalView(bench.path) as view:
        beats = [row.record.event for row in view.newest(100) if isinstance(row.record.event, Heartbeat)]
        heads = {lane.lane: lane for lane in view.lanes()}

    assert [beat.uptime_s for beat in beats] == [0, 300]
    assert [head.seq for head in beats[-1].heads] == [0, 1, 2]
    assert beats[-1].heads[1].head == heads[Lane.READINGS].head
    assert beats[-1].pending == 3


def test_time_alone_writes_nothing(bench: Bench) -> None:
    bench.tick(0)
    before = bench.journal.waiting()

    for s in range(1, 60):
        bench.tick(s)

    assert bench.journal.waiting() == before


def test_a_report_about_a_meter_that_was_removed_is_done_with(bench: Bench) -> None:
    report = MeterUnreadable(number=7, asked_at=at(0), fault=LinkFault.SILENT, done=lambda: bench.done.append("meter"))

    bench.pipeline.handle(report)

    assert bench.done == ["meter"]


def test_a_conclusion_that_cannot_be_read_back_is_begun_anew(bench: Bench) -> None:
    bench.hear(0, edge(1, present=False, s=0))
    bench.journal._connection.execute("UPDATE remembered SET line = '{' WHERE name = 'supply/1'")
    bench.kill()

    bench.start()

    assert bench.desk.standing.supply.phase is Phase.PRESENT


def test_the_loop_takes_what_the_inbox_holds(bench: Bench) -> None:
    for number in (1, 2):
        bench.inbox.offer(
            ProbeHeard(seen=edge(number, present=number == 2, s=0), done=lambda: bench.done.append("probe"))
        )

    bench.pipeline.run(TwoTurns())

    assert bench.done == ["probe", "probe"]


class TwoTurns(threading.Event):
    """A stop that lets a loop turn twice."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = 0

    def is_set(self) -> bool:
        self._turns += 1
        return self._turns > 2


def test_a_doubt_is_told_once_until_it_is_gone_and_comes_again(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for s, volts in ((0, 900), (60, 900), (120, 230), (180, 900)):
        bench.read(s, volts=volts)
        bench.tick(s + 1)

    assert caplog.text.count("reading_doubted meter=1 doubt=voltage-implausible quantity=voltage_l1_mv") == 2
