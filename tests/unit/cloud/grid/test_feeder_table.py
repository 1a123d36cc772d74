"""Feeders as research publishes them become trees of devices and nameless homes."""

import os
from pathlib import Path

import pytest

from cloud.grid.feeder_table import MAX_CUSTOMERS, parse
from cloud.grid.model import Kind
from cloud.kernel.ids import DeviceId, UsagePointId
from cloud.kernel.sheet import SheetRefused

HEADING = "node,parent,kind,element,device,phases,customers,kw"
SMALL = (
    "source,,source,V.1,,3,0,0",
    "_bus,source,line,L.1,,3,1,4",
    "sw 1,_bus,switch,L.2,switch,3,0,0",
    "a,sw 1,line,L.3,assumed_fuse,1,0,0",
    "a1,a,line,L.4,,1,2,9",
    "a2,a1,line,L.5,,1,1,4",
    "t,sw 1,service_transformer,T.1,service_transformer,1,3,9",
    "r,t,regulator,T.2,regulator,1,0,0",
)


def table(*rows: str, heading: str = HEADING) -> bytes:
    return "\n".join((heading, *rows)).encode()


def faults_of(*rows: str) -> list[str]:
    with pytest.raises(SheetRefused) as refused:
        parse(table(*rows))
    return [str(fault) for fault in refused.value.faults]


def test_devices_stay_and_bends_of_the_line_are_merged_into_the_device_above() -> None:
    tree = parse(table(*SMALL))

    devices = {device.id: (device.kind, device.parent) for device in tree.top_down()}
    assert devices == {
        "source": (Kind.FEEDER, None),
        "sw-1": (Kind.SWITCH, "source"),
        "a": (Kind.FUSE, "sw-1"),
        "t": (Kind.TRANSFORMER, "sw-1"),
        "r": (Kind.SWITCH, "t"),
    }


def test_customers_are_counted_off_at_their_node() -> None:
    tree = parse(table(*SMALL))

    assert tree.at(DeviceId("source")) == ("bus:1",)
    assert tree.at(DeviceId("a")) == ("a1:1", "a1:2", "a2:1")
    assert tree.at(DeviceId("t")) == ("t:1", "t:2", "t:3")
    assert tree.path(UsagePointId("a2:1")) == ("source", "sw-1", "a")
    assert tree.service(UsagePointId("a2:1")).phases == ""


def test_rows_and_columns_may_stand_in_any_order() -> None:
    tree = parse(table("1,4,x,pole", "0,,src,", heading="customers,parent,node,device").replace(b",4,", b",src,"))

    assert tree.path(UsagePointId("x:1")) == ("src", "x")


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("b,nowhere,line,L.9,,1,0,0", "row 10, parent: 'nowhere' is not in this file"),
        ("b,b,line,L.9,,1,0,0", "row 10, parent: a loop: b below b"),
        ("b,,line,L.9,,1,0,0", "row 10, parent: it is empty; the source is 'source' in row 2"),
        ("a,t,line,L.9,,1,0,0", "row 10, node: 'a' stands already in row 5"),
        ("b,t,line,L.9,,1,some,0", "row 10, customers: 'some' is not a number of customers"),
        ("b,t,line,L.9,,1,-1,0", "row 10, customers: '-1' is not a number of customers"),
        ("b,t,line,L.9,,1,,0", "row 10, customers: '' is not a number of customers"),
        (f"b,t,line,L.9,,1,{MAX_CUSTOMERS},0", "row 1, customers: more than 1,000,000 customers altogether"),
        ("sw-1,t,line,L.9,fuse,1,0,0", "row 10, node: 'sw-1' stands already in row 4"),
        ("a1:2,t,line,L.9,fuse,1,0,0", "row 10, node: 'a1:2' stands already in row 6"),
    ],
)
def test_a_faulty_row_is_named_with_its_column(row: str, fault: str) -> None:
    assert faults_of(*SMALL, row) == [fault]


@pytest.mark.parametrize("node", ["__", "n" * 33])
def test_a_node_that_cannot_be_spelled_is_refused(node: str) -> None:
    (fault,) = faults_of(*SMALL, f"{node},t,line,L.9,fuse,1,0,0")

    assert fault.startswith("row 10, node: ")
    assert "cannot be a device of the grid" in fault


def test_a_table_without_a_source_says_so() -> None:
    assert faults_of("a,b,,,,,0,0", "b,a,,,,,0,0") == [
        "row 2, parent: a loop: a below b below a",
        "row 2, parent: no node is without a parent: there is no source",
    ]


def test_a_missing_column_is_named_and_further_ones_are_not_minded() -> None:
    with pytest.raises(SheetRefused, match="row 1, customers: the column is missing") as refused:
        parse(table("a,,,9", heading="node,parent,device,colour"))

    assert len(refused.value.faults) == 1


def _published() -> list[Path]:
    return sorted(Path(os.environ.get("LAMPLIGHT_DATA", "/nonexistent"), "feeders").glob("*.csv"))


@pytest.mark.skipif(not _published(), reason="LAMPLIGHT_DATA names no folder with feeders/*.csv")
@pytest.mark.parametrize("file", _published(), ids=lambda path: path.stem)
def test_published_feeders_keep_every_device_and_every_customer(file: Path) -> None:
    lines = [line.split(",") for line in file.read_text().splitlines()]
    column = {name: place for place, name in enumerate(lines[0])}

    tree = parse(file.read_bytes())

    rows = lines[1:]
    assert len(tree.devices) == 1 + sum(row[column["device"]] != "" for row in rows)
    assert len(tree.services) == sum(int(row[column["customers"]]) for row in rows)
    assert len(tree.below(tree.feeder)) == len(tree.services)
