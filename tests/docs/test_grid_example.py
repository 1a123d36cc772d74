"""The grid file that docs/operations.md shows is one that is taken."""

import re
from pathlib import Path

from cloud.grid.table import parse
from cloud.kernel.ids import UsagePointId

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_example_of_a_grid_file_is_taken() -> None:
    (example,) = re.findall(r"```csv\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    (tree,) = parse(example.encode()).trees

    assert tree.path(UsagePointId("UP-0002")) == ("F-01", "T-0101")
