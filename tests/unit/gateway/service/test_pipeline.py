"""Everything the gateway notices, through the pipeline into a real journal."""

import pytest

from gateway.adapters.journal_view import JournalView
from gateway.core.errors import JournalUnavailable
from gateway.core.interruption import Attention, Phase
from gateway.core.observations import ProbeBeat, ProbeLink
from gateway.core.uplink import UplinkSeen
from gateway.service.inbox import MeterUnreadable, ProbeHeard
from tests.fakes_gateway import METER_SERIAL, at, edge
from tests.fakes_pipeline import Already, Bench, TwoTurns
from wire.bodies import facts
from wire.terms import Lane, LinkFault


def test_a_started_gateway_says_so_once(bench: Bench) -> None:
    bench.tick(0)
    bench.pipeline.run(Already())
    bench.tick(1)

    assert bench.said(Lane.DIAGNOSTICS) == ["GatewayStarted", "Heartbeat", "GatewayHealth"]


def test_a_start_that_the_disk_refused_is_said_when_it_takes_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_changes: object) -> None:
        raise JournalUnavailable("the disk is full")

    with monkeypatch.context() as full_disk:
        full_disk.setattr(bench.journal, "commit", refuse)
        bench.tick(0)
    bench.tick(1)

    assert bench.said(Lane.DIAGNOSTICS) == ["GatewayStarted", "Heartbeat", "GatewayHealth"]


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
