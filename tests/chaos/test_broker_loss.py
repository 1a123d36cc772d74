"""A broker that keeps little and is killed with what it holds takes nothing away (`benchmarks.broker_loss`)."""

import pytest

from benchmarks.broker_loss import MAX_QUEUED, play


@pytest.mark.slow
@pytest.mark.needs_mosquitto
def test_a_broker_killed_with_an_overflowing_queue_loses_nothing():
    verdict, taken = play(talk_s=2.0)

    assert taken > MAX_QUEUED
    assert verdict.made > MAX_QUEUED
    assert verdict.is_whole, verdict
