"""What the pipeline has on its desk about the way to the cloud: what the forwarder saw last, and what follows.

The one place where those two threads meet. The forwarder writes whether it reaches the cloud's broker, the pipeline
looks at every turn; a moment's loss between two looks is none.
"""

from datetime import datetime, timedelta

from gateway.core import uplink
from gateway.core.outbox import Change, Entry
from gateway.core.remembered import Forgotten, recall, remember
from gateway.core.uplink import Step, UplinkSeen, UplinkState
from gateway.service.ports import Book
from runtime import logs

log = logs.get(__name__)

UPLINK = "uplink"  # under which name the journal stores what was concluded


class UplinkDesk:
    """The way to the cloud, as the pipeline knows it. All but `saw` is for the pipeline's thread alone."""

    def __init__(self, hold_off: timedelta) -> None:
        self._hold_off = hold_off
        self._seen: UplinkSeen | None = None
        self._state = UplinkState()
        self._stored: str | None = None

    def saw(self, seen: UplinkSeen) -> None:
        """The forwarder's word; only what is new counts, so that an absence dates from its beginning."""
        if self._seen is None or self._seen.up is not seen.up:
            self._seen = seen

    def recall(self, book: Book) -> None:
        """Take up where the journal says this was left; raises JournalUnavailable."""
        self._stored = book.recall(UPLINK)
        try:
            self._state = UplinkState() if self._stored is None else recall(UplinkState, self._stored)
        except Forgotten as forgotten:
            log.warning("conclusion_forgotten", kind=UPLINK, reason=str(forgotten))

    def conclude(self, is_supplied: bool | None, now: datetime) -> Step:
        """What follows from what was last seen; `is_supplied` is the supply sense."""
        return uplink.step(self._state, self._seen, is_supplied, now, self._hold_off)

    def change(self, concluded: Step) -> Change:
        """What the journal must keep for it: the gateway itself is the subject."""
        state, events = concluded
        line = remember(state)
        is_new = line != (self._stored or remember(UplinkState()))
        return Change(
            entries=tuple(Entry(subject="", event=event) for event in events),
            remembered={UPLINK: line} if is_new else {},
        )

    def adopt(self, concluded: Step, change: Change) -> None:
        """The journal holds `change`: go on from there."""
        self._state, _ = concluded
        self._stored = change.remembered.get(UPLINK, self._stored)
