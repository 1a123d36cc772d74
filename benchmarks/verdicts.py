"""Whether verdicts and messages are true: thirty days of trouble in simulated homes, held against what really was.

Each kind of trouble befalls the homes a hundred times (`street_episodes`), in a world of its own physics
(`street_world`). The real edge cores conclude (`street_edge`), the real rules of the cloud tell (`street_cloud`), and
here both are held against the world at that very second. All seeds are fixed; a finding comes with the seed, home and
day to see it again: `python -c "from benchmarks.verdicts import show; show(seed=1, home=3, day=17)"`.
"""

import random
import re
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from benchmarks.report import Matrix, Row, main
from benchmarks.street_cloud import METER, Desk, Mail
from benchmarks.street_edge import Edge, Said
from benchmarks.street_episodes import Kind, Script, script
from benchmarks.street_world import Change, Clockwork, Fittings, House, Part, instant
from cloud.messaging.model import Announcement
from cloud.outages.model import Phase as HomePhase
from cloud.outages.settings import OutageSettings
from gateway.core.interruption import Phase
from wire.events import Cause, InterruptionAssessed, Stage, SupplyDipped, SupplyLost

DAYS, TIMES = 30, 100
_DAY_S, _HOUR_S = 86_400.0, 3_600.0
_LEAD_S, _TAIL_S = 200.0, 900.0
_GRACE_S = 180.0  # beyond the time an outage must last to be told
_DIP, _TAKEN_BACK, _UNDECIDED, _NOTHING = "dip", "taken back", "lost, no verdict", "nothing said"
COLUMNS = (*(cause.name.lower().replace("_", " ") for cause in Cause), _DIP, _TAKEN_BACK, _UNDECIDED, _NOTHING)
_BESIDE = {COLUMNS[Cause.HEAD_OFF], COLUMNS[Cause.WAN_FAULT]}  # said beside a supply that is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message, and how the home was when it was told."""

    at_s: float
    what: Announcement
    is_alive: bool
    has_breaker: bool
    line_since_s: float
    breaker_since_s: float


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
    is_settled: bool = True

    def told_of(self, what: Announcement) -> list[Told]:
        return [told for told in self.told if told.what is what]

    @property
    def is_told_well(self) -> bool:
        """Once that it is out, while it is, and once, later, that it is back; at a relapse perhaps both once more."""
        pairs = len(self.told) // 2
        is_in_turn = [told.what for told in self.told] == [Announcement.POWER_OUT, Announcement.POWER_BACK] * pairs
        return is_in_turn and pairs <= len(list(_dark(self.script))) and all(map(self._is_held_out, self.owed))

    def _is_held_out(self, span: tuple[float, float]) -> bool:
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
        """The edge's last word that it did not take back; what explains an absence before what was seen beside one."""
        standing: dict[tuple[int, Cause], str] = {}
        for said in self.said:
            if isinstance(said, InterruptionAssessed):
                standing.pop((said.began_at_ms, said.cause), None)
                if said.stage is not Stage.WITHDRAWN:
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
        chance = random.Random(f"street {seed} {number}")
        self.clock = Clockwork()
        self.house = House(_fittings(chance), chance)
        self.desk = Desk(settings, self.clock, self._hear)
        self.mail = Mail(self.clock, chance, self.desk.take)
        self.edge = Edge(self.house, self.clock, chance, self._say, self.mail.connect)
        self.trace: Callable[[str], None] | None = None
        self._number, self._settings, self._chance = number, settings, chance
        self._today: Episode | None = None
        self._owed_from_s: float | None = None

    def live(self, day: int, kind: Kind) -> Episode:
        """One day with one trouble; what is not part of it is skipped."""
        begins_s = day * _DAY_S + self._chance.uniform(1, 4) * _HOUR_S
        changes = [replace(change, at_s=change.at_s + begins_s) for change in script(kind, self._chance)]
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
        elif from_s is not None and change.part is not Part.PROGRAM:
            self._owed_from_s = None
            if now_s - from_s > self._settings.notify_after_s + _GRACE_S:
                self._today.owed.append((from_s, now_s))

    def _say(self, event: Said, is_of_the_meter: bool) -> None:
        assert self._today is not None
        if self.trace:
            self.trace(f"  says {event}")
        self._today.said.append(event)
        self.mail.post(event, METER if is_of_the_meter else "")

    def _hear(self, what: Announcement) -> None:
        assert self._today is not None
        told = Told(
            at_s=self.clock.now_s,
            what=what,
            is_alive=self.house.is_alive,
            has_breaker=self.house.on[Part.BREAKER],
            line_since_s=self.house.line_changed_s,
            breaker_since_s=self.house.breaker_changed_s,
        )
        if self.trace:
            self.trace(f"  TOLD {told}")
        self._today.told.append(told)


def measure(full: bool) -> list[Row | Matrix]:
    """Live through it all, and count."""
    settings = OutageSettings()
    seeds = range(1, 11) if full else range(1, 2)
    episodes = [episode for seed in seeds for episode in street(seed, settings)]
    return [_matrix(episodes), *_figures(episodes)]


