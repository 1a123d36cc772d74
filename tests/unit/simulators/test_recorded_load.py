import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from runtime.errors import InputRefused
from simulators import recorded_load
from simulators.recorded_load import read_series

START = datetime(2024, 3, 4, tzinfo=UTC)
WriteTable = Callable[..., Path]


def table(
    *, minutes: int = 60, days: int = 7, unit: str = "kwh", value: str = "0.5", mark: str = "+00:00"
) -> list[str]:
    steps = days * 24 * 60 // minutes
    times = [START + timedelta(minutes=minutes * step) for step in range(steps)]
    return [f"timestamp,{unit}", *(f"{at:%Y-%m-%dT%H:%M:%S}{mark},{value}" for at in times)]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[list[str]], Path]:
    def write_lines(lines: list[str]) -> Path:
        path = tmp_path / "load.csv"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write_lines


@pytest.mark.parametrize(
    ("unit", "value", "joules"),
    [
        ("kwh", "0.5", 1_800_000),
        ("wh", "500", 1_800_000),
        ("kw", "0.5", 1_800_000),
        ("w", "500", 1_800_000),
        ("gc_kwh", "0.5", 1_800_000),
        ("KWH", "0.5", 1_800_000),
        ("grid_w", "-500", -1_800_000),
    ],
)
def test_the_unit_is_the_last_part_of_the_columns_name(write: WriteTable, unit: str, value: str, joules: int) -> None:
    assert set(read_series(write(table(unit=unit, value=value))).joules) == {joules}


@pytest.mark.parametrize("minutes", [1, 5, 15, 30, 60, 360])
def test_the_cadence_is_found_from_the_timestamps(write: WriteTable, minutes: int) -> None:
    series = read_series(write(table(minutes=minutes)))

    assert series.cadence_s == minutes * 60
    assert series.duration == timedelta(weeks=1)


def test_a_gzipped_table_is_read_alike(tmp_path: Path) -> None:
    path = tmp_path / "load.csv.gz"
    path.write_bytes(gzip.compress("\n".join(table()).encode()))

    assert len(read_series(path).joules) == 168


def test_timestamps_without_an_offset_are_utc_and_with_one_are_moved(write: WriteTable) -> None:
    assert read_series(write(table(mark=""))).began_at == START
    assert read_series(write(table(mark="-06:00"))).began_at == START + timedelta(hours=6)


def test_rows_may_come_in_any_order(write: WriteTable) -> None:
    header, *rows = table()

    assert read_series(write([header, *reversed(rows)])) == read_series(write([header, *rows]))


def test_a_gap_is_filled_from_the_week_before(write: WriteTable) -> None:
    header, *rows = table(days=14)
    rows[3] = rows[3].replace("0.5", "2.0")
    rows[168 + 3] = rows[168 + 3].replace("0.5", "")

    series = read_series(write([header, *rows]))

    assert series.joules[168 + 3] == series.joules[3] == 7_200_000
    assert series.filled_slots == (171,)


def test_a_gap_in_the_first_week_is_filled_from_the_next(write: WriteTable) -> None:
    header, *rows = table(days=14)
    rows[168 + 3] = rows[168 + 3].replace("0.5", "2.0")
    del rows[3]

    assert read_series(write([header, *rows])).joules[3] == 7_200_000


def test_a_gap_in_the_only_week_is_filled_with_the_mean(write: WriteTable) -> None:
    header, *rows = table()
    del rows[3]

    assert read_series(write([header, *rows])).joules[3] == 1_800_000


def test_of_two_rows_for_one_interval_the_first_counts(write: WriteTable) -> None:
    header, *rows = table()
    rows.insert(4, rows[3].replace("0.5", "9.0"))

    series = read_series(write([header, *rows]))

    assert series.joules[3] == 1_800_000
    assert series.duplicates == 1


def test_a_timestamp_a_little_off_finds_its_interval(write: WriteTable) -> None:
    header, *rows = table()
    rows[3] = rows[3].replace("03:00:00", "03:00:07")

    series = read_series(write([header, *rows]))

    assert (len(series.joules), series.filled_slots) == (168, ())


def test_only_whole_weeks_are_kept_and_the_latest(write: WriteTable) -> None:
    series = read_series(write(table(days=9)))

    assert len(series.joules) == 168
    assert series.began_at == START + timedelta(days=2)


