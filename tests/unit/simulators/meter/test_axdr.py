import pytest

from simulators.meter import axdr
from simulators.meter.axdr import Cursor, NotAxdr


@pytest.mark.parametrize(
    ("encoded", "golden"),
    [
        (axdr.boolean(True), "0301"),
        (axdr.double_long_unsigned(4_294_967_295), "06ffffffff"),
        (axdr.integer(-128), "0f80"),
        (axdr.long(-120), "10ff88"),
        (axdr.unsigned(255), "11ff"),
        (axdr.long_unsigned(2_305), "120901"),
        (axdr.enumerated(30), "161e"),
        (axdr.octet_string(b"LMP"), "09034c4d50"),
        (axdr.array([axdr.NULL, axdr.unsigned(1)]), "0102001101"),
        (axdr.structure(), "0200"),
    ],
)
def test_data_is_encoded_as_the_standard_writes_it(encoded: bytes, golden: str) -> None:
    assert encoded.hex() == golden


@pytest.mark.parametrize("count", [0, 127, 128, 255, 256, 65_535, 65_536])
def test_a_length_is_read_as_it_was_written(count: int) -> None:
    assert Cursor(axdr.length(count)).length() == count


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("00", None),
        ("0301", True),
        ("05ffffffff", -1),
        ("06ffffffff", 4_294_967_295),
        ("0902abcd", b"\xab\xcd"),
        ("0a024142", b"AB"),
        ("0f02", 2),
        ("10ff88", -120),
        ("1102", 2),
        ("120008", 8),
        ("14ffffffffffffffff", -1),
        ("15ffffffffffffffff", 2**64 - 1),
        ("1603", 3),
        ("1907ea0b1506120000008000ff", bytes.fromhex("07ea0b1506120000008000ff")),
        ("0202110112ffff", (1, 65_535)),
        ("0100", ()),
    ],
)
def test_what_a_request_may_hold_is_read(data: str, value: axdr.Value) -> None:
    assert Cursor(bytes.fromhex(data)).value() == value


@pytest.mark.parametrize("data", ["", "06ffff", "0905ab", "0201", "19ff", "09850000000001", "1700000000", "ff"])
def test_what_is_cut_off_or_unknown_is_refused(data: str) -> None:
    with pytest.raises(NotAxdr):
        Cursor(bytes.fromhex(data)).value()


@pytest.mark.parametrize("data", [b"\x02\x01" * 40 + b"\x00", b"\x01\x84\xff\xff\xff\xff"], ids=["deep", "wide"])
def test_what_would_exhaust_the_meter_is_refused(data: bytes) -> None:
    with pytest.raises(NotAxdr):
        Cursor(data).value()
