"""How well failures are located: ours beside the lowest common ancestor and the roll-up by share, in the same run.

Radial feeders of our own making are always played, and the published ones of LAMPLIGHT_DATA/feeders where that is
set. Devices fail at random, by kind; of the homes below, a share is heard of, and a few homes cry without a cause.
`devices` is F1 over the places named (devices with the same homes count as one); `customers` is the share, of all
homes held to be out, that are: the others would be told an untruth. What was heard of by nobody counts as missed.
Nothing is told to ours but that single homes do not fail here, since none do. Seeded; `--full` plays more of each.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Final

from benchmarks.report import Row, main
from cloud.grid import feeder_table
from cloud.grid.model import Device, Kind, Service, Tree
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.outages.locate import Model, Word, locate

SEED: Final = 20_261_121
FALSE: Final = 2e-5
LIMIT_MS: Final = 50.0
LIMIT_CUSTOMERS: Final = 98.0
DEVICES_ONLY: Final = Model(home=1e-9)
CELLS: Final = ((1, 0.75), (1, 0.40), (10, 0.75), (10, 0.40))
_WEIGHTS: Final = {Kind.FUSE: 2.0, Kind.TRANSFORMER: 1.0, Kind.SWITCH: 0.3, Kind.FEEDER: 0.02}

Homes = frozenset[UsagePointId]
Method = Callable[["Feeder", Homes], set[Homes]]


@dataclass(slots=True)
class Feeder:
    """A tree with the homes below each device as a set."""

    name: str
    tree: Tree
    below: dict[DeviceId, Homes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.below = {device.id: frozenset(self.tree.below(device.id)) for device in self.tree.devices}

    def failures(self, count: int, random: Random) -> set[Homes]:
        """So many failed places, none above another, by how often each kind fails."""
        devices = [device for device in self.tree.devices if self.below[device.id]]
        weights = [_WEIGHTS[device.kind] for device in devices]
        failed: set[Homes] = set()
        for _ in range(100 * count):
            homes = self.below[random.choices(devices, weights)[0].id]
            if all(homes.isdisjoint(other) for other in failed):
                failed.add(homes)
            if len(failed) == count:
                break
        return failed


@dataclass(slots=True)
class Score:
    """Places and homes, summed over all that was played."""

    found: int = 0
    named: int = 0
    failed: int = 0
    homes_found: int = 0
    homes_named: int = 0

    def add(self, named: set[Homes], failed: set[Homes]) -> None:
        dark, told = frozenset().union(*failed), frozenset().union(*named)
        self.found += len(named & failed)
        self.named += len(named)
        self.failed += len(failed)
        self.homes_found += len(told & dark)
        self.homes_named += len(told)

    @property
    def devices(self) -> float:
        return 100 * 2 * self.found / max(1, self.named + self.failed)

    @property
    def customers(self) -> float:
        return 100 * self.homes_found / max(1, self.homes_named)


def by_map(feeder: Feeder, heard: Homes) -> set[Homes]:
    """Ours: the most probable set of places."""
    words = dict.fromkeys(heard, Word.OUT)
    return {frozenset(place.homes) for place in locate(feeder.tree, words, model=DEVICES_ONLY, unsaid=Word.QUIET)}


def by_common_ancestor(feeder: Feeder, heard: Homes) -> set[Homes]:
    """The lowest device above every home that was heard of."""
    if not heard:
        return set()
    return {min((homes for homes in feeder.below.values() if heard <= homes), key=len)}


def by_roll_up(feeder: Feeder, heard: Homes) -> set[Homes]:
    """The highest devices of whose homes at least half were heard of."""
    named: set[Homes] = set()
    ahead = [feeder.tree.feeder]
    while ahead:
        device = ahead.pop()
        homes = feeder.below[device]
        if homes and 2 * len(homes & heard) >= len(homes):
            named.add(homes)
        elif homes & heard:
            ahead += feeder.tree.children(device)
    return named


METHODS: Final[dict[str, Method]] = {"ours": by_map, "roll-up": by_roll_up, "ancestor": by_common_ancestor}


def play(feeder: Feeder, count: int, heard_of: float, times: int) -> dict[str, Score]:
    """The score of each method over the same failures."""
    random = Random(f"{SEED}/{feeder.name}/{count}/{heard_of}")
    homes = sorted(feeder.below[feeder.tree.feeder])
    scores = {name: Score() for name in METHODS}
    for _ in range(times):
        failed = feeder.failures(count, random)
        dark: Homes = frozenset().union(*failed)
        heard = frozenset(home for home in homes if random.random() < (heard_of if home in dark else FALSE))
        for name, method in METHODS.items():
            scores[name].add(method(feeder, heard), failed)
    return scores


def radial(homes: int, seed: int) -> Feeder:
    """A feeder of our own: switches along a trunk, fused laterals, transformers with one to eight homes."""
    random = Random(seed)
    devices = [Device(id=DeviceId("F"), kind=Kind.FEEDER, parent=None, phases="ABC")]
    services: list[Service] = []
    trunk = devices[0].id
    while len(services) < homes:
        if random.random() < 0.04:
            trunk = _hang(devices, Kind.SWITCH, trunk)
        above = trunk
        for _ in range(random.choice((1, 1, 2))):
            above = _hang(devices, Kind.FUSE, above)
            for _ in range(random.randint(1, 8)):
                box = _hang(devices, Kind.TRANSFORMER, above)
                for _ in range(min(random.randint(1, 8), homes - len(services))):
                    name = UsagePointId(f"UP-{len(services)}")
                    services.append(Service(usage_point=name, device=box, phases="A"))
    return Feeder(f"radial {homes}", Tree(devices=tuple(devices), services=tuple(services)))


def _hang(devices: list[Device], kind: Kind, parent: DeviceId) -> DeviceId:
    name = DeviceId(f"{kind[0].upper()}-{len(devices)}")
    devices.append(Device(id=name, kind=kind, parent=parent, phases="ABC"))
    return name


def feeders() -> Iterator[Feeder]:
    """Ours, and those that were handed to us."""
    yield radial(1_000, SEED)
    yield radial(5_000, SEED + 1)
    folder = os.environ.get("LAMPLIGHT_DATA")
    for path in sorted(Path(folder, "feeders").glob("*.csv")) if folder else ():
        feeder = Feeder(path.stem, feeder_table.parse(path.read_bytes()))
        if len({homes for homes in feeder.below.values() if homes}) > 20:  # one with a handful of places says nothing
            yield feeder


def measure(full: bool) -> Sequence[Row]:
    """The rows of every feeder and cell, and what one location takes."""
    rows: list[Row] = []
    for feeder in feeders():
        for count, heard_of in CELLS:
            # One failure alone is heard of by a few homes, or by none: it takes many to know how often.
            times = 300 if full else 30 if count > 1 else 120
            scores = play(feeder, count, heard_of, times)
            rows += _rows(f"{feeder.name}, {count} failed, {heard_of:.0%} heard of", count, scores)
    return [*rows, _time(radial(5_000, SEED + 1), 51 if full else 15)]


def _rows(cell: str, count: int, scores: dict[str, Score]) -> Iterator[Row]:
    ours, roll_up, ancestor = (scores[name] for name in ("ours", "roll-up", "ancestor"))
    devices, customers = f"{cell}: devices", f"{cell}: customers"
    yield _row(devices, ours.devices, roll_up.devices, "roll-up")
    if count == 1:  # a common ancestor is one place
        yield _row(devices, ours.devices, ancestor.devices, "ancestor")
    yield _row(customers, ours.customers, roll_up.customers, "roll-up")
    yield _row(customers, ours.customers, ancestor.customers, "ancestor")
    yield _row(customers, ours.customers, LIMIT_CUSTOMERS, "", is_limit=True)


def _row(what: str, ours: float, beside: float, beside_name: str, *, is_limit: bool = False) -> Row:
    return Row(
        what=what,
        ours=ours,
        beside=beside,
        beside_name=beside_name,
        unit="%",
        less_is_better=False,
        is_limit=is_limit,
    )


def _time(feeder: Feeder, times: int) -> Row:
    random = Random(SEED)
    took_ms = []
    for _ in range(times):
        dark = frozenset().union(*feeder.failures(10, random))
        words = {home: Word.OUT for home in dark if random.random() < 0.75}
        began = perf_counter()
        locate(feeder.tree, words, unsaid=Word.QUIET)
        took_ms.append(1_000 * (perf_counter() - began))
    return Row(
        what="locate on 5,000 meters", ours=median(took_ms), beside=LIMIT_MS, beside_name="", unit="ms", is_limit=True
    )


if __name__ == "__main__":
    sys.exit(main("locate", measure))
