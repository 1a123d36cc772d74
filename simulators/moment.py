"""One instant, read on both clocks.

A simulated device lives in the story (its registers, its clock, its power cuts) but talks over a line that cannot be
scaled (time-outs, reaction times, pacing). Every pure core therefore takes a `Moment`, and never asks for the time.
"""

from dataclasses import dataclass
from datetime import datetime

from runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`at` is the story's wall clock, aware UTC; `mono_s` the machine's seconds, for what happens on the line."""

    at: datetime
    mono_s: float

    @classmethod
    def read(cls, clock: Clock) -> "Moment":
        """Both clocks now."""
        return cls(at=clock.now(), mono_s=clock.monotonic())
