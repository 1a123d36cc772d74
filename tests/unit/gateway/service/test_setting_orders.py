"""An order about a setting is kept, then put in force, then said to be; what is refused is not put in force."""

import threading
from functools import partial
from pathlib import Path

import pytest

from gateway.config import GatewaySettings, order_setting
from gateway.service.setting_orders import SettingOrders
from runtime.errors import EnvironmentRefused
from wire.commands import ChangeSetting
from wire.terms import CommandOutcome

NEVER = threading.Event()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text("")
    return tmp_path


def test_a_change_is_in_force_when_it_is_answered(folder: Path) -> None:
    applied: list[GatewaySettings] = []
    orders = SettingOrders(partial(order_setting, folder), applied.append)

    answer = orders.change(ChangeSetting(name="heartbeat_s", value="60"), NEVER)

    assert (answer.outcome, answer.detail) == (CommandOutcome.DONE, "heartbeat_s is 60")
    assert [settings.heartbeat_s for settings in applied] == [60]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("heartbeat_s", "9", "9.0 is out of range (allowed: 10 to 86400)"),
        ("log_level", "loud", "'loud' is not a choice (one of: debug, info, warning, error)"),
        ("files.key", "/tmp/key", "this setting is not changed from afar"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_what_can_be(folder: Path, name: str, value: str, told: str) -> None:
    applied: list[GatewaySettings] = []

    answer = SettingOrders(partial(order_setting, folder), applied.append).change(
        ChangeSetting(name=name, value=value), NEVER
    )

    assert (answer.outcome, answer.detail) == (CommandOutcome.REFUSED, told)
    assert applied == []


def test_a_disk_that_says_no_is_told_to_whoever_asked() -> None:
    applied: list[None] = []

    def order(_name: str, _value: str | None) -> None:
        raise EnvironmentRefused("cannot write: no space left")

    with pytest.raises(EnvironmentRefused):
        SettingOrders(order, applied.append).change(ChangeSetting(name="log_level", value="debug"), NEVER)

    assert applied == []
