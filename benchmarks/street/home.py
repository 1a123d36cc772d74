"""One simulated home over the days: what befalls it, what its gateway says, what its customer is told.

The world is the judge. Whatever is said or told is held against the house at that very second, and what the programs
owe is reckoned from the house alone: an outage must be told if the line is dead for long enough, and the head, the
plug and the uplink are there from its beginning to its end. One exception is counted apart: a meter that failed a
reading by chance just before its line did has no say, since it may have failed for a reason of its own.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Final

from benchmarks.street.cloud import METER, Desk, Mail
from benchmarks.street.edge import Edge, Said
from benchmarks.street.episodes import Kind, Script, script
from benchmarks.street.world import T0, Change, Clockwork, Fittings, House, Part
from cloud.ingest.store import StoredEvent
from cloud.messaging.model import Announcement
from cloud.outages.model import Phase as HomePhase
from cloud.outages.settings import OutageSettings
from gateway.core.interruption import Phase
from wire.events import Event, InterruptionAssessed, SupplyDipped, SupplyLost, SupplyRestored
from wire.terms import Cause, EvidenceKind, Stage

_DAY_S, _HOUR_S = 86_400.0, 3_600.0
_LEAD_S, _TAIL_S = 200.0, 900.0
_ALIVE_MV = 90_000
_GRACE_S = 180.0  # beyond the time an outage must last to be told
_REPEATED_FOR_S = 5.0  # an edge that is lost at first
_DIP, _TAKEN_BACK, _UNDECIDED, _NOTHING = "dip", "taken back", "lost, no verdict", "nothing said"
COLUMNS = (*(cause.name.lower().replace("_", " ") for cause in Cause), _DIP, _TAKEN_BACK, _UNDECIDED, _NOTHING)
_BESIDE = {COLUMNS[Cause.HEAD_OFF], COLUMNS[Cause.WAN_FAULT]}  # said beside a supply that is there


class Word(Enum):
    """How far the gateway's word had come, by the instant of a message, that what it tells of is over."""

    UNSAID = "unsaid"
    UNHEARD = "unheard"  # by the gateway, which is off, is starting, or waits for the probe to repeat an edge
    UNDER_WAY = "under way"
    HEARD = "heard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message, and how the home was when it was told."""

    at_s: float
    what: Announcement
    is_alive: bool
    has_breaker: bool
    word_of_return: Word  # that the line is alive again; of a breaker, that there is supply behind it again


@dataclass(slots=True, kw_only=True)
class Episode:
    """One trouble of one home on one day: what was, what was said, what was told."""

    kind: Kind
    home: int
    day: int
    script: Script
    said: list[Said] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    owed: list[tuple[float, float]] = field(default_factory=list)  # the line is dead, with all there to see and tell it
    disowned: list[tuple[float, float]] = field(default_factory=list)  # the same, but for a reading lost just before
    is_settled: bool = True

    def told_of(self, what: Announcement) -> list[Told]:
        return [told for told in self.told if told.what is what]

    @property
    def was_dark(self) -> bool:
        """Whether the line was dead at all, and be it for a moment."""
        return self.has(Part.LINE)

    def has(self, part: Part) -> bool:
        """Whether this part was off."""
        return any(change.part is part for change in self.script)

    @property
    def is_told_well(self) -> bool:
        """Once that it is out, while it is, and once, later, that it is back; at a relapse perhaps both once more."""
        pairs = len(self.told) // 2
        is_in_turn = [told.what for told in self.told] == [Announcement.POWER_OUT, Announcement.POWER_BACK] * pairs
        return is_in_turn and pairs <= len(list(dark(self.script))) and all(map(self.is_held_out, self.owed))

    def is_held_out(self, span: tuple[float, float]) -> bool:
        """Whether the customer's last message by the end of a dark span said that power is out."""
        by_then = [told.what for told in self.told if told.at_s <= span[1]]
        return by_then[-1:] == [Announcement.POWER_OUT]

    @property
    def waits_s(self) -> list[float]:
        """From each loss that was owed a message to the message."""
        outs = self.told_of(Announcement.POWER_OUT)
        return [told.at_s - from_s for from_s, to_s in self.owed for told in outs if from_s < told.at_s <= to_s]

    @property
    def verdict(self) -> str:
        """The edge's last word that it did not take back; what explains an absence before what was seen beside one.

        What is said once more, because it is over or because its evidence is another, is not a later word.
        """
        standing: dict[tuple[int, Cause], str] = {}
        for said in self.said:
            if isinstance(said, InterruptionAssessed):
                if said.stage is Stage.WITHDRAWN:
                    standing.pop((said.began_at_ms, said.cause), None)
                else:
                    standing[said.began_at_ms, said.cause] = COLUMNS[said.cause]
        words = list(standing.values())
        if words:
            return ([word for word in words if word not in _BESIDE] or words)[-1]
        kinds = {type(said) for said in self.said}
        for kind, word in ((InterruptionAssessed, _TAKEN_BACK), (SupplyLost, _UNDECIDED), (SupplyDipped, _DIP)):
            if kind in kinds:
                return word
        return _NOTHING


