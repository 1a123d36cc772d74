"""The order to take another key: made and announced while the gateway runs, under the journal's lock.

The answer itself is the first thing but the announcement that the new key may sign; the cloud reads it once it has
followed.
"""

import threading
from collections.abc import Callable

from gateway.core.command_rules import Answer
from wire.commands import RotateKey
from wire.terms import CommandOutcome


class KeyOrders:
    """What the commander does about keys."""

    def __init__(self, change: Callable[[], tuple[str, int]]) -> None:
        """`change` gives the new key's id and the alarm that announces it, or raises: then the old one goes on."""
        self._change = change

    def rotate(self, _order: RotateKey, _stop: threading.Event) -> Answer:
        """Sign with a new key from now on."""
        key_id, alarm = self._change()
        said = f"key {key_id} signs what comes after alarm {alarm}"
        return Answer(outcome=CommandOutcome.DONE, detail=said)
