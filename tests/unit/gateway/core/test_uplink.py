"""A way to the cloud that is gone while the home has supply."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.core.remembered import recall, remember
from gateway.core.uplink import UplinkSeen, UplinkState, step
from tests.fakes_gateway import at
from wire.events import Evidence, InterruptionAssessed
from wire.terms import EvidenceKind

HOLD_OFF = timedelta(seconds=30)


@dataclass
class UplinkStory:
    """One gateway's uplink; it keeps what was said."""

    state: UplinkState = field(default_factory=UplinkState)
    said: list[InterruptionAssessed] = field(default_factory=list)
    seen: UplinkSeen | None = None

    def turns(self, up: bool, s: float, *, supplied: bool | None = True) -> None:
        self.seen = UplinkSeen(up=up, at=at(s))
        self.looks(s, supplied=supplied)

    def looks(self, s: float, *, supplied: bool | None = True) -> None:
        self.state, events = step(self.state, self.seen, supplied, at(s), HOLD_OFF)
        self.said += events

    @property
    def verdicts(self) -> list[str]:
        return [f"{event.cause.name} {event.stage.name} {event.grade.name}" for event in self.said]


@pytest.fixture
def story() -> UplinkStory:
    story = UplinkStory()
    story.turns(True, 0)
    return story


def test_away_past_the_hold_off_with_supply_there_is_a_fault_of_the_network(story: UplinkStory) -> None:
    story.turns(False, 100)
    story.looks(129.9)
    too_soon = list(story.verdicts)
    story.looks(130)
    story.looks(500)

    assert too_soon == []
    assert story.verdicts == ["WAN_FAULT PROVISIONAL FAIR"]
    assert story.said[0].began_at_ms == 1_795_284_100_000
    assert story.said[0].evidence == (
        Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=0),
        Evidence(kind=EvidenceKind.UPLINK, value=0, age_ms=30_000),
    )


def test_it_is_over_when_the_uplink_is_back(story: UplinkStory) -> None:
    story.turns(False, 100)
    story.looks(130)
    story.turns(True, 700)
    story.looks(701)

    assert story.verdicts[1:] == ["WAN_FAULT CONFIRMED FAIR"]
    assert story.said[1].began_at_ms == 1_795_284_100_000
    assert story.said[1].evidence == (
        Evidence(kind=EvidenceKind.SUPPLY_SENSE, value=1, age_ms=570_000),
        Evidence(kind=EvidenceKind.UPLINK, value=1, age_ms=0),
    )


def test_a_short_absence_is_nothing(story: UplinkStory) -> None:
    story.turns(False, 100)
    story.turns(True, 129)
    story.looks(200)

    assert story.verdicts == []


@pytest.mark.parametrize("falls_at", [100, 115])
def test_nothing_is_said_where_the_supply_went_with_it(story: UplinkStory, falls_at: int) -> None:
    story.turns(False, 100, supplied=falls_at > 100)
    story.looks(falls_at, supplied=False)
    story.looks(400, supplied=True)
    story.turns(True, 500)

    assert story.verdicts == []


def test_an_uplink_that_fell_long_before_the_supply_is_told_and_ends_when_it_is_back(story: UplinkStory) -> None:
    story.turns(False, 100)
    story.looks(130)
    story.looks(300, supplied=False)
    story.turns(True, 400, supplied=False)

    assert story.verdicts == ["WAN_FAULT PROVISIONAL FAIR", "WAN_FAULT CONFIRMED FAIR"]


def test_without_a_probe_nothing_is_said_until_one_senses_supply(story: UplinkStory) -> None:
    story.turns(False, 100, supplied=None)
    story.looks(200, supplied=None)
    unheard = list(story.verdicts)
    story.looks(201)

    assert unheard == []
    assert story.verdicts == ["WAN_FAULT PROVISIONAL FAIR"]


def test_the_next_absence_is_judged_anew(story: UplinkStory) -> None:
    story.turns(False, 100, supplied=False)
    story.turns(True, 200)
    story.turns(False, 300)
    story.looks(330)

    assert story.verdicts == ["WAN_FAULT PROVISIONAL FAIR"]
    assert story.said[0].began_at_ms == 1_795_284_300_000


def test_nothing_follows_from_an_uplink_that_was_not_tried_yet() -> None:
    story = UplinkStory()

    story.looks(1_000)

    assert (story.state, story.verdicts) == (UplinkState(), [])


@pytest.mark.parametrize("killed_at", [110, 200])
def test_a_gateway_killed_meanwhile_tells_it_once(story: UplinkStory, killed_at: int) -> None:
    story.turns(False, 100)
    story.looks(killed_at - 1)
    story.state = recall(UplinkState, remember(story.state))
    story.turns(False, killed_at)
    story.looks(250)
    story.turns(True, 300)

    assert story.verdicts == ["WAN_FAULT PROVISIONAL FAIR", "WAN_FAULT CONFIRMED FAIR"]
    assert {event.began_at_ms for event in story.said} == {1_795_284_100_000}
