"""The worked example in docs/wire.md is the golden vector, and its catalogue is the catalogue."""

import re
from pathlib import Path

from tests.unit.wire.golden import stored
from wire.events import CATALOGUE

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text(encoding="utf-8")
VECTOR = next(row for row in stored() if row.name == "event-01-SupplyLost-P-256")


def test_the_example_is_the_golden_vector_byte_for_byte():
    table = PAGE.split("<!-- vector: SupplyLost, P-256 -->")[1].split("<!-- end -->")[0]
    cells = re.findall(r"^\| `([0-9a-f ]+)` \|", table, re.MULTILINE)

    assert "".join(cells).replace(" ", "") == VECTOR.envelope.hex()
    assert f"{len(VECTOR.envelope)} bytes" in PAGE
    assert VECTOR.says["link_hash"] in PAGE


def test_the_pages_catalogue_is_the_codes_catalogue():
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (\w+) \|", PAGE, re.MULTILINE)

    assert rows == [(str(code), event.__name__, event.lane.name.lower()) for code, event in sorted(CATALOGUE.items())]
