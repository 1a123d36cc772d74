"""What everybody in a story can see: the cloud's REST interface and the mailbox; and the patience to wait for it.

A story waits on what a person could see. It never looks inside a program. Silence says nothing of a street whose cloud
was killed: a look that nobody answers is none, and whoever waits looks again.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from simulators.scenarios.chaos import Chaos
from simulators.scenarios.doors import Door, Unanswered
from simulators.scenarios.processes import Cast, StoryFailed

T = TypeVar("T")
LOOK_EVERY_S = 0.4  # as often as a person looks again; every look costs the cloud some answers
PATIENCE_S = 240.0  # for what never comes; a busy machine may take its time
TOLD_OF = ("cloud", "broker")


@dataclass(slots=True, kw_only=True)
class Onlooker:
    """Looks and waits, while `chaos` goes on. To look raises Unanswered while nobody answers: look within `until`."""

    cast: Cast
    cloud: Door
    mailbox: Door
    chaos: Chaos
    timings: dict[str, float] = field(default_factory=dict)

    def until(self, what: str, look: Callable[[], T], within_s: float = PATIENCE_S) -> T:
        """Wait for what a person would wait for; StoryFailed when it does not come within machine seconds."""
        began = time.monotonic()
        while True:
            self.chaos.tick()
            with suppress(Unanswered):
                seen = look()
                if seen:
                    self.timings[what] = time.monotonic() - began
                    return seen
            self.cast.check_alive()
            if time.monotonic() - began > within_s:
                words = "\n".join(f"{name}: {self.cast.last_words(name)}" for name in TOLD_OF)
                raise StoryFailed(f"did not come within {within_s:g} s: {what}\n{words}")
            time.sleep(LOOK_EVERY_S)

    def rest(self, machine_s: float) -> None:
        """Let time pass."""
        end = time.monotonic() + machine_s
        self.until("a while", lambda: time.monotonic() >= end, machine_s + PATIENCE_S)

    def home(self, usage_point: str) -> dict[str, Any]:
        """What the cloud says of a home."""
        return dict(self.cloud.get(f"/api/v1/usage-points/{usage_point}"))

    def events(self, usage_point: str, name: str) -> list[Any]:
        """The home's latest events of one name."""
        page = self.cloud.get(f"/api/v1/events?usage_point={usage_point}&limit=200")
        return [event for event in page["events"] if event["name"] == name]

    def outages(self) -> list[Any]:
        """The outages on the tree, the last opened first."""
        return list(self.cloud.get("/api/v1/outages?limit=50")["outages"])

    def messages(self) -> list[Any]:
        """The cloud's messages, the oldest first."""
        return sorted(self.cloud.get("/api/v1/messages?limit=200")["messages"], key=lambda message: int(message["id"]))

    def letters(self) -> list[Any]:
        """What the mailbox holds, as it came."""
        return list(self.mailbox.get("/messages"))

    def quarantine(self) -> dict[str, Any]:
        """What the cloud says of the envelopes it did not believe."""
        return dict(self.cloud.get("/api/v1/quarantine?limit=50"))
