"""Outages on the tree: where they stand, whom they hold, when they are over."""

from datetime import timedelta

import pytest

from cloud.grid.model import Kind
from cloud.kernel.ids import UsagePointId
from cloud.outages.area_model import Mark, Standing
from cloud.outages.area_words import word_of
from cloud.outages.areas import without_feeder
from cloud.outages.locate import Word
from tests.fakes_areas import Feeder, at, each
from tests.fakes_feeder import device, feeder_of, homes_at, two_boxes
from wire.events import Cause

BOX_1 = [f"UP-1{n}" for n in range(4)]
BOX_2 = [f"UP-2{n}" for n in range(4)]
STREET = ("UP-1", "UP-2", "UP-3", "UP-4", "UP-5", "UP-6A", "UP-6B", "UP-6C")


@pytest.fixture
def feeder() -> Feeder:
    return Feeder(two_boxes())


@pytest.fixture
def street() -> Feeder:
    return Feeder(feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *STREET)))


def storm(street: Feeder) -> Feeder:
    """The night: five homes known to be out, one whose meter was silent, one switched off, one unheard of."""
    street.know("UP-3", suspected_at=at(0), finding=Cause.CANNOT_TELL).found("UP-4", Cause.SWITCHED_OFF)
    street.know("UP-5", heard_at=at(-2_000))
    return street.out("UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C").survey(30)


def test_no_case_no_outage(feeder: Feeder) -> None:
    feeder.know("UP-10", suspected_at=at(0)).survey(30)

    assert feeder.outages == {}


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


def test_one_home_among_living_ones_is_an_outage_of_its_own(feeder: Feeder) -> None:
    feeder.back(*BOX_1[1:], *BOX_2, at_s=20).out("UP-10").survey(30)

    (outage,) = feeder.open
    assert (outage.device, outage.name) == ("UP-10", "UP-10-1")
    assert feeder.standings(1) == {"UP-10": Standing.OUT}


def test_an_outage_moves_up_as_more_homes_are_heard_of(feeder: Feeder) -> None:
    feeder.out("UP-10").survey(6)
    assert feeder.places == ["UP-10"]

    feeder.out(*BOX_1).survey(20)

    assert feeder.places == ["T-1"]
    assert feeder.open[0].name == "UP-10-1"
    assert feeder.marks(1) == [Mark.OPENED, Mark.MOVED]


def test_an_outage_takes_in_those_it_explains() -> None:
    feeder = Feeder(two_boxes(homes=12))
    boxes = [[f"UP-{box}{n}" for n in range(12)] for box in (1, 2)]
    feeder.out(*boxes[0]).out("UP-20").survey(6)
    assert feeder.places == ["T-1", "UP-20"]

    feeder.out(*boxes[1]).survey(20)

    assert feeder.places == ["K-1"]
    assert feeder.outages[2].absorbed_by == 1
    assert feeder.marks(2)[-1] is Mark.ABSORBED
    assert feeder.standings(1) == each(Standing.OUT, boxes[0] + boxes[1])


