"""Settings that are changed from afar: the few there are, within their bounds, kept in one step, undone by a word."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import CHANGEABLE, load_settings, order_setting
from runtime.errors import InputRefused, LamplightError, SettingsError

OWN = "log_level = 'warning'\n[meter]\npoll_interval_s = 120\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "gateway.toml").write_text(OWN)
    return tmp_path


def test_what_was_ordered_holds_at_once_and_at_the_next_start(folder: Path) -> None:
    ordered = order_setting(folder, "meter.poll_interval_s", "30")

    assert ordered.meter.poll_interval_s == 30
    assert load_settings(folder) == ordered
    assert load_settings(folder).log_level == "warning"
    assert (folder / "gateway.toml").read_text() == OWN


def test_several_orders_stand_beside_each_other_and_the_last_one_holds(folder: Path) -> None:
    for name, value in (("log_level", "debug"), ("heartbeat_s", "60"), ("log_level", "error")):
        order_setting(folder, name, value)

    assert (load_settings(folder).log_level, load_settings(folder).heartbeat_s) == ("error", 60)


def test_an_order_is_taken_back(folder: Path) -> None:
    order_setting(folder, "meter.poll_interval_s", "30")

    order_setting(folder, "meter.poll_interval_s", None)

    assert load_settings(folder).meter.poll_interval_s == 120


@pytest.mark.parametrize("name", ["files.key", "meter.set_clock", "uplink.window_rows", "", "meter", "nothing"])
def test_nothing_else_is_changed_from_afar(folder: Path, name: str) -> None:
    with pytest.raises(InputRefused, match="not changed from afar"):
        order_setting(folder, name, "1")

    assert not (folder / "ordered.toml").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("meter.poll_interval_s", "0"),
        ("meter.poll_interval_s", "86401"),
        ("meter.poll_interval_s", "soon"),
        ("meter.poll_interval_s", "-5"),
        ("log_level", "loud"),
        ("log_level", "5"),
        ("heartbeat_s", "nan"),
    ],
)
def test_a_value_out_of_its_bounds_changes_nothing(folder: Path, name: str, value: str) -> None:
    before = load_settings(folder)

    with pytest.raises(SettingsError):
        order_setting(folder, name, value)

    assert load_settings(folder) == before


def test_a_file_of_orders_that_a_person_wrote_more_into_is_refused(folder: Path) -> None:
    (folder / "ordered.toml").write_text("[files]\nkey = '/tmp/key'\n")

    with pytest.raises(SettingsError, match=r"files\.key is not changed from afar .*ordered\.toml"):
        load_settings(folder)


def test_a_bad_value_in_it_is_looked_for_there(folder: Path) -> None:
    (folder / "ordered.toml").write_text("meter.poll_interval_s = 0\n")

    with pytest.raises(SettingsError, match=r"ordered\.toml: meter\.poll_interval_s"):
        load_settings(folder)


@given(st.sampled_from(CHANGEABLE), st.text(max_size=64))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_value_or_is_refused_and_the_settings_can_be_read(folder: Path, name: str, value: str) -> None:
    with suppress(LamplightError):
        order_setting(folder, name, value)

    assert load_settings(folder).heartbeat_s >= 10
