"""The truth table in the words of what happened: what is said while the supply is away, and with what evidence."""

import pytest

from tests.fakes_supply import SupplyStory
from wire.events import Evidence, InterruptionAssessed
from wire.terms import Disconnector, EvidenceKind, LinkFault


def test_one_silent_reading_is_weak_and_a_second_confirms(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    assert story.verdicts == ["SUPPLY_INTERRUPTED PROVISIONAL WEAK", "SUPPLY_INTERRUPTED CONFIRMED FAIR"]


def test_a_third_silent_reading_says_nothing_new(story: SupplyStory) -> None:
    for s in (3, 8, 13, 18):
        story.meter_fails(s)

    assert len(story.verdicts) == 2


def test_a_meter_that_reads_no_voltage_confirms_at_once(story: SupplyStory) -> None:
    story.meter_reads(3, 0.4, power_failures=12)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_healthy_voltage_now_means_the_gateway_is_unplugged(story: SupplyStory) -> None:
    story.meter_reads(3, 231)
    story.meter_reads(8, 231)

    assert story.verdicts == ["GATEWAY_UNPLUGGED PROVISIONAL WEAK", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_a_healthy_voltage_read_before_the_loss_says_nothing() -> None:
    story = SupplyStory()
    story.listen()
    story.supply_falls(5)
    story.meter_reads(4.9, 230)

    story.meter_fails(6)
    story.meter_fails(7)

    assert "GATEWAY_UNPLUGGED" not in " ".join(story.verdicts)


def test_what_the_meter_says_within_the_hold_off_is_judged_with_the_loss() -> None:
    story = SupplyStory()
    story.listen()
    story.supply_falls(0)
    story.meter_reads(0.5, 0)

    story.supply_is_lost(0)

    assert story.names == ["SupplyLost", "InterruptionAssessed"]


@pytest.mark.parametrize("switch", [Disconnector.OPEN, Disconnector.READY])
def test_a_healthy_voltage_behind_an_open_disconnector_means_switched_off(
    story: SupplyStory, switch: Disconnector
) -> None:
    story.meter_reads(3, 231, disconnector=switch)
    story.meter_reads(8, 231, disconnector=switch)

    assert story.verdicts == ["SWITCHED_OFF PROVISIONAL WEAK", "SWITCHED_OFF CONFIRMED FAIR"]


def test_one_dead_phase_among_healthy_ones_is_a_lost_phase(story: SupplyStory) -> None:
    story.meter_reads(3, 230, 2, 229)
    story.meter_reads(8, 230, 2, 229)

    assert story.verdicts == ["PHASE_LOST PROVISIONAL WEAK", "PHASE_LOST CONFIRMED FAIR"]


@pytest.mark.parametrize("volts", [(120,), (120, 121, 0), (300,)])
def test_a_voltage_neither_healthy_nor_absent_leaves_the_cause_open(
    story: SupplyStory, volts: tuple[float, ...]
) -> None:
    story.meter_reads(3, *volts)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_a_meter_that_merely_answers_proves_nothing(story: SupplyStory) -> None:
    story.meter_reads(3)
    story.meter_reads(8)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_what_could_not_be_told_gives_way_to_what_can(story: SupplyStory) -> None:
    story.meter_reads(3)
    story.meter_fails(8)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE", "SUPPLY_INTERRUPTED PROVISIONAL WEAK"]


@pytest.mark.parametrize("fault", [LinkFault.PORT_GONE, LinkFault.GARBLED, LinkFault.REFUSED])
def test_a_faulty_link_is_not_a_silent_meter(story: SupplyStory, fault: LinkFault) -> None:
    for s in (3, 8, 13):
        story.meter_fails(s, fault)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_a_faulty_link_takes_nothing_from_what_the_meter_said(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8, LinkFault.GARBLED)
    story.meter_fails(13)

    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED FAIR"


def test_one_healthy_voltage_does_not_overrule_a_confirmed_interruption_and_two_do(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    story.meter_reads(13, 230)
    after_one = len(story.verdicts)
    story.meter_reads(18, 230)

    assert after_one == 2
    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED WITHDRAWN FAIR", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_a_verdict_carries_everything_that_was_looked_at(story: SupplyStory) -> None:
    story.beat(2.5, present=False, input_mv=3_900)
    story.meter_reads(3, 230, 0.2, 231, power_failures=12)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert event.evidence == (
        Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=0, age_ms=3_000),
        Evidence(kind=EvidenceKind.INPUT_VOLTAGE, value=3_900, age_ms=500),
        Evidence(kind=EvidenceKind.METER_ANSWERS, value=1, age_ms=0),
        Evidence(kind=EvidenceKind.METER_VOLTAGE, value=200, age_ms=0),
        Evidence(kind=EvidenceKind.POWER_FAILURES, value=0, age_ms=0),
        Evidence(kind=EvidenceKind.DISCONNECTOR, value=Disconnector.CLOSED, age_ms=0),
    )


@pytest.mark.parametrize(
    ("fault", "kind", "value"),
    [
        (LinkFault.SILENT, EvidenceKind.METER_ANSWERS, 0),
        (LinkFault.PORT_GONE, EvidenceKind.METER_LINK, LinkFault.PORT_GONE),
    ],
)
def test_a_fault_is_evidence_of_its_own_kind(
    story: SupplyStory, fault: LinkFault, kind: EvidenceKind, value: int
) -> None:
    story.meter_fails(3, fault)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert event.evidence[-1] == Evidence(kind=kind, value=value, age_ms=0)