def test_an_outage_moves_down_to_what_is_left_of_it(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(6)

    feeder.withdrawn(*BOX_1[1:]).survey(20)

    assert feeder.places == ["UP-10"]
    assert feeder.standings(1) == {"UP-10": Standing.OUT}


def test_losses_far_apart_in_time_are_not_one_failure(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.out(*BOX_2, since_s=3_600).survey(3_630)

    assert feeder.places == ["T-1", "T-2"]


def test_a_home_long_in_the_dark_does_not_widen_a_later_outage(feeder: Feeder) -> None:
    feeder.back(*BOX_1[1:], at_s=100).out("UP-10").survey(110)

    feeder.out(*BOX_2, since_s=7_200).survey(7_230)

    assert feeder.places == ["UP-10", "T-2"]


def test_an_older_outage_keeps_its_home_when_a_later_one_darkens_the_street(feeder: Feeder) -> None:
    feeder.back(*BOX_1[1:], at_s=100).out("UP-10").survey(110)

    feeder.out(*BOX_1[1:], since_s=7_200, case=2).survey(7_230)

    assert feeder.places == ["UP-10", "T-1"]
    assert feeder.standings(2) == {"UP-10": Standing.ELSEWHERE, **each(Standing.OUT, BOX_1[1:])}


def test_an_outage_lets_go_of_a_home_whose_later_loss_is_of_another() -> None:
    homes = [*homes_at("D-1", *(f"UP-{n}" for n in range(6))), *homes_at("F-1", "UP-6", "UP-7")]
    feeder = Feeder(feeder_of([device("D-1", "F-1", Kind.FUSE)], homes))
    feeder.out("UP-0", "UP-1").survey(2)
    feeder.out("UP-6", since_s=402).survey(402)
    assert feeder.places == ["D-1", "UP-6"]

    feeder.out("UP-0", since_s=403, case=2).survey(403)

    assert feeder.places == ["UP-1", "F-1"]


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


@pytest.mark.parametrize(
    ("fell_s", "word"),
    [(0, Word.SUSPECTED), (-100, Word.SUSPECTED), (100, Word.SUSPECTED), (-86_400, Word.NOTHING), (900, Word.QUIET)],
)
def test_a_suspicion_speaks_for_a_loss_at_its_time_only(feeder: Feeder, fell_s: float, word: Word) -> None:
    home = feeder.know("UP-10", suspected_at=at(fell_s)).homes[UsagePointId("UP-10")]

    assert word_of(home, (), at(0), at(1_000), feeder.settings) is word


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


def test_a_failure_within_is_looked_for_only_after_a_while(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.back(*BOX_1[1:], at_s=600).survey(665).survey(700)

    assert feeder.places == ["T-1"]
    assert [(wake.number, wake.why, wake.due_at) for wake in feeder.wakes.values()] == [
        (1, "nested", at(605 + 120)),
        (1, "ask", at(605 + 180)),
    ]


def test_a_proof_long_held_up_gives_the_others_their_time(feeder: Feeder) -> None:
    feeder.out(*BOX_1).survey(30)

    feeder.back("UP-11", "UP-12", "UP-13", at_s=600).survey(4_000).survey(4_030)

    assert feeder.outages[1].first_back_at == at(4_000 - 60)
    assert feeder.places == ["T-1"]


def test_a_branch_that_stays_dark_is_found_as_one_place(feeder: Feeder) -> None:
    feeder.out(*BOX_1, *BOX_2).survey(30)
    assert feeder.places == ["K-1"]

    feeder.back(*BOX_1, at_s=600).survey(665).survey(1_000)

    assert feeder.places == ["T-2"]
    assert feeder.standings(2) == each(Standing.OUT, BOX_2)
    assert feeder.told_still_out == BOX_2


def test_a_branch_found_within_may_hold_a_failure_of_its_own(feeder: Feeder) -> None:
    feeder.out(*BOX_1, *BOX_2).survey(30)
    feeder.back(*BOX_1, at_s=600).survey(665).survey(1_000)

    feeder.back(*BOX_2[1:], at_s=1_800).survey(1_865).survey(2_500)

    assert feeder.places == ["UP-20"]
    assert feeder.outages[3].within == 2


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


def test_almost_all_still_dark_is_the_same_outage_not_one_within(feeder: Feeder) -> None:
    ten = Feeder(two_boxes(homes=20))
    ten.out(*(f"UP-1{n}" for n in range(20))).survey(30)

    ten.back("UP-10", at_s=600).survey(665).survey(1_000)

    assert ten.places == ["T-1"]


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


def test_silence_of_the_whole_feeder_is_no_outage_of_the_whole_feeder() -> None:
    boxes = [device(f"T-{n}", "F-1") for n in range(6)]
    lines = [line for box in range(6) for n in range(20) for line in homes_at(f"T-{box}", f"UP-{box}-{n}")]
    feeder = Feeder(feeder_of(boxes, lines))
    for home in list(feeder.homes):
        feeder.know(home, heard_at=at(-5_000))

    feeder.out("UP-1-0", "UP-1-1", "UP-2-0", "UP-2-1").survey(30)

    assert feeder.places == ["T-1", "T-2"]


def test_an_outage_does_not_grow_because_time_passes() -> None:
    feeder = Feeder(two_boxes(homes=20))
    for home in list(feeder.homes):
        feeder.know(home, heard_at=at(200))
    feeder.out("UP-10", "UP-11").survey(210)
    places = feeder.places

    feeder.survey(40_000)

    assert feeder.places == places == ["UP-10", "UP-11"]


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


def test_a_feeder_of_five_thousand_homes_is_surveyed_quickly() -> None:
    boxes = [device(f"T-{n}", "F-1") for n in range(500)]
    homes = {box.id: [f"UP-{box.id}-{n}" for n in range(10)] for box in boxes}
    feeder = Feeder(feeder_of(boxes, [line for box in boxes for line in homes_at(box.id, *homes[box.id])]))
    feeder.out(*homes["T-7"], *homes["T-8"]).survey(30)

    assert feeder.places == ["T-7", "T-8"]
    assert feeder.open[0].began_at + timedelta(seconds=30) == feeder.open[0].opened_at
