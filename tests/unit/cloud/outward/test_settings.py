"""What the settings of outward may be together."""

from pathlib import Path

import pytest

from cloud.outward.settings import OutwardSettings
from runtime.errors import SettingsError
from wire.terms import Lane

SECRET = Path("secret")


def test_nothing_leaves_by_default():
    settings = OutwardSettings()

    settings.check()

    assert not settings.is_on


def test_where_a_receiver_is_named_alarms_alone_leave():
    settings = OutwardSettings(url="https://oms.example/", secret_file=SECRET)

    settings.check()

    assert settings.lanes == (Lane.ALARM,)


def test_lanes_are_in_the_order_of_urgency_however_they_are_named():
    settings = OutwardSettings(events=("readings", "alarms", "diagnostics"))

    assert settings.lanes == (Lane.ALARM, Lane.DIAGNOSTICS, Lane.READINGS)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (OutwardSettings(url="http://oms.example/", secret_file=SECRET), "in the clear"),
        (OutwardSettings(url="https://oms.example/"), "unsigned"),
        (OutwardSettings(url="https://oms.example/", secret_file=SECRET, events=()), "nothing to send"),
        (OutwardSettings(events=("everything",)), "no kind of events"),
    ],
)
def test_what_cannot_be_is_told_with_the_setting(settings, words):
    with pytest.raises(SettingsError, match=words) as refused:
        settings.check()

    assert refused.value.where.startswith("outward.")
