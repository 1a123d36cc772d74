"""The manifest, and the one door its names lead through."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloud.cis import folder, manifest
from cloud.cis.drop import Rows, read
from cloud.cis.manifest import DropRefused, Entity, Listed
from runtime.errors import InputRefused
from tests.fakes_cis import MAY, WHOLE, csv_of, listed, manifest_of, write_drop

BILLS = listed("bills", csv_of([MAY]), 1)


def test_a_manifest_tells_its_drop_and_its_files() -> None:
    told = manifest.parse(manifest_of([BILLS], day=3))

    (file,) = told.files
    assert (told.drop, told.made_at) == ("D-1", datetime(2026, 11, 3, 5, tzinfo=UTC))
    assert file == Listed(name="bills.csv", entity=Entity.BILLS, rows=1, sha256=str(BILLS["sha256"]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "../bills.csv"}, r"name of file 1 cannot be '\.\./bills\.csv'"),
        ({"name": "/etc/passwd"}, "cannot be '/etc/passwd'"),
        ({"name": ".."}, r"cannot be '\.\.'"),
        ({"name": ".hidden"}, "cannot be"),
        ({"name": "a\0b"}, "cannot be"),
        ({"name": "bills.csv\n"}, "cannot be"),
        ({"name": 7}, "cannot be '7'"),
        ({"name": "Manifest.JSON"}, "is the manifest itself"),
        ({"entity": "meters"}, "holds 'meters', which nobody here knows; one of: customers"),
        ({"entity": None}, "holds 'None'"),
        ({"rows": -1}, "must be a whole number"),
        ({"rows": True}, "must be a whole number"),
        ({"rows": 1.0}, "must be a whole number"),
        ({"rows": 10**9}, "rows in one drop"),
        ({"rows": 10**4_000}, "must be a whole number"),
        ({"sha256": "00"}, "sha256 of bills.csv cannot be '00'"),
        ({"sha256": str(BILLS["sha256"]).upper()}, "sha256 of bills.csv cannot be"),
        ({"size": 3}, "has the unknown key 'size'"),
    ],
)
def test_a_file_that_cannot_be_refuses_the_drop(change: dict[str, object], why: str) -> None:
    with pytest.raises(DropRefused, match=why):
        manifest.parse(manifest_of([BILLS | change]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"files": []}, "'files' must list 1 to 100 files"),
        ({"files": [BILLS] * 101}, "'files' must list 1 to 100 files"),
        ({"files": {"bills": 1}}, "'files' must list"),
        ({"files": [BILLS, BILLS | {"name": "BILLS.csv"}]}, "'bills.csv' is listed twice"),
        ({"files": ["bills.csv"]}, "file 1 must be an object"),
        ({"drop": ""}, "the drop cannot be ''"),
        ({"drop": "a/b"}, "the drop cannot be"),
        ({"made_at": "2026-11-03T05:00:00"}, "an instant with its offset"),
        ({"made_at": "0001-01-01T00:00:00+23:00"}, "an instant with its offset"),
        ({"made_at": "yesterday"}, "cannot be 'yesterday'"),
        ({"by": "us"}, "the manifest has the unknown key 'by'"),
    ],
)
def test_a_manifest_that_cannot_be_is_refused(change: dict[str, Any], why: str) -> None:
    told = json.loads(manifest_of([BILLS])) | change

    with pytest.raises(DropRefused, match=why):
        manifest.parse(json.dumps(told).encode())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"drop": "D", "drop": "E"}', "a key stands twice"),
        (b"[]", "the manifest must be an object"),
        (b'{"drop": "D", "files": []}', "the manifest lacks 'made_at'"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(DropRefused, match=why):
        manifest.parse(data)


def a_link(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".away"))


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (a_link, "symbolic links"),
        (a_pipe, "this is no plain file"),
        (a_folder, "this is no plain file|Is a directory"),
        (Path.unlink, "No such file"),
    ],
)
def test_a_file_that_is_not_one_is_not_read(tmp_path: Path, spoil: Callable[[Path], None], why: str) -> None:
    path = write_drop(tmp_path, WHOLE)
    spoil(path / "bills.csv")

    with folder.opened(path) as opened, pytest.raises(DropRefused, match=why):
        opened.read("bills.csv")


def test_a_table_the_manifest_does_not_list_refuses_the_drop(tmp_path: Path) -> None:
    path = write_drop(tmp_path, WHOLE)
    (path / "Bills-2.CSV").write_bytes(csv_of([MAY]))
    (path / "README.txt").write_text("this may lie here")

    with folder.opened(path) as opened, pytest.raises(DropRefused, match=r"does not list this file.*Bills-2\.CSV"):
        opened.manifest()


def test_a_file_that_is_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = write_drop(tmp_path, WHOLE)

    with folder.opened(path) as opened, pytest.raises(DropRefused, match="it holds more than 10 bytes"):
        opened.read("bills.csv", 10)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="cannot open the folder"), folder.opened(tmp_path / "nowhere"):
        pass


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"bill,account\n", "contract: the column is missing"),
        (csv_of([MAY | {"tip": "1"}]), "tip: unknown column"),
        (b"\xff", "not UTF-8"),
        (csv_of([MAY]) + b'"never closed', "not CSV"),
    ],
)
def test_a_file_of_another_kind_refuses_the_drop(data: bytes, why: str) -> None:
    told = manifest.parse(manifest_of([listed("bills", data, 1)])).files[0]

    with pytest.raises(DropRefused, match=why):
        read(told, data, Rows())


def test_a_file_without_rows_is_a_file() -> None:
    data = csv_of([MAY]).splitlines(keepends=True)[0]
    rows = Rows()

    read(manifest.parse(manifest_of([listed("bills", data, 0)])).files[0], data, rows)

    assert (rows.told[Entity.BILLS], rows.refused) == ([], [])


def test_a_line_that_is_no_row_is_refused_by_its_number_and_keeps_its_place_in_the_count() -> None:
    data = csv_of([MAY]) + b"B-9,A-1\n"
    rows = Rows()

    read(manifest.parse(manifest_of([listed("bills", data, 2)])).files[0], data, rows)

    assert [told.place.key for told in rows.told[Entity.BILLS]] == ["B-05"]
    assert list(map(str, rows.refused)) == ["bills.csv:3:row: 2 values under 11 headings"]
    assert rows.refused[0].place.key.startswith("?")


def test_the_weather_station_of_a_contract_may_be_left_out() -> None:
    row = {name: cell for name, cell in WHOLE["contracts"][0].items() if name != "weather_station"}
    data, rows = csv_of([row]), Rows()

    read(manifest.parse(manifest_of([listed("contracts", data, 1)])).files[0], data, rows)

    (told,) = rows.told[Entity.CONTRACTS]
    assert getattr(told.value, "weather_station", None) == ""
