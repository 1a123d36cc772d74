"""An alarm's life, the same for every channel: raised at the line, open, ended, resting.

It is raised when the score reaches 1.0, and ends once the score was below one half for `calm_looks` looks in a row (a
look an hour; a look a day where the channel looks at days). One that stays open for `longest_h` ends, too: the
household lives so now, and its channel learns the new usual. After its end an alarm rests, so that one thing is told
once.
"""

from dataclasses import dataclass, replace
from enum import Enum

from gateway.core.consumption.hours import HOUR_S

LINE = 1.0
HALF = 0.5


class Turn(Enum):
    """What an hour did to an alarm."""

    NONE = "none"
    RAISED = "raised"
    CALMED = "calmed"  # ended: usual again
    LASTED = "lasted"  # ended: this is the usual now


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Looks below one half until it ends; hours open until it is the usual; hours of rest after either."""

    calm_looks: int
    longest_h: int
    rest_h: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Open since `raised_at_s`, about what began at `began_at_s`; both 0 while it is closed."""

    began_at_s: int = 0
    raised_at_s: int = 0
    calm: int = 0
    rests_until_s: int = 0

    @property
    def is_open(self) -> bool:
        return self.raised_at_s > 0

    def step(self, score: float, began_at_s: int, now_s: int, rules: Rules) -> "tuple[Alarm, Turn]":
        """The alarm after an hour that ended at `now_s` with `score`.

        >>> rules = Rules(calm_looks=2, longest_h=24, rest_h=24)
        >>> alarm, turns = Alarm(), []
        >>> for hour, score in enumerate((0.3, 1.0, 0.9, 0.4, 0.2), start=1):
        ...     alarm, turn = alarm.step(score, 3600, hour * 3600, rules)
        ...     turns.append(turn.value)
        >>> turns
        ['none', 'raised', 'none', 'none', 'calmed']
        """
        if not self.is_open:
            if score < LINE or now_s < self.rests_until_s:
                return self, Turn.NONE
            return replace(self, began_at_s=began_at_s, raised_at_s=now_s, calm=0), Turn.RAISED
        calm = self.calm + 1 if score < HALF else 0
        if calm >= rules.calm_looks:
            return self._ended(now_s, rules), Turn.CALMED
        if now_s - self.raised_at_s >= rules.longest_h * HOUR_S:
            return self._ended(now_s, rules), Turn.LASTED
        return (self if calm == self.calm else replace(self, calm=calm)), Turn.NONE

    def _ended(self, now_s: int, rules: Rules) -> "Alarm":
        return Alarm(rests_until_s=now_s + rules.rest_h * HOUR_S)
