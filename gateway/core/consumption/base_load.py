"""The quiet hours above what is usual: something new that never switches off, such as a freezer or a leaking boiler.

The base load of a day is its fourth lowest hour: low enough that nobody cooks in it, and not the lowest, which a power
cut or a clock change may have made. As each day ends it is held against what is usual, and a one-sided sum of the days
reaches its line after three at the earliest. A rise too small to matter on a bill is none.
"""

from dataclasses import dataclass, replace
from math import log
from typing import ClassVar

from gateway.core.consumption.channel import DAY_H, Account, Maturity, Moment
from gateway.core.consumption.level import Level, Rise
from wire.terms import UseKind

_PLACE = 3  # the fourth lowest
_LEAST_KNOWN_H = 20
_MEMORY_DAYS = 28.0
_SETTLED_DAYS = 7
_LEAST_SHARE, _LEAST_SPREAD_WH = 0.12, 10.0
_SLACK, _MOST, _DAY_MOST = 1.0, 10.0, 3.0
_LINES = {Maturity.NEW: 7.0, Maturity.LEARNING: 7.0, Maturity.LEARNED: 5.0}
_LEAST_RATIO = log(1.4)
_LEAST_RISE_WH = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLoad:
    """What the quiet hours usually draw, and for how long they have drawn more.

    >>> from gateway.core.consumption.hours import HourUse
    >>> channel, scores = BaseLoad(usual=Level(mean=120.0, variance=225.0, count=60)), []
    >>> for day, base_wh in enumerate((130.0, 240.0, 250.0, 245.0)):
    ...     hour = HourUse(starts_at_s=day * 86_400 + 82_800, energy_wh=base_wh, hour=23, is_weekend=False)
    ...     channel, score = channel.look(Moment(hour=hour, day_wh=(base_wh,) * 24, maturity=Maturity.LEARNED))
    ...     scores.append(round(score, 2))
    >>> scores
    [0.0, 0.4, 0.8, 1.2]
    """

    kind: ClassVar[UseKind] = UseKind.BASE_LOAD
    period_s: ClassVar[int] = 3_600
    usual: Level = Level()
    base_wh: float = 0.0  # of the last day that ended
    above: Rise = Rise()

    def look(self, moment: Moment) -> "tuple[BaseLoad, float | None]":
        """Score, as a day ends: the sum over the line, or how far the rise is from one that matters."""
        base_wh = _base_wh(moment.day_wh) if moment.ends_day else None
        if base_wh is None:
            return self, None
        if self.usual.count < _SETTLED_DAYS:
            return replace(self, base_wh=base_wh), None
        mean = self.usual.mean
        off = (base_wh - mean) / max(self.usual.spread, _LEAST_SHARE * mean, _LEAST_SPREAD_WH)
        began_at_s = moment.hour.ends_at_s - DAY_H * self.period_s
        above = self.above.grown(min(off, _DAY_MOST), slack=_SLACK, most=_MOST, at_s=began_at_s)
        ratio = log(max(base_wh, 1.0) / max(mean, 1.0)) / _LEAST_RATIO
        score = min(above.total / _LINES[moment.maturity], ratio, (base_wh - mean) / _LEAST_RISE_WH)
        return replace(self, base_wh=base_wh, above=above), max(score, 0.0)

    def account(self, moment: Moment) -> Account:  # noqa: ARG002 - the last day is its own, not the moment's
        """The last day's quiet hour, beside the usual one."""
        return Account(observed_wh=self.base_wh, usual_wh=self.usual.mean, began_at_s=self.above.since_s)

    def learn(self, moment: Moment) -> "BaseLoad":
        """The base load of a day that ended becomes part of what is usual."""
        if not moment.ends_day or _base_wh(moment.day_wh) is None:
            return self
        return replace(self, usual=self.usual.learnt(self.base_wh, memory=_MEMORY_DAYS))

    def settle(self) -> "BaseLoad":
        """The sum begins anew."""
        return replace(self, above=Rise())

    def adopt(self) -> "BaseLoad":
        """The sum begins anew, and the usual base load is learnt anew."""
        return replace(self, above=Rise(), usual=Level())


def _base_wh(day_wh: tuple[float | None, ...]) -> float | None:
    known = sorted(energy_wh for energy_wh in day_wh if energy_wh is not None)
    return known[_PLACE] if len(known) >= _LEAST_KNOWN_H else None
