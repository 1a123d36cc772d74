"""How a thread of the cloud takes its turns: at once while there is something to do, else when woken or after a while.

Whoever adds work wakes it. Another process cannot, so it also looks by itself, every `idle_s()`.
"""

import threading
from collections.abc import Callable


class Turns:
    """Calls `turn` until told to stop."""

    def __init__(self, turn: Callable[[], object], idle_s: Callable[[], float]) -> None:
        """`turn` answers with something true where there may be more to do; `idle_s` is in machine seconds."""
        self._turn = turn
        self._idle_s = idle_s
        self._awake = threading.Event()

    def wake(self) -> None:
        """Take a turn at once. Safe from any thread."""
        self._awake.set()

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set; whoever sets it also calls `wake`."""
        while not stop.is_set():
            self._awake.clear()
            if not self._turn() and not stop.is_set():
                self._awake.wait(self._idle_s())
