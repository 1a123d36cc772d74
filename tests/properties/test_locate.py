"""The localiser against every set of places there is, on trees small enough to try them all."""

from collections import defaultdict
from itertools import combinations
from math import inf, isclose, log

from hypothesis import given
from hypothesis import strategies as st

from cloud.grid.model import Tree
from cloud.outages.locate import USUAL, Word, locate
from tests.fakes_feeder import random_tree

trees = st.builds(random_tree, st.integers(0, 10_000), st.integers(0, 5), st.integers(1, 5))
words = st.lists(st.sampled_from(list(Word)), min_size=5, max_size=5)


def scores_of(tree: Tree, words: dict[str, Word]) -> dict[frozenset[str], float]:
    """Every place there is, by the homes it would darken."""
    chances: dict[frozenset[str], float] = defaultdict(float)
    for device in tree.devices:
        chances[frozenset(tree.below(device.id))] += USUAL.prior(device.kind)
    for service in tree.services:
        chances[frozenset({service.usage_point})] += USUAL.home
    chances.pop(frozenset(), None)
    weights = USUAL.weights()
    return {
        homes: log(chance / (1 - chance)) + sum(weights[words[home]] for home in homes)
        for homes, chance in chances.items()
    }


def antichains(places: list[frozenset[str]]) -> list[tuple[frozenset[str], ...]]:
    sets = [chosen for size in range(len(places) + 1) for chosen in combinations(places, size)]
    return [chosen for chosen in sets if all(a.isdisjoint(b) for a, b in combinations(chosen, 2))]


@given(trees, words)
def test_no_set_of_places_explains_more_and_the_margin_is_what_the_next_best_lacks(
    tree: Tree, said: list[Word]
) -> None:
    by_home = dict(zip((service.usage_point for service in tree.services), said, strict=False))
    scores = scores_of(tree, by_home)
    sums = {chosen: sum(scores[place] for place in chosen) for chosen in antichains(list(scores))}

    found = locate(tree, by_home)

    best = max(sums.values())
    assert isclose(sum(scores[frozenset(place.homes)] for place in found), best, abs_tol=1e-9)
    for place in found:
        without = max((worth for chosen, worth in sums.items() if frozenset(place.homes) not in chosen), default=-inf)
        assert isclose(place.margin, best - without, abs_tol=1e-9)
