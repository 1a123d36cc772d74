"""`lamplight-gateway detect`: what is unusual in a file, in every form, and what is refused and why."""

import csv
import gzip
import io
import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.cli import run
from runtime.errors import InputRefused
from tests.fakes_consumption import DAY_H, home, more

START = datetime(2026, 1, 5)  # noqa: DTZ001 - stamps without an offset are what is tried here
FAULT_H = 70 * DAY_H
HOURS = more(home(74), FAULT_H, 3 * DAY_H, 620.0)


def written(path: Path, values: list[float], *, column: str = "kwh", step: timedelta = timedelta(hours=1)) -> Path:
    rows = "".join(f"{START + number * step},{value}\n" for number, value in enumerate(values))
    path.write_text(f"timestamp,{column}\n{rows}")
    return path


@pytest.fixture
def fault(tmp_path: Path) -> Path:
    """A home whose heating runs day and night from its 71st day on, for three days."""
    return written(tmp_path / "home.csv", [wh / 1000 for wh in HOURS])


def test_a_person_reads_when_what_how_much_and_what_is_usual(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["detect", str(fault), "--time-zone", "America/Sao_Paulo"]) == 0

    first, known, _, found, last = capsys.readouterr().out.splitlines()
    assert first == "kwh, every 1 h, 2026-01-05 00:00 to 2026-03-20 00:00"
    assert known.startswith("learning until 2026-03-02 00:00")
    assert found.startswith("2026-03-16 ")
    assert "sustained" in found
    assert "kWh a day, usual" in found
    assert "since 2026-03-1" in found
    assert last.startswith("1 unusual in 2.4 months")


def test_a_program_gets_one_object_on_a_line(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["detect", str(fault), "--time-zone", "America/Sao_Paulo", "--json"])

    (anomaly,) = map(json.loads, capsys.readouterr().out.splitlines())
    noticed_at = datetime.fromisoformat(anomaly["noticed_at"])
    onset_at = (START + timedelta(hours=FAULT_H)).replace(tzinfo=noticed_at.tzinfo)
    assert anomaly["kind"] == "sustained"
    assert timedelta() < noticed_at - onset_at <= timedelta(hours=24)
    assert noticed_at.utcoffset() == timedelta(hours=-3)
    assert anomaly["observed_wh"] > 1.5 * anomaly["usual_wh"]
    assert (anomaly["period_s"], anomaly["score"] >= 1) == (86_400, True)


def test_the_scores_of_every_hour_come_as_csv(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["detect", str(fault), "--scores"])

    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert list(rows[0]) == ["timestamp", "energy_wh", "spike", "sustained", "base_load", "zero"]
    assert len(rows) == len(HOURS)
    assert max(float(row["sustained"]) for row in rows[FAULT_H - 24 : FAULT_H]) < 1
    assert max(float(row["sustained"]) for row in rows[FAULT_H : FAULT_H + 24]) >= 1


