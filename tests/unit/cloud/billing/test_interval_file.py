"""A meter's table: units, clocks, and what is told of a file that is none."""

import gzip
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cloud.billing.interval_file import parse
from cloud.kernel.sheet import SheetRefused

MADRID = ZoneInfo("Europe/Madrid")


def table(*rows: str, heading: str = "timestamp,kwh") -> bytes:
    return "\n".join([heading, *rows]).encode()


def hours(*values: str) -> list[str]:
    return [f"2026-06-01T{at:02}:00:00Z,{value}" for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("heading", "value", "wh"), [("kwh", "0.25", 250), ("gc_Wh", "250", 250), ("kw", "0.25", 250), ("W", "250", 250)]
)
def test_the_unit_is_the_end_of_the_columns_name(heading: str, value: str, wh: int) -> None:
    found = parse(table(*hours(value, "0"), heading=f"timestamp,{heading}"), MADRID)

    assert [(each.energy_wh, each.period_s) for each in found] == [(wh, 3600), (0, 3600)]


def test_a_packed_table_is_read_alike() -> None:
    plain = table(*hours("1", "2"))

    assert parse(gzip.compress(plain), MADRID) == parse(plain, MADRID)


def test_a_packed_table_in_several_pieces_is_all_of_them() -> None:
    one, two = table(*hours("1", "2")), b"\n2026-06-01T02:00:00Z,3\n"

    assert parse(gzip.compress(one) + gzip.compress(two), MADRID) == parse(one + two, MADRID)


def test_what_rounding_leaves_over_is_carried_on() -> None:
    found = parse(table(*hours("0.0004", "0.0004", "0.0004", "0.0008")), MADRID)

    assert [each.energy_wh for each in found] == [0, 1, 0, 1]


def test_the_hour_that_comes_twice_is_taken_in_the_order_of_the_rows() -> None:
    rows = [f"2026-10-25 {at}:00,1" for at in ("01:30", "02:00", "02:30", "02:00", "02:30", "03:00")]

    found = parse(table(*rows), MADRID)

    assert [each.starts_at.hour * 60 + each.starts_at.minute for each in found] == [1410, 0, 30, 60, 90, 120]
    assert found[1].starts_at == datetime(2026, 10, 25, 0, 0, tzinfo=UTC)


def test_an_empty_value_is_no_reading() -> None:
    assert len(parse(table(*hours("1", "", "1", "1")), MADRID)) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            table("2026-03-29 02:30:00,1", "2026-03-29 03:30:00,1"),
            "row 2, timestamp: 2026-03-29 02:30:00 does not exist",
        ),
        (table(*hours("1", "one")), "row 3, kwh: 'one' is not a number"),
        (table(*hours("1", "nan")), "row 3, kwh: 'nan' is not a number"),
        (table("yesterday,1", *hours("1")), "row 2, timestamp: 'yesterday' is no ISO 8601 timestamp"),
        (table("0001-01-01T00:00:00+14:00,1", *hours("1")), "row 2, timestamp: '0001-01-01T00:00:00+14:00' is not of"),
        (table(*hours("1")), "nobody can tell how long an interval is"),
        (table(*hours("1", "2000")), "more than a home can draw"),
        (table("2026-06-01,1", "2026-06-03,1"), "172800 s apart"),
        (table(*hours("1"), heading="timestamp,energy"), "no column in kWh, Wh, kW or W"),
        (table(*hours("1"), heading="time,kwh"), "timestamp: the column is missing"),
        (gzip.compress(table(*hours("1", "2")))[:-9], "the gzip file ends too early"),
        (b"\x1f\x8bnot packed at all", "not gzip"),
        (gzip.compress(table(*hours("1", "2"))) + b"something else", "not gzip"),
        (table(*hours("1", "\u0663")), "is not a number"),
        (gzip.compress(bytes(70_000_000)), "larger than 64 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_that_cannot_be_used_is_refused_by_row(data: bytes, said: str) -> None:
    with pytest.raises(SheetRefused) as refused:
        parse(data, MADRID)

    assert said in str(refused.value)
