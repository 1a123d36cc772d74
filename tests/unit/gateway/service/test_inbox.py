"""The queue between those that read and the one that concludes is bounded, and says when it is full."""

import logging

import pytest

from gateway.core.observations import ProbeLink
from gateway.service.inbox import CAPACITY, Inbox, ProbeHeard


def report() -> ProbeHeard:
    return ProbeHeard(seen=ProbeLink(up=True), done=lambda: None)


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    inbox = Inbox()

    taken = [inbox.offer(report()) for _ in range(CAPACITY + 3)]

    assert taken == [True] * CAPACITY + [False] * 3
    assert inbox.dropped == 3


def test_that_it_is_full_is_said_once_and_once_that_it_is_not(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    inbox = Inbox()

    for _ in range(CAPACITY + 3):
        inbox.offer(report())
    for _ in range(CAPACITY // 2 + 2):
        inbox.take(0)
        inbox.offer(report())
        inbox.take(0)
    inbox.offer(report())

    said = [record.getMessage().split() for record in caplog.records]
    assert [words[0] for words in said] == ["inbox_room_gone", "inbox_room_here"]
    assert "dropped=3" in said[1]
