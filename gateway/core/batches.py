"""Load-profile rows into the events that carry them: one batch for each quantity and each unbroken run of periods.

A batch is small enough to sign, send and resend as one (`MAX_VALUES`), and it never bridges a gap: a value that is not
known is not sent, and nobody has to guess which one is missing.
`IntervalProgress` is how far a meter's load profile has been taken over; with it, what is read next is decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.core.reading import IntervalRow
from gateway.core.remembered import passing
from wire.events import IntervalReadings
from wire.instants import unix_ms
from wire.units import Quantity

MAX_VALUES = 192  # eight days of hours, two days of quarter-hours: under 1 kB signed
_MOST_ROWS = MAX_VALUES  # in one piece: 6 s at 9600 baud, 22 s at 2400; so long a verdict may wait for the line
_PERIOD_UNTIL_KNOWN_S = 900  # rows may be this close, and a piece too long for a session would never be done
_REFUSALS_TAKEN = 10
_CAPTURE_DELAY = timedelta(seconds=30)  # a meter's clock may lag ours, and it writes its row after its period
_SETTLED_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of the load profile to read: rows that end after `since` and no later than `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalProgress:
    """Every row that ends up to `through` has been taken over; the meter's rows are `period_s` long.

    `is_stalled`: the last piece asked for brought nothing new, so that there is no hurry for the next.
    `refusals`: how often in a row the meter did not give it.
    """

    through: datetime
    period_s: int = _PERIOD_UNTIL_KNOWN_S
    is_stalled: bool = passing(False)
    refusals: int = passing(0)

    def next_window(self, now: datetime) -> Window | None:
        """What to read next: a bounded piece of what is missing, oldest first; None while no new row can be there."""
        if now < self.through + timedelta(seconds=self.period_s) + _CAPTURE_DELAY:
            return None
        return Window(since=self.through, until=min(now, self.through + timedelta(seconds=_MOST_ROWS * self.period_s)))

    def is_behind(self, now: datetime) -> bool:
        """Whether more than the newest row is missing and can be had, as after the first start or a long silence."""
        return not self.is_stalled and now - self.through > timedelta(seconds=2 * self.period_s) + _CAPTURE_DELAY

    def after(
        self, window: Window, rows: Sequence[IntervalRow], now: datetime, *, is_refused: bool = False
    ) -> "IntervalProgress":
        """The progress once the rows of `window` are safe.

        A stretch the meter has no rows for is passed over once it is old; a fresh one may only be late. One that it
        does not give is asked for some times more first: it may be busy, and what is passed over is lost.
        """
        if is_refused and self.refusals + 1 < _REFUSALS_TAKEN:
            return replace(self, is_stalled=True, refusals=self.refusals + 1)
        through = max((row.ends_at for row in rows), default=self.through)
        if window.until < now - _SETTLED_AFTER:
            through = max(through, window.until)
        period_s = rows[-1].period_s if rows else self.period_s
        through = max(self.through, through)
        return IntervalProgress(through=through, period_s=period_s, is_stalled=through == self.through)


def batches(rows: Iterable[IntervalRow]) -> list[IntervalReadings]:
    """The batches that carry `rows`, which come oldest first."""
    by_quantity: dict[Quantity, list[tuple[IntervalRow, int]]] = {}
    for row in rows:
        for quantity, value in row.values:
            by_quantity.setdefault(quantity, []).append((row, value))
    return [batch for quantity, valued in by_quantity.items() for batch in _of_one_quantity(quantity, valued)]


def _of_one_quantity(quantity: Quantity, valued: list[tuple[IntervalRow, int]]) -> list[IntervalReadings]:
    runs: list[list[tuple[IntervalRow, int]]] = []
    for row, value in valued:
        if runs and len(runs[-1]) < MAX_VALUES and _follows(runs[-1][-1][0], row):
            runs[-1].append((row, value))
        else:
            runs.append([(row, value)])
    return [
        IntervalReadings.of(
            unix_ms(run[0][0].starts_at), run[0][0].period_s, quantity, tuple(value for _, value in run)
        )
        for run in runs
    ]


def _follows(before: IntervalRow, after: IntervalRow) -> bool:
    return after.period_s == before.period_s and after.starts_at == before.ends_at
