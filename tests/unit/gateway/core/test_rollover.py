"""A register that passes its last digit makes no giant difference, whichever size it has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import rollover


@pytest.mark.parametrize("size", [10**7, 10**8, 10**9, 2**32, 2**31, 2**32 * 1_000, 2**32 // 10])
@pytest.mark.parametrize(("before", "after"), [(1, 0), (400, 99), (500, 0)])
def test_a_small_step_past_the_last_digit_is_a_rollover(size, before, after):
    assert rollover.size_passed(then=size - before, now=after, most=500) == size


@pytest.mark.parametrize(
    ("then", "now"), [(10**8 - 400, 101), (5_000_000, 0), (10**6 - 1, 0), (10**8, 5), (10**8 - 1, -1)]
)
def test_what_fits_no_size_went_backwards(then, now):
    assert rollover.size_passed(then=then, now=now, most=500) is None


@pytest.mark.parametrize(("then", "now", "size"), [(255, 0, 256), (65_535, 3, 65_536), (999, 1, 1_000), (200, 0, None)])
def test_a_counter_of_incidents_rolls_over_too(then, now, size):
    assert rollover.count_passed(then=then, now=now) == size


@given(then=st.integers(-(2**40), 2**50), now=st.integers(-(2**40), 2**50), most=st.integers(0, 10**6))
def test_a_rollover_is_never_more_than_what_may_have_passed(then, now, most):
    size = rollover.size_passed(then=then, now=now, most=most)

    assert size is None or now + size - then <= most


@given(size=st.sampled_from([10**8, 2**32]), used=st.integers(0, 999), before=st.integers(1, 900))
def test_a_difference_tells_the_size_as_well(size, used, before):
    assert rollover.size_of_fall(used - size, most=1_000) == size
