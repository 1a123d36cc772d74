"""Nothing drawn at all, for longer than the home ever drew nothing, though its meter goes on measuring.

Only hours that the meter measured count: one that is missing neither is zero nor ends a run of zeros. The line is a
day, or twice the longest such run the home has had; two days while it is still being learnt. A meter that never
measured anything else has no usual, and nothing is said of it.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from gateway.core.consumption.channel import Account, Maturity, Moment
from gateway.core.consumption.level import Level
from wire.terms import UseKind

_LEAST_H = {Maturity.NEW: 48, Maturity.LEARNING: 48, Maturity.LEARNED: 24}
_LIVED_IN_DAYS = 7  # so many days of use before their absence is strange
_MEMORY_DAYS = 28.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Zero:
    """The run of zeros under way, the longest before it, and what an hour takes on a usual day.

    >>> from gateway.core.consumption.hours import HourUse
    >>> channel, scores = Zero(longest_h=2, usual=Level(mean=350.0, count=60)), []
    >>> for number, energy_wh in enumerate((0.0, 0.0, 0.0, None, 0.0)):
    ...     hour = HourUse(starts_at_s=number * 3600, energy_wh=energy_wh, hour=number, is_weekend=False)
    ...     moment = Moment(hour=hour, day_wh=(energy_wh,), maturity=Maturity.LEARNED)
    ...     channel, score = channel.look(moment)
    ...     scores.append(score and round(score * 24))
    >>> scores
    [1, 2, 3, None, 4]
    """

    kind: ClassVar[UseKind] = UseKind.ZERO
    period_s: ClassVar[int] = 3_600
    run_h: int = 0
    since_s: int = 0
    longest_h: int = 0
    usual: Level = Level()

    def look(self, moment: Moment) -> "tuple[Zero, float | None]":
        """Score: the run over the line."""
        hour = moment.hour
        if hour.energy_wh is None:
            return self, None
        seen = self
        if hour.energy_wh > 0:
            seen = replace(self, run_h=0, longest_h=max(self.longest_h, self.run_h)) if self.run_h else self
        else:
            seen = replace(self, run_h=self.run_h + 1, since_s=self.since_s if self.run_h else hour.starts_at_s)
        if seen.usual.count < _LIVED_IN_DAYS:
            return seen, None
        return seen, seen.run_h / max(_LEAST_H[moment.maturity], 2 * seen.longest_h)

    def account(self, moment: Moment) -> Account:
        """Nothing, beside what an hour usually takes."""
        began_at_s = self.since_s if self.run_h else moment.hour.starts_at_s
        return Account(observed_wh=moment.hour.energy_wh or 0.0, usual_wh=self.usual.mean, began_at_s=began_at_s)

    def learn(self, moment: Moment) -> "Zero":
        """As a day ends on which anything was drawn: what an hour took."""
        known = [energy_wh for energy_wh in moment.day_wh if energy_wh is not None] if moment.ends_day else []
        if not any(known):
            return self
        return replace(self, usual=self.usual.learnt(sum(known) / len(known), memory=_MEMORY_DAYS))

    def settle(self) -> "Zero":
        """The run that was told is one of the home's own; `look` has counted it."""
        return self

    def adopt(self) -> "Zero":
        """The home stands empty: nobody is told again before twice as long."""
        return replace(self, longest_h=max(self.longest_h, self.run_h))
