"""What stays on this machine, and what only looks as if it did."""

import pytest

from runtime.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "x", "", "127.0.0.1.example", "localhost.example"])
def test_whatever_others_can_reach_or_name_is_not(host: str) -> None:
    assert not is_loopback(host)
