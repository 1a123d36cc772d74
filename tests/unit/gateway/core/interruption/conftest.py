"""Where most of these stories begin."""

import pytest

from tests.fakes_supply import SupplyStory


@pytest.fixture
def story() -> SupplyStory:
    """Supply is lost; the meter's count from before is 12."""
    story = SupplyStory()
    story.listen(-60)
    story.meter_reads(-60, 230, power_failures=12)
    story.supply_is_lost(0)
    return story