class Home:
    """One home, its gateway and its place in the cloud, over the days."""

    def __init__(self, number: int, seed: int, settings: OutageSettings) -> None:
        self._name = f"street {seed} {number}"
        chance = random.Random(self._name)
        self.clock = Clockwork()
        self.house = House(_fittings(chance), chance)
        self.desk = Desk(settings, self.clock, self._hear)
        self.mail = Mail(self.clock, chance, self._arrive)
        self.edge = Edge(self.house, self.clock, chance, self._say, self.mail.connect)
        self.trace: Callable[[str], None] | None = None
        self._number, self._settings, self._chance = number, settings, chance
        self._today: Episode | None = None
        self._owed_from_s: float | None = None
        self._has_just_failed = False
        self._words = dict.fromkeys(_TELLS_OF_RETURN, Word.UNSAID)

    def live(self, day: int, kind: Kind) -> Episode:
        """One day with one trouble; what is not part of it is skipped."""
        begins_s = day * _DAY_S + self._chance.uniform(1, 4) * _HOUR_S
        trouble = script(kind, random.Random(f"{self._name} {day}"))
        changes = [replace(change, at_s=change.at_s + begins_s) for change in trouble]
        today = Episode(kind=kind, home=self._number, day=day, script=changes)
        self._today = today
        first_s = changes[0].at_s - self._chance.uniform(_LEAD_S, 2 * _LEAD_S)
        self.clock.at(first_s, partial(self.edge.watch, changes[-1].at_s + _TAIL_S))
        for change in changes:
            self.clock.at(change.at_s, partial(self._become, change))
        self.clock.run()
        today.is_settled = self.edge.state.phase is Phase.PRESENT and self.desk.state.phase is HomePhase.SUPPLIED
        return today

    def _become(self, change: Change) -> None:
        if self.trace:
            self.trace(f"{change.part.value} {'on' if change.is_on else 'off'}")
        if change.part in self._words:
            self._words[change.part] = Word.UNSAID
        self.house.become(change)
        self.edge.changed(change)
        self._watch_what_is_owed(change)

    def _watch_what_is_owed(self, change: Change) -> None:
        """An outage is owed a message if it lasts, and all that sees and tells it is there all the while."""
        now_s, from_s = self.clock.now_s, self._owed_from_s
        assert self._today is not None
        is_there = all(self.house.on[part] for part in (Part.HEAD, Part.PLUG, Part.LEAD, Part.UPLINK))
        if change.part is Part.LINE and not change.is_on and is_there:
            self._owed_from_s = now_s
            self._has_just_failed = self.edge.has_just_failed
        elif from_s is not None and change.part is not Part.PROGRAM:
            self._owed_from_s = None
            if now_s - from_s > self._settings.notify_after_s + _GRACE_S:
                spans = self._today.disowned if self._has_just_failed else self._today.owed
                spans.append((from_s, now_s))

    def _say(self, event: Said, is_of_the_meter: bool) -> None:
        assert self._today is not None
        if self.trace:
            self.trace(f"  says {event}")
        self._today.said.append(event)
        for part, is_back in ((Part.LINE, self.house.is_alive), (Part.BREAKER, self.house.has_socket)):
            if is_back and self._words[part] is Word.UNSAID and _TELLS_OF_RETURN[part](event):
                self._words[part] = Word.UNDER_WAY
        self.mail.post(event, METER if is_of_the_meter else "")

    def _arrive(self, event: StoredEvent) -> None:
        said_s = (event.at - T0).total_seconds()
        for part, since_s in ((Part.LINE, self.house.line_changed_s), (Part.BREAKER, self.house.breaker_changed_s)):
            is_it = said_s >= since_s and _TELLS_OF_RETURN[part](event.record.event)
            if is_it and self._words[part] is Word.UNDER_WAY:
                self._words[part] = Word.HEARD
        self.desk.take(event)

    def _hear(self, what: Announcement) -> None:
        assert self._today is not None
        told = Told(
            at_s=self.clock.now_s,
            what=what,
            is_alive=self.house.is_alive,
            has_breaker=self.house.on[Part.BREAKER],
            word_of_return=self._word_of_return(what),
        )
        if self.trace:
            self.trace(f"  TOLD {told}")
        self._today.told.append(told)

    def _word_of_return(self, what: Announcement) -> Word:
        part, since_s = Part.LINE, self.house.line_changed_s
        if what is Announcement.CHECK_BREAKER:
            part, since_s = Part.BREAKER, self.house.breaker_changed_s
        is_deaf = not self.edge.is_running or self.clock.now_s - max(since_s, self.edge.started_s) < _REPEATED_FOR_S
        return Word.UNHEARD if is_deaf and self._words[part] is Word.UNSAID else self._words[part]


