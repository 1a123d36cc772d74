"""The worked example in docs/wire.md is the golden vector, and its catalogue is the catalogue."""

import json
import re
from pathlib import Path

from gateway.core.interruption.verdict import TABLE
from tests.unit.wire.golden import FILE
from wire.events import CATALOGUE, Cause

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")
VECTOR = json.loads(FILE.read_text())["vectors"][0]


def test_the_example_is_the_golden_vector_byte_for_byte():
    table = PAGE.split("<!-- vector: SupplyLost, P-256 -->")[1].split("<!-- end -->")[0]
    cells = re.findall(r"^\| `([0-9a-f ]+)` \|", table, re.MULTILINE)

    assert "".join(cells).replace(" ", "") == VECTOR["envelope"]
    assert f"{len(VECTOR['envelope']) // 2} bytes" in PAGE
    assert VECTOR["link_hash"] in PAGE


def test_the_pages_catalogue_is_the_codes_catalogue():
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \|", PAGE, re.MULTILINE)

    assert rows == [(str(code), event.__name__, event.lane.name.lower()) for code, event in sorted(CATALOGUE.items())]


def test_the_causes_it_calls_reserved_are_those_that_no_verdict_of_the_gateway_has():
    sentence = next(line for line in PAGE.splitlines() if line.startswith("The causes "))

    reserved = {Cause(int(number)) for _, number in re.findall(r"([A-Z_]+) \((\d)\)", sentence)}

    assert reserved == set(Cause) - {row.cause for row in TABLE}
    assert [Cause[name] for name, _ in re.findall(r"([A-Z_]+) \((\d)\)", sentence)] == sorted(reserved)
