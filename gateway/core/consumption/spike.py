"""A spike: one hour above everything the home has drawn in an hour before.

What is usual here is the home's own highest hour, slowly forgotten (`_MEMORY_DAYS`). The line is a third above it;
twice as much while the home is still being learnt. Once told, a spike belongs to what the home can draw.
"""

from dataclasses import dataclass
from math import exp
from typing import ClassVar

from gateway.core.consumption.channel import Account, Maturity, Moment
from wire.terms import UseKind

_LINES = {Maturity.NEW: 2.0, Maturity.LEARNING: 2.0, Maturity.LEARNED: 1.35}
_MEMORY_DAYS = 120
_KEPT = exp(-1 / (24 * _MEMORY_DAYS))
_LEAST_WH = 500.0  # below this nothing is a spike, whatever the home drew before


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """The home's own highest hour, and the highest since the alarm was raised.

    >>> from gateway.core.consumption.hours import HourUse
    >>> channel, scores = Spike(), []
    >>> for number, energy_wh in enumerate((900.0, 1_400.0, 300.0, 1_100.0, 3_780.0)):
    ...     hour = HourUse(starts_at_s=number * 3600, energy_wh=energy_wh, hour=number, is_weekend=False)
    ...     moment = Moment(hour=hour, day_wh=(energy_wh,), maturity=Maturity.LEARNED)
    ...     channel, score = channel.look(moment)
    ...     scores.append(round(score, 2))
    ...     channel = channel.learn(moment)
    >>> scores
    [1.33, 1.15, 0.16, 0.58, 2.0]
    """

    kind: ClassVar[UseKind] = UseKind.SPIKE
    period_s: ClassVar[int] = 3_600
    highest_wh: float = 0.0
    newest_high_wh: float = 0.0

    @property
    def usual_wh(self) -> float:
        """What an hour takes at most."""
        return max(self.highest_wh, _LEAST_WH)

    def look(self, moment: Moment) -> "tuple[Spike, float | None]":
        """Score: the hour over the line."""
        energy_wh = moment.hour.energy_wh
        if energy_wh is None:
            return self, None
        is_high = energy_wh > max(self.highest_wh, self.newest_high_wh)
        seen = Spike(highest_wh=self.highest_wh, newest_high_wh=energy_wh) if is_high else self
        return seen, energy_wh / (self.usual_wh * _LINES[moment.maturity])

    def account(self, moment: Moment) -> Account:
        """The hour, beside the most an hour took before."""
        hour = moment.hour
        return Account(observed_wh=hour.energy_wh or 0.0, usual_wh=self.usual_wh, began_at_s=hour.starts_at_s)

    def learn(self, moment: Moment) -> "Spike":
        """The highest hour so far fades, unless this one is higher."""
        return Spike(highest_wh=max(self.highest_wh * _KEPT, moment.hour.energy_wh or 0.0))

    def settle(self) -> "Spike":
        """What was told once belongs to what the home can draw."""
        return Spike(highest_wh=max(self.highest_wh, self.newest_high_wh))

    def adopt(self) -> "Spike":
        """The same: a spike is usual as soon as it was told."""
        return self.settle()
