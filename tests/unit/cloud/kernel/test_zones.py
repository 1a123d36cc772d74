"""The time zones a file may name."""

import pytest

from cloud.kernel import zones


@pytest.mark.parametrize("name", ["America/Sao_Paulo", "Europe/Madrid", "Asia/Kolkata", "UTC"])
def test_places_are_known(name):
    assert name in zones.names()


@pytest.mark.parametrize(
    "name", ["localtime", "Factory", "posixrules", "right/UTC", "../etc/passwd", "", "america/sao_paulo"]
)
def test_what_is_no_place_is_not(name):
    assert name not in zones.names()