def test_the_picture_shows_and_says_what_the_list_says(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawn = fault.with_suffix(".svg")

    run(["detect", str(fault), "--plot", str(drawn)])

    svg = ET.fromstring(drawn.read_text())
    said = svg.findtext("{http://www.w3.org/2000/svg}desc") or ""
    assert capsys.readouterr().out.splitlines()[3] in said
    assert "■ sustained" in [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "nan" not in drawn.read_text()


def test_mean_power_and_energy_of_one_home_tell_the_same(
    fault: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    halves = [wh for wh in HOURS for _ in range(2)]
    power = written(tmp_path / "power.csv", halves, column="meter_w", step=timedelta(minutes=30))

    run(["detect", str(fault), "--json"])
    of_energy = capsys.readouterr().out
    run(["detect", str(power), "--json"])

    assert capsys.readouterr().out == of_energy != ""


def test_a_packed_file_is_read_as_well(fault: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = fault.with_suffix(".csv.gz")
    packed.write_bytes(gzip.compress(fault.read_bytes()))

    assert run(["detect", str(packed), "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_other_values_are_watched_for_their_level(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    values = [20.0 + number % 7 for number in range(600)]
    values[400] = 90.0
    series = written(tmp_path / "level.csv", values, column="celsius", step=timedelta(minutes=5))

    run(["detect", str(series), "--json", "--plot", str(tmp_path / "level.svg")])

    (anomaly,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (anomaly["kind"], anomaly["observed_value"], anomaly["usual_value"]) == ("level", 90.0, None)
    assert anomaly["began_at"] == "2026-01-06T09:20:00+00:00"


def test_a_home_that_is_not_known_yet_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["detect", str(written(tmp_path / "new.csv", home(10), column="wh"))])

    assert "still learning" in capsys.readouterr().out


def test_gaps_and_doubled_rows_are_told_and_are_no_zeros(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = written(tmp_path / "gap.csv", home(70), column="wh").read_text().splitlines()
    holey = [*lines[:1000], *lines[1100:], lines[-1]]
    holey[500] = holey[500].split(",")[0] + ","
    (tmp_path / "gap.csv").write_text("\n".join(holey))

    run(["detect", str(tmp_path / "gap.csv")])

    out = capsys.readouterr().out
    assert "missing: 4 d 5 h in 2 gaps, the longest from 2026-02-15 15:00 to 2026-02-19 19:00" in out
    assert "doubled: 1 rows stand twice" in out
    assert "nothing unusual" in out


def test_the_hour_that_comes_twice_in_autumn_counts_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stamps = ["2026-10-25 01:00", "2026-10-25 02:00", "2026-10-25 02:00", "2026-10-25 03:00"]
    (tmp_path / "autumn.csv").write_text("timestamp,wh\n" + "".join(f"{stamp},100\n" for stamp in stamps))

    run(["detect", str(tmp_path / "autumn.csv"), "--time-zone", "Europe/Madrid", "--scores"])

    instants = [row["timestamp"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert instants == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("", "there must be one column 'timestamp'"),
        ("time,kwh\n", "there must be one column 'timestamp'"),
        ("timestamp,a,b\n", "2 columns could be meant"),
        ("timestamp,use_kwh,pv_kwh\n", "2 columns could be meant"),
        ("timestamp,kwh\n2026-01-01 00:00,1\n", "1 rows with a value"),
        ("timestamp,kwh\n2026-01-01 00:00,1\n2026-01-01 01:00,2,3\n", "3 cells under 2 columns"),
        ("timestamp,kwh\n2026-01-01 00:00,NaN\n", "'NaN' is not a number"),
        ("timestamp,kwh\n2026-01-01 00:00,1_0\n", "'1_0' is not a number"),
        ("timestamp,kwh\n2026-01-01 00:00,lots\n", "'lots' is not a number"),
        ("timestamp,kwh\n1 January,1\n", "'1 January' is not an ISO 8601 timestamp"),
        ("timestamp,kwh\n0001-01-01 00:00,1\n", "is not of the years 1970 to 2199"),
        ("timestamp,kwh\n9999-12-31 23:00-23:00,1\n", "is not of the years 1970 to 2199"),
        ("timestamp,kwh\n2026-01-01 01:00,1\n2026-01-01 00:00,1\n", "the record goes backwards"),
        ("timestamp,kwh\n2026-01-01 01:00,1\n2026-01-01 01:00,2\n", "two values for 2026-01-01 00:00:00 UTC: 1 and 2"),
        ("timestamp,kwh\n2026-03-29 01:00,1\n2026-03-29 02:00,1\n", "no clock in Europe/Madrid shows"),
        ("timestamp,kwh\n2026-01-01,1\n2026-01-02,1\n2026-01-03,1\n", "most rows are 86400 s apart"),
        (
            "timestamp,kwh\n2026-01-01 00:00,1\n2026-01-01 01:00,1\n2026-01-01 02:00,1\n2026-01-01 02:30,1\n",
            "1800 s after the row before",
        ),
        ("timestamp,kwh\n2026-01-01 00:00,1\n2026-01-01 01:00,1\n2026-01-01 02:00,1e9\n", "more than a home can draw"),
    ],
)
def test_what_cannot_be_watched_is_refused_and_told_apart(table: str, what: str, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(table)

    with pytest.raises(InputRefused) as refused:
        run(["detect", str(tmp_path / "bad.csv"), "--time-zone", "Europe/Madrid"])

    assert what in str(refused.value)
    assert "bad.csv" in str(refused.value)


def test_a_zone_nobody_knows_is_refused(fault: Path) -> None:
    with pytest.raises(InputRefused, match="no time zone 'Madrid'"):
        run(["detect", str(fault), "--time-zone", "Madrid"])


def test_a_file_that_is_not_there_or_breaks_off_is_refused(tmp_path: Path) -> None:
    (tmp_path / "half.csv.gz").write_bytes(gzip.compress(b"timestamp,kwh\n" + b"\n" * 100)[:-9])

    for name in ("nowhere.csv", "half.csv.gz"):
        with pytest.raises(InputRefused, match="the record cannot be read"):
            run(["detect", str(tmp_path / name)])


def test_the_column_that_was_named_is_the_one_that_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"2026-01-01 0{hour}:00,{hour},7\n" for hour in range(4))
    (tmp_path / "two.csv").write_text(f"timestamp,use_wh,pv_wh\n{rows}")

    run(["detect", str(tmp_path / "two.csv"), "--column", "PV_Wh", "--scores"])

    assert [row["energy_wh"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == ["7"] * 4
    with pytest.raises(InputRefused, match="there is no column 'gas'"):
        run(["detect", str(tmp_path / "two.csv"), "--column", "gas"])


def test_a_pipe_is_read_as_a_file_is(fault: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        pool.submit(pipe.write_bytes, gzip.compress(fault.read_bytes()))

        run(["detect", str(pipe)])

    assert "sustained" in capsys.readouterr().out


def test_a_columns_name_commands_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "home.csv", [1.0, 2.0, 3.0], column="\x1b[2j\u202e of kwh" + "!" * 1_000)

    run(["detect", str(file), "--plot", str(tmp_path / "home.svg")])

    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("\\x1b[2j\\u202e of kwh!!")
    assert len(first) < 200
    ET.parse(tmp_path / "home.svg")
