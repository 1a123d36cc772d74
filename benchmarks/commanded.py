"""A gateway's real commander, whose only order is to read a meter, and which counts how often it did."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.adapters.command_file import CommandFile
from gateway.adapters.journal import Journal
from gateway.core.arrival import Arrival
from gateway.core.command_rules import Answer, CommandRecord
from gateway.service.commander import Commander
from runtime.clock import Clock
from wire.commands import LONGEST_LIFE_MS, AuthorityKey, Command, ReadNow, Role
from wire.terms import CommandOutcome
from wire.topics import Kind

_ROOM: Final = 8  # fewer than the commander's queue holds, so that nothing is dropped unheard
_TURN_S: Final = 0.001
_END_WITHIN_S: Final = 10.0


class Commanded:
    """One gateway's commander in a thread of its own, while there is something to hear."""

    def __init__(self, journal: Journal, authority: Sequence[AuthorityKey], file: Path, clock: Clock) -> None:
        self.done = 0
        self._gateway = journal.gateway
        self._number = 0
        memory = CommandFile(file)
        memory.keep(CommandRecord(born_at_ms=0))  # as of a gateway that is older than every command here
        self._commander = Commander(
            gateway=journal.gateway,
            authority=authority,
            memory=memory,
            book=journal,
            orders={ReadNow: self._read},
            clock=clock,
            uncertainty_ms=1_000,
        )
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def next_command(self, now_ms: int) -> Command:
        """A command for this gateway that was not given yet."""
        self._number += 1
        return Command(
            gateway=self._gateway,
            number=self._number,
            not_before_ms=now_ms,
            expires_ms=now_ms + LONGEST_LIFE_MS,
            actor="operator",
            role=Role.OPERATOR,
            operation=ReadNow(meter="LMP00000001"),
        )

    def hear(self, payload: bytes) -> None:
        """This came on the topic of its commands."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._commander.run, args=(self._stop,), daemon=True)
            self._thread.start()
        self._wait_until_waiting(at_most=_ROOM)
        self._commander.hear(Arrival(kind=Kind.COMMAND, payload=payload))

    def end(self) -> None:
        """Go home once all that was heard is dealt with."""
        self._wait_until_waiting(at_most=0)
        self._stop.set()

    def settle(self) -> None:
        """Wait until it has gone home."""
        if self._thread is not None:
            self._thread.join(_END_WITHIN_S)
            self._thread = None

    def _wait_until_waiting(self, *, at_most: int) -> None:
        while self._commander.waiting > at_most:
            time.sleep(_TURN_S)

    def _read(self, _operation: ReadNow, _stop: threading.Event) -> Answer:
        self.done += 1
        return Answer(outcome=CommandOutcome.DONE, detail="read")
