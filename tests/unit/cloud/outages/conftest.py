"""What several of these tests begin with."""

import pytest

from tests.fakes_areas import Feeder
from tests.fakes_feeder import two_boxes


@pytest.fixture
def feeder() -> Feeder:
    """A fuse with two transformers of four homes, `BOX_1` and `BOX_2`."""
    return Feeder(two_boxes())
