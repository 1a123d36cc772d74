"""What every channel is: it looks at an hour, tells a score, and learns what is usual when it is allowed to.

A channel is a value. `look` takes the hour in and tells how it looks; `learn` makes it part of what is usual, and is
never called while the channel's alarm is open; `settle` or `adopt` is called once, when an alarm ends.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol, Self

from gateway.core.consumption.hours import HourUse
from wire.terms import UseKind

DAY_H = 24
LEAST_KNOWN_H = 18  # of the last 24, for anything to be said about a day


class Maturity(IntEnum):
    """How long a meter has been watched: nothing is told, only what is gross, everything."""

    NEW = 0
    LEARNING = 1
    LEARNED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The newest hour, the energies of the last 24 of which it is the last, and how well the home is known."""

    hour: HourUse
    day_wh: tuple[float | None, ...]
    maturity: Maturity

    @property
    def ends_day(self) -> bool:
        return self.hour.hour == DAY_H - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is told of something unusual: observed and usual over the channel's `period_s`, and since when."""

    observed_wh: float
    usual_wh: float
    began_at_s: int


class Channel(Protocol):
    """One kind of unusual use, noticed."""

    kind: ClassVar[UseKind]
    period_s: ClassVar[int]

    def look(self, moment: Moment) -> tuple[Self, float | None]:
        """The channel once it saw the hour, and its score, 1.0 exactly at the line; None: it cannot tell."""
        ...

    def account(self, moment: Moment) -> Account:
        """What is to be told of the hour it has just looked at, and could tell a score of."""
        ...

    def learn(self, moment: Moment) -> Self:
        """The channel once the hour it looked at counts as usual."""
        ...

    def settle(self) -> Self:
        """The channel after its alarm ended, because things are usual again."""
        ...

    def adopt(self) -> Self:
        """The channel after its alarm ended, because what was unusual is the usual now."""
        ...
