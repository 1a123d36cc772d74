"""A trace that was kept reads back as it passed, or is refused by the line that makes no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.errors import CaptureRefused
from gateway.core.trace import trace_file
from gateway.core.trace.annotator import Passage, Way
from gateway.core.trace.trace_file import Passed

PASSAGES = st.builds(
    Passage,
    way=st.sampled_from(Way),
    at_s=st.integers(0, 10**6).map(lambda ms: ms / 1000),
    octets=st.binary(min_size=1, max_size=40),
    lines=st.just(()),
    is_sound=st.just(True),
)


@given(st.lists(PASSAGES, max_size=5))
def test_what_is_kept_reads_back(passages):
    lines = [*trace_file.head_lines("/dev/x cosem-meter"), *map(trace_file.line_of, passages)]

    read = trace_file.parse("\n".join(lines).encode())

    assert read.of == "/dev/x cosem-meter"
    assert read.passed == tuple(Passed(at_s=each.at_s, way=each.way, octets=each.octets) for each in passages)


def test_a_change_of_speed_reads_back():
    content = "\n".join([*trace_file.head_lines("x"), trace_file.speed_line(0.5, 300)])

    assert trace_file.parse(content.encode()).passed == (Passed(at_s=0.5, baud=300),)


@pytest.mark.parametrize("line", ["> 0.1 7", "> x 7e", "? 0.1 7e", "> 0.1", "= 0.1 fast"])
def test_a_line_that_makes_no_sense_is_named(line):
    with pytest.raises(CaptureRefused, match="line 3"):
        trace_file.parse(f"{trace_file.HEAD}\n# x\n{line}".encode())


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(content):
    try:
        trace_file.parse(trace_file.HEAD.encode() + b"\n" + content)
    except CaptureRefused:
        return
