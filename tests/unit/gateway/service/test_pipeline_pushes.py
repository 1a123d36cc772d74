"""What a meter pushes, through the pipeline into a real journal: kept, believed or refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.adapters.journal_view import JournalView
from gateway.core.conclusions import PushRules
from gateway.core.dlms.push.pushed import Proof, Protection
from gateway.core.interruption import Phase
from gateway.core.observations import ProbeBeat, ProbeLink
from gateway.core.reading import Origin
from gateway.service.inbox import PortRefused
from gateway.service.meter_desk import port_line
from tests.fakes_gateway import METER_SERIAL, RULES, edge
from tests.fakes_pipeline import Bench, a_bench
from tests.fakes_push import GASP, TITLE, pushed, value
from wire.events import RegisterReadings
from wire.terms import Lane, ReadingSource
from wire.units import Quantity

BOTH = PushRules(interval=timedelta(seconds=10), every=timedelta(seconds=60), close=timedelta(seconds=5), is_asked=True)
ALONE = replace(BOTH, is_asked=False)


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Bench]:
    """A meter that is asked, and pushes."""
    bench = a_bench(tmp_path, rules=replace(RULES, push=BOTH))
    yield bench
    bench.kill()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Bench]:
    """A meter that only pushes."""
    bench = a_bench(tmp_path, rules=replace(RULES, push=ALONE))
    yield bench
    bench.kill()


def registers(bench: Bench) -> list[dict[Quantity, int]]:
    with JournalView(bench.path) as view:
        events = [row.record.event for row in view.newest(1_000)]
    return [dict(event.values) for event in events if isinstance(event, RegisterReadings)]


def sources(bench: Bench) -> list[ReadingSource | None]:
    with JournalView(bench.path) as view:
        events = [row.record.event for row in view.newest(1_000)]
    return [event.source for event in events if isinstance(event, RegisterReadings)]


def sealed(counter: int, protection: Protection = Protection.CHECKED, **told: object) -> object:
    return pushed(protection=protection, counter=counter, sender=TITLE, **told)  # type: ignore[arg-type]


def test_a_push_is_a_reading_and_tells_where_it_came_from(both: Bench) -> None:
    both.push(0, pushed())

    assert registers(both) == [
        {Quantity.ENERGY_IMPORT_WH: 1_234_500, Quantity.POWER_IMPORT_W: 640, Quantity.VOLTAGE_L1_MV: 230_000}
    ]
    assert sources(both) == [ReadingSource.PUSHED]
    latest = both.desk.standing.latest
    assert latest is not None
    assert (latest.origin, latest.is_authenticated) == (Origin.PUSHED, True)
    assert both.desk.standing.serial == METER_SERIAL


def test_a_meter_that_speaks_every_second_fills_no_journal(both: Bench) -> None:
    for s in range(120):
        both.push(s, pushed(energy_wh=1_234_500 + s))

    assert [told[Quantity.ENERGY_IMPORT_WH] for told in registers(both)] == [1_234_500, 1_234_560]


def test_a_short_list_is_kept_when_it_tells_what_no_other_did(both: Bench) -> None:
    both.push(0, pushed(volts=None))
    both.push(1, pushed())

    assert len(registers(both)) == 2


def test_a_list_that_does_not_name_its_meter_is_of_the_one_known_there(both: Bench) -> None:
    both.push(0, pushed(serial=""))
    both.push(1, pushed())
    both.push(70, pushed(serial=""))

    assert len(registers(both)) == 2
    assert both.desk.standing.pushes.refused == (("nameless", 1),)


def test_another_meter_at_the_port_is_refused(both: Bench) -> None:
    both.push(0, pushed())
    both.push(70, pushed(serial="SOMEBODY"))

    assert len(registers(both)) == 1
    assert both.desk.standing.pushes.refused == (("other-meter", 1),)


def test_what_is_not_authenticated_is_kept_without_what_it_says_of_the_supply(
    alone: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    alone.hear(0, ProbeLink(up=True))
    alone.push(1, sealed(1, Protection.UNCHECKED))
    alone.hear(2, edge(1, present=False, s=2))
    alone.tick(4)
    for s in (10, 20, 30):
        alone.push(s, sealed(s, Protection.UNCHECKED))

    assert registers(alone)[0] == {Quantity.ENERGY_IMPORT_WH: 1_234_500, Quantity.POWER_IMPORT_W: 640}
    assert sources(alone)[0] is ReadingSource.UNAUTHENTICATED
    assert "InterruptionAssessed" not in alone.said(Lane.ALARM)
    latest = alone.desk.standing.latest
    assert latest is not None
    assert not latest.is_authenticated
    assert "doubt=unauthenticated" in caplog.text


def test_what_came_over_a_network_in_clear_is_not_authenticated(alone: Bench) -> None:
    alone.push(0, pushed(), is_own_line=False)

    assert Quantity.VOLTAGE_L1_MV not in registers(alone)[0]


def test_a_counter_serves_once_also_after_a_restart(both: Bench, caplog: pytest.LogCaptureFixture) -> None:
    both.push(0, sealed(41))
    both.push(70, sealed(41))
    both.push(71, sealed(40))
    both.tick(140)
    both.kill()
    both.start()
    both.push(210, sealed(41))
    both.push(280, sealed(42))

    assert len(registers(both)) == 2
    assert both.desk.standing.pushes.refused == (("replayed", 3),)
    assert caplog.text.count("push_refused meter=1 reason=replayed") == 2


def test_what_a_weak_check_vouches_for_waits_for_another_that_agrees(both: Bench) -> None:
    for s, energy_wh in ((0, 1_000_000), (70, 1_000_050), (140, 9_000_000), (210, 1_000_100), (280, 1_000_150)):
        both.push(s, pushed(energy_wh=energy_wh, proof=Proof.BLOCK_CHECK))

    assert [told[Quantity.ENERGY_IMPORT_WH] for told in registers(both)] == [1_000_050, 1_000_150]


@pytest.mark.parametrize("failures", [(7, 71), (71, 7)])
def test_a_count_that_two_weak_checks_tell_differently_is_no_evidence(alone: Bench, failures: tuple[int, int]) -> None:
    first, second = (
        replace(push, readings=(*push.readings, value("0.0.96.7.21.255", count, "")))
        for push, count in zip((pushed(proof=Proof.BLOCK_CHECK),) * 2, failures, strict=True)
    )

    alone.push(0, first)
    alone.push(70, second)

    assert registers(alone) == []


def test_counters_that_anybody_may_have_made_up_push_out_none_that_was_checked(both: Bench) -> None:
    both.push(0, sealed(41))
    for number in range(4):
        title = f"4c4d50303030303{number}"
        forged = pushed(protection=Protection.UNCHECKED, counter=2**32 - 1, sender=title)
        both.push(1 + number, forged, is_own_line=False)
    both.push(70, sealed(41))
    both.push(140, sealed(42))

    assert both.desk.standing.pushes.refused == (("replayed", 1),)
    assert len(registers(both)) == 2


def test_a_last_gasp_beside_the_probe_is_strong(both: Bench) -> None:
    both.hear(0, ProbeLink(up=True))
    both.hear(0, ProbeBeat(present=True, input_mv=5_100))
    both.push(1, pushed())
    both.push(60, pushed(event=GASP))
    both.hear(60.2, edge(1, present=False, s=60.1))
    both.tick(63)

    assert str(both.desk.standing.supply.verdict) == "supply interrupted, confirmed, strong"


@pytest.mark.parametrize(
    ("protection", "proof", "is_own_line"),
    [
        (Protection.UNCHECKED, Proof.CRC16, True),
        (Protection.NONE, Proof.TCP, False),
        (Protection.NONE, Proof.BLOCK_CHECK, True),
    ],
)
def test_a_last_gasp_that_anybody_may_have_sent_is_no_evidence(
    alone: Bench, protection: Protection, proof: Proof, is_own_line: bool
) -> None:
    alone.push(60, pushed(event=GASP, protection=protection, proof=proof), is_own_line=is_own_line)

    assert alone.desk.standing.supply.phase is Phase.PRESENT
    assert alone.desk.standing.pushes.refused == (("unproved-last-gasp", 1),)


def test_while_pushes_come_the_meter_is_asked_less_and_when_they_stop_that_is_said_once(
    both: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    both.push(0, pushed())
    before = both.watch.instruction.is_pushed
    both.tick(31)
    both.tick(40)
    after = both.watch.instruction.is_pushed
    both.push(50, pushed())

    assert (before, after, both.watch.instruction.is_pushed) == (True, False, True)
    assert caplog.text.count("push_gone meter=1") == 1
    assert caplog.text.count("push_here meter=1") == 2


def test_a_meter_that_only_pushes_is_out_of_reach_when_it_stops(alone: Bench) -> None:
    alone.push(0, pushed())
    for s in range(1, 120):
        alone.tick(s)
    alone.push(130, pushed())

    assert alone.said(Lane.DIAGNOSTICS)[-2:] == ["MeterUnreachable", "MeterReachable"]


def test_the_silence_of_a_meter_that_only_pushes_is_evidence(alone: Bench) -> None:
    alone.hear(0, ProbeLink(up=True))
    alone.push(1, pushed())
    alone.hear(5, edge(1, present=False, s=5))
    for s in range(7, 60):
        alone.tick(s)

    assert str(alone.desk.standing.supply.verdict) == "supply interrupted, confirmed, fair"


def test_a_meter_that_only_pushes_proves_its_supply_by_what_it_pushes(alone: Bench) -> None:
    alone.hear(0, ProbeLink(up=True))
    alone.push(1, pushed())
    alone.hear(5, edge(1, present=False, s=5))
    alone.tick(7)
    alone.hear(100, edge(2, present=True, s=100))
    for s in range(105, 180, 10):
        alone.push(s, pushed())

    assert alone.said(Lane.ALARM)[-1] == "SupplyRestored"


def test_what_a_port_refused_is_counted_with_the_port(both: Bench) -> None:
    both.pipeline.handle(PortRefused(port="/dev/han", refused=(("wrong-key", 3),), done=lambda: None))

    line = both.journal.recall(port_line("/dev/han"))
    assert line is not None
    assert "wrong-key" in line
