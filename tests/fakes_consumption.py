"""Homes to watch: hours of use made from a seed, with what is to be noticed put into them."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from gateway.core.consumption import Bank, look
from gateway.core.remembered import recall, remember
from wire.events import UnusualUse
from wire.terms import UseKind, UseStage

HOUR_S, DAY_H = 3_600, 24
MONDAY_S = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())  # a Monday
_SHAPE = (
    0.4,
    0.3,
    0.3,
    0.3,
    0.3,
    0.4,
    1.0,
    1.6,
    1.2,
    0.8,
    0.7,
    0.8,
    1.1,
    0.9,
    0.7,
    0.7,
    0.9,
    1.3,
    2.0,
    2.2,
    1.9,
    1.5,
    1.0,
    0.6,
)


def home(days: int, *, seed: int = 1, mean_wh: float = 600.0) -> list[float]:
    """So many days, hour by hour, no two alike: busy days and idle ones, mornings and evenings."""
    chance = random.Random(seed)
    hours = []
    for _ in range(days):
        busy = chance.lognormvariate(0.0, 0.15)
        hours += [mean_wh * busy * share * chance.uniform(0.6, 1.4) for share in _SHAPE]
    return hours


def more(hours: Sequence[float], from_h: int, for_h: int, extra_wh: float) -> list[float]:
    """The same, with so much more in every hour of a stretch."""
    return [wh + extra_wh if from_h <= number < from_h + for_h else wh for number, wh in enumerate(hours)]


def nothing(hours: Sequence[float], from_h: int, for_h: int) -> list[float]:
    """The same, with nothing drawn for a stretch."""
    return [0.0 if from_h <= number < from_h + for_h else wh for number, wh in enumerate(hours)]


@dataclass
class Watched:
    """A home's bank, fed hour by hour; it keeps what was told and every score."""

    bank: Bank = field(default_factory=Bank)
    zone: tzinfo = UTC
    began_at_s: int = MONDAY_S
    told: list[UnusualUse] = field(default_factory=list)
    scores: list[dict[UseKind, float]] = field(default_factory=list)

    def see(self, hours: Iterable[float | None]) -> "Watched":
        """The next hours; None for one that is missing."""
        for wh in hours:
            if wh is not None:
                self.row(self.began_at_s, HOUR_S, wh)
            self.began_at_s += HOUR_S
        return self

    def row(self, starts_at_s: int, period_s: int, energy_wh: float) -> None:
        looked = look(self.bank, starts_at_s, period_s, energy_wh, self.zone)
        self.bank = looked.bank
        self.told += looked.events
        self.scores += [scores for _, scores in looked.scores]

    def restart(self) -> None:
        """Killed and started again."""
        self.bank = recall(Bank, remember(self.bank))

    def raised(self, kind: UseKind | None = None) -> list[UnusualUse]:
        return [event for event in self.told if event.stage is UseStage.RAISED and kind in (None, event.kind)]

    def ended(self, kind: UseKind) -> list[UnusualUse]:
        return [event for event in self.told if event.stage is UseStage.ENDED and event.kind is kind]


def hours_after(event: UnusualUse, hour: int) -> float:
    """How long after the beginning of the `hour`-th hour it was noticed."""
    return (event.noticed_at_ms / 1000 - MONDAY_S) / HOUR_S - hour
