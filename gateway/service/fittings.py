"""What the pipeline has on its desk about which meters it reads: told when one is fitted, or removed, and once.

The registry is read when the gateway starts, so a change in it is noticed then; a meter that names itself later is told
of in that moment. What was told stands in the journal, in one line.
"""

from collections.abc import Sequence
from datetime import datetime

from gateway.core.fitted import MAX_PROFILE_CHARS, Fitted, Roll, call
from gateway.core.outbox import Change, Entry
from gateway.core.remembered import Forgotten, recall, remember
from gateway.service.meter_desk import MeterDesk, subject_of
from gateway.service.ports import Book
from runtime import logs

log = logs.get(__name__)

FITTED = "fitted"  # under which name the journal stores what was told


class Fittings:
    """The meters, as the cloud was told of them. For the pipeline's thread alone."""

    def __init__(self) -> None:
        self._roll = Roll()
        self._called: tuple[Fitted, ...] | None = None

    def recall(self, book: Book) -> None:
        """Take up where the journal says this was left; raises JournalUnavailable."""
        line = book.recall(FITTED)
        try:
            self._roll = Roll() if line is None else recall(Roll, line)
        except Forgotten as forgotten:
            log.warning("conclusion_forgotten", kind=FITTED, reason=str(forgotten))

    def change(self, desks: Sequence[MeterDesk], now: datetime) -> Change:
        """What the journal must keep: nothing, at nearly every turn. It stays due until `adopt`."""
        meters = tuple(_fitted(desk) for desk in desks)
        if meters == self._called:
            return Change()
        roll, told = call(self._roll, meters, now)
        if roll == self._roll:
            self._called = meters
            return Change()
        entries = tuple(Entry(subject=subject, event=event) for subject, event in told)
        return Change(entries=entries, remembered={FITTED: remember(roll)})

    def adopt(self, change: Change) -> None:
        """The journal holds `change`."""
        if FITTED in change.remembered:
            self._roll = recall(Roll, change.remembered[FITTED])


def _fitted(desk: MeterDesk) -> Fitted:
    profile = "".join(filter(str.isprintable, desk.rules.profile.name))[:MAX_PROFILE_CHARS]
    return Fitted(number=desk.number, subject=subject_of(desk.standing.serial), profile=profile)
