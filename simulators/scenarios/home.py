"""One home's night: read, dark, told, back, told again; and a check that exactly that arrived, each once.

The story waits on what a person could see: the page's own interface and the mailbox. It never looks inside a program.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from runtime.clock import Clock
from simulators.scenarios.chaos import LENGTH_S, Chaos, Chapter
from simulators.scenarios.processes import StoryFailed
from simulators.scenarios.stage import EMAIL, LANGUAGE, METER, USAGE_POINT, Stage

T = TypeVar("T")
EXPECTED = ("power_out", "power_back")
STAYS_DARK_S = 20.0
SETTLES_S = 5.0
HOUR_MS = 3_600_000


@dataclass(slots=True)
class HomeStory:
    """The story on its stage; `say` tells it to whoever watches."""

    stage: Stage
    clock: Clock
    chaos: Chaos
    say: Callable[[str], None]
    timings: dict[str, float] = field(default_factory=dict)

    def play(self) -> None:
        """From the first reading to the last message; StoryFailed when something does not come."""
        self.chaos.enter(Chapter.READING)
        self.say("The gateway signs on at 300 baud, goes on in HDLC at 9600, and reads the meter.")
        home = self.until("the first reading on the page", self._registers, 120)
        self.say(f"The meter {METER} is read: {home} The hours of the week follow.")
        self.until("the load curve on the page", self._has_curve, 240)
        self.say("Her load curve is on the page. The night goes on.")
        self._rest(LENGTH_S[Chapter.READING])

        self.chaos.enter(Chapter.DARK)
        self.stage.switch_supply("off")
        self.say("The line goes dead. Meter and gateway lose their supply; the gateway lives on its hold-up.")
        self.until("SupplyLost in the cloud", lambda: self._events("SupplyLost"), 60)
        self.say("The probe's word, signed, is in the cloud: supply lost. Nobody is told on a suspicion.")
        self.until("a verdict in the cloud", lambda: self._events("InterruptionAssessed"), 90)
        self.say("The meter was asked and is silent: the supply is interrupted. The cloud opens a case.")
        told = self.until("the message that the power is out", lambda: self._letter("power_out"), 180)
        self.say(f"To {EMAIL}:\n{_quoted(told)}")

        self.chaos.enter(Chapter.TOLD)
        self._rest(self.clock.wall_seconds(STAYS_DARK_S))

        self.chaos.enter(Chapter.BACK)
        self.stage.switch_supply("on")
        self.say("The line is live again. Nobody is told yet: her own meter must read a good voltage for a minute.")
        self.until("SupplyRestored in the cloud", lambda: self._events("SupplyRestored"), 240)
        back = self.until("the message that the power is back", lambda: self._letter("power_back"), 120)
        self.say(f"To {EMAIL}:\n{_quoted(back)}")

        self.chaos.enter(Chapter.CLOSING)
        self.until("the last crash to be over", lambda: self.chaos.is_over, 30)
        self._rest(self.clock.wall_seconds(SETTLES_S))

    def check(self) -> None:
        """StoryFailed unless the mailbox holds exactly the expected messages, each once, as the cloud says too."""
        in_cloud = self.until("the cloud's messages", self._messages, 60)
        templates = [message["template"] for message in in_cloud]
        if templates != list(EXPECTED):
            raise StoryFailed(f"the cloud wrote {templates}, expected {list(EXPECTED)}")
        ids = [message["message_id"] for message in in_cloud]
        arrived = [letter["message_id"] for letter in self._letters()]
        if arrived != ids:
            raise StoryFailed(f"the mailbox holds {arrived}, expected {ids}")
        strangers = [a for a in self._letters() if a["to"] != [EMAIL] or a["language"] != LANGUAGE]
        if strangers:
            raise StoryFailed(f"a message went astray: {strangers[0]['to']} in {strangers[0]['language']!r}")
        if self._quarantined():
            raise StoryFailed(f"the cloud refused {self._quarantined()} envelope(s)")

    def until(self, what: str, look: Callable[[], T], within_s: float) -> T:
        """Wait for what a person would wait for, while crashes happen; StoryFailed when it does not come."""
        began = time.monotonic()
        while True:
            self.chaos.tick()
            seen = look()
            if seen:
                self.timings[what] = time.monotonic() - began
                return seen
            self.stage.cast.check_alive()
            if time.monotonic() - began > within_s:
                words = "\n".join(f"{name}: {self.stage.cast.last_words(name)}" for name in ("gateway", "cloud"))
                raise StoryFailed(f"did not come within {within_s:g} s: {what}\n{words}")
            time.sleep(0.1)

    def _rest(self, machine_s: float) -> None:
        end = time.monotonic() + machine_s
        self.until("a while", lambda: time.monotonic() >= end, machine_s + 60)

    def _registers(self) -> str:
        home = self.stage.cloud.get(f"/api/v1/usage-points/{USAGE_POINT}") or {}
        values = {item["quantity"]: item for item in home.get("registers", [])}
        if "energy_import_wh" not in values:
            return ""
        return f"{values['energy_import_wh']['value'] / 1000:.1f} kWh so far."

    def _has_curve(self) -> bool:
        """Whether intervals up to the last two hours have arrived."""
        recent_ms = self.clock.now().timestamp() * 1000 - 2 * HOUR_MS
        said = [event["facts"] for event in self._events("IntervalReadings")]
        return any(s["start_ms"] + s["period_s"] * 1000 * (len(s["deltas"]) + 1) > recent_ms for s in said)

    def _events(self, name: str) -> list[Any]:
        page = self.stage.cloud.get(f"/api/v1/events?usage_point={USAGE_POINT}&limit=200") or {}
        return [event for event in page.get("events", []) if event["name"] == name]

    def _messages(self) -> list[Any]:
        """The cloud's messages, the oldest first."""
        page = self.stage.cloud.get(f"/api/v1/messages?usage_point={USAGE_POINT}&limit=200") or {}
        return sorted(page.get("messages", []), key=lambda message: int(message["id"]))

    def _letters(self) -> list[Any]:
        return self.stage.mailbox.get("/messages") or []

    def _letter(self, template: str) -> str:
        """The text of the letter of this template, once the mailbox has it."""
        ids = {message["message_id"] for message in self._messages() if message["template"] == template}
        return next((str(letter["text"]) for letter in self._letters() if letter["message_id"] in ids), "")

    def _quarantined(self) -> int:
        page = self.stage.cloud.get("/api/v1/quarantine?limit=1") or {}
        return len(page.get("refused", []))


def _quoted(text: str) -> str:
    return "\n".join(f"    | {line}" for line in text.strip().splitlines())
