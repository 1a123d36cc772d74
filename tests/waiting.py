"""The one way a test waits: until a condition holds, or a deadline says what did not happen."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SURELY_S = 60.0
"""For what cannot be asked over and over, as the end of a thread: it is sure to come, on a busy machine late."""

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 0.1


def eventually(condition: Callable[[], T], *, deadline_s: float = SURELY_S, what: str = "") -> T:
    """Return the first truthy value of `condition`; fail after `deadline_s` machine seconds.

    The deadline is for what never happens; a busy machine may take its time. Only where how soon is what a test claims,
    it gives a deadline of its own, with room.

    What comes soon is seen soon; what takes long is asked for more and more seldom, for to ask takes the processor from
    what is waited for.
    """
    end, wait_s = time.monotonic() + deadline_s, _FIRST_WAIT_S
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {deadline_s:g} s: {what or condition}")
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, _LONGEST_WAIT_S)
