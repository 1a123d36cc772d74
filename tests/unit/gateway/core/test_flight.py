"""Which rows are sent when."""

import pytest

from gateway.core.flight import Flight
from gateway.core.outbox import OutboxRow
from gateway.core.patience import Patience
from wire.terms import Lane


def row(seq: int, lane: Lane = Lane.ALARM) -> OutboxRow:
    return OutboxRow(lane=lane, seq=seq, envelope=bytes([seq]))


@pytest.fixture
def flight() -> Flight:
    return Flight(Patience(first_s=5, longest_s=20), chance=lambda: 0.5)


def test_every_row_of_the_window_is_sent_once(flight: Flight) -> None:
    window = [row(1), row(2), row(1, Lane.READINGS)]

    assert flight.due(window, 0) == window
    assert flight.due(window, 1) == []


def test_a_new_row_goes_at_once(flight: Flight) -> None:
    flight.due([row(1)], 0)

    assert flight.due([row(1), row(2)], 0.1) == [row(2)]


def test_what_no_receipt_covers_is_sent_again_after_longer_and_longer(flight: Flight) -> None:
    sent_s = [s for s in range(100) if flight.due([row(1)], s)]

    assert sent_s == [0, 5, 10, 15, 25, 45, 65, 85]


def test_what_a_receipt_covered_is_forgotten(flight: Flight) -> None:
    flight.due([row(1), row(2)], 0)
    flight.due([row(2)], 1)

    assert flight.due([row(1), row(2)], 2) == [row(1)]


def test_lanes_do_not_mix(flight: Flight) -> None:
    flight.due([row(1, Lane.ALARM)], 0)

    assert flight.due([row(1, Lane.READINGS)], 0) == [row(1, Lane.READINGS)]


def test_only_the_first_row_of_a_lane_is_sent_again(flight: Flight) -> None:
    window = [row(1), row(2), row(3), row(1, Lane.READINGS), row(2, Lane.READINGS)]
    flight.due(window, 0)

    assert flight.due(window, 5) == [row(1), row(1, Lane.READINGS)]


def test_what_was_lost_behind_the_first_row_goes_as_soon_as_it_is_first(flight: Flight) -> None:
    flight.due([row(1), row(2), row(3)], 0)
    flight.due([row(1), row(2), row(3)], 5)

    assert flight.due([row(3)], 5.1) == [row(3)]


def test_a_cloud_that_is_away_for_an_hour_costs_a_row_a_lane_a_minute() -> None:
    flight = Flight(Patience(first_s=2, longest_s=60), chance=lambda: 0.5)
    window = [row(seq, lane) for lane in Lane for seq in range(1, 17)]

    sent = sum(len(flight.due(window, s)) for s in range(3_600))

    assert len(window) < sent <= len(window) + len(Lane) * (60 + 6)
