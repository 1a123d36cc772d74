"""Outages on the tree: whom they hold, what is a return, when they are over; and one night with all of it."""

import pytest

from cloud.grid.model import Kind
from cloud.outages.area_model import Mark, Standing
from cloud.outages.areas import without_feeder
from tests.fakes_areas import BOX_1, BOX_2, Feeder, at, each, eight_homes, storm
from tests.fakes_feeder import device, feeder_of, homes_at
from wire.terms import Cause


@pytest.fixture
def street() -> Feeder:
    return Feeder(eight_homes())


def test_a_street_in_the_dark_is_one_outage_at_its_transformer(street: Feeder) -> None:
    storm(street)

    (outage,) = street.open
    assert (outage.device, outage.name, outage.began_at) == ("T-0101", "T-0101-1", at(0))
    assert street.standings(1) == {
        **each(Standing.OUT, ["UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C"]),
        **each(Standing.UNVERIFIED, ["UP-3", "UP-5"]),
        "UP-4": Standing.OTHER_CAUSE,
    }
    assert street.words == []


def test_a_return_is_each_homes_own(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.back("UP-10", at_s=600).survey(665)

    assert feeder.standing("UP-10") is Standing.BACK
    assert feeder.standing("UP-11") is Standing.OUT
    assert feeder.open[0].first_back_at == at(605)
    assert feeder.words == []


def test_a_voltage_of_a_home_that_was_never_dark_is_no_return(feeder: Feeder) -> None:
    feeder.out(*BOX_1[:3]).survey(30)
    assert feeder.places == ["T-1"]

    feeder.back("UP-13", at_s=100).survey(105).survey(1_000)

    assert (feeder.places, feeder.open[0].first_back_at) == (["T-1"], None)
    assert feeder.wakes == {}


def test_it_shows_that_the_failure_is_lower() -> None:
    homes = [*homes_at("D-1", "UP-0", "UP-1", "UP-2"), *homes_at("T-1", "UP-3")]
    feeder = Feeder(feeder_of([device("T-1", "F-1"), device("D-1", "T-1", Kind.FUSE)], homes))
    feeder.out("UP-0", "UP-1", "UP-2", "UP-3").survey(30)
    assert feeder.places == ["T-1"]

    feeder.withdrawn("UP-3").back("UP-3", at_s=60).survey(65)

    assert feeder.places == ["D-1"]
    assert feeder.marks(1) == [Mark.OPENED, Mark.MOVED]


@pytest.mark.parametrize(
    "known",
    [{"suspected_at": at(0)}, {"was_out_since": at(40), "returned_case": 1}],
    ids=["its sense fell with the others", "its loss was learned in hindsight"],
)
def test_a_home_that_may_have_been_dark_unseen_shows_a_return(feeder: Feeder, known: dict[str, object]) -> None:
    feeder.out(*BOX_1[:3]).survey(30)

    feeder.know("UP-13", **known).back("UP-13", at_s=600).survey(605)

    assert feeder.open[0].first_back_at == at(600)


def test_an_outage_closes_when_every_home_has_proven_its_return(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.back(*BOX_1, at_s=600).survey(665)

    assert feeder.open == []
    assert feeder.marks(1) == [Mark.OPENED, Mark.FIRST_BACK, Mark.CLOSED]
    assert feeder.wakes == {}


def test_what_is_not_verified_is_not_restored(street: Feeder) -> None:
    storm(street).back("UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C", at_s=600).survey(665)

    (outage,) = street.open
    assert outage.is_restored
    assert [member.usage_point for member in outage.of(Standing.UNVERIFIED)] == ["UP-3", "UP-5"]
    assert street.lines[-1].mark is Mark.RESTORED
    assert street.lines[-1].detail == "2 unverified"


def test_a_reading_of_its_own_meter_verifies_a_home(street: Feeder) -> None:
    storm(street).back("UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C", at_s=600).survey(665)

    street.back("UP-3", at_s=700).survey(705)
    assert street.standing("UP-3") is Standing.BACK
    street.back("UP-5", at_s=900).survey(905)

    assert street.open == []


def test_the_night_of_the_street(street: Feeder) -> None:
    storm(street).back("UP-1", "UP-6A", "UP-6B", "UP-6C", at_s=600).survey(665)
    assert street.places == ["T-0101"]

    street.survey(900)

    assert street.places == ["T-0101", "UP-2"]
    assert street.outages[2].within == 1
    assert street.outages[2].began_at == at(0)
    assert street.standing("UP-2", 1) is Standing.ELSEWHERE
    assert street.standing("UP-2", 2) is Standing.OUT
    assert street.told_still_out == ["UP-2"]
    assert street.asked == ["UP-3", "UP-5"]

    street.back("UP-2", at_s=1_200).back("UP-5", at_s=1_300).back("UP-3", at_s=1_400).survey(1_500)
    assert street.open == []
    assert street.asked == ["UP-3", "UP-5"]


def test_verdicts_that_come_late_join_the_outage_they_are_of(feeder: Feeder) -> None:
    feeder.out(*BOX_1[:3]).survey(30)
    feeder.back(*BOX_1[:3], at_s=600).survey(665)

    feeder.out("UP-13").survey(670)

    assert feeder.standing("UP-13") is Standing.OUT
    assert feeder.places == ["T-1"]


def test_a_loss_after_the_return_is_another_outage(feeder: Feeder) -> None:
    feeder.know("UP-13", heard_at=at(-2_000)).out(*BOX_1[:3]).survey(30)
    feeder.back(*BOX_1[:3], at_s=600).survey(665)

    feeder.out(*BOX_1[:3], since_s=700, case=2).survey(710)

    assert feeder.places == ["T-1"]
    assert feeder.open[0].number == 2
    assert feeder.outages[1].closed_at == at(710)
    assert feeder.standing("UP-13", 1) is Standing.ELSEWHERE
    assert feeder.standing("UP-13", 2) is Standing.UNVERIFIED


def test_an_outage_whose_every_case_was_withdrawn_is_dismissed(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.withdrawn(*BOX_1).survey(60)

    assert feeder.open == []
    assert feeder.marks(1)[-1] is Mark.DISMISSED


def test_a_home_whose_case_a_person_closed_is_closed(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.withdrawn("UP-10").know("UP-10", closed_case=1).back(*BOX_1[1:], at_s=600).survey(665)

    assert feeder.standing("UP-10") is Standing.CLOSED
    assert feeder.open == []


def test_an_unplugged_gateway_whose_meter_reads_a_voltage_is_another_cause(feeder: Feeder) -> None:
    feeder.out(*BOX_1[:3]).survey(30)

    feeder.back("UP-13", at_s=100).found("UP-13", Cause.GATEWAY_UNPLUGGED).survey(105)

    assert feeder.standing("UP-13") is Standing.OTHER_CAUSE


def test_a_place_that_is_gone_from_the_grid_keeps_its_members(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)
    feeder.tree = feeder_of([device("T-9", "F-1")], homes_at("T-9", *BOX_1, *BOX_2))

    feeder.back(*BOX_1, at_s=600).survey(665)

    assert feeder.standings(1) == each(Standing.BACK, BOX_1)
    assert feeder.open == []


def test_the_outages_of_a_feeder_that_is_gone_end_and_hand_their_homes_on(feeder: Feeder) -> None:
    feeder.know("UP-13", has_gateway=False).out(*BOX_1[:3]).survey(30)
    feeder.back("UP-10", at_s=600).survey(665)

    (ended,) = without_feeder(feeder.open, at(700)).outages

    assert ended.closed_at == at(700)
    assert {member.usage_point: member.standing for member in ended.members} == {
        "UP-10": Standing.BACK,
        **each(Standing.ELSEWHERE, ["UP-11", "UP-12", "UP-13"]),
    }
