"""Two clocks, never mixed: the machine's monotonic seconds, and the wall clock of the story being lived.

Links, MQTT, SMTP and time-outs use `monotonic()`.
Everything a customer could be told about uses `now()`: in the field that is UTC, in a demonstration it is a story's
time, `now = t0 + rate * (wall - w0)`. The three parameters are handed to every process in `LAMPLIGHT_STORY`,
so that a process killed and started again finds itself in the right moment of the story.
A serial line cannot be scaled: a story runs at ten times real time at most.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from runtime.errors import EnvironmentRefused, SettingsError

STORY_VARIABLE = "LAMPLIGHT_STORY"
MAX_RATE = 10.0
_YEARS = range(1970, 9_000)
# No released Lamplight can run before this: an earlier clock was never set since power-up.
BUILD_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)


class Clock(Protocol):
    """The time as a program may ask for it."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Machine seconds from an arbitrary start, never going back."""
        ...

    def wall_seconds(self, story_seconds: float) -> float:
        """How many machine seconds a duration of the wall clock takes, for waiting."""
        ...


class SystemClock:
    """The machine's own time: what runs in the field."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryClock:
    """A wall clock that began at `t0` when the machine's Unix time was `w0`, and runs `rate` times as fast.

    >>> clock = StoryClock.parse("2026-11-21T18:00:00+00:00;1000.0;10")
    >>> clock.at(1006.0).isoformat()
    '2026-11-21T18:01:00+00:00'
    """

    t0: datetime
    w0: float
    rate: float

    @classmethod
    def parse(cls, text: str) -> "StoryClock":
        """Read `t0;w0;rate`.

        Raises SettingsError when a part is missing, naive or out of range (0 < rate <= 10), or makes now a time that no
        calendar has room around.
        """
        try:
            t0_text, w0_text, rate_text = text.split(";")
            clock = cls(t0=datetime.fromisoformat(t0_text), w0=float(w0_text), rate=float(rate_text))
            usable = clock.t0.tzinfo is not None and 0 < clock.rate <= MAX_RATE and clock.now().year in _YEARS
        except (ValueError, OverflowError):
            usable = False
        if not usable:
            raise SettingsError(
                f"the story's clock {text!r} cannot be read",
                where=STORY_VARIABLE,
                do=f"give '<t0 with offset>;<w0 Unix seconds>;<rate up to {MAX_RATE:g}>' or unset it",
            )
        return clock

    def text(self) -> str:
        """The form `parse` reads."""
        return f"{self.t0.isoformat()};{self.w0!r};{self.rate:g}"

    def at(self, unix_seconds: float) -> datetime:
        """The story's time when the machine's Unix time is `unix_seconds`."""
        return (self.t0 + timedelta(seconds=self.rate * (unix_seconds - self.w0))).astimezone(UTC)

    def now(self) -> datetime:
        return self.at(time.time())

    def monotonic(self) -> float:
        return time.monotonic()

    def wall_seconds(self, story_seconds: float) -> float:
        return story_seconds / self.rate


def clock_from_environment() -> Clock:
    """The story's clock where `LAMPLIGHT_STORY` is set, else the machine's."""
    text = os.environ.get(STORY_VARIABLE, "")
    return StoryClock.parse(text) if text else SystemClock()


def check_clock_is_set(clock: Clock) -> None:
    """Refuse to run on a clock that was never set: every signed time would be a lie."""
    now = clock.now()
    if now < BUILD_FLOOR:
        raise EnvironmentRefused(
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, which is before this software was built",
            do="set it (timedatectl set-ntp true, or fit a battery to the real-time clock), then start again",
        )