def _tells_of_supply(event: Event) -> bool:
    """Whether supply is sensed in it."""
    if isinstance(event, InterruptionAssessed):
        return any(item.kind is EvidenceKind.SUPPLY_SENSE and item.value for item in event.evidence)
    return isinstance(event, SupplyRestored)


def _tells_of_life(event: Event) -> bool:
    """Whether the probe or the meter shows in it that the line is alive now."""
    evidence = event.evidence if isinstance(event, InterruptionAssessed) else ()
    reads_voltage = any(item.kind is EvidenceKind.METER_VOLTAGE and item.value > _ALIVE_MV for item in evidence)
    return reads_voltage or _tells_of_supply(event)


_TELLS_OF_RETURN: Final[Mapping[Part, Callable[[Event], bool]]] = {
    Part.LINE: _tells_of_life,
    Part.BREAKER: _tells_of_supply,
}


def dark(changes: Script) -> Iterator[tuple[float, float]]:
    """From when to when the line was dead."""
    off_s = None
    for change in changes:
        if change.part is Part.LINE:
            if off_s is not None and change.is_on:
                yield off_s, change.at_s
            off_s = None if change.is_on else change.at_s


def _fittings(chance: random.Random) -> Fittings:
    """Three meters in four count failures; one gateway in two has a battery; few homes draw nothing at times."""
    kettle = chance.random()
    drawn_s, cycle_s = (0.0, 1.0) if kettle < 0.05 else (700.0, 2_100.0) if kettle < 0.15 else (1.0, 1.0)
    return Fittings(
        has_counter=chance.random() < 0.75,
        ride_through_s=chance.choice((0.2, 0.5, 1.0, 3.0)),
        hold_up_s=chance.choice((6 * _HOUR_S, chance.uniform(87, 130))),
        drawn_s=drawn_s,
        cycle_s=cycle_s,
    )
