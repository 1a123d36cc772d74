"""Where outages stand: the rules that open one and move it, and those that find a failure within another.

In go the homes that are out and the outages there are; each moment of loss is located by itself, and the outages are
fitted to the places found. Before anything came back an outage may move: up, where it takes in those that it explains,
or down, never leaving behind a home that is out. What has begun to come back stays; who is still out a while later is
located among those that are back, and is an outage within it. Refused: a place within that is the outage's own, since
that one simply has not returned.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from cloud.kernel.ids import UsagePointId
from cloud.outages.area_model import Outage
from cloud.outages.area_turn import Turn
from cloud.outages.area_words import has_power, is_suspected, word_of
from cloud.outages.locate import Place, Word, locate


def open_and_move(turn: Turn) -> None:
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


def _moments(turn: Turn, lost: Sequence[UsagePointId]) -> Iterator[list[UsagePointId]]:
    """Homes whose losses follow one another closely, the earliest first."""
    group: list[UsagePointId] = []
    for name in sorted(lost, key=lambda name: (_out_since(turn, name), name)):
        if group and _out_since(turn, name) - _out_since(turn, group[-1]) > turn.settings.same_loss:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _out_since(turn: Turn, name: UsagePointId) -> datetime:
    since = turn.homes[name].out_since
    assert since is not None, "only homes that are out are grouped"
    return since


def _located(turn: Turn, lost: Collection[UsagePointId], at: datetime) -> tuple[Place, ...]:
    dark = frozenset(lost)
    words = {name: word_of(home, dark, at, turn.now, turn.settings) for name, home in turn.homes.items()}
    return locate(turn.tree, words)


def _fit(
    turn: Turn, places: Sequence[Place], lost: Collection[UsagePointId], movable: Collection[int], within: int | None
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


def look_within(turn: Turn) -> None:
    """Locate those still out a while after the first return among those that are back."""
    for outage in turn.open_ones():
        if not turn.is_due(outage, turn.settings.nested_after):
            continue
        inner = {each.number for each in turn.open_ones() if each.within == outage.number and not each.first_back_at}
        lost = turn.lost({outage.number, *inner}, turn.owners())
        places = [place for place in _located_within(turn, outage, lost) if len(place.homes) < len(turn.area(outage))]
        _fit(turn, places, lost, inner, outage.number)


def _located_within(turn: Turn, outage: Outage, lost: Collection[UsagePointId]) -> tuple[Place, ...]:
    words: dict[UsagePointId, Word] = {}
    for name, home in turn.homes.items():
        if name in lost:
            words[name] = Word.OUT
        elif has_power(outage, home):
            words[name] = Word.ALIVE
        elif is_suspected(home, outage.began_at, turn.settings.same_loss):
            words[name] = Word.SUSPECTED
    return locate(turn.tree, words)
