"""The street as geometry: every home once, nothing off the paper, nothing told by colour alone."""

import re

import pytest

from cloud.web.street import NARROW, SYMBOLS, WIDE, Branch, Station, draw
from cloud.web.street_house import ICONS, MAX_FLOORS, Badge, Dwelling, Light

FEEDER = Station(id="F-01", kind="feeder")
PAPERS = pytest.mark.parametrize("paper", [WIDE, NARROW], ids=lambda paper: paper.name)


def home(number, light=Light.LIT, *, badges=(), is_cut=False):
    name = f"UP-{number:04}"
    words = (name, light.value, *(badge.value for badge in badges))
    return Dwelling(usage_point=name, light=light, words=words, name=name, badges=badges, is_cut=is_cut)


def branch(houses, *, outage=None, is_dead=False):
    box = Station(id="T-0101", kind="transformer", outage=outage, is_dead=is_dead)
    return Branch(stations=(Station(id="R-011", kind="switch"), box), houses=tuple(houses))


def units(street):
    return [unit for building in street.buildings for unit in building.units]


@PAPERS
def test_every_home_is_drawn_once_in_its_order(paper):
    houses = [(home(1),), (home(2), home(3), home(4)), *((home(number),) for number in range(5, 40))]

    street = draw(FEEDER, [branch(houses)], paper)

    assert [unit.usage_point for unit in units(street)] == [f"UP-{number:04}" for number in range(1, 40)]


@PAPERS
def test_nothing_stands_off_the_paper(paper):
    houses = [(home(number, Light.UNSURE, badges=(Badge.HEAD_OFF, Badge.SILENT)),) for number in range(20)]
    street = draw(FEEDER, [branch(houses), branch([tuple(map(home, range(5)))])], paper)

    drawn = "".join([street.wires, street.ground, *(building.body + building.roof for building in street.buildings)])
    xs = [float(x) for x in re.findall(r"[MLH](-?[\d.]+)", drawn)]
    ys = [text.y for unit in units(street) for text in unit.texts]

    assert min(xs) >= 0
    assert max(xs) <= street.width
    assert max(ys) <= street.height


def test_homes_of_one_gateway_share_a_building_up_to_its_height():
    street = draw(FEEDER, [branch([tuple(map(home, range(MAX_FLOORS + 2)))])], WIDE)

    assert [len(building.units) for building in street.buildings] == [MAX_FLOORS, 2]


def test_a_home_that_is_not_verified_is_hatched_and_bears_a_question_mark():
    street = draw(FEEDER, [branch([(home(1, Light.UNSURE),), (home(2, Light.DARK),)])], WIDE)

    unsure, dark = units(street)
    assert unsure.hatch
    assert unsure.mark is not None
    assert (dark.hatch, dark.mark) == ("", None)


def test_a_building_looks_sure_only_if_its_homes_agree():
    street = draw(FEEDER, [branch([(home(1), home(2)), (home(3), home(4, Light.DARK))])], WIDE)

    assert [building.light for building in street.buildings] == [Light.LIT, Light.UNSURE]


def test_wires_below_an_outage_are_dead_until_power_was_proven_back():
    dead = draw(FEEDER, [branch([(home(1),)], outage="T-0101-1", is_dead=True)], WIDE)
    back = draw(FEEDER, [branch([(home(1),)], outage="T-0101-1")], WIDE)

    assert dead.dead_wires
    assert not back.dead_wires
    assert [symbol.outage.text for symbol in back.symbols if symbol.outage] == ["T-0101-1"]


def test_a_home_that_is_cut_has_a_dead_wire_of_its_own():
    street = draw(FEEDER, [branch([(home(1),), (home(2, Light.DARK, is_cut=True),)])], WIDE)

    assert street.dead_wires.count("M") == 1


def test_a_device_two_branches_come_through_is_marked_where_it_comes_again():
    street = draw(FEEDER, [branch([(home(1),)]), branch([(home(2),)])], WIDE)

    assert [symbol.is_again for symbol in street.symbols] == [False, False, False, True, True]


def test_a_feeder_without_homes_is_drawn_too():
    assert draw(FEEDER, [], NARROW).symbols[0].station == FEEDER


def test_every_badge_and_device_has_a_picture():
    assert set(ICONS) == set(Badge)
    assert set(SYMBOLS) == {"feeder", "switch", "fuse", "transformer"}
