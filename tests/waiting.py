"""The one way a test waits: until a condition holds, or a deadline says what did not happen."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(condition: Callable[[], T], *, deadline_s: float = 10.0, what: str = "") -> T:
    """Return the first truthy value of `condition`; fail after `deadline_s` machine seconds."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {deadline_s:g} s: {what or condition}")
        time.sleep(0.02)
