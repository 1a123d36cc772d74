"""Sees every hour that the certificates of the broker and of ingest last, and lets the broker read new ones.

A gateway asks for its own next certificate; nobody asks for these two, so the cloud looks after them as long as it
runs, and each start of the broker does too. A broker on another machine is carried its new files by a person; the log
says from when on.
"""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from cloud.broker.folder import BrokerFolder
from cloud.kernel.turns import Turns
from runtime import logs
from runtime.clock import Clock

_EVERY_S: Final = 3_600.0

log = logs.get(__name__)


class Tender:
    """The loop that looks after the cloud's own certificates."""

    def __init__(self, *, tend: Callable[[datetime], bool], broker: BrokerFolder, clock: Clock) -> None:
        """`tend` writes what is due and says whether there was any."""
        self._tend = tend
        self._broker = broker
        self._clock = clock
        self._turns = Turns(self._turn, lambda: _EVERY_S)

    def wake(self) -> None:
        """Look at once; whoever told `run` to stop calls it too. Safe from any thread."""
        self._turns.wake()

    def run(self, stop: threading.Event) -> None:
        """Look and wait until told to stop. Raises: EnvironmentRefused when a certificate cannot be written."""
        self._turns.run(stop)

    def _turn(self) -> None:
        if self._tend(self._clock.now()):
            log.info("own_certificates_renewed", broker_told=self._broker.tell_running_broker())
