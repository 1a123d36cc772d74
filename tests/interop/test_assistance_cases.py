"""The cases of `LAMPLIGHT_DATA/assistance/cases`: who is likely to get what, handed to the command as they are.

A case that expects a block of a disconnection is about collecting, which is not here; how many are is printed.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from cloud.cli import main

_DATA = os.environ.get("LAMPLIGHT_DATA", "")
_FILES = sorted(Path(_DATA, "assistance", "cases").glob("*.json")) if _DATA else []
_CASES = [case for file in _FILES for case in json.loads(file.read_text())]
_COVERED = [case for case in _CASES if "programme" in case["expected"]]
_NO_AMOUNTS = {"programme", "result", "why", "advice", "limit"}

pytestmark = pytest.mark.skipif(not _CASES, reason="LAMPLIGHT_DATA holds no cases of assistance")


@pytest.fixture
def assist(monkeypatch, capsys):
    def command(file):
        monkeypatch.setattr("sys.argv", ["lamplight-cloud", "assist", str(file), "--json"])
        assert main() == 0
        return json.loads(capsys.readouterr().out)

    return command


@pytest.mark.parametrize("case", _COVERED, ids=lambda case: case["id"])
def test_the_programme_is_found_with_the_result_and_the_amounts_it_is_known_to_have(assist, tmp_path, case):
    expected, file = case["expected"], tmp_path / "case.json"
    file.write_text(json.dumps(case))

    (told,) = assist(file)

    (found,) = [each for each in told["programmes"] if each["programme"] == expected["programme"]]
    amounts = {name: value for name, value in expected.items() if name not in _NO_AMOUNTS}
    limits = [condition["limit"] for condition in found.get("conditions", ())]
    assert found["result"] == expected["result"]
    assert {name: found.get(name) for name in amounts} == amounts
    assert "limit" not in expected or expected["limit"] in limits
    assert "advice" not in expected or found["advice"]


@pytest.mark.parametrize("file", _FILES, ids=lambda file: file.name)
def test_a_file_is_taken_as_it_is(assist, file, capsys):
    told = assist(file)

    with capsys.disabled():
        sys.stdout.write(f"assistance: {len(_COVERED)} of {len(_CASES)} cases covered\n")
    assert [each["id"] for each in told] == [case["id"] for case in json.loads(file.read_text())]
