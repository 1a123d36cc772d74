"""What a bad line does to what is published."""

import random

import pytest

from simulators.uplink.mischief import MAX_ACKNOWLEDGEMENTS_AWAITED, WINDOW, Moved, Odds, Side, Traffic
from simulators.uplink.packets import puback
from tests.unit.simulators.uplink.test_packets import CONNECT, PING, publish

ALARM = publish(packet_id=5)
DOUBLE, LOSE = Odds(double=1.0), Odds(lose=1.0)


def line(odds: Odds, *drawn: float) -> Traffic:
    return Traffic(odds, iter(drawn or [0.0] * 100_000).__next__)


def onward(traffic: Traffic, speaker: Side, octets: bytes) -> bytes:
    moved = traffic.hear(speaker, octets)
    assert moved.back == b""
    return moved.onward


def test_a_good_line_alters_nothing() -> None:
    traffic = line(Odds())

    assert onward(traffic, Side.CLIENT, CONNECT + ALARM + PING) == CONNECT + ALARM + PING
    assert onward(traffic, Side.BROKER, puback(5)) == puback(5)
    assert (traffic.counts.published, traffic.counts.lost, traffic.counts.doubled) == (1, 0, 0)


@pytest.mark.parametrize("speaker", Side)
def test_a_lost_packet_vanishes_and_nobody_acknowledges_it(speaker: Side) -> None:
    traffic = line(LOSE, 0.0, 0.5)

    assert traffic.hear(speaker, PING + ALARM + PING) == Moved(PING + PING, b"")
    assert (traffic.counts.lost, traffic.counts.lost_acknowledged) == (1, 0)


@pytest.mark.parametrize("speaker", Side)
def test_a_packet_acknowledged_and_lost_is_answered_by_the_line(speaker: Side) -> None:
    traffic = line(LOSE, 0.0, 0.49)

    assert traffic.hear(speaker, ALARM) == Moved(b"", puback(5))
    assert (traffic.counts.lost, traffic.counts.lost_acknowledged) == (1, 1)


def test_a_packet_without_a_promise_is_lost_without_one() -> None:
    assert line(LOSE, 0.0).hear(Side.CLIENT, publish()) == Moved(b"", b"")


@pytest.mark.parametrize("speaker", Side)
def test_a_doubled_packet_is_marked_and_acknowledged_once(speaker: Side) -> None:
    traffic = line(DOUBLE)

    there = onward(traffic, speaker, ALARM)
    acknowledged = onward(traffic, speaker.other, puback(5) + puback(5) + PING)

    assert there == ALARM + bytes((ALARM[0] | 0x08,)) + ALARM[1:]
    assert acknowledged == puback(5) + PING


def test_a_number_used_again_gets_its_own_acknowledgement() -> None:
    traffic = line(Odds(double=0.5), 0.0, 0.9)
    onward(traffic, Side.CLIENT, ALARM)
    first = onward(traffic, Side.BROKER, puback(5))

    onward(traffic, Side.CLIENT, ALARM)
    second = onward(traffic, Side.BROKER, puback(5) + puback(5))

    assert (first, second) == (puback(5), puback(5))


def test_the_same_number_the_other_way_is_another() -> None:
    traffic = line(Odds(double=0.5), 0.0, 0.9)
    onward(traffic, Side.CLIENT, ALARM)
    onward(traffic, Side.BROKER, ALARM)

    assert onward(traffic, Side.CLIENT, puback(5) + puback(5)) == puback(5) + puback(5)


def test_a_packet_of_quality_2_is_left_alone() -> None:
    exactly_once = bytes((0x34,)) + ALARM[1:]

    assert onward(line(LOSE), Side.CLIENT, exactly_once) == exactly_once


def test_nothing_is_doubled_any_longer_when_nobody_acknowledges() -> None:
    traffic = line(DOUBLE)

    for number in range(1, MAX_ACKNOWLEDGEMENTS_AWAITED):
        traffic.hear(Side.CLIENT, publish(packet_id=number))

    assert traffic.counts.doubled == MAX_ACKNOWLEDGEMENTS_AWAITED / 2


def test_the_odds_are_what_was_asked_for() -> None:
    traffic = Traffic(Odds(lose=0.1, double=0.2), random.Random(7).random)

    for number in range(1, 2_001):
        traffic.hear(Side.CLIENT, publish(packet_id=number))
        traffic.hear(Side.BROKER, puback(number) * 2)

    counts = traffic.counts
    assert counts.lost == pytest.approx(200, rel=0.15)
    assert counts.lost_acknowledged == pytest.approx(100, rel=0.25)
    assert counts.doubled == pytest.approx(400, rel=0.15)


def test_what_was_held_when_an_end_ends_is_not_forgotten() -> None:
    traffic = line(Odds())
    traffic.hear(Side.CLIENT, ALARM + ALARM[:4])

    assert traffic.end(Side.CLIENT) == ALARM[:4]


def test_a_delayed_packet_comes_behind_as_many_as_were_drawn() -> None:
    traffic = line(Odds(delay=0.5), 0.0, 0.3, 0.9, 0.9, 0.9)  # behind 1 + 0.3 ** 3 of fifty: two

    came = [onward(traffic, Side.CLIENT, publish(packet_id=number)) for number in (5, 6, 7, 8)]

    assert came == [b"", publish(packet_id=6), publish(packet_id=7) + ALARM, publish(packet_id=8)]
    assert traffic.counts.delayed == 1


def test_what_is_delayed_at_the_end_comes_then() -> None:
    traffic = line(Odds(delay=1.0), 0.0, 0.9, 0.0, 0.5)

    assert onward(traffic, Side.CLIENT, ALARM + publish(packet_id=6)) == b""
    assert traffic.end(Side.CLIENT) == publish(packet_id=6) + ALARM
    assert traffic.end(Side.CLIENT) == b""


def test_no_more_wait_than_the_window_is_wide() -> None:
    traffic = line(Odds(delay=1.0), *[0.0, 0.9999] * 200)

    came = [onward(traffic, Side.CLIENT, publish(packet_id=number)) for number in range(1, 201)]

    assert came[:WINDOW] == [b""] * WINDOW
    assert came[WINDOW:] == [publish(packet_id=number) for number in range(1, 201 - WINDOW)]