def street(seed: int, settings: OutageSettings, times: int = TIMES) -> Iterator[Episode]:
    """Every kind of trouble so many times, spread over homes that each live for thirty days."""
    kinds = _kinds(seed, times)
    for number, first in enumerate(range(0, len(kinds), DAYS)):
        home = Home(number, seed, settings)
        for day, kind in enumerate(kinds[first : first + DAYS]):
            yield home.live(day, kind)


def show(*, seed: int, home: int, day: int) -> None:
    """Print one day of one home as it went, line by line."""
    shown = Home(home, seed, OutageSettings())

    def trace(line: str) -> None:
        for noise, plain in _NOISE:
            line = noise.sub(plain, line)
        print(f"{instant(shown.clock.now_s):%H:%M:%S.%f}"[:12], line)

    for number, kind in enumerate(_kinds(seed, TIMES)[home * DAYS : home * DAYS + day + 1]):
        if number == day:
            print(kind.value, shown.house.fittings)
            shown.trace = shown.edge.trace = shown.desk.trace = trace
        shown.live(number, kind)


_NOISE = (
    (re.compile(r"datetime\.datetime\(\d+, \d+, \d+, (\d+), (\d+)(?:, (\d+))?[^)]*utc\)"), r"\1:\2:\3"),
    (re.compile(r"Evidence\(kind=<\w+\.(\w+): \d+>, value=(-?\d+), age_ms=(\d+)\)"), r"\1=\2 \3ms ago"),
    (re.compile(r"<\w+\.(\w+): [^>]+>"), r"\1"),
    (re.compile(r"Heard\(event=EventId\([^)]*seq=(\d+)\), meter='\w*', said_at=([\d:]+)[^)]*\)"), r"event \1 of \2"),
)
"""What makes a value's own form long, and what is left of it."""


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


def _kinds(seed: int, times: int) -> list[Kind]:
    """What befalls whom: every thirty in a row are one home's."""
    kinds = [kind for kind in Kind for _ in range(times)]
    random.Random(f"kinds {seed}").shuffle(kinds)
    return kinds


def _matrix(episodes: Iterable[Episode]) -> Matrix:
    counts = Counter((episode.kind, episode.verdict) for episode in episodes)
    return Matrix(
        what="what really was, and the gateway's last word on it",
        rows=tuple(kind.value for kind in Kind),
        columns=COLUMNS,
        counts=tuple(tuple(counts[kind, column] for column in COLUMNS) for kind in Kind),
    )


def _figures(episodes: list[Episode]) -> list[Row]:
    out, back, breaker = Announcement.POWER_OUT, Announcement.POWER_BACK, Announcement.CHECK_BREAKER
    untrue = Counter(_untruth(episode) for episode in episodes for told in episode.told_of(out) if told.is_alive)
    owed = [episode for episode in episodes if episode.owed]
    breakers = [told for episode in episodes for told in episode.told_of(breaker)]
    backs = [told for episode in episodes for told in episode.told_of(back)]
    waits = [wait_s / 60 for episode in owed for wait_s in episode.waits_s]
    return [
        _none("told 'out', and power had never gone", untrue[_NEVER]),
        _none("told 'out', and power was back", untrue[_OVER]),
        _none("outages missed, told twice or never 'back'", sum(not episode.is_told_well for episode in owed)),
        _none("told of a breaker that was on", sum(told.has_breaker or not told.is_alive for told in breakers)),
        _none("homes not at rest when all was over", sum(not episode.is_settled for episode in episodes)),
        _figure("told 'out', both witnesses taken away at once", untrue[_BLIND], "of", _count(episodes, Kind.REMOVED)),
        _figure(
            "told 'back', and it had gone again meanwhile", sum(not told.is_alive for told in backs), "of", len(backs)
        ),
        _figure("outages that had to be told", len(owed), "with a dead line", sum(map(_was_dark, episodes))),
        _figure("told of their breaker", len(breakers), "of", _count(episodes, Kind.BREAKER)),
        _figure("from loss to 'out', median", statistics.median(waits or [0]), "notify after", 1.0, "min"),
        _figure("from loss to 'out', worst", max(waits or [0]), "notify after + 3", 4.0, "min"),
    ]


_NEVER, _OVER, _BLIND = "never", "over", "blind"


def _untruth(episode: Episode) -> str:
    """Of an outage told of a line that is alive: which kind of untrue that is."""
    if _was_dark(episode):
        return _OVER
    return _BLIND if episode.kind is Kind.REMOVED else _NEVER


def _count(episodes: list[Episode], kind: Kind) -> int:
    return sum(episode.kind is kind for episode in episodes)


def _none(what: str, count: int) -> Row:
    return Row(what=what, ours=count, beside=0, beside_name="", unit="", is_limit=True)


def _figure(what: str, ours: float, beside_name: str, beside: float, unit: str = "") -> Row:
    return Row(what=what, ours=ours, beside=beside, beside_name=beside_name, unit=unit)


def _was_dark(episode: Episode) -> bool:
    return any(change.part is Part.LINE for change in episode.script)


def _dark(changes: Script) -> Iterator[tuple[float, float]]:
    """From when to when the line was dead."""
    off_s = None
    for change in changes:
        if change.part is Part.LINE:
            if off_s is not None and change.is_on:
                yield off_s, change.at_s
            off_s = None if change.is_on else change.at_s


if __name__ == "__main__":
    sys.exit(main("verdicts", measure))
