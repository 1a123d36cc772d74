"""The meter's own count of power failures has the last word: when the supply is back, and in hindsight."""

import pytest

from gateway.core.interruption import Phase
from tests.fakes_supply import SupplyStory
from wire.events import Evidence, InterruptionAssessed
from wire.terms import Disconnector, EvidenceKind


def test_the_count_that_moved_confirms_as_soon_as_it_is_read(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.supply_rises(600)

    story.meter_reads(605, 230, power_failures=13)

    assert story.phase is Phase.RETURNING
    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED STRONG"


def test_the_count_that_moved_decides_against_a_gateway_thought_unplugged(story: SupplyStory) -> None:
    story.meter_reads(3, 230)
    story.meter_reads(8, 230)
    story.supply_rises(600)

    story.meter_reads(605, 230, power_failures=13)

    assert story.verdicts[3:] == ["GATEWAY_UNPLUGGED WITHDRAWN STRONG", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_count_that_did_not_move_withdraws_the_interruption_when_supply_is_proved(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95)
    before = story.verdicts[-1]
    story.meter_reads_in_band(125)

    assert before == "SUPPLY_INTERRUPTED CONFIRMED FAIR"
    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED WITHDRAWN FAIR"
    assert story.names[-2:] == ["InterruptionAssessed", "SupplyRestored"]


def test_a_count_that_did_not_move_confirms_a_gateway_thought_unplugged_in_silence(story: SupplyStory) -> None:
    story.meter_reads(3, 230)
    story.meter_reads(8, 230)
    story.supply_rises(60)
    told = story.verdicts

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts == told
    assert story.names[-1] == "SupplyRestored"


def test_a_meter_asked_too_late_still_tells_that_it_never_lost_its_line(story: SupplyStory) -> None:
    story.supply_rises(4)

    story.meter_reads_in_band(5, 35, 65)

    assert story.verdicts == ["GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_a_switched_off_home_stays_so_when_its_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads(3, 230, disconnector=Disconnector.OPEN)
    story.meter_reads(8, 230, disconnector=Disconnector.OPEN)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts[-1] == "SWITCHED_OFF CONFIRMED FAIR"


def test_a_lost_phase_stays_so_when_the_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads(3, 230, 0, 230)
    story.meter_reads(8, 230, 0, 230)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts[-1] == "PHASE_LOST CONFIRMED FAIR"


@pytest.mark.parametrize("count", [None, 3])
def test_a_meter_without_a_usable_count_changes_no_verdict(story: SupplyStory, count: int | None) -> None:
    story.meter_fails(3)
    story.meter_fails(8)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125, power_failures=count)

    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED CONFIRMED FAIR"
    assert story.names[-1] == "SupplyRestored"


def test_where_nothing_was_ever_known_it_says_so(story: SupplyStory) -> None:
    story.supply_rises(4)

    story.meter_reads_in_band(5, 35, 65, power_failures=None)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL NONE"]


def test_a_dip_the_meter_may_have_counted_is_no_proof_of_the_next_loss() -> None:
    story = SupplyStory()
    story.listen()
    story.meter_reads(0, 230, power_failures=12)
    story.supply_falls(10)
    story.supply_rises(11)

    story.supply_is_lost(20)
    story.meter_reads(23, 230, power_failures=13)
    story.meter_reads(28, 230, power_failures=13)

    assert story.verdicts[-1] == "GATEWAY_UNPLUGGED CONFIRMED FAIR"


@pytest.mark.parametrize(
    ("switch", "loaded", "standing"),
    [
        (Disconnector.CLOSED, True, "GATEWAY_UNPLUGGED"),
        (Disconnector.OPEN, False, "SWITCHED_OFF"),
        (Disconnector.CLOSED, False, "OWN_BREAKER"),
    ],
)
def test_an_outage_while_something_else_keeps_the_sense_away_is_told_in_hindsight(
    switch: Disconnector, loaded: bool, standing: str
) -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)
    for s in (3, 8):
        story.meter_reads(s, 230, disconnector=switch, loaded=loaded)
    for s in (300, 360):
        story.meter_fails(s)

    for s in (600, 660):
        story.meter_reads(s, 230, disconnector=switch, loaded=loaded, power_failures=13)

    event = story.said[-1]
    assert isinstance(event, InterruptionAssessed)
    assert story.verdicts[1:] == [f"{standing} CONFIRMED FAIR", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]
    assert event.began_at_ms == 1_795_284_300_000
    assert Evidence(kind=EvidenceKind.METER_VOLTAGE, value=230_000, age_ms=0) in event.evidence
    assert story.state.verdict is not None
    assert story.state.verdict.cause.name == standing


def test_without_a_silent_reading_the_hindsight_begins_where_the_sense_fell(story: SupplyStory) -> None:
    story.meter_reads(60, 230, power_failures=13, loaded=True)

    assert story.verdicts == ["SUPPLY_INTERRUPTED CONFIRMED STRONG", "GATEWAY_UNPLUGGED PROVISIONAL WEAK"]
    assert [event.began_at_ms for event in story.said[1:] if isinstance(event, InterruptionAssessed)] == [
        1_795_284_000_000,
        1_795_284_000_000,
    ]


def test_an_interruption_whose_count_moved_is_not_withdrawn_by_a_voltage_that_is_back(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_fails(8)

    story.meter_reads_in_band(600, 605, 610, power_failures=13, loaded=True)

    assert story.verdicts[2:] == ["SUPPLY_INTERRUPTED CONFIRMED STRONG"]


def test_a_count_told_without_a_voltage_decides_as_ever(story: SupplyStory) -> None:
    story.meter_reads_in_band(3, 8)

    story.meter_reads(600, power_failures=13)

    assert story.verdicts[2:] == ["GATEWAY_UNPLUGGED WITHDRAWN STRONG", "SUPPLY_INTERRUPTED CONFIRMED STRONG"]
