"""What stands of a verdict when supply is sensed again, and when that was for a moment only."""

import pytest

from tests.fakes_supply import SupplyStory
from wire.events import Evidence, InterruptionAssessed
from wire.terms import EvidenceKind, Stage


@pytest.fixture
def story() -> SupplyStory:
    """Supply is lost; the meter's count from before is 12."""
    story = SupplyStory()
    story.listen(-60)
    story.meter_reads(-60, 230, power_failures=12)
    story.supply_is_lost(0)
    return story


@pytest.mark.parametrize("stage", [Stage.PROVISIONAL, Stage.CONFIRMED])
def test_what_stands_is_said_anew_when_supply_is_sensed_again(story: SupplyStory, stage: Stage) -> None:
    for s in (3, 8)[:stage]:
        story.meter_fails(s)
    standing = story.verdicts[-1]

    (event,) = story.supply_rises(60)

    assert isinstance(event, InterruptionAssessed)
    assert story.verdicts[-1] == standing
    assert event.evidence == (Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=0),)


def test_what_was_withdrawn_is_not_said_anew(story: SupplyStory) -> None:
    story.meter_fails(3)
    story.meter_reads(8, 120)

    said = story.supply_rises(60)

    assert story.verdicts[-1] == "SUPPLY_INTERRUPTED WITHDRAWN WEAK"
    assert said == ()


def test_an_interruption_that_goes_on_after_a_moment_of_supply_is_said_again_once_it_is_found_again(
    story: SupplyStory,
) -> None:
    silent = [(s, story.meter_fails) for s in (3, 8, 72, 77)]
    for s, happens in sorted([*silent, (60, story.supply_rises), (66, story.supply_falls)], key=lambda item: item[0]):
        happens(s)

    confirmed = "SUPPLY_INTERRUPTED CONFIRMED FAIR"
    assert story.verdicts == ["SUPPLY_INTERRUPTED PROVISIONAL WEAK", confirmed, confirmed, confirmed]
    assert story.names.count("SupplyLost") == 1


def test_in_doubt_it_is_not_said_anew_when_supply_is_sensed_once_more(story: SupplyStory) -> None:
    for s in (3, 8):
        story.meter_fails(s)
    story.supply_rises(60)
    story.supply_falls(66)

    said = story.supply_rises(70)

    assert said == ()


def test_a_meter_too_slow_for_a_moment_of_supply_takes_nothing_from_a_confirmed_interruption(
    story: SupplyStory,
) -> None:
    story.meter_fails(3)
    story.meter_fails(8)
    story.supply_rises(60)
    story.meter_fails(64)
    story.beat(65, present=True)
    story.supply_falls(66)
    told = story.verdicts

    story.meter_fails(72)
    story.meter_fails(77)
    story.meter_reads(82, 230)

    assert story.verdicts == told


def test_what_was_no_interruption_is_over_with_a_moment_of_supply(story: SupplyStory) -> None:
    story.meter_reads_in_band(3, 8)
    story.supply_rises(60)
    story.supply_falls(66)

    story.meter_reads_in_band(72, loaded=False)

    assert story.verdicts[-2:] == ["GATEWAY_UNPLUGGED CONFIRMED FAIR", "CANNOT_TELL PROVISIONAL WEAK"]
