"""Seeded crashes: which process dies when in the story, and how long it stays dead.

The same seed gives the same plan. A moment is a chapter of the story and a delay into it.
"""

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

LONGEST_DEATH_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """One `kill -9`."""

    victim: str
    chapter: str
    delay_s: float
    dead_for_s: float

    def __str__(self) -> str:
        return f"{self.victim} {self.delay_s:.1f} s into {self.chapter!r}, for {self.dead_for_s:.1f} s"


def plan(
    seed: int,
    *,
    victims: Sequence[str],
    lengths_s: Mapping[str, float],
    crashes: int,
    longest_death_s: float = LONGEST_DEATH_S,
) -> tuple[Crash, ...]:
    """`crashes` kills; each of `victims` dies once before any dies twice, the last ones while there are kills left.

    `lengths_s` gives the chapters and about how many machine seconds each takes: a crash falls somewhere inside.
    """
    dice = random.Random(seed)
    order = [victim for _ in range(crashes // len(victims) + 1) for victim in dice.sample(victims, len(victims))]
    chapters = list(lengths_s)
    return tuple(_crash(dice, victim, chapters, lengths_s, longest_death_s) for victim in order[:crashes])


def _crash(
    dice: random.Random, victim: str, chapters: Sequence[str], lengths_s: Mapping[str, float], longest_death_s: float
) -> Crash:
    chapter = dice.choice(chapters)
    return Crash(
        victim=victim,
        chapter=chapter,
        delay_s=dice.uniform(0, lengths_s[chapter]),
        dead_for_s=dice.uniform(0.1, longest_death_s),
    )


class Mortals(Protocol):
    """Processes by name."""

    def kill(self, name: str) -> None:
        """End it as a crash or the power would."""
        ...

    def restart(self, name: str) -> None:
        """Start a killed one again."""
        ...


@dataclass(slots=True)
class Chaos:
    """Carries out a plan; `tick` is called often while the story waits."""

    cast: Mortals
    crashes: list[Crash]
    done: list[Crash] = field(default_factory=list)
    _due: list[tuple[float, Crash]] = field(default_factory=list)
    _dead: list[tuple[float, Crash]] = field(default_factory=list)

    def enter(self, chapter: str) -> None:
        """A chapter begins: its crashes are now due."""
        now = time.monotonic()
        self._due += [(now + crash.delay_s, crash) for crash in self.crashes if crash.chapter == chapter]

    def tick(self) -> None:
        """Kill and restart whatever is due."""
        now = time.monotonic()
        dead = {crash.victim for _, crash in self._dead}
        for at, crash in list(self._due):
            if at <= now and crash.victim not in dead:
                self._due.remove((at, crash))
                self.cast.kill(crash.victim)
                self._dead.append((now + crash.dead_for_s, crash))
                dead.add(crash.victim)
        for until, crash in list(self._dead):
            if until <= now:
                self._dead.remove((until, crash))
                self.cast.restart(crash.victim)
                self.done.append(crash)

    @property
    def is_over(self) -> bool:
        """Whether every crash that fell due has been carried out and its victim runs again."""
        return not self._due and not self._dead
