"""What the pipeline says of voltages, of the meters it reads and of the gateway itself."""

from dataclasses import replace

import pytest

from gateway.adapters.journal_view import JournalView
from tests.fakes_gateway import METER_SERIAL
from tests.fakes_pipeline import Bench
from wire.events import MeterFitted, MeterRemoved, VoltageOutOfBand
from wire.terms import Lane, LinkFault


def told(bench: Bench, kind: type) -> list[tuple[str, object]]:
    """Events of a kind in the journal, the oldest first, with whom they are about."""
    with JournalView(bench.path) as view:
        rows = [row.record for row in view.newest(1_000) if isinstance(row.record.event, kind)]
    return [(record.subject, record.event) for record in rows]


def test_a_voltage_that_stays_too_high_is_told_with_its_phase(bench: Bench) -> None:
    for s in (0, 300, 600, 900):
        bench.read(s, volts=255.5)

    ((subject, event),) = told(bench, VoltageOutOfBand)

    assert subject == METER_SERIAL
    assert isinstance(event, VoltageOutOfBand)
    assert (event.phase, event.limit_mv, event.extreme_mv) == (1, 253_000, 255_500)


@pytest.mark.parametrize("killed_after_s", [300, 600, 900, 1_200])
def test_a_kill_neither_loses_nor_doubles_it(bench: Bench, killed_after_s: int) -> None:
    volts = {0: 200, 300: 200, 600: 200, 900: 230, 1_200: 230, 1_500: 230, 1_800: 230}

    for s, each in volts.items():
        bench.read(s, volts=each)
        restarts = [bench.kill, bench.start] if s == killed_after_s else []
        for act in restarts:
            act()

    assert [event.stage.name for _, event in told(bench, VoltageOutOfBand)] == ["RAISED", "ENDED"]


def test_a_voltage_inside_its_band_writes_no_line(bench: Bench) -> None:
    bench.read(0)
    bench.read(300)

    assert bench.journal.recall("quality/1") is None


def test_a_meter_is_fitted_once_it_has_named_itself_and_once(bench: Bench) -> None:
    bench.tick(0)
    bench.fail(1, LinkFault.SILENT)
    before = told(bench, MeterFitted)
    bench.read(60)
    bench.tick(61)
    bench.kill()
    bench.start()
    bench.tick(62)

    assert before == []
    ((subject, event),) = told(bench, MeterFitted)
    assert subject == METER_SERIAL
    assert isinstance(event, MeterFitted)
    assert event.number == 1


def test_a_meter_that_is_gone_from_the_registry_is_removed_at_the_next_start(bench: Bench) -> None:
    bench.read(0)
    bench.tick(1)
    bench.kill()
    bench.has_meter = False
    bench.start()
    bench.tick(60)
    bench.tick(61)

    ((subject, event),) = told(bench, MeterRemoved)

    assert subject == METER_SERIAL
    assert isinstance(event, MeterRemoved)


def test_a_roll_that_cannot_be_read_back_is_begun_anew(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.read(0)
    bench.tick(1)
    bench.forge("fitted", "[1,")
    bench.kill()
    bench.start()
    bench.tick(2)

    assert len(told(bench, MeterFitted)) == 2
    assert "conclusion_forgotten kind=fitted" in caplog.text


def test_health_is_told_at_once_and_then_by_the_hour(bench: Bench) -> None:
    for s in (0, 1, 3_599, 3_600, 3_601, 7_200):
        bench.machine.health = replace(bench.machine.health, disk_free_kb=s)
        bench.tick(s)

    assert bench.said(Lane.DIAGNOSTICS).count("GatewayHealth") == 3
