"""What the cloud's tests need of the machine: without mosquitto half of them would try nothing, so they fail."""

import pytest

from cloud.broker import mosquitto


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail, and say what to install."""
    if item.get_closest_marker("needs_mosquitto") and mosquitto.find() is None:
        pytest.fail("this is tried with mosquitto, which is not here: sudo apt install mosquitto", pytrace=False)
