"""Seeded crashes: which process dies when in the story, and how long it stays dead.

The same seed gives the same plan. A moment is a chapter of the story and a delay into it.
"""

import random
import time
from dataclasses import dataclass, field
from enum import Enum

from simulators.scenarios.processes import Cast

VICTIMS = ("gateway", "broker", "cloud")
LONGEST_DEATH_S = 3.0


class Chapter(Enum):
    """The chapters of the home's story."""

    READING = "reading"
    DARK = "dark"
    TOLD = "told"
    BACK = "back"
    CLOSING = "closing"


# About how many machine seconds a chapter takes at ten times: a crash falls somewhere inside.
LENGTH_S = {Chapter.READING: 4.0, Chapter.DARK: 14.0, Chapter.TOLD: 3.0, Chapter.BACK: 10.0, Chapter.CLOSING: 2.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """One `kill -9`."""

    victim: str
    chapter: Chapter
    delay_s: float
    dead_for_s: float

    def __str__(self) -> str:
        return f"{self.victim} {self.delay_s:.1f} s into {self.chapter.value}, for {self.dead_for_s:.1f} s"


def plan(seed: int, crashes: int = 3) -> tuple[Crash, ...]:
    """`crashes` kills; each process is a victim before any is one twice."""
    dice = random.Random(seed)
    return tuple(
        _crash(dice, dice.choice(VICTIMS) if number >= len(VICTIMS) else VICTIMS[number]) for number in range(crashes)
    )


def _crash(dice: random.Random, victim: str) -> Crash:
    chapter = dice.choice(list(Chapter))
    return Crash(
        victim=victim,
        chapter=chapter,
        delay_s=dice.uniform(0, LENGTH_S[chapter]),
        dead_for_s=dice.uniform(0.1, LONGEST_DEATH_S),
    )


@dataclass(slots=True)
class Chaos:
    """Carries out a plan; `tick` is called often while the story waits."""

    cast: Cast
    crashes: list[Crash]
    done: list[Crash] = field(default_factory=list)
    _due: list[tuple[float, Crash]] = field(default_factory=list)
    _dead: list[tuple[float, Crash]] = field(default_factory=list)

    def enter(self, chapter: Chapter) -> None:
        """A chapter begins: its crashes are now due."""
        now = time.monotonic()
        self._due += [(now + crash.delay_s, crash) for crash in self.crashes if crash.chapter is chapter]

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
