"""What failed, by what is known of each home."""

import pytest

from cloud.grid.model import Kind
from cloud.outages.locate import Word, locate
from tests.fakes_feeder import device, feeder_of, homes_at, two_boxes


def found(tree, words, **options):
    return [place.id for place in locate(tree, words, **options)]


def all_of(tree, name, word):
    return dict.fromkeys(tree.below(name), word)


def test_a_street_in_the_dark_is_its_transformer():
    tree = two_boxes()

    assert found(tree, all_of(tree, "T-1", Word.OUT)) == ["T-1"]


def test_both_transformers_in_the_dark_are_the_fuse_above_them():
    tree = two_boxes()

    assert found(tree, all_of(tree, "K-1", Word.OUT)) == ["K-1"]


def test_two_transformers_with_a_living_street_between_them_are_two_places():
    boxes = [device("K-1", "F-1", Kind.FUSE), *(device(f"T-{n}", "K-1") for n in (1, 2, 3))]
    tree = feeder_of(boxes, [line for n in (1, 2, 3) for line in homes_at(f"T-{n}", f"UP-{n}a", f"UP-{n}b")])
    words = all_of(tree, "T-1", Word.OUT) | all_of(tree, "T-2", Word.ALIVE) | all_of(tree, "T-3", Word.OUT)

    assert found(tree, words) == ["T-1", "T-3"]


def test_one_home_in_the_dark_among_living_ones_is_that_home():
    tree = two_boxes()

    assert found(tree, all_of(tree, "K-1", Word.ALIVE) | {"UP-12": Word.OUT}) == ["UP-12"]


def test_one_stray_cry_does_not_darken_the_feeder():
    tree = two_boxes(homes=20)
    words = all_of(tree, "T-1", Word.OUT) | {"UP-23": Word.OUT}

    assert found(tree, words, unsaid=Word.QUIET) == ["T-1", "UP-23"]


def test_most_of_a_street_heard_of_is_the_whole_street():
    tree = two_boxes(homes=8)
    words = {f"UP-1{n}": Word.OUT for n in range(5)}

    (place,) = locate(tree, words, unsaid=Word.QUIET)

    assert (place.id, len(place.homes)) == ("T-1", 8)


@pytest.mark.parametrize("alive", [1, 2, 4])
def test_a_voltage_read_below_a_device_forbids_it(alive):
    tree = two_boxes()
    words = all_of(tree, "T-1", Word.OUT) | {f"UP-2{n}": Word.ALIVE for n in range(alive)}

    assert "K-1" not in found(tree, words | {"UP-23": Word.OUT})


def test_silence_alone_is_no_outage():
    tree = two_boxes(homes=100)

    assert found(tree, all_of(tree, "K-1", Word.UNHEARD)) == []
    assert found(tree, {}, unsaid=Word.QUIET) == []


def test_a_supply_sense_that_fell_supports_a_verdict_and_founds_none_at_a_home():
    tree = two_boxes()

    assert found(tree, {"UP-10": Word.SUSPECTED}) == []
    assert found(tree, {"UP-10": Word.OUT, "UP-11": Word.SUSPECTED, "UP-12": Word.SUSPECTED}) == ["T-1"]


def test_of_devices_with_the_same_homes_the_lowest_is_named():
    boxes = [device("S-1", "F-1", Kind.SWITCH), device("K-1", "S-1", Kind.FUSE), device("T-1", "K-1")]
    tree = feeder_of(boxes, homes_at("T-1", "UP-1", "UP-2"))

    assert found(tree, all_of(tree, "F-1", Word.OUT)) == ["T-1"]


def test_a_transformer_with_one_home_is_called_by_the_home():
    tree = feeder_of([device("T-1", "F-1"), device("T-2", "F-1")], homes_at("T-1", "UP-1") + homes_at("T-2", "UP-2"))

    assert found(tree, {"UP-1": Word.OUT}, unsaid=Word.QUIET) == ["UP-1"]


def test_a_device_without_homes_is_never_to_blame():
    tree = feeder_of([device("T-1", "F-1"), device("T-2", "T-1")], homes_at("T-1", "UP-1", "UP-2"))

    assert found(tree, all_of(tree, "F-1", Word.OUT)) == ["T-1"]


def test_a_feeder_without_homes_has_nothing_to_find():
    assert found(feeder_of([], []), {}) == []


def test_the_margin_falls_with_every_home_that_could_have_spoken():
    tree = two_boxes()
    two = all_of(tree, "T-2", Word.ALIVE) | {"UP-10": Word.OUT, "UP-11": Word.OUT}

    (sure,) = locate(tree, two | {"UP-12": Word.OUT}, unsaid=Word.QUIET)
    (unsure,) = locate(tree, two, unsaid=Word.QUIET)

    assert sure.margin > unsure.margin > 0


def test_a_chain_of_ten_thousand_devices_is_no_harder_than_a_bush():
    depth = 10_000
    chain = [device(f"S-{n}", f"S-{n - 1}" if n else "F-1", Kind.SWITCH) for n in range(depth)]
    tree = feeder_of(chain, homes_at(f"S-{depth - 1}", "UP-1", "UP-2") + homes_at(f"S-{depth // 2}", "UP-3"))

    assert found(tree, {"UP-1": Word.OUT, "UP-2": Word.OUT, "UP-3": Word.ALIVE}) == [f"S-{depth - 1}"]
