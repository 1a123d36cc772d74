"""Rows of one form are read in one step each, and come out as if they were read value by value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms import axdr
from gateway.core.dlms.axdr import NUMBER_FORMATS
from gateway.core.dlms.data import NULL, Data, DataType
from gateway.core.dlms.row_form import RowForm
from gateway.core.errors import Undecodable
from tests import fakes_axdr
from tests.fakes_meter import array, octets, structure, u8, u32

CELLS = st.one_of(
    st.just(NULL),
    st.integers(0, 255).map(u8),
    st.integers(0, 2**32 - 1).map(u32),
    st.binary(min_size=12, max_size=12).map(octets),
    st.binary(max_size=3).map(octets),
    st.booleans().map(lambda value: Data(DataType.BOOLEAN, value)),
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=4).map(lambda cells: structure(*cells)), max_size=6)


@given(ROWS, st.integers(1, 4))
def test_every_row_comes_out_as_it_was_sent_whatever_the_row_before_it_was_like(rows, times):
    sent = array(*(row for row in rows for _ in range(times)), *rows)

    assert axdr.decode(fakes_axdr.encode(sent)) == sent


@given(ROWS, st.integers(0, 400))
def test_a_buffer_that_breaks_off_is_refused_wherever_it_does(rows, cut):
    sent = fakes_axdr.encode(array(*rows, *(structure(u8(1), u32(2)) for _ in range(6))))

    with pytest.raises(Undecodable):
        axdr.decode(sent[: cut % len(sent)])


def test_more_values_than_anybody_sends_are_refused_of_one_form_too():
    rows = array(*(structure(*[NULL] * 100) for _ in range(1_100)))

    with pytest.raises(Undecodable, match="more of them than anybody sends"):
        axdr.decode(fakes_axdr.encode(rows))


@pytest.mark.parametrize(
    "member", [octets(bytes(128)), Data(DataType.BOOLEAN, True), structure(u8(1))], ids=["long", "boolean", "nested"]
)
def test_what_has_no_form_is_told(member):
    with pytest.raises(ValueError):  # noqa: PT011 - whoever asks reads value by value, whatever the reason
        RowForm(structure(u8(1), member), NUMBER_FORMATS)


def test_a_structure_of_another_form_is_not_taken_for_one():
    form = RowForm(structure(u8(1), u32(2)), NUMBER_FORMATS)
    another = fakes_axdr.encode(structure(u32(2), u8(1)))

    assert (len(another), form.read(another, 0)) == (form.size, None)
