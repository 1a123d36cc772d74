"""A table is read within bounds, whatever somebody hands in as one."""

import pytest

from cloud.kernel import sheet
from cloud.kernel.sheet import MAX_COLUMNS, MAX_LINE_CHARS, SheetRefused

COLUMNS = ("name", "value")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b",".join([b"name"] * (MAX_COLUMNS + 1)), f"no table of ours has more than {MAX_COLUMNS}"),
        (b"," * (MAX_LINE_CHARS + 1), "a line is longer than"),
        (b"name,value\n" + b"," * (MAX_LINE_CHARS + 1), "row 2, file: not CSV: a line is longer than"),
    ],
)
def test_a_table_of_more_columns_than_anybody_needs_is_refused_in_one_fault(data, what):
    with pytest.raises(SheetRefused, match=what) as refused:
        sheet.read(data, COLUMNS)

    assert len(refused.value.faults) == 1


def test_a_heading_without_an_end_is_refused_before_anybody_looks_for_its_columns():
    with pytest.raises(SheetRefused, match="a line is longer than"):
        sheet.heading(b"," * (MAX_LINE_CHARS + 1))
