"""A winter month in real processes, from the meter's hours to a bill explained and help offered."""

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_month_is_told_to_its_customer_exactly_once_though_messages_are_lost_and_doubled(play, left_behind):
    outcome = play("--act", "month", "--lose", "10", "--double", "10")

    assert (outcome["ok"], outcome["failure"]) == (True, "")
    assert left_behind() == []
