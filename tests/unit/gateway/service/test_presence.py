"""Said once when gone, and once when back."""

import pytest

from gateway.service.presence import Presence
from runtime import logs


@pytest.fixture
def presence(caplog: pytest.LogCaptureFixture) -> Presence:
    caplog.set_level("INFO", logger="gateway.test")
    return Presence(logs.get("gateway.test"), "broker", port=1883)


def test_a_week_without_a_broker_is_two_lines(presence: Presence, caplog: pytest.LogCaptureFixture) -> None:
    presence.here()

    for _ in range(1_000):
        presence.gone(reason="no answer")
    for _ in range(1_000):
        presence.here()

    assert [record.getMessage() for record in caplog.records] == [
        "broker_here port=1883",
        "broker_gone port=1883 reason='no answer'",
        "broker_here port=1883",
    ]


def test_what_was_never_there_is_said_to_be_gone(presence: Presence, caplog: pytest.LogCaptureFixture) -> None:
    presence.gone()

    assert not presence.is_here
    assert len(caplog.records) == 1
