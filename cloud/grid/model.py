"""A feeder as a tree: the devices that can open or fail, and the homes that lose supply when one does.

    F-01 (feeder) ── S-1 (switch) ── T-0101 (transformer) ──┬── UP-0001
                                                            └── UP-0002

Only what can take supply away is kept; a line between two devices fails as the device above it. A tree is whole or it
is not made: one root, every parent known, no loop, every home once (`NotATree` otherwise, which whoever reads files
finds out first and says better). All of its questions are answered from one walk, so that surveying a feeder of N
homes costs O(N). Phases are some of A, B and C; an empty text is a phase nobody told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeVar

from cloud.kernel.ids import DeviceId, UsagePointId

_K = TypeVar("_K")
_V = TypeVar("_V")


class Kind(StrEnum):
    """What a device is; each can take the supply of everything below it away."""

    FEEDER = "feeder"
    SWITCH = "switch"
    FUSE = "fuse"
    TRANSFORMER = "transformer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device and the one above it; a feeder's head has none above."""

    id: DeviceId
    kind: Kind
    parent: DeviceId | None
    phases: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The line that leads from a device to one home."""

    usage_point: UsagePointId
    device: DeviceId
    phases: str


class NotATree(ValueError):
    """Devices and services that make no tree; whoever read them should have refused them."""


@dataclass(frozen=True, slots=True)
class _Walk:
    """The tree walked once, parents before what is below them; `spans` are slices of `homes`."""

    devices: tuple[Device, ...]
    homes: tuple[UsagePointId, ...]
    spans: Mapping[DeviceId, tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One feeder with all that hangs on it.

    >>> head = Device(id=DeviceId("F-01"), kind=Kind.FEEDER, parent=None, phases="ABC")
    >>> box = Device(id=DeviceId("T-1"), kind=Kind.TRANSFORMER, parent=head.id, phases="ABC")
    >>> line = Service(usage_point=UsagePointId("UP-1"), device=box.id, phases="A")
    >>> tree = Tree(devices=(head, box), services=(line,))
    >>> tree.path(UsagePointId("UP-1"))
    ('F-01', 'T-1')
    >>> tree.below(tree.feeder)
    ('UP-1',)
    """

    devices: tuple[Device, ...]
    services: tuple[Service, ...]

    def __post_init__(self) -> None:
        if len(self._devices) != len(self.devices) or len(self._services) != len(self.services):
            raise NotATree("a device or a usage point stands twice")
        if sum(device.parent is None for device in self.devices) != 1:
            raise NotATree("a tree has one root")
        if not {service.device for service in self.services} <= self._devices.keys():
            raise NotATree("a service hangs on a device that is not there")
        if len(self._walk.devices) != len(self.devices):
            raise NotATree("a device does not hang on the root")

    @property
    def feeder(self) -> DeviceId:
        """The root."""
        return self._walk.devices[0].id

    def device(self, device: DeviceId) -> Device:
        """Raises KeyError when it is not of this feeder, as all questions below do."""
        return self._devices[device]

    def service(self, usage_point: UsagePointId) -> Service:
        """How this home is connected."""
        return self._services[usage_point]

    def top_down(self) -> tuple[Device, ...]:
        """Every device, none before the one above it; read from the end, none before those below it."""
        return self._walk.devices

    def path(self, usage_point: UsagePointId) -> tuple[DeviceId, ...]:
        """The devices a home's supply comes through, the feeder first."""
        steps = [self._services[usage_point].device]
        while (parent := self._devices[steps[-1]].parent) is not None:
            steps.append(parent)
        return tuple(reversed(steps))

    def below(self, device: DeviceId) -> tuple[UsagePointId, ...]:
        """The homes in the dark when this device opens."""
        first, end = self._walk.spans[device]
        return self._walk.homes[first:end]

    def children(self, device: DeviceId) -> tuple[DeviceId, ...]:
        """The devices right below this one."""
        return self._below.get(device, ()) if device in self._devices else self._unknown(device)

    def at(self, device: DeviceId) -> tuple[UsagePointId, ...]:
        """The homes connected at this device itself, with no other device between."""
        return self._homes_at.get(device, ()) if device in self._devices else self._unknown(device)

    def names(self) -> Iterator[str]:
        """Every name there is on this feeder, of devices and of homes."""
        yield from self._devices
        yield from self._services

    def __contains__(self, usage_point: object) -> bool:
        return usage_point in self._services

    def _unknown(self, device: DeviceId) -> tuple[()]:
        raise KeyError(device)

    @cached_property
    def _devices(self) -> Mapping[DeviceId, Device]:
        return {device.id: device for device in self.devices}

    @cached_property
    def _services(self) -> Mapping[UsagePointId, Service]:
        return {service.usage_point: service for service in self.services}

    @cached_property
    def _below(self) -> Mapping[DeviceId | None, tuple[DeviceId, ...]]:
        return _grouped((device.parent, device.id) for device in self.devices)

    @cached_property
    def _homes_at(self) -> Mapping[DeviceId, tuple[UsagePointId, ...]]:
        return _grouped((service.device, service.usage_point) for service in self.services)

    @cached_property
    def _walk(self) -> _Walk:
        devices: list[Device] = []
        homes: list[UsagePointId] = []
        first: dict[DeviceId, int] = {}
        spans: dict[DeviceId, tuple[int, int]] = {}
        ahead = [(root, False) for root in self._below.get(None, ())]
        while ahead:
            device, is_done = ahead.pop()
            if is_done:
                spans[device] = (first[device], len(homes))
                continue
            devices.append(self._devices[device])
            first[device] = len(homes)
            homes.extend(self._homes_at.get(device, ()))
            ahead.append((device, True))
            ahead.extend((child, False) for child in reversed(self._below.get(device, ())))
        return _Walk(devices=tuple(devices), homes=tuple(homes), spans=spans)


def trees(devices: Iterable[Device], services: Iterable[Service]) -> tuple[Tree, ...]:
    """The devices and services of several feeders, one tree each, in the order of the feeders; raises NotATree."""
    devices = tuple(devices)
    above = {device.id: device.parent for device in devices}
    if len(above) != len(devices):
        raise NotATree("a device stands twice")
    roots: dict[DeviceId, DeviceId] = {}
    for device in above:
        _find_root(device, above, roots)
    devices_of = _grouped((roots[device.id], device) for device in devices)
    services_of = _grouped((_root_of(service, roots), service) for service in services)
    feeders = [device.id for device in devices if device.parent is None]
    return tuple(Tree(devices=devices_of[feeder], services=services_of.get(feeder, ())) for feeder in feeders)


def _root_of(service: Service, roots: Mapping[DeviceId, DeviceId]) -> DeviceId:
    if service.device not in roots:
        raise NotATree("a service hangs on a device that is not there")
    return roots[service.device]


def _find_root(device: DeviceId, above: Mapping[DeviceId, DeviceId | None], roots: dict[DeviceId, DeviceId]) -> None:
    steps = [device]
    while steps[-1] not in roots:
        if steps[-1] not in above or len(steps) > len(above):
            raise NotATree("a device does not hang on a root")
        parent = above[steps[-1]]
        if parent is None:
            roots[steps[-1]] = steps[-1]
            break
        steps.append(parent)
    root = roots[steps[-1]]
    roots.update(dict.fromkeys(steps, root))


def _grouped(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, tuple[_V, ...]]:
    groups: dict[_K, list[_V]] = {}
    for key, value in pairs:
        groups.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in groups.items()}
