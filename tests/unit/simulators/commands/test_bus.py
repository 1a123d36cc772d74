"""The words of `lamplight-sim bus`: what no wire can carry is refused before anything is made."""

from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators.commands import bus


@pytest.mark.parametrize(
    ("meters", "because"),
    [
        (["LMP1"], "names no meter and its address"),
        (["LMP1=x"], "names no meter and its address"),
        (["LMP-1=17"], "no serial number"),
        (["LMP1=15"], "no meter's address"),
        (["LMP1=126"], "no meter's address"),
        (["LMP1=16382"], "no meter's address"),
        (["LMP1=17", "LMP2=17"], "address 17 is there twice"),
        (["LMP1=17", "LMP1=18"], "serial LMP1 is there twice"),
        ([f"LMP{number}={number}" for number in range(17, 17 + bus.MAX_METERS + 1)], "at most 32 meters"),
    ],
)
def test_meters_that_cannot_share_a_wire_are_refused(tmp_path: Path, meters: list[str], because: str) -> None:
    words = [word for meter in meters for word in ("--meter", meter)]

    with pytest.raises(InputRefused, match=because):
        bus.main(["--link", str(tmp_path / "bus"), "--dir", str(tmp_path / "meters"), *words])

    assert list(tmp_path.iterdir()) == []


def test_a_bus_without_a_meter_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="--meter"):
        bus.main(["--link", str(tmp_path / "bus"), "--dir", str(tmp_path / "meters")])
