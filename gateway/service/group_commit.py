"""The journal as the pipeline writes it: alarms at once, readings in groups.

A commit costs a memory card some pages, however little is in it, and thirty meters read by the minute are a commit
every other second. What a meter would tell again (`Change.can_wait`: readings and how far they were taken over, but
never an alarm) is therefore held for a moment, and goes with the next change that cannot wait, or when its time is
over. Until then it is not sealed, not sent and not durable: a power cut forgets it whole, progress and all, and the
meter is read again.

What was held counts as kept: whoever handed it in goes on from there. So it is held until the journal really has it; a
journal that is short of room and refuses it gets no more to hold, and says so to whoever asks next.
"""

import itertools
from collections.abc import Sequence

from gateway.core.errors import JournalUnavailable
from gateway.core.outbox import Change
from gateway.service.ports import Journaling
from runtime.clock import Clock
from wire.events import LaneHead
from wire.terms import Lane

MOST_HELD_EVENTS = 256


class GroupCommit:
    """A `Book` before a journal; for one thread."""

    def __init__(self, journal: Journaling, clock: Clock, *, longest_s: float) -> None:
        self._journal = journal
        self._clock = clock
        self._longest_s = longest_s
        self._held: list[Change] = []
        self._since_s = 0.0
        self._is_stuck = False

    @property
    def boot(self) -> int:
        """How often the gateway has started, this time included."""
        return self._journal.boot

    def commit(self, *changes: Change) -> tuple[bool, ...]:
        """Keep the changes together, at once or soon; for each, whether it is kept.

        Raises JournalUnavailable: none of them was kept.
        """
        if self._can_hold(changes):
            self.settle()
            if not self._held:
                self._since_s = self._clock.monotonic()
            self._held += changes
            return (True,) * len(changes)
        try:
            return self._commit_with_held(changes)
        except JournalUnavailable:
            if not self._held:
                raise
            self._is_stuck = True
            return self._journal.commit(*changes)  # an alarm finds room where a group of readings does not

    def settle(self) -> None:
        """Make durable what has been held long enough. Raises JournalUnavailable: it is held on."""
        if self._held and (self._is_stuck or self._clock.monotonic() - self._since_s >= self._longest_s):
            self._commit_with_held(())

    def finish(self) -> None:
        """Make durable what is held, now. Raises JournalUnavailable."""
        if self._held:
            self._commit_with_held(())

    def recall(self, name: str) -> str | None:
        """The line last stored under `name`. Raises JournalUnavailable."""
        held = (change.remembered[name] for change in reversed(self._held) if name in change.remembered)
        return next(held, None) or self._journal.recall(name)

    def heads(self) -> tuple[LaneHead, ...]:
        """How far each lane has come, durably."""
        return self._journal.heads()

    def waiting(self) -> int:
        """How many events no receipt covers yet."""
        return self._journal.waiting()

    def _can_hold(self, changes: Sequence[Change]) -> bool:
        events = sum(len(change.entries) for change in itertools.chain(self._held, changes))
        return (
            self._longest_s > 0
            and not self._is_stuck
            and events <= MOST_HELD_EVENTS
            and all(_may_wait(change) for change in changes)
        )

    def _commit_with_held(self, changes: Sequence[Change]) -> tuple[bool, ...]:
        """What is held first, since it was first; what of it is refused is held on."""
        kept = self._journal.commit(*self._held, *changes)
        held = len(self._held)
        self._held = [change for change, is_kept in zip(self._held, kept[:held], strict=True) if not is_kept]
        self._is_stuck = bool(self._held)
        return kept[held:]


def _may_wait(change: Change) -> bool:
    """Whether it is empty, or can be made again and holds no alarm."""
    if not change.entries and not change.remembered:
        return True
    return change.can_wait and all(entry.event.lane is not Lane.ALARM for entry in change.entries)
