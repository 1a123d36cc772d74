"""One survey of a feeder: what the rules look at, what they have made of it so far, and what changes an outage's place.

A survey begins with the open outages as they were kept. The rules put questions to the turn (which outage has a home's
case, which homes are out and nobody's yet) and hand it what they decide: an outage opened, moved, or taken in by one
that explains it too. Each such step leaves its line for the timeline. `result` is what changed, and only that.

A home's case is of one outage, which *claims* it. What the rules conclude from evidence is not decided here.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cloud.grid.model import Tree
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.outages.area_model import SETTLED, Ask, Home, Line, Mark, Outage, Standing, Survey, TellStillOut, Wake
from cloud.outages.area_words import can_hold
from cloud.outages.locate import Place
from cloud.outages.settings import OutageSettings


@dataclass(slots=True)
class Turn:
    """What the rules look at, and what they have made of it so far."""

    tree: Tree
    homes: Mapping[UsagePointId, Home]
    now: datetime
    settings: OutageSettings
    next_number: int
    outages: dict[int, Outage]
    lines: list[Line] = field(default_factory=list)
    words: list[Ask | TellStillOut] = field(default_factory=list)
    wakes: list[Wake] = field(default_factory=list)
    over: list[int] = field(default_factory=list)
    returned: set[int] = field(default_factory=set)
    """Outages whose first return this very survey sees."""
    claims: dict[UsagePointId, int] = field(default_factory=dict)
    """Which outage has the open case of a home."""

    def __post_init__(self) -> None:
        for outage in self.open_ones():
            area = set(self.area(outage))
            for member in outage.of(Standing.OUT):
                name = member.usage_point
                if name in area and self.homes[name].case_number == member.case_number:
                    self.claims[name] = outage.number

    def open_ones(self) -> list[Outage]:
        """The open outages as they stand now, the first opened first."""
        return [outage for _, outage in sorted(self.outages.items()) if outage.is_open]

    def area(self, outage: Outage) -> tuple[UsagePointId, ...]:
        """The homes below an outage's place; its members, should the place be gone from the tree."""
        if outage.device in self.tree:
            return (UsagePointId(outage.device),)
        try:
            return self.tree.below(DeviceId(outage.device))
        except KeyError:
            return tuple(each.usage_point for each in outage.members if each.usage_point in self.homes)

    def owners(self) -> dict[UsagePointId, int]:
        """For each home that is out the outage that has its case; for every other the newest above it."""
        found: dict[UsagePointId, int] = {}
        founded = set(self.claims.values())
        for outage in self.open_ones():
            is_founded = outage.number in founded or outage.first_back_at is not None
            for name in self.area(outage):
                home = self.homes[name]
                if home.out_since is None or (is_founded and can_hold(outage, home, self.settings.same_loss)):
                    found[name] = outage.number
        return found | self.claims

    def lost(self, numbers: Collection[int | None], owners: Mapping[UsagePointId, int]) -> list[UsagePointId]:
        """The homes that are out and belong to one of these outages (None: to none yet)."""
        out = (name for name, home in self.homes.items() if home.out_since is not None)
        return [name for name in out if owners.get(name) in numbers]

    def is_due(self, outage: Outage, after: timedelta) -> bool:
        """Whether the time after the first return is over; one that was only just seen gives others time to gather."""
        back_at = outage.first_back_at
        if back_at is None or outage.number in self.returned:
            return False
        return self.now - back_at >= after

    def open(self, place: Place, lost: Collection[UsagePointId], within: int | None) -> None:
        """Let a new outage stand at this place with the homes that are lost; `within` where it was found in another."""
        began = [since for name in lost if (since := self.homes[name].out_since) is not None]
        outage = Outage(
            number=self.next_number,
            feeder=self.tree.feeder,
            device=place.id,
            opened_at_device=place.id,
            began_at=min(began),
            opened_at=self.now,
            within=within,
        )
        self.next_number += 1
        self.outages[outage.number] = outage
        self.claims |= dict.fromkeys(lost, outage.number)
        self.lines.append(Line(number=outage.number, mark=Mark.OPENED, detail=place.id))
        if within is not None:
            self.lines.append(Line(number=within, mark=Mark.FOUND_WITHIN, detail=outage.name))
            self.wakes.append(self._wake_to_tell(outage, self.outages[within]))

    def _wake_to_tell(self, outage: Outage, outer: Outage) -> Wake:
        """For those found within, who are told even should the outer outage be closed by then."""
        assert outer.first_back_at is not None, "a failure within is found after a return"
        due_at = outer.first_back_at + self.settings.ask_after
        return Wake(number=outage.number, why="tell", due_at=max(due_at, self.now + self.settings.gather))

    def move(
        self, outage: Outage, place: Place, lost: Collection[UsagePointId], taken: Collection[Outage] = ()
    ) -> None:
        """Let the outage stand at this place with the homes that are lost as well; those `taken` in are over."""
        began = [since for name in lost if (since := self.homes[name].out_since) is not None]
        began_at = min([outage.began_at, *began, *(each.began_at for each in taken)])
        self.outages[outage.number] = replace(outage, device=place.id, began_at=began_at)
        if outage.device != place.id:
            self.lines.append(Line(number=outage.number, mark=Mark.MOVED, detail=f"{outage.device} > {place.id}"))
        self.claims |= dict.fromkeys(lost, outage.number)
        gone = {each.number for each in taken}
        self.claims |= {name: outage.number for name, number in self.claims.items() if number in gone}
        for each in taken:
            self.outages[each.number] = replace(handed_on(each, self.now), absorbed_by=outage.number)
            self.lines.append(Line(number=each.number, mark=Mark.ABSORBED, detail=outage.name))
            self.over.append(each.number)

    def result(self, before: Mapping[int, Outage]) -> Survey:
        """What the survey changed of the outages there were."""
        changed = [outage for number, outage in sorted(self.outages.items()) if outage != before.get(number)]
        return Survey(
            outages=tuple(changed),
            lines=tuple(self.lines),
            words=tuple(self.words),
            wakes=tuple(wake for wake in self.wakes if self.outages[wake.number].is_open),
            over=tuple(self.over),
            answered=tuple(name for outage in changed for name in _answered(before.get(outage.number), outage)),
        )


def handed_on(outage: Outage, now: datetime) -> Outage:
    """The outage, closed; whoever of its members was not settled is elsewhere now."""
    gone = (
        each if each.standing in SETTLED else replace(each, standing=Standing.ELSEWHERE, since=now)
        for each in outage.members
    )
    return replace(outage, closed_at=now, members=tuple(gone))


def _answered(before: Outage | None, outage: Outage) -> Iterator[UsagePointId]:
    """The homes that were asked because they could not be seen, and stand otherwise now."""
    unseen = () if before is None else before.of(Standing.UNVERIFIED)
    asked = {member.usage_point for member in unseen if member.asked_at is not None}
    others = (member.usage_point for member in outage.members if member.standing is not Standing.UNVERIFIED)
    return (name for name in others if name in asked)
