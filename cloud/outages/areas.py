"""The rules of outages on the tree: what every home's evidence makes of the outages of its feeder.

In go the tree, what is known of each home and the outages there are; out come those that changed, lines for their
timelines, people to ask and instants to look again. Pure; an unchanged world changes nothing.

1. An outage needs a home's own open case. It stands where `locate` finds the failure, and moves while evidence comes:
   up, taking in the outages it explains, or down, never leaving behind a home that is out. Losses far apart in time are
   not one failure, so each moment of loss is located by itself.
2. Its members are the homes below its place. Each stands by its own evidence alone; what is unknown stays unverified.
3. A home's case is of one outage: of the one that had it first, else of the newest above it that can hold it. In the
   others it is elsewhere.
4. When the first member that was dark is proven back, the outage stays where it is. A loss after that is another
   outage's. A voltage of one that was never dark is no return: it shows that the failure is lower.
5. A while after the first return, those still out are located among those that are back: a failure within the first,
   unless it is the same place, which then simply has not returned.
6. Still later, each home that cannot be seen, though it has a gateway, is asked; and each customer of a failure within,
   who was told "out", is told that it goes on; once. A proof takes about a minute to make; one that is older was held
   up on its way, and the proofs of others with it, so the clock starts a minute before it was heard, at the earliest.
7. An outage closes when every member that has a gateway is settled; while one of those is unverified it is restored,
   and not closed. A home without a gateway can never speak: it stays listed, and counted, as unverified.

The cost is O(N) in the homes of the feeder for each outage and each moment of loss there is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from cloud.grid.model import Tree
from cloud.kernel.ids import DeviceId, EventId, UsagePointId
from cloud.outages.area_model import (
    SETTLED,
    Ask,
    Home,
    Line,
    Mark,
    Member,
    Outage,
    Scene,
    Standing,
    Survey,
    TellStillOut,
    Wake,
)
from cloud.outages.area_words import can_hold, is_proven_after, is_suspected, member_of, shows_return, word_of
from cloud.outages.locate import Place, Word, locate
from cloud.outages.settings import OutageSettings

MAX_SOURCES: Final = 8
"""Restorations named as the proof that power came back around a home."""

_NO_FEEDER: Final = "its feeder is on the grid no more"
_ENDED: Final = frozenset({Standing.ELSEWHERE, Standing.CLOSED})


def survey(tree: Tree, scene: Scene, now: datetime, settings: OutageSettings) -> Survey:
    """Look at a feeder once. Pure."""
    before = {each.number: each for each in scene.outages}
    turn = _Turn(tree, scene.homes, now, settings, scene.next_number, dict(before))
    _note_returns(turn)
    _open_and_move(turn)
    _note_returns(turn)
    _judge_members(turn)
    _look_within(turn)
    _speak(turn)
    _close(turn, before)
    return turn.result(before)


def without_feeder(outages: Sequence[Outage], now: datetime) -> Survey:
    """The end of the open outages of a feeder that is on the grid no more: its homes are on another one, or on none."""
    return Survey(
        outages=tuple(_handed_on(outage, now) for outage in outages),
        lines=tuple(Line(number=each.number, mark=Mark.CLOSED, detail=_NO_FEEDER) for each in outages),
        over=tuple(outage.number for outage in outages),
    )


@dataclass(slots=True)
class _Turn:
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

    def open(self, place: Place, lost: Collection[UsagePointId], within: int | None) -> None:
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
        began = [since for name in lost if (since := self.homes[name].out_since) is not None]
        began_at = min([outage.began_at, *began, *(each.began_at for each in taken)])
        self.outages[outage.number] = replace(outage, device=place.id, began_at=began_at)
        if outage.device != place.id:
            self.lines.append(Line(number=outage.number, mark=Mark.MOVED, detail=f"{outage.device} > {place.id}"))
        self.claims |= dict.fromkeys(lost, outage.number)
        gone = {each.number for each in taken}
        self.claims |= {name: outage.number for name, number in self.claims.items() if number in gone}
        for each in taken:
            self.outages[each.number] = replace(_handed_on(each, self.now), absorbed_by=outage.number)
            self.lines.append(Line(number=each.number, mark=Mark.ABSORBED, detail=outage.name))
            self.over.append(each.number)

    def result(self, before: Mapping[int, Outage]) -> Survey:
        changed = [outage for number, outage in sorted(self.outages.items()) if outage != before.get(number)]
        return Survey(
            outages=tuple(changed),
            lines=tuple(self.lines),
            words=tuple(self.words),
            wakes=tuple(wake for wake in self.wakes if self.outages[wake.number].is_open),
            over=tuple(self.over),
            answered=tuple(name for outage in changed for name in _answered(before.get(outage.number), outage)),
        )


# 1: open and move


def _open_and_move(turn: _Turn) -> None:
    """Locate every moment of loss that is not settled yet; an outage follows the moment of its first loss."""
    owners = turn.owners()
    movable = {each.number for each in turn.open_ones() if each.within is None and each.first_back_at is None}
    lost = turn.lost({None, *movable}, owners)
    following: set[int] = set()
    for moment in _moments(turn, lost):
        led = {number for name in moment if (number := owners.get(name)) is not None} - following
        following |= led
        places = _located(turn, moment, max(_out_since(turn, name) for name in moment))
        _fit(turn, places, moment, led, None)


def _moments(turn: _Turn, lost: Sequence[UsagePointId]) -> Iterator[list[UsagePointId]]:
    """Homes whose losses follow one another closely, the earliest first."""
    group: list[UsagePointId] = []
    for name in sorted(lost, key=lambda name: (_out_since(turn, name), name)):
        if group and _out_since(turn, name) - _out_since(turn, group[-1]) > turn.settings.same_loss:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _out_since(turn: _Turn, name: UsagePointId) -> datetime:
    since = turn.homes[name].out_since
    assert since is not None, "only homes that are out are grouped"
    return since


def _located(turn: _Turn, lost: Collection[UsagePointId], at: datetime) -> tuple[Place, ...]:
    dark = frozenset(lost)
    words = {name: word_of(home, dark, at, turn.now, turn.settings) for name, home in turn.homes.items()}
    return locate(turn.tree, words)


def _fit(
    turn: _Turn, places: Sequence[Place], lost: Collection[UsagePointId], movable: Collection[int], within: int | None
) -> None:
    """Let outages stand at the places found. Two areas of a tree are apart, or one of them is in the other."""
    lost, owners = frozenset(lost), turn.owners()
    held: dict[int | None, set[UsagePointId]] = {}
    for name in turn.lost(movable, owners):
        if name in lost or name in turn.claims:  # a loss of another moment finds its own place
            held.setdefault(owners[name], set()).add(name)
    for place in places:
        dark = [name for name in place.homes if name in lost]
        there = [turn.outages[n] for n in sorted({owners.get(name, 0) for name in dark}) if n in movable]
        free = {name for name in dark if owners.get(name) == within}
        is_above = any(len(turn.area(outage)) > len(place.homes) for outage in there)
        if there and not is_above:
            turn.move(
                there[0], place, [name for name in dark if name in free or owners.get(name) in movable], there[1:]
            )
        elif len(there) == 1 and held[there[0].number] <= set(place.homes):
            turn.move(there[0], place, ())
        elif free and not there:
            turn.open(place, free, within)


# 2 to 4: returns and members


def _note_returns(turn: _Turn) -> None:
    """What has begun to come back stays where it is."""
    for outage in turn.open_ones():
        if outage.first_back_at is None and (back_at := _first_back_at(turn, outage)) is not None:
            turn.outages[outage.number] = replace(outage, first_back_at=back_at)
            turn.returned.add(outage.number)
            turn.lines.append(Line(number=outage.number, mark=Mark.FIRST_BACK, detail=back_at.isoformat()))
            soonest = turn.now + turn.settings.gather
            for why, after in (("nested", turn.settings.nested_after), ("ask", turn.settings.ask_after)):
                turn.wakes.append(Wake(number=outage.number, why=why, due_at=max(back_at + after, soonest)))


def _judge_members(turn: _Turn) -> None:
    owners = turn.owners()
    for outage in turn.open_ones():
        turn.outages[outage.number] = _judged(turn, outage, owners)


def _judged(turn: _Turn, outage: Outage, owners: Mapping[UsagePointId, int]) -> Outage:
    known = {member.usage_point: member for member in outage.members}
    members = tuple(
        member_of(outage, turn.homes[name], known.get(name), owners.get(name), turn.now)
        for name in sorted(turn.area(outage))
    )
    return outage if members == outage.members else replace(outage, members=members)


def _first_back_at(turn: _Turn, outage: Outage) -> datetime | None:
    """When the first member was proven back; no longer ago than a proof takes to make."""
    known = {member.usage_point: member for member in outage.members}
    same_loss = turn.settings.same_loss
    back = (
        turn.homes[name].proof
        for name in turn.area(outage)
        if shows_return(outage, turn.homes[name], known.get(name), same_loss)
    )
    proofs = [proof.at for proof in back if proof is not None]
    return max(min(proofs), turn.now - turn.settings.late_after) if proofs else None


def _has_power(outage: Outage, home: Home) -> bool:
    return is_proven_after(home, outage.began_at) and home.out_since is None


# 5: a failure within


def _look_within(turn: _Turn) -> None:
    for outage in turn.open_ones():
        if not _is_due(turn, outage, turn.settings.nested_after.total_seconds()):
            continue
        inner = {each.number for each in turn.open_ones() if each.within == outage.number and not each.first_back_at}
        lost = turn.lost({outage.number, *inner}, turn.owners())
        places = [place for place in _located_within(turn, outage, lost) if len(place.homes) < len(turn.area(outage))]
        _fit(turn, places, lost, inner, outage.number)
    _judge_members(turn)


def _is_due(turn: _Turn, outage: Outage, after_s: float) -> bool:
    """Whether the time after the first return is over; one that was only just seen gives others time to gather."""
    back_at = outage.first_back_at
    if back_at is None or outage.number in turn.returned:
        return False
    return (turn.now - back_at).total_seconds() >= after_s


def _located_within(turn: _Turn, outage: Outage, lost: Collection[UsagePointId]) -> tuple[Place, ...]:
    words: dict[UsagePointId, Word] = {}
    for name, home in turn.homes.items():
        if name in lost:
            words[name] = Word.OUT
        elif _has_power(outage, home):
            words[name] = Word.ALIVE
        elif is_suspected(home, outage.began_at, turn.settings.same_loss):
            words[name] = Word.SUSPECTED
    return locate(turn.tree, words)


# 6: speak


def _speak(turn: _Turn) -> None:
    after_s = turn.settings.ask_after.total_seconds()
    for outage in turn.open_ones():
        if _is_due(turn, outage, after_s):
            _ask(turn, outage)
        outer = None if outage.within is None else turn.outages.get(outage.within)
        if outer is not None and _is_due(turn, outer, after_s):
            _tell_still_out(turn, outage, outer)


def _ask(turn: _Turn, outage: Outage) -> None:
    assert outage.first_back_at is not None, "nobody is asked before somebody is back"
    unseen = [member for member in _unspoken(outage, Standing.UNVERIFIED) if turn.homes[member.usage_point].has_gateway]
    for member in unseen:
        ask = Ask(
            number=outage.number,
            usage_point=member.usage_point,
            outage_name=outage.name,
            neighbours_back_at=outage.first_back_at,
            sources=_proofs(turn, outage),
        )
        turn.words.append(ask)
    turn.outages[outage.number] = _spoken_to(outage, unseen, turn.now)


def _tell_still_out(turn: _Turn, outage: Outage, outer: Outage) -> None:
    assert outer.first_back_at is not None, "a failure within is found after a return"
    outage = turn.outages[outage.number]
    told = [member for member in _unspoken(outage, Standing.OUT) if turn.homes[member.usage_point].is_told]
    for member in told:
        tell = TellStillOut(
            number=outage.number,
            usage_point=member.usage_point,
            neighbours_back_at=outer.first_back_at,
            sources=_proofs(turn, outer),
        )
        turn.words.append(tell)
    turn.outages[outage.number] = _spoken_to(outage, told, turn.now)


def _unspoken(outage: Outage, standing: Standing) -> list[Member]:
    return [member for member in outage.of(standing) if member.asked_at is None]


def _spoken_to(outage: Outage, members: Collection[Member], now: datetime) -> Outage:
    names = {member.usage_point for member in members}
    spoken = (replace(each, asked_at=now) if each.usage_point in names else each for each in outage.members)
    return replace(outage, members=tuple(spoken))


def _proofs(turn: _Turn, outage: Outage) -> tuple[EventId, ...]:
    area = (turn.homes[name] for name in turn.area(outage))
    found = [home.proof for home in area if home.proof and _has_power(outage, home)]
    return tuple(proof.by for proof in sorted(found, key=lambda proof: (proof.at, proof.by)))[:MAX_SOURCES]


# 7: close


def _close(turn: _Turn, before: Mapping[int, Outage]) -> None:
    for outage in turn.open_ones():
        known = before.get(outage.number)
        if outage.count(Standing.OUT):
            continue
        if outage.first_back_at is None and not any(member.standing in _ENDED for member in outage.members):
            _end(turn, outage, Mark.DISMISSED)
        elif not any(_holds_open(member, turn.homes.get(member.usage_point)) for member in outage.members):
            _end(turn, outage, Mark.CLOSED)
        elif known is not None and known.count(Standing.OUT):
            turn.lines.append(Line(number=outage.number, mark=Mark.RESTORED, detail=_unseen(outage)))


def _holds_open(member: Member, home: Home | None) -> bool:
    """Whether something may still be heard of it that is not known yet."""
    return member.standing not in SETTLED and home is not None and home.has_gateway


def _end(turn: _Turn, outage: Outage, mark: Mark) -> None:
    turn.outages[outage.number] = replace(outage, closed_at=turn.now)
    turn.lines.append(Line(number=outage.number, mark=mark, detail=_unseen(outage)))
    turn.over.append(outage.number)


def _unseen(outage: Outage) -> str:
    unseen = outage.count(Standing.UNVERIFIED)
    return f"{unseen} unverified" if unseen else ""


def _handed_on(outage: Outage, now: datetime) -> Outage:
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
