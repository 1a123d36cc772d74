"""Whom an outage on the tree asks, whom it tells that it goes on, and who has answered."""

import pytest

from cloud.outages.area_model import Mark, Standing
from tests.fakes_areas import BOX_1, BOX_2, Feeder, at, eight_homes, storm


@pytest.fixture
def street() -> Feeder:
    return Feeder(eight_homes())


def test_still_out_is_told_though_the_outage_around_it_is_over(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)
    feeder.back(*BOX_1[1:], at_s=600).survey(665).survey(730)
    assert feeder.places == ["UP-10"]

    feeder.survey(1_000)

    assert feeder.told_still_out == ["UP-10"]
    assert feeder.words[0].neighbours_back_at == at(605)
    assert len(feeder.words[0].sources) == 3


def test_nobody_is_told_still_out_who_was_not_told_out(feeder: Feeder) -> None:
    feeder.out(*BOX_1).know("UP-10", is_told=False).survey(30)

    feeder.back(*BOX_1[1:], at_s=600).survey(665).survey(1_000)

    assert feeder.places == ["UP-10"]
    assert feeder.told_still_out == []


def test_homes_that_cannot_be_seen_below_a_dark_branch_are_asked_when_it_is_back(feeder: Feeder) -> None:
    feeder.know("UP-23", heard_at=at(-2_000)).out(*BOX_1, *BOX_2[:3]).survey(30)
    feeder.back(*BOX_1, at_s=600).survey(665).survey(1_000)
    assert feeder.places == ["T-2"]
    assert feeder.asked == []

    feeder.back(*BOX_2[:3], at_s=1_800).survey(1_865).survey(2_500)

    assert feeder.asked == ["UP-23"]


def test_a_home_without_a_gateway_is_unverified_and_not_asked_and_holds_no_outage_open(feeder: Feeder) -> None:
    feeder.know("UP-13", has_gateway=False).out(*BOX_1[:3]).survey(30)
    feeder.back("UP-10", "UP-11", at_s=600).survey(665)
    assert feeder.outages[1].is_open

    feeder.back("UP-12", at_s=620).survey(685).survey(1_000)

    assert feeder.standing("UP-13") is Standing.UNVERIFIED
    assert feeder.outages[1].closed_at == at(685)
    assert (feeder.lines[-1].mark, feeder.lines[-1].detail) == (Mark.CLOSED, "1 unverified")
    assert feeder.asked == []


def test_whoever_was_asked_has_answered_once_their_own_meter_shows_a_voltage(street: Feeder) -> None:
    storm(street).back("UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C", at_s=600).survey(665).survey(1_000)
    assert (street.asked, street.answered) == (["UP-3", "UP-5"], [])

    street.back("UP-3", at_s=1_100).survey(1_105)

    assert street.answered == ["UP-3"]
