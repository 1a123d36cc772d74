"""Who may speak on a line that meters share."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.service.line_turns import MOST_PASSED_OVER, LineTurns
from tests.waiting import SURELY_S, eventually


class Waiters:
    """Threads that ask for a turn one after the other, and note when theirs has come."""

    def __init__(self) -> None:
        self.turns = LineTurns()
        self.stop = threading.Event()
        self.had_turns: list[str] = []
        self._threads: list[threading.Thread] = []

    def ask(self, name: str, *, is_urgent: bool = False) -> None:
        """A thread asks, and waits when this returns."""

        def wait() -> None:
            with self.turns.turn(self.stop, lambda: is_urgent) as has_turn:
                self.had_turns += [name] if has_turn else []

        thread = threading.Thread(target=wait)
        self._threads.append(thread)
        thread.start()
        eventually(lambda: self.turns.waiting == len(self._threads))

    def end(self) -> None:
        for thread in self._threads:
            thread.join(SURELY_S)
        assert not any(thread.is_alive() for thread in self._threads)


@pytest.fixture
def waiters() -> Waiters:
    return Waiters()


@contextmanager
def taken(waiters: Waiters) -> Iterator[None]:
    """Somebody else speaks."""
    with waiters.turns.turn(threading.Event(), lambda: False) as has_turn:
        assert has_turn
        yield
    waiters.end()


def test_turns_are_given_in_the_order_of_asking(waiters: Waiters) -> None:
    with taken(waiters):
        for name in "abc":
            waiters.ask(name)

    assert waiters.had_turns == ["a", "b", "c"]


def test_nobody_speaks_while_another_does(waiters: Waiters) -> None:
    with taken(waiters):
        waiters.ask("a")
        meanwhile = list(waiters.had_turns)

    assert meanwhile == []
    assert waiters.had_turns == ["a"]


def test_a_meter_whose_verdict_waits_goes_first(waiters: Waiters) -> None:
    with taken(waiters):
        waiters.ask("routine")
        waiters.ask("verdict", is_urgent=True)

    assert waiters.had_turns == ["verdict", "routine"]


def test_nobody_is_passed_over_for_ever(waiters: Waiters) -> None:
    urgent = [f"verdict {number}" for number in range(MOST_PASSED_OVER + 2)]
    with taken(waiters):
        waiters.ask("routine")
        for name in urgent:
            waiters.ask(name, is_urgent=True)

    assert waiters.had_turns.index("routine") == MOST_PASSED_OVER


def test_waiting_ends_when_the_gateway_is_to_stop(waiters: Waiters) -> None:
    with taken(waiters):
        waiters.ask("a")
        waiters.stop.set()
        waiters.end()

    assert waiters.had_turns == []


def test_a_turn_that_ends_badly_is_given_back(waiters: Waiters) -> None:
    with pytest.raises(ZeroDivisionError), waiters.turns.turn(waiters.stop, lambda: False):
        raise ZeroDivisionError

    with waiters.turns.turn(waiters.stop, lambda: False) as has_turn:
        assert has_turn
