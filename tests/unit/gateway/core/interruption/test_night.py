"""The storm night of one street, as each gateway on it sees it: what it says, in order, and nothing more.

The street's line falls at 1000 s and comes back at 2000 s; before that, each house has its own false alarm.
"""

import pytest

from tests.fakes_supply import SupplyStory
from wire.events import InterruptionAssessed, SupplyRestored
from wire.terms import Disconnector

DARK, LIGHT = 1_000.0, 2_000.0
OUT = ["SupplyLost", "SUPPLY_INTERRUPTED PROVISIONAL WEAK", "SUPPLY_INTERRUPTED CONFIRMED FAIR"]
PROVED = ["SUPPLY_INTERRUPTED CONFIRMED STRONG", "SupplyRestored"]
SENSED = ["SUPPLY_INTERRUPTED CONFIRMED FAIR"]  # said anew, as every verdict is when the supply is sensed again


@pytest.fixture
def home() -> SupplyStory:
    """A home on a quiet evening; its meter's count is 12."""
    home = SupplyStory()
    home.is_quiet(0)
    home.supply_falls(30)
    home.supply_rises(30.8)  # the recloser
    home.beat(31, present=True)
    home.meter_reads(40, 230, power_failures=13, loaded=True)
    home.said.clear()
    return home


def told(home: SupplyStory) -> list[str]:
    """What was said, with its verdicts spelt out."""
    return [
        f"{event.cause.name} {event.stage.name} {event.grade.name}"
        if isinstance(event, InterruptionAssessed)
        else type(event).__name__
        for event in home.said
    ]


def goes_dark(home: SupplyStory, s: float = DARK) -> None:
    home.supply_is_lost(s)
    home.meter_fails(s + 5)
    home.meter_fails(s + 12)


def is_lit_again(home: SupplyStory, s: float = LIGHT) -> None:
    home.supply_rises(s)
    for later in range(5, 80, 10):
        home.meter_reads(s + later, 230, power_failures=14, loaded=True)


def test_a_home_that_is_merely_in_the_dark_is_out_and_then_back(home: SupplyStory) -> None:
    goes_dark(home)
    is_lit_again(home)

    assert told(home) == [*OUT, *SENSED, *PROVED]


def test_the_home_whose_gateway_was_unplugged_before_is_out_and_stays_out_longer(home: SupplyStory) -> None:
    home.supply_is_lost(100)
    home.meter_reads_in_band(105, 110, 170, power_failures=13, loaded=True)
    home.supply_rises(300)
    home.meter_reads_in_band(305, 335, 365, power_failures=13, loaded=True)
    goes_dark(home)
    home.meter_fails(LIGHT + 10)
    is_lit_again(home, LIGHT + 600)

    unplugged = [
        "SupplyLost",
        "GATEWAY_UNPLUGGED PROVISIONAL WEAK",
        "GATEWAY_UNPLUGGED CONFIRMED FAIR",
        "GATEWAY_UNPLUGGED CONFIRMED FAIR",
        "SupplyRestored",
    ]
    assert told(home) == [*unplugged, *OUT, *SENSED, *PROVED]


def test_the_home_whose_head_is_off_cannot_tell_until_it_is_put_back(home: SupplyStory) -> None:
    home.meter_fails(200)
    home.meter_fails(210)
    goes_dark(home)
    home.supply_rises(LIGHT)
    home.meter_fails(LIGHT + 10)
    while_off = told(home)
    home.meter_reads_in_band(2_600, 2_630, 2_660, power_failures=14, loaded=True)

    assert while_off == [
        "HEAD_OFF PROVISIONAL FAIR",
        "HEAD_OFF WITHDRAWN FAIR",
        "SupplyLost",
        "CANNOT_TELL PROVISIONAL WEAK",
        "CANNOT_TELL PROVISIONAL WEAK",
    ]
    assert told(home)[5:] == PROVED
    restored = home.said[-1]
    assert isinstance(restored, SupplyRestored)
    assert restored.restored_at_ms - restored.began_at_ms == 1_000_000


def test_the_home_behind_an_open_switch_is_switched_off_all_night_and_counts_the_outage(home: SupplyStory) -> None:
    home.supply_is_lost(300)
    for s in (305, 310, 900):
        home.meter_reads(s, 230, power_failures=13, disconnector=Disconnector.OPEN, loaded=False)
    for s in (DARK + 10, DARK + 130, DARK + 400):
        home.meter_fails(s)
    for s in (LIGHT + 20, LIGHT + 80):
        home.meter_reads(s, 230, power_failures=14, disconnector=Disconnector.OPEN, loaded=False)

    assert told(home) == [
        "SupplyLost",
        "SWITCHED_OFF PROVISIONAL WEAK",
        "SWITCHED_OFF CONFIRMED FAIR",
        "SUPPLY_INTERRUPTED CONFIRMED STRONG",
    ]


def test_the_home_whose_breaker_tripped_says_so_and_is_then_out_like_any_other(home: SupplyStory) -> None:
    home.meter_reads_in_band(280, 340, power_failures=13, loaded=True)
    home.supply_is_lost(400)
    home.meter_reads_in_band(405, 410, power_failures=13, loaded=False)
    home.supply_rises(600)
    home.meter_reads_in_band(605, 635, 665, power_failures=13, loaded=True)
    goes_dark(home)
    is_lit_again(home)

    tripped = ["SupplyLost", "OWN_BREAKER PROVISIONAL WEAK", "OWN_BREAKER CONFIRMED FAIR"]
    mended = ["OWN_BREAKER CONFIRMED FAIR", "SupplyRestored"]
    assert told(home) == [*tripped, *mended, *OUT, *SENSED, *PROVED]


@pytest.mark.parametrize("killed_at", [999, 1_001, 1_003, 1_006, 1_013, 1_500, 2_001, 2_030])
def test_a_gateway_killed_at_any_moment_of_it_tells_the_same_night(home: SupplyStory, killed_at: int) -> None:
    night = [
        (DARK, home.supply_falls),
        *((DARK + s, home.meter_fails) for s in (5.0, 12.0)),
        (LIGHT, home.supply_rises),
        *((LIGHT + s, lambda s: home.meter_reads(s, 230, power_failures=14, loaded=True)) for s in range(5, 90, 10)),
    ]
    restart = (killed_at, lambda s: (home.restart(s), home.listen(s)))
    for s, happens in sorted([*night, restart], key=lambda item: item[0]):
        home.tick(s)
        happens(s)
        home.tick(s + 1.5)

    assert told(home) == [*OUT, *SENSED, *PROVED]
