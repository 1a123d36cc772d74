"""A meter that says of itself that it is losing its supply: beside the probe's sense, and where no probe is heard."""

import pytest

from gateway.core.interruption import Attention, Phase
from gateway.core.observations import MeterPushed, ProbeLink
from gateway.core.remembered import recall, remember
from tests.fakes_gateway import at
from tests.fakes_supply import SupplyStory
from wire.events import InterruptionAssessed
from wire.terms import EvidenceKind, LinkFault

STRONG = ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]
FAIR = ["SUPPLY_INTERRUPTED CONFIRMED FAIR"]


@pytest.fixture
def quiet() -> SupplyStory:
    """A quiet home with a probe."""
    story = SupplyStory()
    story.is_quiet(0)
    return story


@pytest.fixture
def alone() -> SupplyStory:
    """A home without a probe, whose meter is read."""
    story = SupplyStory()
    story.meter_reads(0, 230)
    return story


def kinds(story: SupplyStory) -> list[list[EvidenceKind]]:
    return [[item.kind for item in said.evidence] for said in story.said if isinstance(said, InterruptionAssessed)]


@pytest.mark.parametrize("gasped_s", [65, 70.5, 71])
def test_a_gasp_as_the_sense_falls_makes_an_interruption_strong(quiet: SupplyStory, gasped_s: float) -> None:
    for s, happens in sorted([(gasped_s, quiet.meter_gasps), (70, quiet.supply_falls)], key=lambda told: told[0]):
        happens(s)
    quiet.tick(72)

    assert quiet.names == ["SupplyLost", "InterruptionAssessed"]
    assert quiet.verdicts == STRONG
    assert kinds(quiet)[0][:2] == [EvidenceKind.SUPPLY_SENSE, EvidenceKind.METER_LAST_GASP]


def test_a_gasp_behind_the_loss_settles_a_verdict_that_was_weak(quiet: SupplyStory) -> None:
    quiet.supply_is_lost(70)
    quiet.meter_fails(73)

    quiet.meter_gasps(80)

    assert quiet.verdicts == ["SUPPLY_INTERRUPTED PROVISIONAL WEAK", *STRONG]


def test_a_gasp_long_before_the_sense_fell_is_about_another_moment(quiet: SupplyStory) -> None:
    quiet.meter_gasps(10)

    quiet.supply_is_lost(70)

    assert quiet.verdicts == []


def test_a_gasp_while_the_probe_senses_supply_is_told_to_nobody(quiet: SupplyStory) -> None:
    said = quiet.meter_gasps(10)

    assert said == ()
    assert quiet.phase is Phase.PRESENT


def test_a_voltage_read_after_the_gasp_speaks_louder_than_a_gasp_that_came_late(quiet: SupplyStory) -> None:
    quiet.supply_is_lost(70)
    quiet.meter_reads(75, 231)
    quiet.meter_reads(80, 231)

    quiet.meter_gasps(85)

    assert quiet.verdicts[-1] == "GATEWAY_UNPLUGGED CONFIRMED FAIR"


@pytest.mark.parametrize("fault", LinkFault)
def test_without_a_probe_the_gasp_alone_is_fair_and_what_fails_after_it_adds_nothing(
    alone: SupplyStory, fault: LinkFault
) -> None:
    alone.meter_gasps(10)
    alone.meter_fails(15, fault)
    alone.meter_fails(20, fault)

    assert alone.verdicts == FAIR
    assert kinds(alone) == [[EvidenceKind.METER_LAST_GASP]]
    assert alone.state.attention is Attention.CLOSE


def test_a_probe_that_is_gone_is_no_probe(quiet: SupplyStory) -> None:
    quiet.see(5, ProbeLink(up=False))

    quiet.meter_gasps(10)

    assert quiet.verdicts == FAIR


def test_without_a_probe_a_voltage_held_in_band_restores(alone: SupplyStory) -> None:
    alone.meter_gasps(10)

    alone.meter_reads_in_band(100, 130, 159, power_failures=13)
    early = list(alone.names)
    alone.meter_reads_in_band(160, power_failures=13)

    assert alone.verdicts == [*FAIR, *STRONG]
    assert "SupplyRestored" not in early
    assert alone.names[-1] == "SupplyRestored"
    assert alone.phase is Phase.PRESENT
    assert not alone.state.is_alone


def test_a_gasp_that_the_meters_count_does_not_bear_out_is_withdrawn(alone: SupplyStory) -> None:
    alone.meter_gasps(10)

    alone.meter_reads_in_band(100, 130, 160)

    assert alone.verdicts == [*FAIR, "SUPPLY_INTERRUPTED WITHDRAWN FAIR"]


def test_without_a_probe_a_second_gasp_is_another_interruption(alone: SupplyStory) -> None:
    alone.meter_gasps(10)
    alone.meter_reads_in_band(100, 130)

    alone.meter_gasps(140)

    assert alone.verdicts == [*FAIR, *FAIR]
    assert alone.phase is Phase.LOST


def test_a_gasp_outlives_the_process(alone: SupplyStory) -> None:
    alone.meter_gasps(10)

    again = recall(type(alone.state), remember(alone.state))

    assert (again.gasped_at, again.is_alone, again.phase) == (at(10), True, Phase.LOST)


def test_what_a_meter_pushes_keeps_its_count_and_what_is_drawn_and_clears_no_failure(quiet: SupplyStory) -> None:
    quiet.meter_fails(61)

    quiet.see(62, MeterPushed(measured_at=at(62), power_failures=13, is_loaded=True))
    quiet.see(63, MeterPushed(measured_at=at(63), power_failures=None, is_loaded=True))

    assert quiet.state.power_failures == 13
    assert quiet.state.failing is not None
    assert quiet.state.drawn is not None
    assert quiet.state.drawn.last_at == at(63)
