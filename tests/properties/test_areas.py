"""Laws of outages on the tree, whatever becomes known of the homes, and in whatever order."""

from hypothesis import given
from hypothesis import strategies as st

from cloud.outages.area_model import SETTLED, Standing
from tests.fakes_areas import Feeder
from tests.fakes_feeder import random_tree

HOMES = [f"UP-{n}" for n in range(8)]
trees = st.builds(random_tree, st.integers(0, 10_000), st.integers(1, 5), st.just(len(HOMES)))
some_homes = st.lists(st.sampled_from(HOMES), min_size=1, unique=True)
doings = st.tuples(st.sampled_from(("out", "back", "withdrawn", "silent")), st.sampled_from(HOMES))
stories = st.lists(st.tuples(doings, st.sampled_from((1, 30, 70, 400))), max_size=14)


def final(feeder: Feeder) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """The open outages, whatever they are called."""
    return {(outage.device, tuple(sorted(feeder.standings(outage.number).items()))) for outage in feeder.open}


def live(feeder: Feeder, story: list[tuple[tuple[str, str], int]]) -> Feeder:
    now_s = 0
    for (doing, home), pause_s in story:
        now_s += pause_s
        match doing:
            case "out":
                feeder.out(home, since_s=now_s, case=now_s)
            case "back":
                feeder.back(home, at_s=now_s)
            case "withdrawn":
                feeder.withdrawn(home)
            case _:
                feeder.know(home, has_gateway=False)
        feeder.survey(now_s)
    return feeder


@given(trees, some_homes, st.randoms(use_true_random=False))
def test_the_order_of_news_does_not_matter(tree, lost, random) -> None:
    at_once = Feeder(tree).out(*lost).survey(60)
    one_by_one = Feeder(tree)

    for second, home in enumerate(random.sample(lost, len(lost))):
        one_by_one.out(home).survey(second)

    assert final(one_by_one.survey(60)) == final(at_once)


@given(trees, some_homes, st.data(), st.randoms(use_true_random=False))
def test_neither_does_the_order_of_returns(tree, lost, data, random) -> None:
    returned = data.draw(st.lists(st.sampled_from(lost), unique=True))
    at_once = Feeder(tree).out(*lost).survey(60).back(*returned, at_s=600).survey(665)
    one_by_one = Feeder(tree).out(*lost).survey(60)

    for second, home in enumerate(random.sample(returned, len(returned))):
        one_by_one.back(home, at_s=600).survey(660 + second)

    assert final(one_by_one.survey(2_000)) == final(at_once.survey(2_000))


@given(trees, stories)
def test_every_home_that_is_out_is_out_in_one_open_outage_and_nobody_else_is(tree, story) -> None:
    feeder = live(Feeder(tree), story)

    members = [member for outage in feeder.open for member in outage.of(Standing.OUT)]
    out = [home.usage_point for home in feeder.homes.values() if home.out_since is not None]
    assert sorted(member.usage_point for member in members) == sorted(out)


@given(trees, stories)
def test_nobody_is_asked_or_told_twice_of_one_outage_nor_before_somebody_is_back(tree, story) -> None:
    feeder = live(Feeder(tree), story).survey(10_000)

    spoken = [(line.number, line.mark, line.usage_point) for line in feeder.lines if line.usage_point]
    assert len(spoken) == len(set(spoken))
    for number, _, _ in spoken:
        outage = feeder.outages[number]
        outer = feeder.outages[outage.within or number]
        assert outage.first_back_at is not None or outer.first_back_at is not None


@given(trees, stories)
def test_an_outage_is_closed_only_when_nothing_of_it_is_open(tree, story) -> None:
    feeder = live(Feeder(tree), story).survey(10_000)

    for outage in feeder.outages.values():
        is_dismissed = outage.first_back_at is None
        awaited = [
            member
            for member in outage.members
            if member.standing is Standing.OUT
            or (member.standing not in SETTLED and feeder.homes[member.usage_point].has_gateway)
        ]
        assert outage.is_open or is_dismissed or not awaited
        assert awaited or not outage.is_open
