"""Whatever a person types or a line carries, a link's parsers answer or refuse, and keep their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.dlms.hdlc_negotiation import LinkSettings, negotiate
from gateway.core.line_address import parse_line_address
from runtime.errors import InputRefused
from simulators.meter import link_parameters
from simulators.meter.faults import Faults
from simulators.meter.opto import SignOn
from simulators.meter.transmission import Transmission

NAMES = ("drop", "flip", "burst", "garbage", "cut", "parity", "baud", "mishear", "dip", "flag", "echo", "silence")
words = st.one_of(
    st.tuples(st.just("rate"), st.sampled_from(NAMES), st.floats(0, 1).map(str)),
    st.tuples(st.sampled_from(NAMES), st.integers(0, 3).map(str)),
    st.tuples(st.just("bits"), st.floats(0, 1).map(str)),
)


@given(st.lists(st.text(max_size=12), max_size=4))
def test_any_words_are_a_fault_or_refused(typed):
    faults = Faults()

    try:
        faults.command(typed, 0.0)
    except InputRefused as refused:
        assert refused.do  # noqa: PT017 - either outcome is right


@given(st.lists(words, max_size=5), st.lists(st.binary(min_size=1, max_size=40), max_size=6))
def test_whatever_is_in_force_no_answer_grows_and_none_comes_from_nowhere(orders, said):
    faults = Faults(seed=7)
    for order in orders:
        _ordered(faults, order)

    answers = [Transmission(octets=octets, baud=9_600) for octets in said]
    reached = faults.spoil(answers, 0.0)

    assert sum(len(answer.octets) for answer in reached) <= sum(map(len, said))
    assert all(answer.octets for answer in reached)


def _ordered(faults, order):
    try:
        faults.command(order, 0.0)
    except InputRefused:
        return


@given(st.lists(st.tuples(st.binary(max_size=90), st.floats(0, 5)), max_size=12), st.booleans())
def test_a_sign_on_survives_any_octets_and_holds_no_more_than_a_message(heard, saves_battery):
    sign_on = SignOn(address="1", saves_battery=saves_battery)
    mono_s = 0.0

    for octets, pause_s in heard:
        mono_s += pause_s
        sign_on.feed(octets, mono_s)

    assert len(sign_on._message) <= 64


@given(st.text(max_size=60))
def test_any_text_is_a_port_or_refused(text):
    try:
        assert str(parse_line_address(text))
    except InputRefused as refused:
        assert "HOST:PORT" in refused.do  # noqa: PT017 - either outcome is right


@given(st.binary(max_size=40))
def test_any_parameters_are_agreed_on_within_both_sides_limits(octets):
    agreed = negotiate(octets, LinkSettings())

    assert 1 <= agreed.window <= 7
    assert 1 <= agreed.info_bytes <= 2_030


@given(st.binary(max_size=40))
def test_any_proposal_is_agreed_to_or_refused(octets):
    try:
        agreed = link_parameters.agree(b"\x81\x80" + octets, link_parameters.LIMITS)
    except ValueError:
        return
    assert 1 <= agreed.transmit_window <= 7


@pytest.mark.parametrize("text", ["rfc2217://a:1\nb", "hdlc+tcp://[::1", "tcp://:1", "rfc2217://:2217"])
def test_what_only_looks_like_a_port_is_refused(text):
    with pytest.raises(InputRefused):
        parse_line_address(text)
