"""Laws of the grid files: any bytes are read or refused, and what a tree is written as reads back as that tree."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.customers import table as customers
from cloud.grid import feeder_table, table
from cloud.grid.model import Device, Kind, Service, Tree, trees
from cloud.grid.table import COLUMNS, GridFile
from cloud.kernel import sheet
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import Fault, SheetRefused

HEADINGS = (COLUMNS, feeder_table.COLUMNS, customers.COLUMNS)
PARSERS = (table.parse, feeder_table.parse, customers.parse, sheet.heading)
CELLS = st.one_of(
    st.sampled_from(
        ["", "A", "B", "F-1", "T-1", "UP-1", "feeder", "fuse", "usage_point", "ABC", "CN", "en", "M1", "2"]
    ),
    st.text(max_size=6),
)


def written(*rows: tuple[str, ...]) -> bytes:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode("utf-8", "surrogatepass")


def faults_of(parse: Callable[[bytes], object], data: bytes) -> tuple[Fault, ...]:
    """What is wrong with a file; nothing when it is taken. Any other end is a failure."""
    try:
        parse(data)
    except SheetRefused as refused:
        return refused.faults
    return ()


def device_row(device: Device) -> tuple[str, ...]:
    return (device.id, device.kind, device.parent or "", device.phases, *[""] * 7)


def service_row(number: int, service: Service) -> tuple[str, ...]:
    person = (f"M{number}", f"C{number}", 'Ana, "Aninha"', "ana@example.com", "pt-BR", "America/Sao_Paulo", "Rua 1")
    return (service.usage_point, "usage_point", service.device, service.phases, *person)


@st.composite
def forests(draw: st.DrawFn) -> tuple[Tree, ...]:
    """Some feeders with devices and homes anywhere below them."""
    devices = [
        Device(id=DeviceId(f"F{number}"), kind=Kind.FEEDER, parent=None, phases="ABC")
        for number in range(draw(st.integers(1, 3)))
    ]
    for number in range(draw(st.integers(0, 12))):
        above = draw(st.sampled_from(devices))
        kind = draw(st.sampled_from([Kind.SWITCH, Kind.FUSE, Kind.TRANSFORMER]))
        devices.append(
            Device(id=DeviceId(f"D{number}"), kind=kind, parent=above.id, phases=draw(some_of(above.phases)))
        )
    services = []
    for number in range(draw(st.integers(0, 12))):
        at = draw(st.sampled_from(devices))
        services.append(Service(usage_point=UsagePointId(f"UP{number}"), device=at.id, phases=draw(some_of(at.phases))))
    return trees(devices, services)


def some_of(phases: str) -> st.SearchStrategy[str]:
    return st.sets(st.sampled_from(phases), min_size=1).map(lambda some: "".join(sorted(some)))


def same(file: GridFile, forest: tuple[Tree, ...]) -> bool:
    def sets(some: tuple[Tree, ...]) -> dict[str, tuple[frozenset[Device], frozenset[Service]]]:
        return {tree.feeder: (frozenset(tree.devices), frozenset(tree.services)) for tree in some}

    return sets(file.trees) == sets(forest)


@pytest.mark.parametrize("parse", PARSERS, ids=["grid", "feeder", "customers", "heading"])
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(parse: Callable[[bytes], object], data: bytes) -> None:
    assert all(fault.row >= 1 for fault in faults_of(parse, data))


@pytest.mark.parametrize(
    ("parse", "heading"), list(zip(PARSERS, HEADINGS, strict=False)), ids=["grid", "feeder", "homes"]
)
@given(data=st.data())
def test_any_cells_below_the_right_heading_are_read_or_refused(
    parse: Callable[[bytes], object], heading: tuple[str, ...], data: st.DataObject
) -> None:
    rows = data.draw(st.lists(st.tuples(*[CELLS] * len(heading)), max_size=6))

    faults = faults_of(parse, written(heading, *rows))

    assert all(1 <= fault.row <= len(rows) + 2 for fault in faults)


@given(forest=forests(), data=st.data())
def test_what_trees_are_written_as_reads_back_as_those_trees(forest: tuple[Tree, ...], data: st.DataObject) -> None:
    rows = [device_row(device) for tree in forest for device in tree.devices]
    services = [service for tree in forest for service in tree.services]
    rows += [service_row(number, service) for number, service in enumerate(services)]
    shuffled = data.draw(st.permutations(rows))

    file = table.parse(written(COLUMNS, *shuffled))

    assert same(file, forest)


@given(forest=forests())
def test_below_and_path_tell_the_same_tree(forest: tuple[Tree, ...]) -> None:
    for tree in forest:
        below = {device.id: set(tree.below(device.id)) for device in tree.devices}
        paths = {service.usage_point: tree.path(service.usage_point) for service in tree.services}

        assert below == {device: {home for home, path in paths.items() if device in path} for device in below}
        assert {path[0] for path in paths.values()} <= {tree.feeder}
