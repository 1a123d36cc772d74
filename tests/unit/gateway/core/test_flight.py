"""Which rows are sent when."""

import pytest

from gateway.core.flight import Flight
from gateway.core.outbox import OutboxRow
from gateway.core.patience import Patience
from wire.events import Lane


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

    assert sent_s == [0, 5, 15, 35, 55, 75, 95]


def test_what_a_receipt_covered_is_forgotten(flight: Flight) -> None:
    flight.due([row(1), row(2)], 0)
    flight.due([row(2)], 1)

    assert flight.due([row(1), row(2)], 2) == [row(1)]


def test_lanes_do_not_mix(flight: Flight) -> None:
    flight.due([row(1, Lane.ALARM)], 0)

    assert flight.due([row(1, Lane.READINGS)], 0) == [row(1, Lane.READINGS)]
