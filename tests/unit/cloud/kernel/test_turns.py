"""A thread's turns: at once while there is something to do, woken by whoever adds work, ended when told."""

import threading
from collections.abc import Callable

from cloud.kernel.turns import Turns
from tests.waiting import SURELY_S

LONG_S = 10 * SURELY_S


def in_a_thread(turns: Turns, stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=turns.run, args=(stop,), daemon=True)
    thread.start()
    return thread


def ends(thread: threading.Thread) -> bool:
    thread.join(timeout=SURELY_S)
    return not thread.is_alive()


def countdown(left: int, stop: threading.Event) -> tuple[list[int], Callable[[], bool]]:
    """A turn with something to do `left` times, which then stops; and what it did."""
    done: list[int] = []

    def turn() -> bool:
        done.append(len(done))
        if len(done) == left:
            stop.set()
        return True

    return done, turn


def test_while_there_is_something_to_do_no_turn_waits() -> None:
    stop = threading.Event()
    done, turn = countdown(5, stop)

    thread = in_a_thread(Turns(turn, lambda: LONG_S), stop)

    assert ends(thread)
    assert done == [0, 1, 2, 3, 4]


def test_whoever_wakes_it_does_not_wait_for_the_next_look() -> None:
    stop, took = threading.Event(), threading.Semaphore(0)
    turns = Turns(took.release, lambda: LONG_S)
    thread = in_a_thread(turns, stop)
    assert took.acquire(timeout=SURELY_S)

    turns.wake()
    looked_again = took.acquire(timeout=SURELY_S)
    stop.set()
    turns.wake()

    assert looked_again
    assert ends(thread)


def test_unwoken_it_looks_by_itself() -> None:
    stop, took = threading.Event(), threading.Semaphore(0)
    thread = in_a_thread(Turns(took.release, lambda: 0.001), stop)

    looked = [took.acquire(timeout=SURELY_S) for _ in range(2)]
    stop.set()

    assert looked == [True, True]
    assert ends(thread)


def test_work_added_during_a_turn_is_not_slept_over() -> None:
    stop = threading.Event()
    seen: list[int] = []

    def turn() -> None:
        seen.append(1)
        if len(seen) == 1:
            turns.wake()
        else:
            stop.set()
            turns.wake()

    turns = Turns(turn, lambda: LONG_S)

    thread = in_a_thread(turns, stop)

    assert ends(thread)
    assert len(seen) == 2


def test_told_to_stop_before_it_began_it_takes_no_turn() -> None:
    stop = threading.Event()
    stop.set()
    done, turn = countdown(1, stop)

    Turns(turn, lambda: LONG_S).run(stop)

    assert done == []
