"""Where on the feeder it failed: the most probable set of failed devices, given what is known of each home.

In go a tree, a word for each home and a model (how often devices fail, how often a home in the dark is heard of); out
come the places that failed, each with its margin. Pure, exact, O(N), and without recursion: a feeder may be a chain.

The model. Devices, and the services of single homes, fail independently, with prior odds by their kind. A home is dark
if anything above it failed. Its word depends on nothing but whether it is dark, and weighs

    w(h) = log( P(word | dark) / P(word | supplied) )

so a place v explains what is seen by score(v) = log odds(v) + the sum of w(h) over the homes below v. A failure below
another one cannot be seen. What remains of Bayes' rule is: of all sets of places of which none stands above another
(antichains), find the one with the greatest sum. On a tree that is one pass from the leaves,

    best(v) = max( score(v), sum of best(c) over what is right below v ),    best(home) = max( score(home), 0 )

and the set is read off from the root down. It is the maximum-weight antichain of the tree, and so it is exact for any
number of simultaneous failures. (Odds stand for probabilities and the 1 - p of what did not fail is left out: failures
are rare.) `benchmarks.locate` measures it beside the lowest common ancestor and the usual roll-up by share.

The margin of a place is what the best set without it is worse by, as a log-likelihood: 0 is a coin's toss, 3 is twenty
to one, 7 is a thousand to one. The best set without v either opens v up or takes a place above v instead, so

    margin(v) = min( score(v) - sum of best below v,  best(u) - score(u) for every u above v )

Devices with the same homes below them cannot be told apart by what homes say, so they count as one, whose odds are
their sum. It is named by the lowest of them: whoever goes there looks at the fewest spans of line, and the way up is
then open. By the same rule a transformer with one home is that home: people ask for it by the home's name.

Weights of words. A voltage read below a dead device would need the map to be wrong, so ALIVE all but forbids it: only
five homes and more, each of which would have to have failed on its own, outweigh one of them. Silence founds nothing:
uplinks fail together, and ours with them, so that UNHEARD and NOTHING speak neither for a failure nor, as QUIET does,
much against it. What little they say is against: of two explanations about equally good the smaller is taken.

>>> from cloud.grid.model import Device, Kind, Service
>>> from cloud.kernel.ids import DeviceId, UsagePointId
>>> head = Device(id=DeviceId("F-1"), kind=Kind.FEEDER, parent=None, phases="ABC")
>>> boxes = [Device(id=DeviceId(f"T-{n}"), kind=Kind.TRANSFORMER, parent=head.id, phases="ABC") for n in (1, 2)]
>>> homes = [UsagePointId(f"UP-{n}") for n in range(6)]
>>> lines = [Service(usage_point=home, device=boxes[n // 3].id, phases="A") for n, home in enumerate(homes)]
>>> tree = Tree(devices=(head, *boxes), services=tuple(lines))
>>> found = locate(tree, {"UP-0": Word.OUT, "UP-1": Word.OUT, "UP-4": Word.ALIVE}, unsaid=Word.QUIET)
>>> [(place.id, place.homes, round(place.margin, 1)) for place in found]
[('T-1', ('UP-0', 'UP-1', 'UP-2'), 10.1)]
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, log
from types import MappingProxyType
from typing import Final

from cloud.grid.model import Device, Kind, Tree
from cloud.kernel.ids import DeviceId, UsagePointId


class Word(StrEnum):
    """What is known of a home."""

    OUT = "out"  # its own gateway's verdict: supply interrupted
    SUSPECTED = "suspected"  # its supply sense fell, and nothing has been concluded from it
    ALIVE = "alive"  # its own meter read a voltage since
    UNHEARD = "unheard"  # it is expected to speak and has been silent since well before
    QUIET = "quiet"  # it could have said that it is out, and has not
    NOTHING = "nothing"  # nothing, and nothing was to be expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """How often things happen: prior probabilities by kind, and of each word in the dark and under supply."""

    feeder: float = 2e-5
    switch: float = 3e-4
    fuse: float = 2e-3
    transformer: float = 1e-3
    home: float = 1e-4
    heard: float = 0.75
    """How many of the homes in the dark are heard of."""
    false: float = 2e-5
    """How many of those under supply are said to be out all the same."""
    suspected: tuple[float, float] = (0.75, 0.01)
    alive: tuple[float, float] = (1e-12, 1.0)
    unheard: tuple[float, float] = (0.80, 1.0)
    nothing: tuple[float, float] = (0.80, 1.0)

    def prior(self, kind: Kind) -> float:
        """How probable it is that a device of this kind has failed just now."""
        return {
            Kind.FEEDER: self.feeder,
            Kind.SWITCH: self.switch,
            Kind.FUSE: self.fuse,
            Kind.TRANSFORMER: self.transformer,
        }[kind]

    def weights(self) -> Mapping[Word, float]:
        """The log-likelihood ratio of each word."""
        chances = {
            Word.OUT: (self.heard, self.false),
            Word.SUSPECTED: self.suspected,
            Word.ALIVE: self.alive,
            Word.UNHEARD: self.unheard,
            Word.QUIET: (1 - self.heard, 1 - self.false),
            Word.NOTHING: self.nothing,
        }
        return {word: log(dark / supplied) for word, (dark, supplied) in chances.items()}


USUAL: Final = Model()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Something that failed: a device, or the service of one home; `homes` are those in the dark through it.

    `margin` is by how much every set of places without this one explains less.
    """

    id: str
    homes: tuple[UsagePointId, ...]
    margin: float


