"""A feeder whose homes' evidence is set by hand, and whose outages are surveyed as the service would."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cloud.grid.model import Tree
from cloud.kernel.ids import EventId, UsagePointId
from cloud.outages.area_model import Ask, Home, Line, Mark, Outage, Proof, Scene, Standing, TellStillOut, Wake
from cloud.outages.areas import survey
from cloud.outages.settings import OutageSettings
from tests.fakes_feeder import device, feeder_of, homes_at
from wire.ids import GatewayId
from wire.terms import Cause

BOX_1 = [f"UP-1{n}" for n in range(4)]
BOX_2 = [f"UP-2{n}" for n in range(4)]
EVENING = datetime(2026, 11, 21, 23, 15, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return EVENING + timedelta(seconds=seconds)


def event(seq: int) -> EventId:
    return EventId(gateway=GatewayId("7Z0M4QDA"), gen=1, lane=0, seq=seq)


@dataclass(slots=True)
class Feeder:
    """What is known of every home, and what surveys have made of it. Every gateway goes on being heard of."""

    tree: Tree
    settings: OutageSettings = field(default_factory=OutageSettings)
    homes: dict[UsagePointId, Home] = field(default_factory=dict)
    outages: dict[int, Outage] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    words: list[Ask | TellStillOut] = field(default_factory=list)
    wakes: dict[tuple[int, str], Wake] = field(default_factory=dict)
    answered: list[UsagePointId] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        for home in self.tree.below(self.tree.feeder):
            self.homes[home] = Home(usage_point=home, has_gateway=True, heard_at=at(1_000_000))

    def out(self, *names: str, since_s: float = 0.0, case: int = 1) -> "Feeder":
        """The homes' own verdicts: their cases open and their customers told."""
        for name in names:
            self.know(name, out_since=at(since_s), case_number=case, is_told=True)
        return self

    def back(self, *names: str, at_s: float) -> "Feeder":
        """The homes' own meters prove that power is back; their cases, if they have one, close."""
        for number, name in enumerate(names):
            proof = Proof(at=at(at_s), by=event(int(at_s) + number))
            home = self.homes[UsagePointId(name)]
            if home.out_since is not None:
                self.know(name, was_out_since=home.out_since, returned_case=home.case_number)
            self.know(name, out_since=None, case_number=None, is_told=False, proof=proof)
        return self

    def withdrawn(self, *names: str) -> "Feeder":
        for name in names:
            self.know(name, out_since=None, case_number=None, is_told=False)
        return self

    def found(self, name: str, cause: Cause) -> "Feeder":
        return self.know(name, finding=cause)

    def know(self, name: str, **facts: object) -> "Feeder":
        home = UsagePointId(name)
        self.homes[home] = replace(self.homes[home], **facts)  # type: ignore[arg-type] # the caller names Home's fields
        return self

    def survey(self, at_s: float) -> "Feeder":
        """Survey at this instant, having woken at those that came before; an unchanged world changes nothing."""
        for key, wake in sorted(self.wakes.items(), key=lambda item: item[1].due_at):
            if wake.due_at <= at(at_s) and key in self.wakes:
                del self.wakes[key]
                self._once(wake.due_at)
        self._once(at(at_s))
        known = (dict(self.outages), list(self.lines), list(self.words))
        self._once(at(at_s))
        assert known == (self.outages, self.lines, self.words)
        return self

    def _once(self, now: datetime) -> None:
        open_ones = [outage for outage in self.outages.values() if outage.is_open]
        outer = {outage.within for outage in open_ones} - {outage.number for outage in open_ones}
        scene = Scene(
            homes=self.homes,
            outages=(*open_ones, *(self.outages[number] for number in outer if number is not None)),
            next_number=max(self.outages, default=0) + 1,
        )
        made = survey(self.tree, scene, now, self.settings)
        self.outages |= {outage.number: outage for outage in made.outages}
        self.lines += made.lines
        self.words += made.words
        self.answered += made.answered
        self.wakes |= {(wake.number, wake.why): wake for wake in made.wakes}
        self.wakes = {key: wake for key, wake in self.wakes.items() if key[0] not in made.over}

    # What a test asks

    @property
    def open(self) -> list[Outage]:
        return [outage for _, outage in sorted(self.outages.items()) if outage.is_open]

    @property
    def places(self) -> list[str]:
        return [outage.device for outage in self.open]

    def standings(self, number: int) -> dict[str, Standing]:
        return {str(member.usage_point): member.standing for member in self.outages[number].members}

    def standing(self, name: str, number: int = 1) -> Standing:
        return self.standings(number)[name]

    def marks(self, number: int) -> list[Mark]:
        return [line.mark for line in self.lines if line.number == number]

    @property
    def asked(self) -> list[str]:
        return [word.usage_point for word in self.words if isinstance(word, Ask)]

    @property
    def told_still_out(self) -> list[str]:
        return [word.usage_point for word in self.words if isinstance(word, TellStillOut)]


def each(standing: Standing, names: Iterable[str]) -> dict[str, Standing]:
    return dict.fromkeys(names, standing)


def eight_homes() -> Tree:
    """The street of the story: five houses and three flats on one transformer."""
    homes = ("UP-1", "UP-2", "UP-3", "UP-4", "UP-5", "UP-6A", "UP-6B", "UP-6C")
    return feeder_of([device("T-0101", "F-1")], homes_at("T-0101", *homes))


def storm(street: Feeder) -> Feeder:
    """The night: five homes known to be out, one whose meter was silent, one switched off, one unheard of."""
    street.know("UP-3", suspected_at=at(0), finding=Cause.CANNOT_TELL).found("UP-4", Cause.SWITCHED_OFF)
    street.know("UP-5", heard_at=at(-2_000))
    return street.out("UP-1", "UP-2", "UP-6A", "UP-6B", "UP-6C").survey(30)
