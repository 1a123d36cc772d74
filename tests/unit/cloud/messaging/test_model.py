"""A message makes the moves of the table and no other."""

from datetime import timedelta
from itertools import product

import pytest

from cloud.messaging.model import TURNS, NoSuchTurn, State, Turn, after, pause_before

FIRST, LONGEST = timedelta(seconds=5), timedelta(minutes=10)


def test_what_is_delivered_held_overtaken_or_withheld_stays_so() -> None:
    ends = {State.DELIVERED, State.HELD, State.OVERTAKEN, State.WITHHELD}

    assert {state for state, _ in TURNS}.isdisjoint(ends)


def test_only_a_claimed_message_is_ever_sent() -> None:
    assert {before for (before, _), then in TURNS.items() if then is State.SENDING} == {State.QUEUED}


def test_an_unknown_message_goes_back_into_the_queue_only_when_it_is_absent_or_a_person_says_so() -> None:
    back = {turn for (before, turn), then in TURNS.items() if (before, then) == (State.UNKNOWN, State.QUEUED)}

    assert back == {Turn.ABSENT, Turn.SENT_AGAIN}


@pytest.mark.parametrize(("state", "turn"), sorted(set(product(State, Turn)) - set(TURNS)))
def test_any_other_move_is_refused(state: State, turn: Turn) -> None:
    with pytest.raises(NoSuchTurn, match=f"a message that is {state}"):
        after(state, turn)


@pytest.mark.parametrize(("attempt", "pause_s"), [(1, 5), (2, 5), (3, 10), (4, 20), (8, 320), (9, 600), (10_000, 600)])
def test_pauses_double_up_to_a_limit(attempt: int, pause_s: int) -> None:
    assert pause_before(attempt, FIRST, LONGEST) == timedelta(seconds=pause_s)