def test_other_columns_are_passed_over_and_one_may_be_named(write: WriteTable) -> None:
    header, *rows = table(unit="note,gc_kwh,gg_kwh", value="x,0.5,0.25")
    path = write([header, *rows])

    assert read_series(path).column == "gc_kwh"
    assert read_series(path, column="gg_kwh").joules[0] == 900_000


def test_blank_lines_are_no_rows(write: WriteTable) -> None:
    assert read_series(write([*table(), "", ""])).rows == 168


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("2024-03-04T05:00:00,half", "row 7, column kwh.*|'half' is not a number"),
        ("2024-03-04T05:00:00,nan", "'nan' is not a number"),
        ("2024-03-04T05:00:00,inf", "'inf' is not a number"),
        ("04/03/2024 05:00,0.5", "not an ISO 8601 timestamp"),
        ("0001-01-01T00:00:00+05:00,0.5", "not an ISO 8601 timestamp"),
        ("2024-03-04T05:00:00", "1 cells under 2 columns"),
        ("2024-03-04T05:00:00,0.5,1", "3 cells under 2 columns"),
        ("2024-03-04T05:00:00,99999999", "more than a house can draw"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(write: WriteTable, row: str, what: str) -> None:
    lines = table(mark="")
    lines[6] = row

    with pytest.raises(InputRefused, match=what) as refused:
        read_series(write(lines))

    assert "load.csv: row 7" in refused.value.where


@pytest.mark.parametrize(
    ("lines", "what"),
    [
        ([], "no column 'timestamp'"),
        (["time,kwh"], "no column 'timestamp'"),
        (["timestamp,kvah"], "no column in kWh"),
        (["timestamp,powerw"], "no column in kWh"),
        (["timestamp,kwh"], "fewer than two intervals"),
        (["timestamp,kwh", "2024-03-04T00:00:00,1"], "fewer than two intervals"),
        (table(value=""), "fewer than two intervals"),
        (table(days=6), "covers 144 h"),
        (["timestamp,kwh", *(f"2024-{month:02}-01T00:00:00,1" for month in range(1, 13))], "2.6784e.06 s apart"),
        (["timestamp,kwh", *(f"2024-03-04T00:{minute:02}:00,1" for minute in range(0, 60, 11))], "660 s apart"),
    ],
)
def test_a_table_that_is_no_household_is_refused(write: WriteTable, lines: list[str], what: str) -> None:
    with pytest.raises(InputRefused, match=what):
        read_series(write(lines))


def test_a_column_that_is_not_there_is_refused(write: WriteTable) -> None:
    with pytest.raises(InputRefused, match="no column 'solar_kwh'"):
        read_series(write(table()), column="solar_kwh")


@pytest.mark.parametrize(("unit", "value"), [("kwh,kwh", "0.5,9"), ("kwh,Timestamp", "0.5,2024-03-04")])
def test_a_column_that_stands_twice_is_refused(write: WriteTable, unit: str, value: str) -> None:
    with pytest.raises(InputRefused, match="stands twice"):
        read_series(write(table(unit=unit, value=value)))


def test_a_number_is_written_as_people_write_it(write: WriteTable) -> None:
    with pytest.raises(InputRefused, match=r"'1_0' is not a number.*row 2, column kwh"):
        read_series(write(table(value="1_0")))


def test_empty_lines_without_end_are_refused(write: WriteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_load, "MAX_ROWS", 500)

    with pytest.raises(InputRefused, match="more than 500 rows"):
        read_series(write([*table(), *([""] * 500)]))


def test_a_table_without_end_is_refused(write: WriteTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded_load, "MAX_ROWS", 167)

    with pytest.raises(InputRefused, match="more than 167 rows"):
        read_series(write(table()))


def test_a_record_of_centuries_is_refused(write: WriteTable) -> None:
    header, *rows = table(minutes=1)

    with pytest.raises(InputRefused, match="intervals of 60 s"):
        read_series(write([header, *rows, "2100-01-01T00:00:00+00:00,1"]))


@pytest.mark.parametrize("content", [b"\x1f\x8bnot gzip at all", b"timestamp,kwh\n\xff\xfe"], ids=["gzip", "text"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "load.csv"
    path.write_bytes(content)

    with pytest.raises(InputRefused, match="the load cannot be read"):
        read_series(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="No such file"):
        read_series(tmp_path / "none.csv")


def test_a_packed_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "load.csv.gz"
    path.write_bytes(gzip.compress(b"timestamp,kwh\n" + bytes(2_000_000)))

    with pytest.raises(InputRefused, match="a line is longer"):
        read_series(path)
