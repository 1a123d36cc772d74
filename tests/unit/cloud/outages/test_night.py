"""One night on one street, house by house: what each gateway says, and what each customer is told.

A recloser dips the street; then, one after the other, a plug is pulled, a head falls off, a disconnector opens, a
breaker trips and an uplink goes. Then the transformer fails, at `DARK_S`; power is back at `BACK_S`, in house 2 later.
"""

import pytest

from cloud.messaging.model import Announcement
from cloud.outages.model import END_UNKNOWN, End, Phase
from tests.fakes_outages import (
    COUNTED_AWAY,
    TRIPPED,
    Home,
    at,
    beside,
    dipped,
    found,
    in_hindsight,
    interrupted,
    lost,
    own_breaker,
    restored,
    unplugged,
)
from wire.terms import Cause, Stage

OUT, BACK = Announcement.POWER_OUT, Announcement.POWER_BACK
PROVISIONAL, CONFIRMED, WITHDRAWN = Stage.PROVISIONAL, Stage.CONFIRMED, Stage.WITHDRAWN
DARK_S, BACK_S, LATE_BACK_S, MORNING_S = 2_000, 3_200, 4_400, 20_000


def through_the_dip() -> Home:
    return Home().see(dipped(1, 0))


def dark(home: Home, seq: int) -> Home:
    """The transformer fails: lost, thought so, sure."""
    home.see(lost(seq, DARK_S), interrupted(seq + 1, DARK_S, stage=PROVISIONAL), interrupted(seq + 2, DARK_S))
    return home.wait_until(DARK_S + 60)


def test_house_1_and_the_flats_of_house_6_are_told_out_and_back() -> None:
    home = dark(through_the_dip(), 2).see(in_hindsight(5, DARK_S, BACK_S + 2), restored(6, DARK_S, BACK_S))

    home.wait_until(MORNING_S)

    assert home.told == [(1, OUT), (1, BACK)]
    assert (home.state.dips, home.case.returned and home.case.returned.at) == (1, at(BACK_S))


def test_house_2_is_told_nothing_of_its_plug_and_everything_of_its_outage() -> None:
    home = through_the_dip().see(lost(2, 300), unplugged(3, 300, stage=PROVISIONAL), unplugged(4, 300))
    home.wait_until(500)
    assert (home.found, home.is_told_nothing) == (Cause.GATEWAY_UNPLUGGED, True)

    home.see(restored(5, 300, 600))
    assert (home.state.finding, home.is_told_nothing) == (None, True)

    dark(home, 6).wait_until(LATE_BACK_S).see(restored(9, DARK_S, LATE_BACK_S)).wait_until(MORNING_S)
    assert home.told == [(1, OUT), (1, BACK)]


def test_house_3_cannot_be_seen_and_learns_of_its_outage_in_hindsight() -> None:
    home = through_the_dip().see(beside(2, 400, Cause.HEAD_OFF, PROVISIONAL))
    assert (home.state.phase, home.found) == (Phase.SUPPLIED, Cause.HEAD_OFF)

    home.see(found(3, 400, Cause.HEAD_OFF, stage=WITHDRAWN, heard_s=DARK_S + 2), lost(4, DARK_S))
    home.see(found(5, DARK_S, Cause.CANNOT_TELL, stage=PROVISIONAL)).wait_until(LATE_BACK_S)
    assert (home.state.phase, home.found, home.cases) == (Phase.SUSPECTED, Cause.CANNOT_TELL, {})

    home.see(in_hindsight(6, DARK_S, 5_000))
    assert (home.state.phase, home.state.finding, home.case.attention) == (Phase.SUPPLIED, None, END_UNKNOWN)

    home.see(restored(7, DARK_S, BACK_S, heard_s=5_070)).wait_until(MORNING_S)
    assert (home.is_told_nothing, home.case.attention) == (True, None)
    assert home.case.returned is not None
    assert home.case.returned.at == at(BACK_S)


@pytest.mark.parametrize("silent_since_s", [DARK_S + 10, 500], ids=["its silence was seen", "its silence was not seen"])
def test_house_4_is_switched_off_before_and_after_and_told_nothing(silent_since_s: int) -> None:
    home = through_the_dip().see(lost(2, 500), found(3, 500, Cause.SWITCHED_OFF, stage=PROVISIONAL))

    home.see(found(4, 500, Cause.SWITCHED_OFF))
    home.see(in_hindsight(5, silent_since_s, BACK_S + 20, evidence=COUNTED_AWAY)).wait_until(MORNING_S)

    assert (home.state.phase, home.found, home.is_told_nothing) == (Phase.SUPPLIED, Cause.SWITCHED_OFF, True)
    assert (home.case.end, home.case.attention) == (End.RESTORED, END_UNKNOWN)

    home.see(restored(6, 500, MORNING_S + 100)).wait_until(2 * MORNING_S)

    assert (home.state.finding, home.is_told_nothing) == (None, True)
    assert home.case.returned is not None
    assert home.case.returned.at == at(BACK_S + 19)


def test_house_4_is_found_switched_off_whatever_is_said_of_it_later() -> None:
    home = Home().see(lost(2, 500), found(3, 500, Cause.SWITCHED_OFF))

    home.see(in_hindsight(5, 500, BACK_S, evidence=COUNTED_AWAY), unplugged(6, 500, heard_s=BACK_S + 10))

    assert (home.found, home.case.end_cause) == (Cause.GATEWAY_UNPLUGGED, None)


def test_house_5_is_told_of_its_breaker_and_its_outage_is_history() -> None:
    tripped = own_breaker(3, 700, stage=PROVISIONAL)
    home = through_the_dip().see(lost(2, 700), tripped, own_breaker(4, 700)).wait_until(760)
    assert (home.told_of_breaker, home.state.finding and home.state.finding.evidence) == ([1], TRIPPED)

    home.see(restored(5, 700, 900)).wait_until(LATE_BACK_S)
    assert home.state.finding is None

    home.see(
        beside(6, 1_500, Cause.WAN_FAULT, PROVISIONAL, heard_s=5_000),
        lost(7, DARK_S, heard_s=5_000),
        interrupted(8, DARK_S, stage=PROVISIONAL, heard_s=5_000),
        interrupted(9, DARK_S, heard_s=5_001),
        restored(10, DARK_S, BACK_S, heard_s=5_001),
        beside(11, 1_500, Cause.WAN_FAULT, CONFIRMED, heard_s=5_002),
    ).wait_until(MORNING_S)

    assert (home.told, home.told_of_breaker) == ([], [1])
    assert (home.state.phase, home.state.finding) == (Phase.SUPPLIED, None)
    assert (home.case.began_at, home.case.returned and home.case.returned.at) == (at(DARK_S), at(BACK_S))
