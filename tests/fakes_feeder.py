"""Builders of feeders: small ones by hand, and radial ones of any size from a seed."""

from collections.abc import Iterable
from random import Random

from cloud.grid.model import Device, Kind, Service, Tree
from cloud.kernel.ids import DeviceId, UsagePointId


def device(name: str, parent: str | None, kind: Kind = Kind.TRANSFORMER) -> Device:
    return Device(id=DeviceId(name), kind=kind, parent=None if parent is None else DeviceId(parent), phases="ABC")


def homes_at(name: str, *usage_points: str) -> list[Service]:
    return [Service(usage_point=UsagePointId(home), device=DeviceId(name), phases="A") for home in usage_points]


def feeder_of(devices: Iterable[Device], services: Iterable[Service], feeder: str = "F-1") -> Tree:
    return Tree(devices=(device(feeder, None, Kind.FEEDER), *devices), services=tuple(services))


def two_boxes(homes: int = 4) -> Tree:
    """A fuse with two transformers, T-1 and T-2; home n of T-1 is UP-1n."""
    boxes = [device("K-1", "F-1", Kind.FUSE), device("T-1", "K-1"), device("T-2", "K-1")]
    lines = [line for box in (1, 2) for n in range(homes) for line in homes_at(f"T-{box}", f"UP-{box}{n}")]
    return feeder_of(boxes, lines)


def random_tree(seed: int, devices: int, homes: int) -> Tree:
    """Any tree at all, deep or flat, with homes anywhere."""
    random = Random(seed)
    names = ["F-1"]
    made = []
    for n in range(devices):
        kind = random.choice((Kind.SWITCH, Kind.FUSE, Kind.TRANSFORMER))
        made.append(device(f"D-{n}", random.choice(names[-4:] + names), kind))
        names.append(f"D-{n}")
    lines = [line for n in range(homes) for line in homes_at(random.choice(names), f"UP-{n}")]
    return feeder_of(made, lines)
