from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulators.meter import axdr, cosem_time
from simulators.meter.buffer_encoding import Encoding, encode

HOUR = timedelta(hours=1)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def row(at: datetime, energy: int, status: int = 0, zone: str = "UTC") -> tuple[bytes, ...]:
    clock = axdr.octet_string(cosem_time.encode(at, ZoneInfo(zone)))
    return clock, axdr.unsigned(status), axdr.double_long_unsigned(energy)


def encoded(rows: list[tuple[bytes, ...]], encoding: Encoding, period: timedelta = HOUR) -> str:
    return encode(rows, encoding, clock_at=0, period=period).hex()


def test_null_data_stands_for_what_has_not_changed_and_for_one_period_later() -> None:
    rows = [row(NOON, 7), row(NOON + HOUR, 7), row(NOON + 2 * HOUR, 8)]

    assert encoded(rows, Encoding.NULL_DATA).endswith("0600000007" + "0203000000" + "02030000" + "0600000008")


def test_a_difference_has_the_shortest_type_that_holds_it() -> None:
    energies = [1_000, 1_255, 1_000, 1_256, 70_000, 69_872, 4_000_000_000]
    rows = [row(NOON + HOUR * place, energy) for place, energy in enumerate(energies)]

    told = encoded(rows, Encoding.DELTA)

    assert told.endswith(
        "02030000" + "1fff"
        "02030000" + "1dff01"
        "02030000" + "200100"
        "02030000" + "06" + "00011170"
        "02030000" + "1c80"
        "02030000" + "06" + "ee6b2800"
    )  # fmt: skip


def test_a_status_that_changes_is_written_out_even_among_differences() -> None:
    assert encoded([row(NOON, 7), row(NOON + HOUR, 8, 0x80)], Encoding.DELTA).endswith("0203" + "00" + "1180" + "1f01")


@pytest.mark.parametrize(
    ("first", "second", "zone"),
    [
        (NOON, NOON + 2 * HOUR, "UTC"),
        (NOON, NOON, "UTC"),
        (datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), "Europe/Madrid"),
    ],
    ids=["gap", "twice", "end of summer time"],
)
def test_a_clock_no_reader_could_work_out_is_written(first: datetime, second: datetime, zone: str) -> None:
    rows = [row(first, 7, zone=zone), row(second, 7, zone=zone)]

    assert encoded(rows, Encoding.NULL_DATA).endswith("0203" + rows[1][0].hex() + "0000")


def test_a_clock_with_fields_left_open_is_written() -> None:
    open_clock = axdr.octet_string(bytes.fromhex("ffffffffff0c000000000000"))
    rows = [(open_clock, axdr.unsigned(0)), (open_clock, axdr.unsigned(0))]

    assert encoded(rows, Encoding.NULL_DATA).endswith("0202" + open_clock.hex() + "00")


def test_without_a_period_no_clock_is_left_out() -> None:
    rows = [row(NOON, 7), row(NOON + HOUR, 7)]

    assert encoded(rows, Encoding.NULL_DATA, period=timedelta()).endswith("0203" + rows[1][0].hex() + "0000")


def test_a_compact_array_describes_a_row_once() -> None:
    rows = [(axdr.unsigned(1), axdr.long_unsigned(2)), (axdr.unsigned(3), axdr.long_unsigned(4))]

    told = encode(rows, Encoding.COMPACT_ARRAY, clock_at=None, period=HOUR)

    assert told.hex() == "13" + "02021112" + "06" + "010002" + "030004"


@pytest.mark.parametrize("rows", [[], [(axdr.unsigned(1),), (axdr.long_unsigned(2),)]], ids=["none", "of two types"])
def test_rows_a_compact_array_cannot_hold_are_a_plain_array(rows: list[tuple[bytes, ...]]) -> None:
    told = encode(rows, Encoding.COMPACT_ARRAY, clock_at=None, period=HOUR)

    assert told == encode(rows, Encoding.PLAIN, clock_at=None, period=HOUR)
