"""How one meter's pushes stand: when one was last heard, which may be believed, what was refused and why.

A ciphered push carries a counter, and each number serves once for its sender under its key: what comes again is a
replay, and is refused. Only a counter whose tag was checked is remembered: any other may be anybody's, and would push
out the meter's own. Counters and refusals outlive the process; they are written with the readings that are kept, and
not for every push, since a card wears out. A gateway that is killed may take a push of its last minute a second time.

Pushes have stopped when three in a row are missing. How often a meter pushes its profile says; one that is slower is
learnt from two pauses that are alike.

>>> from datetime import UTC, datetime
>>> at = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
>>> pushes = Pushes().heard(at)
>>> ten = timedelta(seconds=10)
>>> [pushes.is_live(at + timedelta(seconds=s), ten) for s in (30, 31)]
[True, False]
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.dlms.push.pushed import Protection, Push
from wire.units import Quantity

REPLAYED = "replayed"
OTHER_METER = "other-meter"
NAMELESS = "nameless"
UNPROVED_GASP = "unproved-last-gasp"
MISSED = 3
MOST_REASONS = 16
_MOST_SENDERS = 4
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPush:
    """A push as it was heard: `sender` is who ciphered it, with which key; `is_own_line` where no other speaks."""

    push: Push
    heard_at: datetime
    sender: str
    is_own_line: bool

    @property
    def is_authenticated(self) -> bool:
        """Whether it proves who sent it."""
        protection = self.push.protection
        return protection is Protection.CHECKED or (protection is Protection.NONE and self.is_own_line)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRecord:
    """What outlives the process: the newest push that was kept, the counters by sender, and the refusals by reason."""

    kept_at: datetime | None = None
    is_authenticated: bool = True
    counters: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushes:
    """The same as it stands now, and what only this process knows: `record` is what was written last."""

    record: PushRecord = PushRecord()
    since: datetime | None = None  # when this process began to listen
    heard_at: datetime | None = None
    pauses: tuple[timedelta, ...] = ()  # between the last three pushes
    counters: tuple[tuple[str, int], ...] = ()
    refused: tuple[tuple[str, int], ...] = ()
    kept: tuple[tuple[Quantity, datetime], ...] = ()
    held: HeardPush | None = None  # what a weak check vouches for, until the next one agrees
    written_at: datetime | None = None
    silence_told_at: datetime | None = None

    @classmethod
    def of(cls, record: PushRecord | None, now: datetime) -> "Pushes":
        """As a process begins."""
        record = record or PushRecord()
        return cls(record=record, since=now, counters=record.counters, refused=record.refused, written_at=now)

    def heard(self, at: datetime) -> "Pushes":
        """One more push has come."""
        pauses = self.pauses if self.heard_at is None else (*self.pauses, min(at - self.heard_at, _LONGEST_PAUSE))[-2:]
        return replace(self, heard_at=at, pauses=pauses, silence_told_at=None)

    def interval(self, promised: timedelta) -> timedelta:
        """From one push to the next."""
        return max(promised, min(self.pauses)) if len(self.pauses) > 1 else promised

    def is_live(self, now: datetime, promised: timedelta) -> bool:
        """Whether pushes come."""
        return self.heard_at is not None and now - self.heard_at <= MISSED * self.interval(promised)

    def is_silence_due(self, now: datetime, promised: timedelta) -> bool:
        """Whether the silence of a meter that only pushes is to be told: when it began, and with each push missing."""
        last = self.silence_told_at
        if last is not None:
            return now - last >= self.interval(promised)
        since = self.heard_at or self.since
        return since is not None and now - since > MISSED * self.interval(promised)

    def is_replay(self, heard: HeardPush) -> bool:
        """Whether its counter has served its sender before."""
        counter = heard.push.counter
        return counter is not None and counter <= dict(self.counters).get(heard.sender, -1)

    def counted(self, heard: HeardPush) -> "Pushes":
        """Its counter has served, where its tag vouches for it; of the senders the latest few are remembered."""
        if heard.push.counter is None or heard.push.protection is not Protection.CHECKED:
            return self
        others = tuple(pair for pair in self.counters if pair[0] != heard.sender)
        return replace(self, counters=(*others, (heard.sender, heard.push.counter))[-_MOST_SENDERS:])

    def refusing(self, reason: str, count: int = 1) -> "Pushes":
        """So many more were refused for this reason."""
        return replace(self, refused=added(self.refused, reason, count))

    def is_due(self, quantities: Iterable[Quantity], at: datetime, every: timedelta) -> bool:
        """Whether one of these was last kept so long ago."""
        kept = dict(self.kept)
        return any(quantity not in kept or at - kept[quantity] >= every for quantity in quantities)

    def keeping(self, quantities: Iterable[Quantity], at: datetime) -> "Pushes":
        """These are kept."""
        return replace(self, kept=tuple((dict(self.kept) | dict.fromkeys(quantities, at)).items()))

    def written(self, now: datetime, *, kept_at: datetime | None = None, is_authenticated: bool = True) -> "Pushes":
        """With a record of how things stand; of the newest push, too, where one is kept."""
        record = replace(self.record, counters=self.counters, refused=self.refused)
        if kept_at is not None:
            record = replace(record, kept_at=kept_at, is_authenticated=is_authenticated)
        return replace(self, record=record, written_at=now)


def added(refused: tuple[tuple[str, int], ...], reason: str, count: int = 1) -> tuple[tuple[str, int], ...]:
    """The refusals with so many more of this reason; reasons beyond a bound are counted together.

    >>> added((("replayed", 2),), "replayed")
    (('replayed', 3),)
    """
    counts = dict(refused)
    name = str(reason) if reason in counts or len(counts) < MOST_REASONS else "other"  # some are enumerations
    return tuple(sorted((counts | {name: counts.get(name, 0) + count}).items()))
