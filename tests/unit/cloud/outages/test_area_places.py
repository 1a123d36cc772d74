"""Where outages on the tree stand: opened, moved, taken in by another, found within another."""

from datetime import timedelta

import pytest

from cloud.grid.model import Kind
from cloud.kernel.ids import UsagePointId
from cloud.outages.area_model import Mark, Standing
from cloud.outages.area_words import word_of
from cloud.outages.locate import Word
from tests.fakes_areas import BOX_1, BOX_2, Feeder, at, each
from tests.fakes_feeder import device, feeder_of, homes_at, two_boxes


def test_no_case_no_outage(feeder: Feeder) -> None:
    feeder.know("UP-10", suspected_at=at(0)).survey(30)

    assert feeder.outages == {}


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


@pytest.mark.parametrize(
    ("fell_s", "word"),
    [(0, Word.SUSPECTED), (-100, Word.SUSPECTED), (100, Word.SUSPECTED), (-86_400, Word.NOTHING), (900, Word.QUIET)],
)
def test_a_suspicion_speaks_for_a_loss_at_its_time_only(feeder: Feeder, fell_s: float, word: Word) -> None:
    home = feeder.know("UP-10", suspected_at=at(fell_s)).homes[UsagePointId("UP-10")]

    assert word_of(home, (), at(0), at(1_000), feeder.settings) is word


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


def test_almost_all_still_dark_is_the_same_outage_not_one_within(feeder: Feeder) -> None:
    ten = Feeder(two_boxes(homes=20))
    ten.out(*(f"UP-1{n}" for n in range(20))).survey(30)

    ten.back("UP-10", at_s=600).survey(665).survey(1_000)

    assert ten.places == ["T-1"]


def test_a_feeder_of_five_thousand_homes_is_surveyed_quickly() -> None:
    boxes = [device(f"T-{n}", "F-1") for n in range(500)]
    homes = {box.id: [f"UP-{box.id}-{n}" for n in range(10)] for box in boxes}
    feeder = Feeder(feeder_of(boxes, [line for box in boxes for line in homes_at(box.id, *homes[box.id])]))
    feeder.out(*homes["T-7"], *homes["T-8"]).survey(30)

    assert feeder.places == ["T-7", "T-8"]
    assert feeder.open[0].began_at + timedelta(seconds=30) == feeder.open[0].opened_at
