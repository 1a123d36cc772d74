"""Whether a row is too large for the broker, where the broker does not say so: found out by trial, on proof alone.

A broker that speaks MQTT 5 may name its limit. Others cut the connection at a message they hold too large, and cut the
next one at the same message, for ever; or they acknowledge it and throw it away. What is behind it in its lane waits.
A row is given up as too large for either of two findings, and for nothing else:

    cut         The connection broke with the row under way: a doubt. On the next one everything else goes first, and
                the row goes alone, when all else is acknowledged and the connection has stood for a second. If it
                breaks then, before the row is acknowledged, four times in a row, it was the row.
    swallowed   It was sent eight times on one connection without a receipt, and meanwhile receipts came for other
                lanes, for smaller rows only.

Anything else clears the doubt: the row is acknowledged or receipted, as large a one got through, the connection broke
before its turn, or it was not settled in time (a line that loses acknowledgements). Alarms and small rows are never
doubted; no broker that is of use refuses those. What was proved of one row holds for an hour for any as large: then it
is tried anew, since somebody may have mended the broker.

>>> big = OutboxRow(lane=Lane.READINGS, seq=7, envelope=bytes(9_000))
>>> doubt, now_s = SizeDoubt(), 0
>>> for _ in range(5):
...     doubt.began(now_s)
...     went = doubt.allowed([big], now_s, is_quiet=True), doubt.allowed([big], now_s + 2, is_quiet=True)
...     proven = doubt.broke([big], now_s + 3)
...     now_s += 5
...     print(*(len(rows) for rows in went), proven is big)
1 1 False
0 1 False
0 1 False
0 1 False
0 1 True
>>> doubt.is_too_large(bytes(9_000), now_s), doubt.is_too_large(bytes(8_999), now_s)
(True, False)
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.outbox import OutboxRow
from wire.terms import Lane

LEAST_BYTES = 1_024
_SETTLED_S = 1.0
_SETTLES_WITHIN_S = 10.0
_CUT_TIMES = 4
_CUT_WITHIN_S = 5.0  # a broker reads the length first; a slow line takes its time for the rest
_SWALLOWED_TIMES = 8
_RECEIPTS_ELSEWHERE = 2
_HOLDS_S = 3_600.0


@dataclass(slots=True)
class _Elsewhere:
    """What other lanes got through while one row led its own."""

    leader: OutboxRow
    rows: int = 0
    largest_bytes: int = 0


class SizeDoubt:
    """What is doubted of the rows that wait; it outlives a connection."""

    def __init__(self) -> None:
        self._suspect: OutboxRow | None = None
        self._cuts = 0
        self._began_s = 0.0
        self._alone_since_s: float | None = None
        self._limit: tuple[int, float] | None = None
        self._waiting: Sequence[OutboxRow] = ()
        self._elsewhere: dict[Lane, _Elsewhere] = {}

    @property
    def is_raised(self) -> bool:
        """Whether a row is on trial."""
        return self._suspect is not None

    def began(self, now_s: float) -> None:
        """A connection stands."""
        self._began_s, self._alone_since_s = now_s, None
        self._elsewhere.clear()

    def is_too_large(self, envelope: bytes, now_s: float) -> bool:
        """Whether a message as large was proved too large, not long ago."""
        return self._limit is not None and now_s < self._limit[1] and len(envelope) >= self._limit[0]

    def allowed(self, window: Sequence[OutboxRow], now_s: float, *, is_quiet: bool) -> list[OutboxRow]:
        """The rows of the window that may go now, in its order.

        Args:
            window: the oldest rows of each lane that wait, as they stand now.
            is_quiet: the broker has acknowledged everything it was handed.
        """
        self._waiting = window
        self._notice_leaders(window)
        suspect = self._suspect
        if suspect is not None and self._is_cleared(suspect, now_s, is_quiet=is_quiet):
            self._clear()
            suspect = None
        if suspect is None:
            return list(window)
        if self._alone_since_s is None and is_quiet and now_s - self._began_s >= _SETTLED_S:
            self._alone_since_s = now_s
        goes = self._alone_since_s is not None
        return [row for row in window if _is_unlike(row, suspect) or (goes and _place(row) == _place(suspect))]

    def broke(self, under_way: Sequence[OutboxRow], now_s: float) -> OutboxRow | None:
        """The connection broke with these rows under way; the row that is now proved to be the reason, if one is."""
        suspect, alone_since_s = self._suspect, self._alone_since_s
        if suspect is None or alone_since_s is None:
            self._clear()
            self._suspect = max(filter(_is_doubtful, under_way), key=lambda row: len(row.envelope), default=None)
            return None
        self._cuts += 1
        if self._cuts < _CUT_TIMES:
            return None
        return self._proved(suspect, now_s)

    def proves_swallowed(self, row: OutboxRow, times: int, now_s: float) -> bool:
        """Whether a row at the front of its lane, sent so many times on this connection, is proved to be swallowed."""
        elsewhere = self._elsewhere.get(row.lane)
        if elsewhere is None or elsewhere.leader.seq != row.seq or not _is_doubtful(row):
            return False
        enough = times >= _SWALLOWED_TIMES and elsewhere.rows >= _RECEIPTS_ELSEWHERE
        if not enough or elsewhere.largest_bytes >= len(row.envelope):
            return False
        self._proved(row, now_s)
        return True

    def receipted(self, lane: Lane, seq: int) -> None:
        """The cloud has the lane up to `seq`: it speaks against a doubt about anything as small."""
        through = [row for row in self._waiting if row.lane is lane and row.seq <= seq]
        self._waiting = [row for row in self._waiting if row.lane is not lane or row.seq > seq]
        largest_bytes = max((len(row.envelope) for row in through), default=0)
        if self._suspect is not None and largest_bytes >= len(self._suspect.envelope):
            self._clear()
        for other, seen in self._elsewhere.items():
            if other is not lane:
                seen.rows += len(through)
                seen.largest_bytes = max(seen.largest_bytes, largest_bytes)

    def _notice_leaders(self, window: Sequence[OutboxRow]) -> None:
        """Count anew what other lanes get through, wherever another row leads its lane than before."""
        leaders = {row.lane: row for row in reversed(window)}
        for lane, leader in leaders.items():
            seen = self._elsewhere.get(lane)
            if seen is None or seen.leader.seq != leader.seq:
                self._elsewhere[lane] = _Elsewhere(leader)

    def _is_cleared(self, suspect: OutboxRow, now_s: float, *, is_quiet: bool) -> bool:
        """Whether it waits no longer, was acknowledged, or cannot be tried on a line like this."""
        if _place(suspect) not in map(_place, self._waiting):
            return True
        if self._alone_since_s is None:
            return now_s - self._began_s >= _SETTLES_WITHIN_S
        return now_s > self._alone_since_s and (is_quiet or now_s - self._alone_since_s >= _CUT_WITHIN_S)

    def _proved(self, row: OutboxRow, now_s: float) -> OutboxRow:
        self._limit = len(row.envelope), now_s + _HOLDS_S
        self._clear()
        return row

    def _clear(self) -> None:
        self._suspect, self._cuts, self._alone_since_s = None, 0, None


def _place(row: OutboxRow) -> tuple[Lane, int]:
    return row.lane, row.seq


def _is_doubtful(row: OutboxRow) -> bool:
    return row.lane is not Lane.ALARM and len(row.envelope) >= LEAST_BYTES


def _is_unlike(row: OutboxRow, suspect: OutboxRow) -> bool:
    """Whether a row may go before the suspect: not behind it in its lane, and nothing that could be the reason, too."""
    if row.lane is suspect.lane:
        return row.seq < suspect.seq
    return row.lane is Lane.ALARM or len(row.envelope) < len(suspect.envelope)
