"""Killed and started again after any rows, a home's bank tells the same, with the same scores to the last bit."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes_consumption import DAY_H, Watched, home, more, nothing

# The usual, a heating that doubles the days, its end, an empty home, one wild hour: everything a bank can say.
STORY = more(nothing(more(home(80, seed=3), 62 * DAY_H + 7, 4 * DAY_H, 650.0), 70 * DAY_H, 30), 77 * DAY_H, 1, 9_000.0)
SEEN_BEFORE_H = 60 * DAY_H
START = Watched().see(STORY[:SEEN_BEFORE_H])
UNDISTURBED = Watched(bank=START.bank, began_at_s=START.began_at_s).see(STORY[SEEN_BEFORE_H:])


def test_the_story_has_everything_in_it() -> None:
    assert len({event.kind for event in UNDISTURBED.told}) == 3


@settings(max_examples=12)
@given(kills=st.sets(st.integers(1, len(STORY) - SEEN_BEFORE_H - 1), min_size=1, max_size=12))
def test_killed_after_any_rows_it_tells_the_same_with_the_same_scores(kills: set[int]) -> None:
    watched = Watched(bank=START.bank, began_at_s=START.began_at_s)
    cuts = [0, *sorted(kills), len(STORY) - SEEN_BEFORE_H]

    for begin, end in pairwise(cuts):
        watched.see(STORY[SEEN_BEFORE_H + begin : SEEN_BEFORE_H + end])
        watched.restart()

    assert watched.told == UNDISTURBED.told
    assert watched.scores == UNDISTURBED.scores
    assert watched.bank == UNDISTURBED.bank


@settings(max_examples=12)
@given(gaps=st.sets(st.integers(0, len(STORY) - SEEN_BEFORE_H - 1), max_size=300), quarters=st.booleans())
def test_whatever_is_missing_nothing_breaks_and_every_score_is_a_number(gaps: set[int], quarters: bool) -> None:
    hours = [None if number in gaps else wh for number, wh in enumerate(STORY[SEEN_BEFORE_H:])]
    watched = Watched(bank=START.bank, began_at_s=START.began_at_s).see(hours)

    assert all(0.0 <= score < 1e6 for scores in watched.scores for score in scores.values())
    assert all(event.began_at_ms < event.noticed_at_ms for event in watched.told)
