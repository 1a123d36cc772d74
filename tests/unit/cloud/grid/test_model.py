"""A feeder as a tree: who hangs below what."""

import pytest

from cloud.grid.model import Device, Kind, NotATree, Service, Tree, trees
from cloud.kernel.ids import DeviceId, UsagePointId


def device(name: str, parent: str | None, kind: Kind = Kind.SWITCH) -> Device:
    kind = Kind.FEEDER if parent is None else kind
    return Device(id=DeviceId(name), kind=kind, parent=None if parent is None else DeviceId(parent), phases="ABC")


def service(usage_point: str, at: str) -> Service:
    return Service(usage_point=UsagePointId(usage_point), device=DeviceId(at), phases="A")


HEAD, SWITCH, FIRST, SECOND = device("F", None), device("S", "F"), device("T1", "S"), device("T2", "F")
DEVICES = (SECOND, FIRST, SWITCH, HEAD)  # the order of a file is nobody's promise
SERVICES = (service("UP-3", "T2"), service("UP-1", "T1"), service("UP-2", "T1"), service("UP-4", "F"))
TREE = Tree(devices=DEVICES, services=SERVICES)


def test_the_root_is_the_feeder() -> None:
    assert TREE.feeder == "F"


def test_a_path_leads_from_the_feeder_to_the_device_a_home_hangs_on() -> None:
    assert TREE.path(UsagePointId("UP-2")) == ("F", "S", "T1")
    assert TREE.path(UsagePointId("UP-4")) == ("F",)


def test_below_a_device_are_all_homes_that_lose_supply_with_it() -> None:
    assert set(TREE.below(DeviceId("F"))) == {"UP-1", "UP-2", "UP-3", "UP-4"}
    assert TREE.below(DeviceId("S")) == TREE.below(DeviceId("T1")) == ("UP-1", "UP-2")


def test_what_hangs_right_at_a_device_is_told_apart_from_what_is_further_down() -> None:
    assert TREE.children(DeviceId("F")) == ("T2", "S")
    assert TREE.children(DeviceId("T1")) == ()
    assert TREE.at(DeviceId("F")) == ("UP-4",)
    assert TREE.at(DeviceId("S")) == ()


def test_devices_come_top_down() -> None:
    names = [each.id for each in TREE.top_down()]

    assert names == ["F", "T2", "S", "T1"]


def test_a_home_knows_its_service() -> None:
    assert TREE.service(UsagePointId("UP-3")) == SERVICES[0]
    assert UsagePointId("UP-3") in TREE
    assert UsagePointId("UP-9") not in TREE


@pytest.mark.parametrize("ask", [TREE.device, TREE.below, TREE.children, TREE.at])
def test_a_device_of_another_feeder_is_none_of_ours(ask: object) -> None:
    with pytest.raises(KeyError):
        ask(DeviceId("T9"))  # type: ignore[operator] # each of them takes a device


@pytest.mark.parametrize(
    ("devices", "services"),
    [
        ((), ()),
        ((SWITCH,), ()),
        ((HEAD, device("G", None)), ()),
        ((HEAD, device("A", "B"), device("B", "A")), ()),
        ((HEAD, FIRST), ()),
        ((HEAD, SWITCH, SWITCH), ()),
        ((HEAD,), (service("UP-1", "T1"),)),
        ((HEAD,), (service("UP-1", "F"), service("UP-1", "F"))),
    ],
    ids=["empty", "no root", "two roots", "loop", "orphan", "device twice", "service nowhere", "home twice"],
)
def test_what_is_no_tree_is_not_made(devices: tuple[Device, ...], services: tuple[Service, ...]) -> None:
    with pytest.raises(NotATree):
        Tree(devices=devices, services=services)


def test_several_feeders_become_a_tree_each() -> None:
    other = (device("G", None), device("T9", "G"))

    first, second = trees((*DEVICES, *other), (*SERVICES, service("UP-9", "T9")))

    assert first == TREE
    assert second == Tree(devices=other, services=(service("UP-9", "T9"),))


@pytest.mark.parametrize(
    ("devices", "services"),
    [
        ((HEAD, device("A", "B"), device("B", "A")), ()),
        ((HEAD, FIRST), ()),
        ((HEAD, HEAD), ()),
        ((HEAD,), (service("UP-1", "T1"),)),
    ],
    ids=["loop", "orphan", "device twice", "service nowhere"],
)
def test_feeders_that_are_no_trees_are_refused(devices: tuple[Device, ...], services: tuple[Service, ...]) -> None:
    with pytest.raises(NotATree):
        trees(devices, services)


def test_a_line_of_thousands_of_devices_is_walked() -> None:
    line = (HEAD, *(device(f"D{number}", "F" if number == 0 else f"D{number - 1}") for number in range(5_000)))

    (tree,) = trees(reversed(line), (service("UP-1", "D4999"),))

    assert len(tree.path(UsagePointId("UP-1"))) == 5_001
    assert tree.below(DeviceId("D0")) == ("UP-1",)