def locate(
    tree: Tree,
    words: Mapping[UsagePointId, Word],
    *,
    model: Model = USUAL,
    unsaid: Word = Word.NOTHING,
) -> tuple[Place, ...]:
    """The most probable failed places, in the order of the tree; `unsaid` is the word of homes without one."""
    return tuple(_Survey(tree, words, model, unsaid).places())


@dataclass(slots=True)
class _Node:
    """A device, standing for all devices below it that have the same homes; `lowest` is the last of those."""

    lowest: Device
    count: int = 0
    chance: float = 0.0
    weight: float = 0.0
    score: float = -inf
    below: float = 0.0
    """What the best set below is worth."""
    home: UsagePointId | None = None
    """The only home, where there is but one."""

    @property
    def best(self) -> float:
        return max(self.score, self.below)


@dataclass(slots=True)
class _Survey:
    tree: Tree
    words: Mapping[UsagePointId, Word]
    model: Model
    unsaid: Word
    weights: Mapping[Word, float] = field(default_factory=lambda: MappingProxyType({}))
    home_odds: float = 0.0
    nodes: dict[DeviceId, _Node] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.weights = self.model.weights()
        self.home_odds = _log_odds(self.model.home)
        for device in reversed(self.tree.top_down()):
            self.nodes[device.id] = self._node(device)

    def places(self) -> Iterator[Place]:
        """Read the best set off, from the root down; `slack` is what it costs least to take a place above instead."""
        ahead: list[tuple[DeviceId, float]] = [(self.tree.feeder, inf)]
        while ahead:
            device, slack = ahead.pop()
            node = self.nodes[device]
            if node.best <= 0:
                continue
            if node.score > node.below:
                name = node.home or node.lowest.id
                yield Place(id=name, homes=self.tree.below(device), margin=min(slack, node.score - node.below))
                continue
            slack = min(slack, node.below - node.score)
            for home in self.tree.at(node.lowest.id):
                score = self.home_odds + self._weight(home)
                if score > 0:
                    yield Place(id=home, homes=(home,), margin=min(slack, score))
            ahead += [(child, slack) for child in reversed(self.tree.children(node.lowest.id))]

    def _node(self, device: Device) -> _Node:
        children = [self.nodes[child] for child in self.tree.children(device.id)]
        homes = self.tree.at(device.id)
        weights = [self._weight(home) for home in homes]
        count = len(homes) + sum(child.count for child in children)
        same = next((child for child in children if count and child.count == count), None)
        node = _Node(device, count, self.model.prior(device.kind))
        node.weight = sum(weights) + sum(child.weight for child in children)
        if same is not None:
            node.lowest, node.home, node.below = same.lowest, same.home, same.below
            node.chance += same.chance
        elif count == 1:
            node.home = homes[0]
            node.chance += self.model.home
        else:
            alone = sum(max(0.0, self.home_odds + weight) for weight in weights)
            node.below = alone + sum(child.best for child in children)
        node.score = _log_odds(node.chance) + node.weight if count else -inf
        return node

    def _weight(self, home: UsagePointId) -> float:
        return self.weights[self.words.get(home, self.unsaid)]


def _log_odds(chance: float) -> float:
    """A chain of devices may have so many chances to fail that their sum is none any more; it is held below a half."""
    chance = min(chance, 0.5)
    return log(chance / (1 - chance))
