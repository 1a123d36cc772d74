"""What the technician's clock sees: an exit status, and lines that say where to look."""

import json
from datetime import date
from pathlib import Path

import pytest

from cloud.billing import weather_store
from cloud.cli import _run
from cloud.state import StateFolder
from runtime import program
from tests.fakes_billing import HOMES
from tests.fakes_cis import JUNE, MAY, PAYMENT, WHOLE, write_drop


def run(*words: object) -> int:
    return program.run(_run, list(map(str, words)))


def test_a_drop_that_stands_ends_with_0_and_counts_by_entity(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", state.path, write_drop(tmp_path, WHOLE)) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "drop D-1"
    assert "  bills         2 kept" in lines


def test_a_drop_with_rows_that_wait_ends_with_1_and_names_them(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drop = write_drop(tmp_path, {**WHOLE, "bills": [MAY, JUNE | {"currency": "EUR"}]})

    assert run("import", state.path, drop) == 1
    assert "bills.csv:3:currency: EUR, and its account is in BRL" in capsys.readouterr().out
    assert run("import", state.path, drop, "--json") == 1
    again = json.loads(capsys.readouterr().out)
    assert again["entities"]["bills"] == {"kept": 0, "unchanged": 1, "refused": 1}
    assert [(row["file"], row["row"], row["key"]) for row in again["refused"]] == [("bills.csv", 3, "B-06")]
    assert run("import-refused", state.path) == 0
    assert "D-1  bills.csv:3:currency  bills B-06: EUR" in capsys.readouterr().out


def test_of_many_refused_rows_some_are_named_and_the_rest_counted(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [PAYMENT | {"payment": f"P-{number}", "account": "A-9"} for number in range(23)]

    run("import", state.path, write_drop(tmp_path, {"payments": rows}))

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 23
    assert lines[-1].startswith("and 3 more")


def test_rows_somebody_saw_to_can_be_let_go(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("import", state.path, write_drop(tmp_path, {"payments": [PAYMENT]}))
    capsys.readouterr()

    assert run("import-refused", state.path, "--forget", "D-1", "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run("import-refused", state.path, "--forget", "D-1") == 2


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_list_is_never_asked_for_nothing_as_if_nothing_were_there(
    state: StateFolder, capsys: pytest.CaptureFixture[str], limit: str
) -> None:
    for words in (("import-refused",), ("bill", "list"), ("outage", "list"), ("quarantine", "list")):
        assert run(*words, state.path, "--limit", limit) == 2
        assert "--limit" in capsys.readouterr().err


def test_a_folder_without_a_manifest_is_refused_in_one_line(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", state.path, tmp_path) == 2

    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "manifest.json" in line


def test_a_weather_file_is_known_by_its_heading(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("station,day,mean_temp_c\ncuritiba,2026-07-01,11.4\ncuritiba,2026-07-02,-0.6\n")

    assert run("import", state.path, path) == 0

    assert capsys.readouterr().out == "2 days of curitiba imported\n"
    database = state.open_database()
    with database.read() as connection:
        found = weather_store.find(connection, "curitiba", date(2026, 7, 2), date(2026, 7, 9))
    database.close()
    assert found == {date(2026, 7, 2): -0.6}


def test_of_many_stations_some_are_named_and_the_rest_counted(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "weather.csv"
    path.write_text("station,day,mean_temp_c\n" + "".join(f"s{at:02},2026-07-01,11.4\n" for at in range(25)))

    assert run("import", state.path, path) == 0

    assert capsys.readouterr().out.endswith("s18, s19 and 5 more imported\n")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("curitiba,2026-07-01,114", "row 2, mean_temp_c: '114' is no mean temperature"),
        ("curitiba,2026-07-01,nan", "row 2, mean_temp_c: 'nan' is no mean temperature"),
        ("curitiba,2026-02-30,11", "row 2, day: '2026-02-30' is not a day"),
        ("curi tiba,2026-07-01,11", "row 2, station: 'curi tiba' cannot be a station"),
        ("a,2026-07-01,11\na,2026-07-01,12", "row 3, day: 'a 2026-07-01' stands already in row 2"),
    ],
)
def test_a_faulty_weather_file_is_refused_whole(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, why: str
) -> None:
    path = tmp_path / "weather.csv"
    path.write_text(f"station,day,mean_temp_c\n{row}\n")

    assert run("import", state.path, path) == 2

    assert why in capsys.readouterr().err


def test_the_customer_file_is_taken_as_before(
    state: StateFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "homes.csv").write_bytes(HOMES)

    assert run("import", state.path, tmp_path / "homes.csv") == 0

    assert capsys.readouterr().out == "1 home imported\n"
