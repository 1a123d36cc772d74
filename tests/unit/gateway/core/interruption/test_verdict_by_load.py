"""What the home draws, and drew before, tells its own breaker from a gateway unplugged."""

import pytest

from tests.fakes_supply import SupplyStory
from wire.events import Evidence, InterruptionAssessed
from wire.terms import EvidenceKind


def test_nothing_drawn_where_something_was_means_the_homes_own_breaker() -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, 8, loaded=False)

    assert story.verdicts == ["OWN_BREAKER PROVISIONAL WEAK", "OWN_BREAKER CONFIRMED FAIR"]


def test_an_own_breaker_put_back_stays_what_it_was(story: SupplyStory) -> None:
    story.supply_rises(5)
    story.meter_reads_in_band(10, 40, 70, 75)
    story.is_lived_in(195)
    story.supply_is_lost(200)
    story.meter_reads_in_band(203, 208, loaded=False)
    story.supply_rises(300)

    story.meter_reads_in_band(305, 335, 365, loaded=True)

    assert story.verdicts[-1] == "OWN_BREAKER CONFIRMED FAIR"
    assert story.names[-1] == "SupplyRestored"


@pytest.mark.parametrize(
    "before",
    [
        {},
        {-120: False, -60: False, -10: False},
        {-60: True, -10: True},
        {-120: True, -90: True, -60: True, -10: False},
        {-120: True, -90: False, -60: True, -10: True},
        {-320: True, -260: True, -200: True, -181: True},
    ],
    ids=["untold", "nothing", "too few readings", "a fridge that stopped", "not in a row", "too long ago"],
)
def test_nothing_drawn_where_little_is_known_of_before_cannot_be_told(before: dict[int, bool]) -> None:
    story = SupplyStory()
    story.listen(-400)
    for s, loaded in before.items():
        story.meter_reads(s, 230, loaded=loaded)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, 8, loaded=False)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_nothing_drawn_some_minutes_after_the_sense_fell_is_no_sign_of_a_breaker() -> None:
    story = SupplyStory()
    story.is_lived_in(-5)
    story.supply_is_lost(0)

    story.meter_reads_in_band(61, 66, loaded=False)

    assert story.verdicts == ["CANNOT_TELL PROVISIONAL WEAK"]


def test_what_was_drawn_before_an_absence_says_nothing_of_the_load_after_it() -> None:
    story = SupplyStory()
    story.is_lived_in(-60)
    story.supply_is_lost(0)
    story.meter_reads_in_band(3, 8, loaded=True)
    story.supply_rises(20)
    story.meter_reads_in_band(25, loaded=False)
    story.supply_falls(30)

    story.meter_reads_in_band(33, 38, loaded=False)

    assert story.verdicts[-1] == "CANNOT_TELL PROVISIONAL WEAK"


def test_what_cannot_be_told_for_want_of_load_stays_so_when_the_count_did_not_move(story: SupplyStory) -> None:
    story.meter_reads_in_band(3, 8, loaded=False)
    story.supply_rises(60)

    story.meter_reads_in_band(65, 95, 125)

    assert story.verdicts == [*["CANNOT_TELL PROVISIONAL WEAK"] * 2, "CANNOT_TELL PROVISIONAL FAIR"]


def test_load_drawn_since_the_sense_fell_shows_that_no_breaker_took_the_supply() -> None:
    story = SupplyStory()
    story.is_quiet(-60)
    story.supply_is_lost(0)

    story.meter_reads_in_band(3, loaded=True)
    story.meter_reads_in_band(8, 13, 18, loaded=False)

    assert story.verdicts == ["GATEWAY_UNPLUGGED PROVISIONAL WEAK", "GATEWAY_UNPLUGGED CONFIRMED FAIR"]


def test_the_load_is_evidence_and_never_in_watts(story: SupplyStory) -> None:
    story.meter_reads(3, 230, loaded=True)

    event = story.said[-1]

    assert isinstance(event, InterruptionAssessed)
    assert Evidence(kind=EvidenceKind.METER_LOAD, value=1, age_ms=0) in event.evidence
