"""How often a customer is told without having asked: rarely enough that the next message is still read."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `times` within `within`, counted back from now."""

    times: int
    within: timedelta

    def is_reached(self, told: Collection[datetime], now: datetime) -> bool:
        """Whether one more would be one too many, after what was told at these instants.

        >>> noon = datetime(2026, 11, 22, 12)
        >>> Limit(times=1, within=timedelta(days=30)).is_reached([noon - timedelta(days=30)], noon)
        False
        """
        return sum(now - at < self.within for at in told) >= self.times

    def __str__(self) -> str:
        return f"{self.times} in {self.within.days} days"


UNASKED = (Limit(times=1, within=timedelta(days=30)), Limit(times=4, within=timedelta(days=365)))
"""For what a customer agreed to in general and did not ask for now."""


def reached(limits: Collection[Limit], told: Collection[datetime], now: datetime) -> Limit | None:
    """The first limit that leaves no room for one more; None when there is room."""
    return next((limit for limit in limits if limit.is_reached(told, now)), None)
