"""Which entries of a profile to read for a stretch of time, where the meter does not select by time.

Entries are counted from 1, the oldest first. What comes in is how many there are and, after each read, the times of its
rows; what goes out is the next read, until every row of the stretch has been read. The first guess counts back from
now, one row a period, and is right unless rows are missing or extra; else single rows are looked at until the place is
found. A full buffer rolls while it is read: every row moves one place down, towards what has been read already, so that
a row may be read twice and none is passed over. Who reads drops what came twice, by its time.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from gateway.core.dlms.selection import Entries
from gateway.core.errors import Undecodable

MOST_ROWS = 256  # in one read
MAX_READS = 128  # a piece of a few rows at a time; who asks for more gets the rest with the next stretch
MAX_TRIES = 4
_FEWEST_ROWS = 8
_MAY_ROLL = 3  # rows that may be captured between two reads

Reads: TypeAlias = Generator[Entries, Sequence[datetime | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What is wanted: rows from `begin` to `until`, both included; `now` is when the newest row may be from."""

    begin: datetime
    until: datetime
    now: datetime
    period: timedelta

    def rows_until(self, instant: datetime) -> int:
        """How many rows lie between the beginning and an instant, where none is missing or extra."""
        return max(0, -((self.begin - instant) // self.period))

    @property
    def piece(self) -> int:
        """How many rows to read at once."""
        return min(MOST_ROWS, max(_FEWEST_ROWS, self.rows_until(self.until) + 2))


def entries_to_read(wanted: Stretch, in_use: int) -> Reads:
    """The reads, each answered with the times of its rows (None where a row does not tell); ends when all is read.

    Raises Undecodable where the beginning cannot be found.

    >>> noon = datetime(2026, 11, 21, 12)
    >>> hourly = Stretch(begin=noon - timedelta(hours=2), until=noon, now=noon, period=timedelta(hours=1))
    >>> reads = entries_to_read(hourly, in_use=960)
    >>> next(reads)
    Entries(first=957, last=960)
    """
    if not in_use:
        return
    first = max(1, in_use - 1 - wanted.rows_until(wanted.now))
    for _ in range(MAX_TRIES):
        last = min(in_use, first + wanted.piece - 1)
        newest, has_all = yield from _read(wanted, first, last, in_use)
        if has_all:
            break
        first = max(1, (yield from _entry_before(wanted.begin, in_use)) - _MAY_ROLL)
    else:
        raise Undecodable("the entries of the profile are in no order of time")
    for _ in range(MAX_READS):
        if newest is None or newest >= wanted.until or last == in_use:
            return
        # Some are read again: the buffer may have rolled.
        first = last + 1 - _MAY_ROLL
        last = min(in_use, first + wanted.piece - 1)
        newest, _ = yield from _read(wanted, first, last, in_use)


_Read: TypeAlias = Generator[Entries, Sequence[datetime | None], tuple[datetime | None, bool]]


def _read(wanted: Stretch, first: int, last: int, in_use: int) -> _Read:
    """Read these; the newest time among them, and whether no row of the stretch can lie before them."""
    stamps = [stamp for stamp in (yield Entries(first, last)) if stamp is not None]
    if not stamps:
        return None, first == 1
    has_begun = first == 1 or stamps[0] <= wanted.begin
    return max(stamps), has_begun and (last == in_use or stamps[-1] >= wanted.begin)


def _entry_before(begin: datetime, in_use: int) -> Generator[Entries, Sequence[datetime | None], int]:
    """The last entry from before `begin`, looked for one row at a time; 0 where there is none."""
    before, after = 0, in_use + 1
    while after - before > 1:
        middle = (before + after) // 2
        stamps = yield Entries(middle, middle)
        if stamps and stamps[0] is not None and stamps[0] <= begin:
            before = middle
        else:
            after = middle
    return before
