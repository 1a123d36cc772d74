"""A town whose courier is at work, for every test that wants one."""

import pytest

from tests.fakes_cloud import fresh_database
from tests.fakes_outward import Town


@pytest.fixture
def town(tmp_path):
    with fresh_database(tmp_path) as database:
        yield Town(database)
